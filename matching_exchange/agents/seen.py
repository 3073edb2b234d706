"""What an agent sees of its instrument at one step."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from protocol.events import Trade

STEP: Final = 100_000_000
"""Market time from one step to the next, in nanoseconds."""

STEPS_PER_SECOND: Final = 1_000_000_000 // STEP

USUAL: Final = 1_000
"""The pace of a calm market."""


class Seen(Struct, frozen=True):
    """One instrument, as of the end of the step before.

    time: market time, in nanoseconds since the market began.
    value: the price that the instrument is worth now. Each agent makes of it what it can.
    pace: how lively the market is; USUAL is calm.
    bid, ask: the best prices; None for an empty side.
    last: the price of the last trade; None before the first.
    trades: those since the step before, oldest first.
    """

    time: int
    value: int
    pace: int
    bid: int | None
    ask: int | None
    last: int | None
    trades: Sequence[Trade] = ()

    @property
    def middle(self) -> int:
        """Between the best prices, as far as there are any."""
        if self.bid is not None and self.ask is not None:
            return (self.bid + self.ask) // 2
        return self.last or self.value
