"""A start on a directory that lacks what it had: damage is told, never guessed away."""

import errno
import os
from pathlib import Path

import pytest

from matcher.instrument_list import read_instruments
from matcher.storage.data_directory import APPLIED, DataDirectory, DirectoryError
from matcher.storage.entries import OwnCommands
from matcher.storage.journal_format import JournalError
from matcher.storage.recovery import recover
from matching_exchange.process.files import what_failed
from protocol.codec import encode
from tests.journal_files import end_of_content
from tests.unit.matcher.life import Life, assert_same, recovered


@pytest.fixture
def life(tmp_path: Path) -> Life:
    return Life(tmp_path)


def tree(life: Life) -> dict[str, bytes | None]:
    """All that stands in the data directory."""
    path = life.directory.path
    return {str(found.relative_to(path)): found.read_bytes() if found.is_file() else None for found in path.rglob("*")}


def refused(life: Life) -> str:
    """The line that ends a start, which must leave everything as it was."""
    before = tree(life)
    with pytest.raises((JournalError, OSError, DirectoryError)) as raised:
        recover(life.directory)
    assert tree(life) == before
    error = raised.value
    message = what_failed(error) if isinstance(error, OSError) else str(error)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("loss", ["folder", "segments", "torn header"])
def test_a_journal_that_is_gone_beside_snapshots_is_named(life: Life, loss: str) -> None:
    life.trade(10)
    life.snapshot()
    aside = life.directory.path / "aside"
    life.directory.journal.rename(aside)
    if loss != "folder":
        life.directory.journal.mkdir()
    if loss == "torn header":
        (life.directory.journal / f"{1:020d}.journal").write_bytes(b"EXJ")
    assert str(life.directory.journal) in refused(life)
    for file in life.directory.journal.glob("*"):
        file.unlink()
    if loss != "folder":
        life.directory.journal.rmdir()
    aside.rename(life.directory.journal)
    assert_same(recovered(life), life)


def test_a_damaged_snapshot_beside_an_empty_journal_is_no_new_exchange(life: Life) -> None:
    life.trade(10)
    life.snapshot().write_bytes(b"damaged")
    for path in life.directory.journal.glob("*"):
        path.unlink()
    assert str(life.directory.journal) in refused(life)


@pytest.mark.parametrize("folder", ["journal", "snapshots"])
@pytest.mark.parametrize("error", [errno.EACCES, errno.EIO, errno.EMFILE])
def test_a_folder_that_cannot_be_listed_is_named(
    life: Life, monkeypatch: pytest.MonkeyPatch, folder: str, error: int
) -> None:
    life.trade(10)
    life.snapshot()
    listdir = os.listdir

    def fail(path: Path) -> list[str]:
        if Path(path).name == folder:
            raise OSError(error, os.strerror(error), str(path))
        return listdir(path)

    monkeypatch.setattr("matching_exchange.process.files.os.listdir", fail)
    with pytest.raises(OSError, match=folder) as raised:
        recover(life.directory)
    assert what_failed(raised.value).startswith(f"{life.directory.path / folder} cannot be used: ")
    monkeypatch.undo()
    assert_same(recovered(life), life)


@pytest.mark.parametrize("folder", ["journal", "snapshots"])
def test_a_file_in_the_place_of_a_folder_is_named(life: Life, folder: str) -> None:
    life.trade(10)
    life.snapshot()
    (life.directory.path / folder).rename(life.directory.path / "aside")
    (life.directory.path / folder).write_bytes(b"")
    assert str(life.directory.path / folder) in refused(life)


@pytest.mark.parametrize("kind", ["journal", "snapshot"])
def test_a_file_that_cannot_be_read_is_named_and_not_passed_over(life: Life, kind: str) -> None:
    life.trade(10)
    life.snapshot()
    path = max((life.directory.path / f"{kind}s".replace("journals", "journal")).glob(f"*.{kind}"))
    aside = path.rename(path.with_suffix(".aside"))
    path.mkdir()
    assert str(path) in refused(life)
    path.rmdir()
    aside.rename(path)
    assert_same(recovered(life), life)


