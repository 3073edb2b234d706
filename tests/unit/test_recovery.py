"""The start: snapshot and tail give the same state as the journal from its first record; damage is told, never guessed away."""

from pathlib import Path

import pytest

from matcher.data_directory import DataDirectory
from matcher.digest import digest
from matcher.engine import Engine
from matcher.instrument_list import read_instruments
from matcher.journal import Journal, JournalError
from matcher.recovery import drop_superseded, recover
from matcher.snapshot import snapshots, write_snapshot
from matcher.state import OWN_SESSION, OwnCommands, State
from protocol.codec import encode
from protocol.commands import VERSION, Commands, Hello, PlaceOrder
from protocol.session import Taken
from protocol.units import OrderType, Side


class Life:
    """A matcher's life on a directory without its sockets: batches go to the state and to the journal."""

    def __init__(self, path: Path) -> None:
        self.directory = DataDirectory(path)
        self.journal = Journal(self.directory.journal, segment_bytes=600)
        self.state = State(Engine())
        assert list(self.journal.records()) == []
        instruments = list(read_instruments(None))
        self.state.apply(OWN_SESSION, 0, instruments, 1)
        self.journal.append(1, 1, [encode(OwnCommands(list(instruments)))])
        self.journal.append(self.state.sequence + 1, 1, [encode(Hello(VERSION, 7))])
        self.state.sessions.hello(Hello(VERSION, 7))
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
                    PlaceOrder("BTC-USDT", "ann", side, OrderType.LIMIT, 100_000, 6_000_000 + self.sent % 5, None, str(self.sent))
                )
            frame = Commands(VERSION, 7, self.sent - 1, max(0, self.sent - 6), list(commands))
            outcome = self.state.sessions.receive(frame)
            assert isinstance(outcome, Taken)
            self.state.apply(7, outcome.number, outcome.commands, 1_000 + self.sent)
            self.journal.append(first, self.state.time, [encode(frame)])
            self.digests[self.state.sequence] = digest(self.state.engine)

    def snapshot(self) -> Path:
        return write_snapshot(self.directory.snapshots, self.state, self.journal.id, self.journal.crc)


@pytest.fixture
def life(tmp_path: Path) -> Life:
    return Life(tmp_path)


def recovered(life: Life) -> State:
    _, state = recover(life.directory)
    return state


def assert_same(state: State, life: Life) -> None:
    assert state.sequence == life.state.sequence
    assert state.time == life.state.time
    assert digest(state.engine) == digest(life.state.engine)
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
        drop_superseded(life.directory, life.journal, keep_journal=False)
    life.trade(3)
    names = [path.name for path in snapshots(life.directory.snapshots)]
    assert names == [f"{83:020d}.snapshot", f"{63:020d}.snapshot"]
    assert not list(life.directory.snapshots.glob("*.new"))
    segments = sorted(int(path.stem) for path in life.directory.journal.glob("*.journal"))
    assert segments[0] > 1
    assert segments[0] <= 64 < segments[1]
    assert_same(recovered(life), life)


def test_the_whole_journal_stays_where_it_is_to_be_kept(life: Life) -> None:
    for _ in range(3):
        life.trade(10)
        life.snapshot()
        drop_superseded(life.directory, life.journal, keep_journal=True)
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
    for damaged in (b"", whole[:7], whole[:-1], whole[: len(whole) // 2], whole[:100] + b"\x00" + whole[101:], whole[: -len(whole) // 3]):
        newest.write_bytes(damaged)
        assert_same(recovered(life), life)


def test_a_snapshot_beyond_the_journal_is_passed_over(life: Life) -> None:
    life.trade(10)
    kept = life.state.sequence
    size = {path: path.stat().st_size for path in life.directory.journal.glob("*.journal")}
    life.trade(10)
    life.snapshot()
    for path in life.directory.journal.glob("*.journal"):
        if path in size:
            path.write_bytes(path.read_bytes()[: size[path]])
        else:
            path.unlink()
    state = recovered(life)
    assert state.sequence == kept
    assert digest(state.engine) == life.digests[kept]


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
