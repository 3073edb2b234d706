"""The lowest and the highest price of an instrument's trades within a time before now, exactly.

Two queues hold what can still become the lowest or the highest. A price leaves the queue as soon as a later one is as
low, or as high. So a trade costs O(1) on average, and a queue holds at most one price for each command of the window,
and for each tick of a move that does not halt.
"""

from collections import deque

from protocol.instrument import Instrument

BASIS_POINTS = 10_000

MILLISECOND = 1_000_000
"""In nanoseconds."""

Stamped = tuple[int, int]
"""The time of a trade, in nanoseconds, and its price."""


class PriceWindow:
    """`lows` and `highs` hold times and prices: times ascend in both, prices ascend in `lows` and descend in
    `highs`."""

    __slots__ = ("bps", "highs", "length", "lows")

    def __init__(self, bps: int, length: int) -> None:
        self.bps = bps
        self.length = length
        self.lows: deque[Stamped] = deque()
        self.highs: deque[Stamped] = deque()

    def add(self, time: int, lowest: int, highest: int) -> None:
        """Take in the trades of a command. Forget those that are older than the window."""
        lows, highs = self.lows, self.highs
        while lows and lows[-1][1] >= lowest:
            lows.pop()
        lows.append((time, lowest))
        while highs and highs[-1][1] <= highest:
            highs.pop()
        highs.append((time, highest))
        oldest = time - self.length
        while lows[0][0] < oldest:
            lows.popleft()
        while highs[0][0] < oldest:
            highs.popleft()

    def is_left_by(self, price: int) -> bool:
        """Whether the price differs by more than `bps` from one of the window."""
        low, high = self.lows[0][1], self.highs[0][1]
        return (price - low) * BASIS_POINTS > low * self.bps or (high - price) * BASIS_POINTS > high * self.bps


def window_of(instrument: Instrument) -> PriceWindow | None:
    """An empty window for an instrument that halts by itself; None for others."""
    if not instrument.halt_bps:
        return None
    return PriceWindow(instrument.halt_bps, instrument.halt_window_ms * MILLISECOND)


def begins_anew(before: Instrument, after: Instrument) -> bool:
    """Whether a change of the instrument empties its window: another status, or another rule of halting."""
    return (before.status, before.halt_bps, before.halt_window_ms) != (
        after.status,
        after.halt_bps,
        after.halt_window_ms,
    )
