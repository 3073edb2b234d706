"""Who holds a data directory, in the words of those who cannot have it."""

import os
from pathlib import Path

import pytest

from matcher.storage.data_directory import DataDirectory, DirectoryError


def refusal(path: Path) -> str:
    with pytest.raises(DirectoryError) as refused, DataDirectory(path):
        pass
    return str(refused.value)


def test_the_holder_is_named_by_its_process_id(tmp_path: Path) -> None:
    with DataDirectory(tmp_path):
        assert f"in use by the matcher with process id {os.getpid()}: stop it" in refusal(tmp_path)
        # Who was refused has not taken the name away.
        assert f"process id {os.getpid()}:" in refusal(tmp_path)
    assert (tmp_path / "lock").read_text() == ""


def test_who_was_killed_is_not_named_for_the_next_holder(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("123456789012345\n")
    with DataDirectory(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


@pytest.mark.parametrize("content", ["", "nonsense", "-1"])
def test_a_holder_of_an_earlier_version_has_no_process_id(tmp_path: Path, content: str) -> None:
    with DataDirectory(tmp_path):
        (tmp_path / "lock").write_text(content)
        assert "in use by a running matcher: stop it" in refusal(tmp_path)


def test_a_full_disk_does_not_keep_the_lock_from_its_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "pwrite", full)
    with DataDirectory(tmp_path):
        assert "in use by a running matcher" in refusal(tmp_path)
