"""A replicated log read by sequences: places of tables and snapshots are found in it, and what is gone is told."""

import pytest

from matcher.replication.by_sequence import BySequence
from matcher.replication.parts import split
from matcher.replication.records import CheckpointInfo, pack_content
from matcher.storage.entries import OwnCommands
from matcher.storage.log import Kind, Logged, Record, RewoundError, TrimmedError
from protocol.codec import encode
from protocol.commands import AdvanceTime
from tests.replicated_log import FakeClock, NodeLog, SharedLog


class Written:
    """A log of batches, beats and checkpoints, with the places that readers know."""

    def __init__(self) -> None:
        self.shared = SharedLog()
        self.log = NodeLog(self.shared, FakeClock())
        self.reader = BySequence(self.log)
        self.sequence = 0
        self.places: list[tuple[int, int]] = []
        self.checkpoints: list[tuple[int, int]] = []

    def batch(self, commands: int = 1) -> None:
        entries = [encode(OwnCommands([AdvanceTime()]))] * commands
        first = self.sequence + 1
        self.sequence += commands
        for record in split(Record(first, first, entries, Kind.BATCH, 5)):
            logged = self.shared.put(record)
        self.places.append((self.sequence, logged.crc))

    def beat(self, count: int = 1) -> None:
        for _ in range(count):
            self.shared.put(Record(self.sequence + 1, self.sequence, [], Kind.BEAT, 5))

    def checkpoint(self) -> None:
        record = Record(self.sequence + 1, self.sequence, [pack_content(CheckpointInfo())], Kind.CHECKPOINT, 5)
        self.checkpoints.append((self.sequence, self.shared.put(record).crc))


@pytest.fixture
def written() -> Written:
    written = Written()
    written.beat(3)
    for number in range(40):
        written.batch(1 + number % 3)
        written.beat(number % 5)
        if number % 8 == 7:
            written.checkpoint()
            written.beat()
    return written


def taken(written: Written, after: int, crc: int | None) -> list[Logged]:
    follower = written.reader.follow(after, crc)
    found = []
    while batch := follower.take():
        found += batch
    follower.close()
    return found


def test_all_batches_are_read_by_their_sequences(written: Written) -> None:
    found = list(written.reader.read(0))
    assert [(each.position, each.crc) for each in found] == written.places
    assert {each.record.kind for each in found} == {Kind.BATCH}
    assert written.reader.head() == written.sequence


def test_every_place_is_found(written: Written) -> None:
    for index, (sequence, crc) in enumerate(written.places):
        assert written.reader.holds(sequence, crc)
        assert not written.reader.holds(sequence, crc ^ 1)
        assert [(each.position, each.crc) for each in taken(written, sequence, crc)] == written.places[index + 1 :]
    for sequence, crc in written.checkpoints:
        assert written.reader.holds(sequence, crc)
        assert [each.position for each in taken(written, sequence, crc)] == [
            place for place, _ in written.places if place > sequence
        ]


def test_what_is_not_in_the_log_is_told(written: Written) -> None:
    in_the_middle = next(sequence for sequence in range(1, written.sequence) if sequence not in dict(written.places))
    assert not written.reader.holds(in_the_middle, 1)
    assert not written.reader.holds(written.sequence + 1, 1)
    with pytest.raises(RewoundError):
        written.reader.follow(*[written.places[3][0], written.places[4][1]])


def test_what_is_trimmed_is_told(written: Written) -> None:
    sequence, crc = written.checkpoints[2]
    written.log.trim(written.shared.crcs.index(crc) - 1)
    assert written.reader.holds(sequence, crc), "the record of the checkpoint is there"
    assert taken(written, sequence, crc)
    for gone, of in written.places[:20]:
        with pytest.raises(TrimmedError):
            written.reader.holds(gone, of)
    with pytest.raises(TrimmedError):
        written.reader.follow(0)


def test_parts_come_joined_and_new_records_follow(written: Written) -> None:
    sequence, crc = written.places[-1]
    follower = written.reader.follow(sequence, crc)
    assert follower.take() == []
    written.beat()
    written.batch(120_000)
    assert len(written.shared.record(written.shared.head).entries) == 2, "it went as parts"
    [joined] = follower.take()
    assert (joined.position, joined.crc) == written.places[-1]
    assert len(joined.record.entries) == 120_000
    assert written.reader.holds(*written.places[-1])
    assert follower.reached(sequence) < written.shared.head
    written.beat()
    assert follower.take() == []
    assert follower.reached(written.sequence) == written.shared.head
    follower.close()


def test_a_log_that_was_begun_with_a_state_has_no_beginning(written: Written) -> None:
    shared = SharedLog("log-2")
    shared.put(Record(101, 1, [pack_content(CheckpointInfo())], Kind.CHECKPOINT, 5))
    reader = BySequence(NodeLog(shared, FakeClock()))
    with pytest.raises(TrimmedError, match="brought into it"):
        reader.follow(0)
    assert reader.holds(100, shared.crcs[1])
    assert reader.follow(100, shared.crcs[1]).take() == []
