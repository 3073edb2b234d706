"""How many bytes the log holds, as a node counts them that follows it. Knows no log server."""

from collections import deque
from typing import Final

from matcher.replication.record_format import HEAD_BYTES
from matcher.storage.journal_format import RECORD_HEADER_BYTES
from matcher.storage.log import Kind, Position, Record

KEY_BYTES: Final = 200
"""What a log server keeps for a record beside it: its key, and a version of the key that counts."""

ENTRY_BYTES: Final = 5
"""What stands before an entry, at most."""

MARKS: Final = 64
"""So many positions are remembered over a budget, each with the bytes before it."""


def record_bytes(record: Record) -> int:
    """What a record takes in the log, nearly."""
    entries = sum(map(len, record.entries)) + ENTRY_BYTES * (len(record.entries) + 1)
    return HEAD_BYTES + RECORD_HEADER_BYTES + KEY_BYTES + entries


class LogSize:
    """Goes on behind a position up to which the log held `held` bytes. `budget`: the bytes that it may hold."""

    def __init__(self, position: Position, held: int, budget: int) -> None:
        self._step = max(1, budget // MARKS)
        self._counted = held
        self._trimmed = 0
        self._trimmed_at = 0
        self._last = position
        self._checkpoint = held
        self._marks: deque[tuple[Position, int]] = deque([(0, 0), (position, held)] if position else [(0, 0)])

    @property
    def held(self) -> int:
        """Bytes between the last trim and the last record."""
        return self._counted - self._trimmed

    @property
    def since_trim(self) -> int:
        """Bytes that have come since the log was trimmed last, or since the beginning."""
        return self._counted - self._trimmed_at

    @property
    def since_checkpoint(self) -> int:
        """Bytes behind the last Checkpoint, or behind the beginning."""
        return self._counted - self._checkpoint

    def note(self, position: Position, record: Record) -> None:
        """A record has come."""
        checkpoint = record.kind is Kind.CHECKPOINT
        if checkpoint or self._counted - self._marks[-1][1] >= self._step:
            self._mark(self._last)
        self._counted += record_bytes(record)
        self._last = position
        if checkpoint:
            self._checkpoint = self._counted

    def _mark(self, position: Position) -> None:
        if position > self._marks[-1][0]:
            self._marks.append((position, self._counted))

    def trimmed(self, upto: Position) -> None:
        """The log holds nothing up to this position any more."""
        self._trimmed_at = self._counted
        while len(self._marks) > 1 and self._marks[1][0] <= upto:
            self._marks.popleft()
        if self._marks[0][0] <= upto:
            self._trimmed = self._marks[0][1]

    def mark_before(self, position: Position) -> Position:
        """The last remembered position before this one, whose own record stays; 0 without one. That right before a
        Checkpoint always is one."""
        return max((marked for marked, _ in self._marks if marked < position), default=0)

    def between(self, after: Position, upto: Position) -> int:
        """Bytes between two remembered positions."""
        return self._before(upto) - self._before(after)

    def _before(self, position: Position) -> int:
        return max((counted for marked, counted in self._marks if marked <= position), default=self._trimmed)
