"""Seeded chance in integers: the same on every machine and every Python."""

import random
from typing import Final

from protocol.units import Side

MILLION: Final = 1_000_000

_BITS: Final = 256
_DEVIATION: Final = 8
"""The ones among so many random bits vary around their half with this standard deviation."""


class Chance:
    """A source of chance. The same seed gives the same draws."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def happens(self, millionths: int) -> bool:
        """Whether something of this probability happens."""
        return self._random.randrange(MILLION) < millionths

    def between(self, low: int, high: int) -> int:
        """A whole number; both ends are possible."""
        return self._random.randint(low, high)

    def side(self) -> Side:
        return Side.BUY if self._random.getrandbits(1) else Side.SELL

    def bell(self, deviation: int) -> int:
        """A number around zero with this standard deviation: nearly a normal one."""
        return (self._random.getrandbits(_BITS).bit_count() - _BITS // 2) * deviation // _DEVIATION

    def heavy(self, typical: int, most: int) -> int:
        """Mostly about `typical`, now and then many times that, up to `most`: a heavy tail, with exponent 1."""
        return min(most, typical * 1_000 // self._random.randint(1, 1_500))
