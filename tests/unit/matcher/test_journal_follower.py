"""A reader without a lock follows a journal while it is written: each record once, whole, in order."""

from pathlib import Path

import pytest

from matcher.engine import Engine
from matcher.instrument_list import read_instruments
from matcher.state import State
from matcher.storage.entries import OWN_SESSION, OwnCommands
from matcher.storage.journal import Journal
from matcher.storage.journal_format import JournalError
from matcher.storage.journal_reader import JournalReader
from matcher.storage.log import Record
from protocol.codec import encode
from protocol.commands import OwnCommand

COMMANDS: list[OwnCommand] = [*read_instruments(None)] * 4


class Writer:
    """A journal that grows by a record of so many commands at a time, in short segments."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.journal = Journal(directory, segment_bytes=1_000)
        assert list(self.journal.records()) == []
        self.sequence = 0
        self.records: list[tuple[int, Record]] = []

    def write(self, *counts: int) -> None:
        for count in counts:
            record = Record(self.sequence + 1, 1, [encode(OwnCommands(COMMANDS[:count]))])
            self.journal.append(record.sequence, record.time, record.entries)
            self.journal.sync()
            self.sequence += count
            self.records.append((self.sequence, record))


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    return Writer(tmp_path)


def test_a_follower_gets_each_record_once_with_the_position_at_which_it_ends(writer: Writer) -> None:
    follower = JournalReader(writer.directory).follow(0)
    assert follower.take() == []
    found = []
    for counts in ((1,), (3, 2), (), (4,) * 20):
        writer.write(*counts)
        found += follower.take()
    assert found == writer.records
    assert len(list(writer.directory.iterdir())) > 2
    assert follower.take() == []


def test_a_follower_begins_behind_a_position(writer: Writer) -> None:
    writer.write(1, 3, 2, 4)
    reader = JournalReader(writer.directory)
    assert reader.head() == 10
    assert list(reader.read(4)) == writer.records[2:]
    assert reader.follow(10).take() == []


@pytest.mark.parametrize("room", [0, 1, 4_096])
def test_a_record_that_is_half_written_is_not_handed_on(writer: Writer, room: int) -> None:
    writer.write(2, 3)
    follower = JournalReader(writer.directory).follow(0)
    path = max(writer.directory.iterdir())
    whole = path.read_bytes()
    path.write_bytes(whole.rstrip(b"\0")[:-5] + bytes(room))
    assert follower.take() == writer.records[:1]
    path.write_bytes(whole)
    assert follower.take() == writer.records[1:]


def test_what_was_trimmed_is_told(writer: Writer) -> None:
    writer.write(*(4,) * 20)
    writer.journal.drop_before(70)
    with pytest.raises(JournalError, match="after sequence 3 was trimmed"):
        JournalReader(writer.directory).follow(3).take()
    assert JournalReader(writer.directory).follow(76).take() == writer.records[-1:]


def test_what_is_followed_brings_the_state_back(writer: Writer) -> None:
    writer.write(1, 1, 1)
    followed, state = State(Engine()), State(Engine())
    for _, record in JournalReader(writer.directory).read(0):
        followed.replay(record)
    state.apply(OWN_SESSION, 0, COMMANDS[:1] * 3, 1)
    assert followed.sequence == state.sequence == 3
    assert list(followed.registry.books) == list(state.registry.books)
