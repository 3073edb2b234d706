"""The start: snapshot and tail give the same state as the journal from its first record; damage is told, never guessed
away."""

import errno
import os
from pathlib import Path

import pytest

from matcher.core.digest import digest
from matcher.engine import Engine
from matcher.instrument_list import read_instruments
from matcher.sessions import Taken
from matcher.state import State
from matcher.storage.data_directory import DataDirectory, DirectoryError
from matcher.storage.entries import OWN_SESSION, OwnCommands
from matcher.storage.journal import Journal
from matcher.storage.journal_format import JournalError
from matcher.storage.recovery import drop_superseded, recover
from matcher.storage.snapshot import write_snapshot
from matcher.storage.snapshot_file import snapshots
from matching_exchange.process.files import what_failed
from protocol.codec import encode
from protocol.commands import VERSION, Commands, Hello, PlaceOrder
from protocol.units import OrderType, Side
from tests.journal_files import end_of_content

SEGMENT_BYTES = 600


class Life:
    """A matcher's life on a directory without its sockets: batches go to the state and to the journal."""

    def __init__(self, path: Path) -> None:
        self.directory = DataDirectory(path)
        self.journal = Journal(self.directory.journal, segment_bytes=SEGMENT_BYTES)
        self.state = State(Engine())
        assert list(self.journal.records()) == []
        instruments = list(read_instruments(None))
        self.state.apply(OWN_SESSION, 0, instruments, 1)
        self.journal.append(1, 1, [encode(OwnCommands(list(instruments)))])
        self.journal.append(self.state.sequence + 1, 1, [encode(Hello(VERSION, 7))])
        self.state.sessions.hello(Hello(VERSION, 7))
        self.sessions = 7
        self.sent = 0
        self.digests: dict[int, str] = {}

    def trade(self, batches: int) -> None:
        for _ in range(batches):
            first = self.state.sequence + 1
            commands = []
            for _ in range(2):
                self.sent += 1
                side = Side.BUY if self.sent % 3 else Side.SELL
                commands.append(
                    PlaceOrder(
                        "BTC-USDT",
                        "ann",
                        side,
                        OrderType.LIMIT,
                        100_000,
                        6_000_000 + self.sent % 5,
                        None,
                        str(self.sent),
                    )
                )
            frame = Commands(VERSION, 7, self.sent - 1, max(0, self.sent - 6), list(commands))
            outcome = self.state.sessions.receive(frame)
            assert isinstance(outcome, Taken)
            self.state.apply(7, outcome.number, outcome.commands, 1_000 + self.sent)
            self.journal.append(first, self.state.time, [encode(frame)])
            self.digests[self.state.sequence] = digest(self.state.registry)

    def fill_segment(self) -> None:
        """Append records without commands until the newest segment is full."""
        before = end = end_of_content(max(self.directory.journal.glob("*.journal")))
        while end < SEGMENT_BYTES or end == before:
            self.sessions += 1
            self.journal.append(self.state.sequence + 1, 1, [encode(Hello(VERSION, self.sessions))])
            self.state.sessions.hello(Hello(VERSION, self.sessions))
            end = end_of_content(max(self.directory.journal.glob("*.journal")))

    def snapshot(self) -> Path:
        return write_snapshot(self.directory.snapshots, self.state, self.journal.id, self.journal.crc)


@pytest.fixture
def life(tmp_path: Path) -> Life:
    return Life(tmp_path)


def recovered(life: Life) -> State:
    return recover(life.directory).state


def assert_same(state: State, life: Life) -> None:
    assert state.sequence == life.state.sequence
    assert state.time == life.state.time
    assert digest(state.registry) == digest(life.state.registry)
    assert list(state.sessions.known()) == list(life.state.sessions.known())


def test_a_replay_from_the_first_record_gives_the_live_state(life: Life) -> None:
    life.trade(20)
    assert_same(recovered(life), life)


def test_snapshot_and_tail_give_the_live_state(life: Life) -> None:
    life.trade(10)
    life.snapshot()
    assert_same(recovered(life), life)
    life.trade(10)
    assert_same(recovered(life), life)


def test_two_snapshots_stay_and_only_the_segments_that_they_need(life: Life) -> None:
    for _ in range(4):
        life.trade(10)
        life.snapshot()
        (life.directory.snapshots / "1.snapshot.new").write_bytes(b"half written")
        drop_superseded(life.directory, life.journal.drop_before, keep_journal=False)
    life.trade(3)
    names = [path.name for path in snapshots(life.directory.snapshots)]
    assert names == [f"{83:020d}.snapshot", f"{63:020d}.snapshot"]
    assert not list(life.directory.snapshots.glob("*.new"))
    segments = sorted(int(path.stem) for path in life.directory.journal.glob("*.journal"))
    assert segments[0] > 1
    assert segments[0] <= 64 < segments[1]
    assert_same(recovered(life), life)


def test_a_snapshot_fits_whose_segment_ends_with_records_without_commands(life: Life) -> None:
    """The segment is full behind them: the next one begins right behind the snapshot's sequence."""
    life.trade(11)
    life.snapshot()
    life.fill_segment()
    life.trade(10)
    newer = life.snapshot()
    drop_superseded(life.directory, life.journal.drop_before, keep_journal=False)
    newer.unlink()
    assert_same(recovered(life), life)


def test_a_segment_of_records_without_commands_goes_on_where_it_is_full(life: Life) -> None:
    life.fill_segment()
    for _ in range(2):
        life.fill_segment()
    life.trade(10)
    assert_same(recovered(life), life)


def test_the_whole_journal_stays_where_it_is_to_be_kept(life: Life) -> None:
    for _ in range(3):
        life.trade(10)
        life.snapshot()
        drop_superseded(life.directory, life.journal.drop_before, keep_journal=True)
    for path in snapshots(life.directory.snapshots):
        path.unlink()
    assert_same(recovered(life), life)


def test_a_damaged_snapshot_is_passed_over(life: Life) -> None:
    life.trade(10)
    life.snapshot()
    life.trade(10)
    newest = life.snapshot()
    whole = newest.read_bytes()
    life.trade(2)
    for damaged in (
        b"",
        whole[:7],
        whole[:-1],
        whole[: len(whole) // 2],
        whole[:100] + b"\x00" + whole[101:],
        whole[: -len(whole) // 3],
    ):
        newest.write_bytes(damaged)
        assert_same(recovered(life), life)


def test_a_snapshot_beyond_the_journal_is_passed_over(life: Life) -> None:
    life.trade(10)
    kept = life.state.sequence
    size = {path: end_of_content(path) for path in life.directory.journal.glob("*.journal")}
    life.trade(10)
    life.snapshot()
    for path in life.directory.journal.glob("*.journal"):
        if path in size:
            path.write_bytes(path.read_bytes()[: size[path]])
        else:
            path.unlink()
    state = recovered(life)
    assert state.sequence == kept
    assert digest(state.registry) == life.digests[kept]


def test_segments_that_are_gone_without_a_snapshot_are_an_error(life: Life) -> None:
    life.trade(20)
    min(life.directory.journal.glob("*.journal")).unlink()
    with pytest.raises(JournalError, match="the segments before it are gone"):
        recovered(life)


def test_damage_in_the_tail_is_named_also_where_there_are_snapshots(life: Life) -> None:
    life.trade(10)
    life.snapshot()
    life.trade(10)
    path = sorted(life.directory.journal.glob("*.journal"))[-2]
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(JournalError, match=f"{path.name}: damaged at byte"):
        recovered(life)


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
