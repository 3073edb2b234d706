"""The kinds of logs, each behind the same three doors: for tests of what they have in common."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from select import select
from time import monotonic, monotonic_ns
from typing import Final, Protocol

from matcher.etcd.address import Credentials, LogAddress
from matcher.etcd.log import EtcdLog
from matcher.etcd.opening import open_log, open_reader
from matcher.etcd.reader import EtcdReader
from matcher.storage.entries import OwnCommands
from matcher.storage.journal import DiskFile, Journal
from matcher.storage.journal_reader import JournalReader
from matcher.storage.local_log import LocalLog
from matcher.storage.log import Follower, Log, Logged, LogReader, Record
from protocol.codec import encode
from protocol.commands import AdvanceTime
from tests.replicated_log import FakeClock, NodeLog, SharedLog

SEGMENT_BYTES: Final = 500

PATIENCE: Final = 30.0


class LogKind(Protocol):
    """One log. Positions are those of records with one command each."""

    def writer(self) -> Log:
        """Opened anew, where the log ends. That before it is closed."""

    def reader(self) -> LogReader: ...

    def trimmed(self, log: Log) -> None:
        """Wait until what `log.trim` was asked for is done."""


def record(number: int) -> Record:
    """The record that holds the command of that number."""
    return Record(number, 1_000 + number, [encode(OwnCommands([AdvanceTime()]))])


def append(log: Log, *numbers: int) -> list[int]:
    """Append the records of these numbers. Returns their positions."""
    return [log.append(number - 1, record(number), number) for number in numbers]


def take(follower: Follower, count: int) -> list[Logged]:
    """The next so many records, as they come."""
    taken: list[Logged] = []
    until = monotonic() + PATIENCE
    while len(taken) < count:
        assert monotonic() < until, f"{len(taken)} of {count} records"
        if follower.descriptor is not None:
            select([follower.descriptor], [], [], 1)
        taken += follower.take()
    return taken


class LocalKind:
    """The journal of a data directory, in short segments."""

    def __init__(self, directory: Path, opened: ExitStack) -> None:
        self._directory = directory
        self._opened = opened

    def writer(self) -> LocalLog:
        self._opened.close()
        journal = Journal(self._directory, DiskFile, SEGMENT_BYTES)
        for _ in journal.records():
            pass
        self._opened.callback(journal.close)
        log = LocalLog(self._directory, journal, 0, monotonic_ns)
        log.begin(journal.head())
        self._opened.callback(log.close)
        return log

    def reader(self) -> JournalReader:
        return JournalReader(self._directory)

    def trimmed(self, log: Log) -> None:
        pass


class MemoryKind:
    """The log in memory that tests of nodes have, with a clock that stands."""

    def __init__(self, opened: ExitStack) -> None:
        self._shared = SharedLog()
        self._opened = opened

    def writer(self) -> NodeLog:
        log = NodeLog(self._shared, FakeClock())
        self._opened.callback(log.close)
        log.begin(self._shared.head, self._shared.crcs[-1])
        return log

    def reader(self) -> NodeLog:
        return self.writer()

    def trimmed(self, log: Log) -> None:
        pass


class EtcdKind:
    """The log of that name in servers of etcd, or proxies before them."""

    def __init__(self, servers: list[str], name: str, opened: ExitStack) -> None:
        self.address = LogAddress(tuple(servers), name)
        self._opened = opened

    def writer(self) -> EtcdLog:
        return caught_up(self.writer_at(0, 0))

    def writer_at(self, position: int, crc: int) -> EtcdLog:
        """One that stands behind this record."""
        log = open_log(self.address, Credentials())
        self._opened.callback(log.close)
        log.begin(position, crc)
        return log

    def reader(self) -> EtcdReader:
        reader = open_reader(self.address, Credentials())
        self._opened.callback(reader.close)
        return reader

    def trimmed(self, log: Log) -> None:
        assert isinstance(log, EtcdLog)
        carry_out(log, lambda: not log.trims)


def caught_up(log: EtcdLog) -> EtcdLog:
    """At its end, as whoever has read all of it."""
    head = log.head()
    log.begin(head, next(log.read(head - 1)).crc if head else 0)
    return log


def carry_out(log: EtcdLog, done: Callable[[], bool]) -> None:
    """What the owner's loop does, until something is done."""
    until = monotonic() + PATIENCE
    while not done():
        assert monotonic() < until, "it is not done"
        select([log.descriptor], [], [], 1)
        log.appended()
