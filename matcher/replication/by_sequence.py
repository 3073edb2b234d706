"""A replicated log, read as a local journal is: a position is the sequence of a record's last command.

So a reader needs to know of one kind of place alone. What has no entries is left out, and Parts come joined.
"""

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Final

from matcher.replication.parts import Joiner
from matcher.storage.entries import last_sequence
from matcher.storage.log import Follower, Kind, Logged, LogReader, Position, Record, RewoundError, TrimmedError

AT_ONCE: Final = 256
"""Records that are read at once."""


class BySequence:
    """As `LogReader`, of the replicated log `log`."""

    def __init__(self, log: LogReader) -> None:
        self._log = log

    @property
    def id(self) -> str:
        """As `LogReader.id`."""
        return self._log.id

    def head(self) -> Position:
        """As `LogReader.head`."""
        head = self._log.head()
        return self._log_record(head).record.sequence - 1 if head else 0

    def holds(self, position: Position, crc: int) -> bool:
        """As `LogReader.holds`."""
        try:
            return position == 0 or self._find(position, crc) is not None
        except RewoundError:
            return False

    def read(self, after: Position) -> Iterator[Logged]:
        """As `LogReader.read`."""
        follower = self.follow(after)
        while taken := follower.take():
            yield from taken

    def follow(self, after: Position, crc: int | None = None) -> "SequenceFollower":
        """As `LogReader.follow`. It reads up to the end of the log at once, and waits for that."""
        if after == 0:
            first = next(iter(self._log.read(0)), None)
            if first is not None and first.record.sequence > 1:
                raise TrimmedError("the log begins with a state that was brought into it")
            return SequenceFollower(self._log, 0, 0)
        found = self._find(after, crc)
        if found is None:
            raise RewoundError(f"the log holds another record at sequence {after}")
        return SequenceFollower(self._log, found.position, found.crc)

    def _find(self, sequence: Position, crc: int | None) -> Logged | None:
        """The record with this CRC behind which the state has that sequence: the one with its last command, or one
        without commands that follows. Without a CRC the first of them. RewoundError if no record ends there."""
        following = self._first_behind(sequence)
        gone: TrimmedError | None = None
        if following > 1:
            try:
                last = self._log_record(following - 1)
            except TrimmedError as error:
                gone = error
            else:
                if crc is None or last.crc == crc:
                    return last
        found = self._find_without_commands(following, sequence, crc, gone)
        if found is None and gone is not None:
            raise gone
        return found

    def _find_without_commands(
        self, first: Position, sequence: Position, crc: int | None, gone: TrimmedError | None
    ) -> Logged | None:
        """The same, among the records without commands from a position on."""
        for logged in self._log.read(first - 1):
            record = logged.record
            if record.sequence != sequence + 1:
                if gone is not None:
                    raise gone
                raise RewoundError(f"no record ends with sequence {sequence}")
            if record.kind is Kind.PART or (record.kind is Kind.BATCH and last_sequence(record) > sequence):
                return None
            if crc is not None and logged.crc == crc:
                return logged
        return None

    def _first_behind(self, sequence: Position) -> Position:
        """The position of the first record that begins behind the sequence, by bisection. What is trimmed counts as
        before. One behind the end if there is none."""
        low, high = 1, self._log.head() + 1
        while low < high:
            middle = (low + high) // 2
            try:
                behind = self._log_record(middle).record.sequence > sequence
            except TrimmedError:
                behind = False
            if behind:
                high = middle
            else:
                low = middle + 1
        return low

    def _log_record(self, position: Position) -> Logged:
        """The record at a position of the log. TrimmedError if it is gone."""
        return next(iter(self._log.read(position - 1)))


class SequenceFollower:
    """As `Follower`: what stands behind a record of the log. begun: the position of that record in the log."""

    def __init__(self, log: LogReader, position: Position, crc: int) -> None:
        self._log = log
        self.begun = self._position = position
        self._crc = crc
        self._behind: Iterator[Logged] | None = log.read(position)
        self._live: Follower | None = None
        self._joiner = Joiner()
        self._handed_on: deque[tuple[Position, Position]] = deque()

    @property
    def descriptor(self) -> int | None:
        """As `Follower.descriptor`."""
        return None if self._live is None else self._live.descriptor

    def take(self) -> list[Logged]:
        """As `Follower.take`."""
        while taken := self._next():
            handed_on = [logged for each in taken for logged in self._joined(each)]
            self._position, self._crc = taken[-1].position, taken[-1].crc
            if handed_on:
                return handed_on
        return []

    def reached(self, sequence: Position) -> Position:
        """The position in the log up to which nothing is needed any more, once all up to the sequence is kept."""
        reached = 0
        while self._handed_on and self._handed_on[0][0] <= sequence:
            reached = self._handed_on.popleft()[1]
        return reached if self._handed_on or self._joiner.is_open else self._position

    def close(self) -> None:
        """As `Follower.close`."""
        if self._live is not None:
            self._live.close()

    def _next(self) -> list[Logged]:
        if self._behind is not None:
            taken = list(islice(self._behind, AT_ONCE))
            if taken:
                return taken
            self._behind = None
            self._live = self._log.follow(self._position, self._crc if self._position else None)
        assert self._live is not None, "what was behind is read"
        return self._live.take()

    def _joined(self, logged: Logged) -> list[Logged]:
        """What is to be handed on of a record: one or nothing."""
        record: Record | None = self._joiner.take(logged.record)
        if record is None or record.kind is not Kind.BATCH:
            return []
        position = last_sequence(record)
        self._handed_on.append((position, logged.position))
        return [Logged(position, logged.crc, record)]
