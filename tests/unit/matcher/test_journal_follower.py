"""A reader without a lock follows a journal while it is written: each record once, whole, in order."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from matcher.engine import Engine
from matcher.instrument_list import read_instruments
from matcher.state import State
from matcher.storage.commit_mark import CommitMark
from matcher.storage.entries import OWN_SESSION, OwnCommands
from matcher.storage.journal import DiskFile, Journal
from matcher.storage.journal_follower import CHUNK_BYTES, TAKE_RECORDS, JournalFollower
from matcher.storage.journal_format import JournalError, pack_record
from matcher.storage.journal_reader import JournalReader
from matcher.storage.log import Logged, Record, RewoundError, TrimmedError
from protocol.codec import encode
from protocol.commands import VERSION, Hello, OwnCommand
from tests.exchange import wait_until

COMMANDS: list[OwnCommand] = [*read_instruments(None)] * 4


class Writer:
    """A journal that grows by a record of so many commands at a time, in short segments."""

    def __init__(self, directory: Path, segment_bytes: int = 1_000) -> None:
        self.directory = directory
        self.journal = Journal(directory, DiskFile, segment_bytes)
        for record in self.journal.records():
            raise AssertionError(record)
        self.sequence = 0
        self.records: list[Logged] = []

    def write(self, *counts: int, synced: bool = False) -> None:
        for count in counts:
            self.append(Record(self.sequence + 1, 1, [encode(OwnCommands(COMMANDS[:count]))]), count, synced=synced)

    def append(self, record: Record, count: int, *, synced: bool = False) -> None:
        self.journal.append(record.sequence, record.time, record.entries, synced=synced)
        self.journal.sync()
        self.sequence += count
        self.records.append(Logged(self.sequence, self.journal.crc, record))

    @property
    def last_segment(self) -> Path:
        return max(self.directory.glob("*.journal"))


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def writer(tmp_path: Path, opened: ExitStack) -> Writer:
    made = Writer(tmp_path)
    opened.callback(lambda: made.journal.close())
    return made


def follow(opened: ExitStack, writer: Writer, after: int = 0, crc: int | None = None) -> JournalFollower:
    return opened.enter_context(closing(JournalReader(writer.directory).follow(after, crc)))


def test_a_follower_gets_each_record_once_with_the_position_at_which_it_ends(writer: Writer, opened: ExitStack) -> None:
    follower = follow(opened, writer)
    assert follower.take() == []
    found = []
    for counts in ((1,), (3, 2), (), (4,) * 20):
        writer.write(*counts)
        found += follower.take()
    assert found == writer.records
    assert len(list(writer.directory.iterdir())) > 2
    assert follower.take() == []


def test_a_follower_begins_behind_a_position(writer: Writer, opened: ExitStack) -> None:
    writer.write(1, 3, 2, 4)
    reader = JournalReader(writer.directory)
    assert reader.head() == 10
    assert list(reader.read(4)) == writer.records[2:]
    assert follow(opened, writer, 10).take() == []


def test_a_follower_begins_behind_a_record(writer: Writer, opened: ExitStack) -> None:
    """Records without commands end where the one before them ends: only the CRC tells them apart."""
    writer.write(1, 3)
    for session in (1, 2):
        writer.append(Record(writer.sequence + 1, 1, [encode(Hello(VERSION, session))]), 0)
    writer.write(*(4,) * 20)
    for place, logged in enumerate(writer.records):
        assert follow(opened, writer, logged.position, logged.crc).take() == writer.records[place + 1 :]
    with pytest.raises(RewoundError):
        follow(opened, writer, 4, 12_345).take()
    with pytest.raises(RewoundError):
        follow(opened, writer, 500, 12_345).take()


def test_a_segment_may_begin_with_records_without_commands(writer: Writer, opened: ExitStack) -> None:
    """It has the name that the next one would have."""
    follower, begun = follow(opened, writer), 0
    for session in range(1, 60):
        writer.append(Record(writer.sequence + 1, 1, [encode(Hello(VERSION, session))]), 0)
        if session % 3 == 0 and writer.last_segment.stat().st_size > 800:
            # The next record begins a segment.
            while writer.last_segment.stat().st_size < 1_000:
                writer.write(1)
            writer.append(Record(writer.sequence + 1, 1, [encode(Hello(VERSION, session))]), 0)
            assert int(writer.last_segment.stem) == writer.sequence + 1
            assert follower.take() != []
            assert follower.take() == []
            begun += 1
            last = writer.records[-1]
            assert JournalReader(writer.directory).holds(last.position, last.crc)
            writer.write(1)
    assert begun > 1
    assert list(JournalReader(writer.directory).read(0)) == writer.records
    for place, logged in enumerate(writer.records):
        assert follow(opened, writer, logged.position, logged.crc).is_joined()
        assert list(follow(opened, writer, logged.position, logged.crc).take()) == writer.records[place + 1 :]


def test_what_the_journal_holds(writer: Writer) -> None:
    reader = JournalReader(writer.directory)
    assert reader.id == ""
    assert not reader.holds(5, 1)
    writer.write(*(4,) * 20)
    assert reader.id == writer.journal.id
    assert reader.holds(0, 0)
    assert all(reader.holds(logged.position, logged.crc) for logged in writer.records)
    assert not reader.holds(8, writer.records[0].crc)
    assert not reader.holds(1_000, writer.records[0].crc)
    writer.journal.drop_before(70)
    with pytest.raises(TrimmedError):
        reader.holds(8, writer.records[1].crc)


@pytest.mark.parametrize("room", [0, 1, 4_096])
def test_a_record_that_is_half_written_is_not_handed_on(writer: Writer, opened: ExitStack, room: int) -> None:
    writer.write(2, 3)
    follower = follow(opened, writer)
    whole = writer.last_segment.read_bytes()
    writer.last_segment.write_bytes(whole.rstrip(b"\0")[:-5] + bytes(room))
    assert follower.take() == writer.records[:1]
    assert follower.take() == []
    writer.last_segment.write_bytes(whole)
    assert follower.take() == writer.records[1:]


def test_zeros_ahead_of_the_records_are_not_there_yet(writer: Writer, opened: ExitStack) -> None:
    writer.write(2, synced=True)
    assert writer.last_segment.stat().st_size > 100_000
    follower = follow(opened, writer)
    assert follower.take() == writer.records
    assert follower.take() == []
    writer.write(3, synced=True)
    assert follower.take() == writer.records[1:]


def test_what_is_not_committed_is_not_handed_on(writer: Writer, opened: ExitStack) -> None:
    writer.write(2, 3)
    mark = CommitMark(writer.directory, 5)
    follower = follow(opened, writer)
    assert follower.take() == writer.records
    writer.write(1)
    assert follower.take() == []
    mark.note(6)
    assert follower.take() == writer.records[2:]
    writer.write(4, *(4,) * 20)
    mark.note(10)
    assert follower.take() == writer.records[3:4]
    assert follower.take() == []
    # Its matcher is gone, and nobody else makes the records last: what is whole stays, and is taken.
    mark.close()
    assert wait_until(follower.take, "records that nobody else makes last") == writer.records[4:]


def test_a_log_that_is_shorter_than_what_was_read_of_it_is_told(writer: Writer, opened: ExitStack) -> None:
    writer.write(2, 3)
    size = writer.last_segment.stat().st_size
    writer.write(1)
    followers = [follow(opened, writer) for _ in range(3)]
    for follower in followers:
        assert follower.take() == writer.records
    whole = writer.last_segment.read_bytes()
    writer.last_segment.write_bytes(whole[:size])
    with pytest.raises(RewoundError):
        followers[0].take()
    other, _ = pack_record(Record(6, 7, [encode(OwnCommands(COMMANDS[:2]))]), writer.records[1].crc)
    writer.last_segment.write_bytes(whole[:size] + other)
    with pytest.raises(RewoundError):
        followers[1].take()
    writer.last_segment.write_bytes(whole)
    with closing(CommitMark(writer.directory, 5)), pytest.raises(RewoundError):
        followers[2].take()


def test_a_segment_that_was_just_begun_is_not_there_yet(writer: Writer, opened: ExitStack) -> None:
    follower = follow(opened, writer)
    while len(list(writer.directory.iterdir())) < 2:
        writer.write(4)
    path = writer.last_segment
    whole = path.read_bytes()
    path.write_bytes(whole[:10])
    assert follower.take() == writer.records[:-1]
    assert follower.take() == []
    path.write_bytes(whole)
    assert follower.take() == writer.records[-1:]


def test_a_damaged_record_is_told_with_its_place(writer: Writer, opened: ExitStack) -> None:
    writer.write(2)
    offset = writer.last_segment.stat().st_size
    follower = follow(opened, writer)
    assert follower.take() == writer.records
    writer.write(1, 1)
    with writer.last_segment.open("r+b") as file:
        file.seek(offset + 40)
        file.write(b"\xff")
    with pytest.raises(JournalError, match=f"damaged at byte {offset}: ") as raised:
        follower.take()
    assert raised.value.damage == (writer.last_segment, offset)


def test_a_missing_segment_is_told(writer: Writer, opened: ExitStack) -> None:
    writer.write(*(4,) * 20)
    paths = sorted(writer.directory.iterdir())
    paths[1].unlink()
    follower = follow(opened, writer)
    with pytest.raises(JournalError, match="the segment before it is missing") as raised:
        while follower.take():
            pass
    assert raised.value.damage == (paths[2], 0)


def test_a_take_is_bounded(tmp_path: Path, opened: ExitStack) -> None:
    writer = Writer(tmp_path, 64 * 1024 * 1024)
    writer.write(*(1,) * (TAKE_RECORDS + 10))
    follower = follow(opened, writer)
    assert follower.take() == writer.records[:TAKE_RECORDS]
    assert follower.take() == writer.records[TAKE_RECORDS:]
    assert follower.take() == []
    writer.journal.close()


def test_a_record_may_be_larger_than_what_is_read_at_once(tmp_path: Path, opened: ExitStack) -> None:
    writer = Writer(tmp_path, 64 * 1024 * 1024)
    writer.write(1)
    many = COMMANDS[:1] * 60_000
    writer.append(Record(2, 1, [encode(OwnCommands(many))]), len(many))
    writer.write(1, 2)
    assert writer.last_segment.stat().st_size > 2 * CHUNK_BYTES
    assert follow(opened, writer).take() == writer.records
    writer.journal.close()


def test_what_was_trimmed_is_told(writer: Writer, opened: ExitStack) -> None:
    writer.write(*(4,) * 20)
    writer.journal.drop_before(70)
    with pytest.raises(TrimmedError, match="after sequence 3 was trimmed"):
        follow(opened, writer, 3).take()
    assert follow(opened, writer, 76).take() == writer.records[-1:]


def test_a_follower_reads_on_in_a_segment_that_was_removed(writer: Writer, opened: ExitStack) -> None:
    writer.write(*(4,) * 20)
    follower = follow(opened, writer)
    assert follower.is_joined()
    first = min(writer.directory.iterdir())
    writer.journal.drop_before(30)
    assert not first.exists()
    assert follower.take() == writer.records


def test_what_is_followed_brings_the_state_back(writer: Writer) -> None:
    writer.write(1, 1, 1)
    followed, state = State(Engine()), State(Engine())
    for logged in JournalReader(writer.directory).read(0):
        followed.replay(logged.record)
    state.apply(OWN_SESSION, 0, COMMANDS[:1] * 3, 1)
    assert followed.sequence == state.sequence == 3
    assert list(followed.registry.books) == list(state.registry.books)
