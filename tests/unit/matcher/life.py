"""A matcher's life on a directory, and what a start makes of it."""

from pathlib import Path

from matcher.core.digest import digest
from matcher.engine import Engine
from matcher.instrument_list import read_instruments
from matcher.sessions import Taken
from matcher.state import State
from matcher.storage.data_directory import DataDirectory
from matcher.storage.entries import OWN_SESSION, OwnCommands
from matcher.storage.journal import Journal
from matcher.storage.recovery import recover
from matcher.storage.snapshot import write_snapshot
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


def recovered(life: Life) -> State:
    return recover(life.directory).state


def assert_same(state: State, life: Life) -> None:
    assert state.sequence == life.state.sequence
    assert state.time == life.state.time
    assert digest(state.registry) == digest(life.state.registry)
    assert list(state.sessions.known()) == list(life.state.sessions.known())
