"""A long series in as many columns as a picture has: what it reached in each, its lowest and highest value."""

from typing import Final

COLUMNS: Final = 720
"""The columns of a picture, one a unit of its width."""


class Bins:
    """A value that stays until it changes. Memory is bounded by the columns."""

    def __init__(self, start: int, end: int, columns: int = COLUMNS) -> None:
        self._start = start
        self._span = max(end - start, 1)
        self.columns = columns
        self._place = 0
        self._until = start
        self.low: list[int | None] = [None] * columns
        self.high: list[int | None] = [None] * columns
        self.last: list[int | None] = [None] * columns
        self.touched = [False] * columns

    def take(self, time: int, value: int | None) -> None:
        """From that time on the value is this one; None for none. Times rise."""
        place = self._place
        if time >= self._until:
            place = self._place = self.column_of(time)
            # The first time of the next column.
            self._until = self._start - (-(place + 1) * self._span // self.columns)
        self.touched[place] = True
        self.last[place] = value
        if value is None:
            return
        low, high = self.low[place], self.high[place]
        self.low[place] = value if low is None or value < low else low
        self.high[place] = value if high is None or value > high else high

    def column_of(self, time: int) -> int:
        return min(max((time - self._start) * self.columns // self._span, 0), self.columns - 1)

    @property
    def bounds(self) -> tuple[int, int] | None:
        """The lowest and the highest value of all; None if there was none."""
        lows = [value for value in self.low if value is not None]
        highs = [value for value in self.high if value is not None]
        return (min(lows), max(highs)) if lows else None
