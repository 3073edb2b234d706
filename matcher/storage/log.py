"""A log of records, in order. The matcher appends to it. It brings the state back.

Reader and writer are apart. A reader needs no lock, and hands on only what is committed. The local journal is the first
implementation (`matcher.storage.local_log`, `matcher.storage.journal_reader`); a replicated log fits the same shape.
The loop, recovery, snapshots and tools know nothing else.
"""

from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct

Position = int
"""Where a record ends in its log. It never shrinks from record to record. Only the log knows what it counts."""


class Record(Struct, frozen=True):
    """What one turn has taken in.

    sequence: that of its first command.
    time: the stamp of all of them, in nanoseconds.
    entries: the frames as received (see `matcher.storage.entries`).
    """

    sequence: int
    time: int
    entries: list[bytes]


class LogFailedError(Exception):
    """The log did not take a record: nothing of it was said, and nothing more can be. The message is one line."""


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
