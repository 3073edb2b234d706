"""A log of records, in order. The matcher appends to it. It brings the state back.

Reader and writer are apart. A reader needs no lock, and hands on only what is committed. The local journal is the first
implementation (`matcher.storage.local_log`, `matcher.storage.journal_reader`); a replicated log fits the same shape.
The loop, recovery, snapshots and tools know nothing else.

A replicated log has several who would write (`ReplicatedLog`). It takes a record only from the one that knows its end.
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import Protocol

from msgspec import Struct

Position = int
"""Where a record ends in its log. It never shrinks from record to record. Only the log knows what it counts."""


class Kind(IntEnum):
    """What a record is. A local journal holds batches only. The others have no commands, and `entries` of their own
    (see `matcher.replication.records`)."""

    BATCH = 0
    BEAT = 1
    EPOCH = 2
    CHECKPOINT = 3
    POISON = 4
    HANDOVER = 5
    PART = 6


class Record(Struct, frozen=True):
    """What one turn has taken in.

    sequence: that of its first command.
    time: the stamp of all of them, in nanoseconds.
    entries: the frames as received (see `matcher.storage.entries`).

    Of a replicated log alone:
    epoch, node: those of the leader that has appended it.
    outputs: the CRC-32 of the answers that the leader has made of it.
    """

    sequence: int
    time: int
    entries: list[bytes]
    kind: Kind = Kind.BATCH
    epoch: int = 0
    node: int = 0
    outputs: int = 0


class LogFailedError(Exception):
    """The log did not take a record: nothing of it was said, and nothing more can be. The message is one line."""


class FencedError(LogFailedError):
    """Somebody else has appended behind the expected position: this process does not lead any more."""


class LogAwayError(LogFailedError):
    """The log does not answer. Whether it took what was sent is not known. The message is one line."""


class TrimmedError(Exception):
    """What comes behind a position is not in the log any more. The message is one line."""


class RewoundError(Exception):
    """The log does not hold what was read of it: it was cut, or brought back from a copy. The message is one line."""


class Logged(Struct, frozen=True):
    """A committed record.

    position: where it ends.
    crc: with the position, its place in the log. Two records of one position differ in it.
    """

    position: Position
    crc: int
    record: Record


class Follower(Protocol):
    """Hands on the records behind a position, as they are committed, each once and in order."""

    @property
    def descriptor(self) -> int | None:
        """Becomes readable when `take` has something. If it is None, call `take` repeatedly: that is cheap."""

    def take(self) -> list[Logged]:
        """The next records, a bounded number of them; none if all that are committed were taken. TrimmedError or
        RewoundError if the log does not go on behind what was taken."""

    def close(self) -> None: ...


class LogReader(Protocol):
    """What a reader of a log needs."""

    @property
    def id(self) -> str:
        """Names the log for its lifetime. Empty before the first record."""

    def head(self) -> Position:
        """The position at which the last committed record ends; 0 before the first."""

    def holds(self, position: Position, crc: int) -> bool:
        """Whether this record is in the log. TrimmedError if what stood there is gone."""

    def read(self, after: Position) -> Iterator[Logged]:
        """The committed records behind a position."""

    def follow(self, after: Position, crc: int | None = None) -> Follower:
        """Read on behind a position, for as long as the log grows: behind the record with this CRC if it is given."""


class Log(LogReader, Protocol):
    """What its one writer may do with a log."""

    def append(self, expected: Position, record: Record, end: Position) -> Position:
        """Append a record behind the position `expected`, the end of the log. `end` is the sequence of the record's
        last command.

        Returns the record's position, once it is as safe as the log promises. LogFailedError if it is not taken.
        """

    def trim(self, upto: Position) -> None:
        """Drop records up to a position that a snapshot covers. OSError if that fails."""


class HeadAnswer(Struct, frozen=True):
    """What `ReplicatedLog.ask_head` has found.

    position: the end of the log at a moment after `asked`. None if no server has answered.
    asked, answered: when, on the clock of the replication (`matcher.replication.timings`), in nanoseconds.
    """

    position: Position | None
    asked: int
    answered: int


class Appended(Struct, frozen=True):
    """A record is safe.

    position, crc: where it stands.
    begun: when its append was begun, on the clock of the replication, in nanoseconds.
    """

    position: Position
    crc: int
    begun: int


class ReplicatedLog(Log, Protocol):
    """A log with several who would write. Nothing here waits, except `append` and what `LogReader` has.

    `descriptor` becomes readable when `appended` or `head_answer` has something. One append is under way at a time.
    """

    @property
    def descriptor(self) -> int: ...

    def begin(self, position: Position, crc: int) -> None:
        """Stand behind the record with this CRC: the next append goes there. The CRC before the first record is 0."""

    def begin_append(self, expected: Position, record: Record) -> None:
        """Append behind `expected`, where `begin` or the last append stands. It is tried until its outcome is sure."""

    def appended(self) -> Appended | None:
        """The outcome of the append under way, once; None while it is not sure. FencedError if another record stands
        there."""

    @property
    def waiting(self) -> int:
        """Nanoseconds since the append under way was begun; 0 without one."""

    def ask_head(self) -> None:
        """Ask all servers for the end of the log. A question that is under way is dropped."""

    def head_answer(self) -> HeadAnswer | None:
        """The first answer, once; None while there is none. After a failed question its position is None."""

    def close(self) -> None:
        """Drop what is under way, and the connections."""
