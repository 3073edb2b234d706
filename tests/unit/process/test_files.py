"""Files that last, and that nobody else may read."""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.storage.crash_notes import CrashNotes
from matcher.storage.data_directory import DataDirectory
from matching_exchange.process import files
from matching_exchange.process.files import (
    make_directory,
    open_private,
    replace_file,
    sync_directory,
    sync_file,
    sync_path,
)

FULL_SYNC = 51
"""F_FULLFSYNC, as macOS numbers it."""


class System:
    """What was asked of the system: the name of each call, with its descriptor."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []
        self.refuses_full_sync = False

    def fcntl(self, descriptor: int, command: int) -> int:
        assert command == FULL_SYNC
        if self.refuses_full_sync:
            raise OSError(errno.ENOTSUP, "Operation not supported")
        self.calls.append(("F_FULLFSYNC", descriptor))
        return 0

    def fsync(self, descriptor: int) -> None:
        self.calls.append(("fsync", descriptor))

    def fdatasync(self, descriptor: int) -> None:
        self.calls.append(("fdatasync", descriptor))

    def take_names(self) -> list[str]:
        names = [name for name, _ in self.calls]
        self.calls.clear()
        return names


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    """A system as Linux is."""
    system = System()
    monkeypatch.setattr(fcntl, "fcntl", system.fcntl)
    monkeypatch.setattr(os, "fsync", system.fsync)
    monkeypatch.setattr(files, "_FULL_SYNC", None)
    monkeypatch.setattr(files, "_SYNC_DATA", system.fdatasync)
    return system


@pytest.fixture
def apple(system: System, monkeypatch: pytest.MonkeyPatch) -> System:
    """A system as macOS is."""
    monkeypatch.setattr(files, "_FULL_SYNC", FULL_SYNC)
    monkeypatch.setattr(files, "_SYNC_DATA", system.fsync)
    return system


@pytest.fixture
def umask() -> Iterator[None]:
    """Nothing is taken from the modes that are asked for."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes_below(directory: Path) -> dict[str, int]:
    return {str(path.relative_to(directory)): stat.S_IMODE(path.stat().st_mode) for path in directory.rglob("*")}


def test_what_is_synced_has_left_the_disks_cache(apple: System, tmp_path: Path) -> None:
    sync_file(7)
    assert apple.calls == [("F_FULLFSYNC", 7)]
    apple.calls.clear()
    path = tmp_path / "file"
    path.touch()
    sync_path(path)
    sync_directory(tmp_path)
    assert apple.take_names() == ["F_FULLFSYNC", "F_FULLFSYNC"]


def test_a_file_system_without_a_full_sync_gets_the_usual_one(apple: System, tmp_path: Path) -> None:
    apple.refuses_full_sync = True
    sync_file(7)
    sync_directory(tmp_path)
    assert apple.take_names() == ["fsync", "fsync"]


def test_linux_syncs_the_data_of_files_and_all_of_directories(system: System, tmp_path: Path) -> None:
    sync_file(7)
    sync_directory(tmp_path)
    assert system.take_names() == ["fdatasync", "fsync"]


def test_a_sync_that_fails_is_told(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading), os.fdopen(writing), pytest.raises(OSError, match="Invalid argument"):
        sync_file(writing)
    with pytest.raises(FileNotFoundError):
        sync_path(tmp_path / "none")


@pytest.mark.usefixtures("umask")
def test_what_is_made_is_private(tmp_path: Path) -> None:
    make_directory(tmp_path / "above" / "below")
    os.close(open_private(tmp_path / "above" / "file", os.O_WRONLY | os.O_CREAT))
    replace_file(tmp_path / "above" / "whole", b"content")
    assert modes_below(tmp_path) == {"above": 0o700, "above/below": 0o700, "above/file": 0o600, "above/whole": 0o600}


@pytest.mark.usefixtures("umask")
def test_what_is_there_keeps_its_mode(tmp_path: Path) -> None:
    directory = tmp_path / "directory"
    directory.mkdir()
    directory.chmod(0o755)
    (directory / "file").touch(0o644)
    make_directory(directory)
    os.close(open_private(directory / "file", os.O_WRONLY | os.O_CREAT))
    assert stat.S_IMODE(directory.stat().st_mode) == 0o755
    assert modes_below(directory) == {"file": 0o644}


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    replace_file(path, b"after")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"after")]


@pytest.mark.usefixtures("umask")
def test_the_data_directory_is_private(tmp_path: Path) -> None:
    with DataDirectory(tmp_path / "data") as directory:
        CrashNotes(directory).crashed(1, 2, RuntimeError("an error"))
        assert not directory.open_to_others
        directory.path.chmod(0o750)
        assert not directory.open_to_others
        directory.path.chmod(0o755)
        assert directory.open_to_others
    assert modes_below(tmp_path) == {
        "data": 0o755,
        "data/lock": 0o600,
        "data/crashed_commands.json": 0o600,
        "data/running_command": 0o600,
    }
