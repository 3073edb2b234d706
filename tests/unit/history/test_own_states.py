"""The history of a cluster keeps states of its own: a start goes on from one, and the log is kept behind it alone."""

from pathlib import Path

import pytest

from history.follower.own_states import OwnStates
from history.writing.interface import Place
from matcher.engine import Engine
from matcher.replication.by_sequence import BySequence, SequenceFollower
from matcher.state import State
from matcher.storage.snapshot import read_snapshot
from matcher.storage.snapshot_file import snapshots
from tests.exchange import wait_until
from tests.node_life import Writer
from tests.replicated_log import FakeClock, NodeLog, SharedLog


class Reader:
    """Follows the log, and keeps states of its own."""

    def __init__(self, folder: Path, writer: Writer) -> None:
        self.states = OwnStates(folder)
        self.state = State(Engine())
        self.follower: SequenceFollower = BySequence(NodeLog(writer.shared, FakeClock())).follow(0)
        self.place = Place(writer.shared.id, 0, 0, 0)

    def catch_up(self) -> None:
        while batch := self.follower.take():
            for logged in batch:
                self.state.replay(logged.record)
                self.place = Place(self.place.journal, logged.position, logged.crc, logged.record.time)

    def turn(self) -> int:
        self.states.turn(self.place, self.state, self.follower)
        return self.states.kept


@pytest.fixture
def writer() -> Writer:
    return Writer(SharedLog())


def test_a_state_is_written_after_so_many_commands(
    tmp_path: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("history.follower.own_states.EVERY_COMMANDS", 20)
    reader = Reader(tmp_path, writer)
    reader.catch_up()
    assert reader.turn() == 0
    kept: list[int] = []
    for _ in range(4):
        writer.trade(9)
        reader.catch_up()
        assert reader.turn() == sum(kept[-1:]), "too few commands"
        writer.trade(2)
        writer.beat()
        reader.catch_up()
        reader.turn()
        kept.append(writer.shared.head)
        wait_until(lambda: reader.turn() == kept[-1], "a state that is written")
    newest, *older = snapshots(tmp_path)
    assert len(older) == 1
    head, state = read_snapshot(newest)
    assert (head.sequence, head.crc, head.journal) == (reader.place.sequence, reader.place.crc, reader.place.journal)
    assert head.digest == writer.digest
    assert state.sequence == writer.state.sequence


def test_the_last_state_is_written_in_the_end(tmp_path: Path, writer: Writer) -> None:
    reader = Reader(tmp_path, writer)
    reader.catch_up()
    reader.turn()
    writer.trade(3)
    reader.catch_up()
    assert reader.turn() == 0
    reader.states.end(reader.place, reader.state, reader.follower)
    assert reader.states.kept == writer.shared.head
    [path] = snapshots(tmp_path)
    assert read_snapshot(path)[0].sequence == writer.state.sequence
