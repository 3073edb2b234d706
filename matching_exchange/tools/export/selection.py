"""What of all rows is exported."""

from msgspec import Struct

from history.candles.intervals import Interval
from matching_exchange.tools.export.kinds import Kind


class Selection(Struct, frozen=True):
    """A range of rows of one kind. What is None bounds nothing.

    begin, end: times in nanoseconds, from `begin` until before `end`. Orders are selected by their end, candles by
        their open_time.
    first, last: sequences, both included.
    interval: that of candles.
    """

    kind: Kind
    symbol: str | None = None
    account: str | None = None
    begin: int | None = None
    end: int | None = None
    first: int | None = None
    last: int | None = None
    interval: Interval | None = None

    def has(self, sequence: int, time: int) -> bool:
        """Whether the range holds a row of this stamp."""
        return not self.is_before(sequence, time) and not self.is_behind(sequence, time)

    def is_before(self, sequence: int, time: int) -> bool:
        """Whether a stamp lies before the range."""
        return (self.begin is not None and time < self.begin) or (self.first is not None and sequence < self.first)

    def is_behind(self, sequence: int, time: int) -> bool:
        """Whether a stamp lies behind the range, and so do all later ones."""
        return (self.end is not None and time >= self.end) or (self.last is not None and sequence > self.last)

    def reaches_before(self, sequence: int, time: int) -> bool:
        """Whether the range begins before this stamp."""
        return (self.begin is None or self.begin < time) and (self.first is None or self.first < sequence)
