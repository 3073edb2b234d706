"""Samples of the depth of a book, which the record of a simulation does not have."""

from typing import TYPE_CHECKING

from matching_exchange.sim.durations import SECOND
from matching_exchange.sim.strategy import Strategy

if TYPE_CHECKING:
    from matching_exchange.sim.facts.series import Levels
    from matching_exchange.sim.market import Market


class DepthSampler(Strategy):
    """Sends nothing. Notes both sides of a book at regular times: `depths` of a Series.

    every: time between two samples, in nanoseconds.
    """

    book_levels = 200

    def __init__(self, symbol: str | None = None, every: int = 10 * SECOND) -> None:
        self.symbols = None if symbol is None else (symbol,)
        self.depths: list[tuple[int, Levels, Levels]] = []
        self._symbol = symbol
        self._every = every

    def on_start(self, market: "Market") -> None:
        market.wake_in(self._every)

    def on_wakeup(self, market: "Market") -> None:
        market.wake_in(self._every)
        book = market.book(self._symbol)
        self.depths.append((market.now, book.bids_units, book.asks_units))
