"""Seeded chance in integers: the same on every machine and every Python. `sim.logarithms` has what it computes with."""

import random
from collections.abc import MutableSequence
from typing import Any, Final

from matching_exchange.sim.logarithms import LN2, ONE, exp2, minus_log2
from protocol.units import Side

MILLION: Final = 1_000_000

_BITS: Final = 256
_DEVIATION: Final = 8
"""The ones among so many random bits vary around their half with this standard deviation."""

_UNIFORM_BITS: Final = 62


def most_log_normal(median: int, deviation: int) -> int:
    """The greatest draw of Chance.log_normal."""
    normal = _BITS // 2 * ONE // _DEVIATION
    return median * exp2(normal * deviation * ONE // (1_000 * LN2)) // ONE


class Chance:
    """A source of chance. The same seed gives the same draws."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self._bits: Any = self._random.getrandbits

    def _below(self, count: int) -> int:
        """One of the numbers from 0 to count - 1, each as likely."""
        if count < 1:
            raise ValueError(f"chance takes a range with at least one number, not {count}")
        bits, length = self._bits, count.bit_length()
        drawn: int = bits(length)
        while drawn >= count:
            drawn = bits(length)
        return drawn

    def happens(self, millionths: int) -> bool:
        """Whether something of this probability happens."""
        return self._below(MILLION) < millionths

    def between(self, low: int, high: int) -> int:
        """A whole number; both ends are possible."""
        return low + self._below(high - low + 1)

    def side(self) -> Side:
        return Side.BUY if self._bits(1) else Side.SELL

    def bell(self, deviation: int) -> int:
        """A number around zero with this standard deviation: nearly a normal one."""
        return (self._ones() - _BITS // 2) * deviation // _DEVIATION

    def _ones(self) -> int:
        drawn: int = self._bits(_BITS)
        return drawn.bit_count()

    def heavy(self, typical: int, most: int) -> int:
        """Mostly about `typical`, now and then many times that, up to `most`: a heavy tail, with exponent 1."""
        return min(most, typical * 1_000 // (1 + self._below(1_500)))

    def exponential(self, mean: int) -> int:
        """A waiting time with this mean: what comes between the events of a Poisson process. At most 43 means."""
        drawn: int = self._bits(_UNIFORM_BITS) + 1
        return mean * minus_log2(drawn, _UNIFORM_BITS) * LN2 // (ONE * ONE)

    def log_normal(self, median: int, deviation: int) -> int:
        """A positive number around `median`. `deviation`: the standard deviation of its natural logarithm, in
        thousandths."""
        normal = (self._ones() - _BITS // 2) * ONE // _DEVIATION
        return median * exp2(normal * deviation * ONE // (1_000 * LN2)) // ONE

    def choice(self, count: int) -> int:
        """One of the numbers from 0 to count - 1."""
        return self._below(count)

    def shuffle(self, items: MutableSequence[Any]) -> None:
        """Put the items in a random order."""
        for last in range(len(items) - 1, 0, -1):
            other = self._below(last + 1)
            items[last], items[other] = items[other], items[last]