def begin(life: Life) -> None:
    """Start on the directory, as far as its files are concerned."""
    found = recover(life.directory)
    found.settle()
    found.note_journal()


def test_before_the_start_has_succeeded_nothing_is_changed(life: Life) -> None:
    """A torn record stays, so do snapshots that do not fit; once it has, both are dealt with."""
    life.trade(10)
    kept = life.state.sequence
    last = max(life.directory.journal.glob("*.journal"))
    size = end_of_content(last)
    life.trade(5)
    beyond = life.snapshot()
    for path in life.directory.journal.glob("*.journal"):
        if path > last:
            path.unlink()
    last.write_bytes(last.read_bytes()[: size + 20])
    before = tree(life)
    found = recover(life.directory)
    assert found.state.sequence == kept
    assert tree(life) == before
    found.settle()
    assert last.stat().st_size == size
    assert [path.name for path in life.directory.snapshots.iterdir()] == [f"{beyond.name}.unfit"]
    assert recovered(life).sequence == kept


def test_a_journal_that_was_noted_is_missed_also_without_a_snapshot(life: Life) -> None:
    life.trade(3)
    begin(life)
    marker = life.directory.path / "journal_id"
    assert marker.read_text() == f"{life.journal.id}\n"
    life.directory.journal.rename(life.directory.path / "aside")
    line = refused(life)
    assert str(life.directory.journal) in line
    assert str(marker) in line
    marker.unlink()
    assert recovered(life).sequence == 0


def test_another_journal_in_its_place_is_refused(life: Life, tmp_path: Path) -> None:
    life.trade(3)
    begin(life)
    other = Life(tmp_path / "other")
    life.directory.journal.rename(life.directory.path / "aside")
    other.directory.journal.rename(life.directory.journal)
    line = refused(life)
    assert life.journal.id in line
    assert other.journal.id in line


def test_a_new_exchange_begins_in_an_empty_directory_and_notes_its_journal_with_the_first_record(
    tmp_path: Path,
) -> None:
    directory = DataDirectory(tmp_path)
    found = recover(directory)
    found.settle()
    found.note_journal()
    assert list(tmp_path.iterdir()) == []
    found.journal.append(1, 1, [encode(OwnCommands(list(read_instruments(None))))])
    found.note_journal()
    assert directory.read_journal_id() == found.journal.id


@pytest.mark.parametrize("size", [0, 10, 40])
def test_a_first_segment_whose_header_is_gone_is_missed(life: Life, size: int) -> None:
    life.trade(3)
    begin(life)
    segment = min(life.directory.journal.glob("*.journal"))
    whole = segment.read_bytes()
    segment.write_bytes(whole[:size])
    line = refused(life)
    assert str(life.directory.journal) in line
    assert "journal_id" in line
    segment.write_bytes(whole)
    assert_same(recovered(life), life)


def test_the_journal_of_another_exchange_sets_no_snapshot_aside(
    life: Life, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Also in a directory of an early version, which has no file of the journal's id."""
    life.trade(10)
    taken = life.snapshot()
    other = Life(tmp_path_factory.mktemp("other"))
    other.trade(3)
    own = life.directory.path / "aside"
    life.directory.journal.rename(own)
    other.directory.journal.rename(life.directory.journal)
    line = refused(life)
    assert life.journal.id in line
    assert other.journal.id in line
    life.directory.journal.rename(life.directory.path / "other")
    own.rename(life.directory.journal)
    assert_same(recovered(life), life)
    assert taken.exists()


def test_the_directory_of_a_node_of_a_replicated_log_is_told(life: Life) -> None:
    life.trade(5)
    life.snapshot()
    for path in life.directory.journal.glob("*.journal"):
        path.unlink()
    (life.directory.path / APPLIED).write_bytes(b"5")
    message = refused(life)
    assert message.startswith(f"{life.directory.path}: holds the state of a node of a replicated log")
    assert "MATCHER_LOG" in message
