"""What the instruments are worth: values that move together a little, and are drawn back to where they began."""

from collections.abc import Mapping
from typing import Final

from matching_exchange.agents.chance import Chance
from matching_exchange.agents.seen import STEPS_PER_SECOND, USUAL

BILLION: Final = 1_000_000_000
"""Deviations are told in billionths of the base."""

COMMON: Final = 21_000
OWN: Final = 23_000
"""Standard deviations of the moves of a step: of all values together, and of each one alone. A second has 0.01 %."""

BACK: Final = 100_000
"""Steps in which most of a deviation is drawn back: 2.8 hours."""

NEWS: Final = 170
OWN_NEWS: Final = 60
"""Millionths of a step in which news comes: of all about every 10 minutes, of one about every 28."""

NEWS_MOVES: Final = (800_000, 3_500_000)
"""The least and the greatest move by news: 0.08 to 0.35 %."""

TREND_STEPS: Final = 180 * STEPS_PER_SECOND
"""How long a trend lasts, on average."""

TREND: Final = 2_000
"""The greatest move of a trend in one step: of each value alone. That of all together is half of it."""


class Values:
    """The values of several instruments, by symbol.

    bases: the prices to which they are drawn back.
    starts: where some begin; the others begin at their base.
    """

    def __init__(self, bases: Mapping[str, int], chance: Chance, starts: Mapping[str, int] | None = None) -> None:
        self._bases = dict(bases)
        self._chance = chance
        starts = starts or {}
        self._away = {
            symbol: (starts.get(symbol, base) - base) * BILLION // base for symbol, base in self._bases.items()
        }
        self._common_trend = 0
        self._trends = dict.fromkeys(self._bases, 0)

    def step(self, pace: int) -> bool:
        """Move all values; whether news has come for all of them. `pace` is that of the market."""
        chance = self._chance
        # A busy market moves more, but less than its pace.
        scale = (USUAL + pace * 2) // 3
        common = chance.bell(COMMON * scale // USUAL)
        news = chance.happens(NEWS)
        if news:
            common += self._news()
        if chance.happens(1_000_000 // TREND_STEPS):
            self._common_trend = chance.between(-TREND, TREND) // 2
        for symbol in self._bases:
            move = common + self._common_trend + self._trends[symbol] + chance.bell(OWN * scale // USUAL)
            if chance.happens(OWN_NEWS):
                move += self._news() // 2
            if chance.happens(1_000_000 // TREND_STEPS):
                self._trends[symbol] = chance.between(-TREND, TREND)
            self._away[symbol] += move - self._away[symbol] // BACK
        return news

    def of(self, symbol: str) -> int:
        base = self._bases[symbol]
        return max(1, base + base * self._away[symbol] // BILLION)

    def _news(self) -> int:
        size = self._chance.between(*NEWS_MOVES)
        return size if self._chance.happens(500_000) else -size
