"""What is read off the way of an equity: its falls, and its changes at a fixed interval."""

from itertools import pairwise
from math import sqrt
from typing import Final

from matching_exchange.sim.durations import HOUR
from matching_exchange.sim.result.exact import mean_over_deviation

YEAR: Final = 365 * 24 * HOUR
"""Markets of this kind never close."""


class Drawdown:
    """The largest fall below a former peak, and the longest time below one.

    largest: in the units of the equity.
    longest: in nanoseconds, from the peak until it is reached again, or until the end.
    """

    def __init__(self) -> None:
        self.largest = 0
        self.longest = 0
        self.now = 0
        self._peak = 0
        self._peak_at = -1
        self._below = False

    def take(self, time: int, equity: int) -> None:
        """Points come in order of time."""
        if self._below:
            self.longest = max(self.longest, time - self._peak_at)
        if equity >= self._peak or self._peak_at < 0:
            self._peak = equity
            self._peak_at = time
            self._below = False
        else:
            if not self._below:
                # The equity stood at its peak up to here.
                self._peak_at = time
            self._below = True
            self.largest = max(self.largest, self._peak - equity)
        self.now = self._peak - equity


class Sampler:
    """The equity at the start and after each whole interval, as it was then."""

    def __init__(self, start: int, interval: int) -> None:
        self.values: list[int] = []
        self._interval = interval
        self._next = start
        self._equity = 0

    def take(self, time: int, equity: int) -> None:
        while self._next < time:
            self.values.append(self._equity)
            self._next += self._interval
        self._equity = equity

    def finish(self, end: int) -> None:
        while self._next <= end:
            self.values.append(self._equity)
            self._next += self._interval


def sharpe(equities: list[int], interval: int) -> float | None:
    """Mean by standard deviation of the changes, times the root of the intervals in a year of 365 days.

    None of less than two changes, or if all are equal.
    """
    changes = [after - before for before, after in pairwise(equities)]
    found = mean_over_deviation(changes)
    return None if found is None else found * sqrt(YEAR / interval)
