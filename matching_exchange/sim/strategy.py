"""The base class of every strategy and every agent."""

from collections.abc import Sequence
from typing import Final

from matching_exchange.sim.kernel.values import Book, OrderUpdate, Trade
from matching_exchange.sim.market import Market


class Strategy:
    """Trades. Override what you need: a callback that is not overridden costs nothing.

    symbols: what it trades and hears of; None means all that there is.
    book_levels: how many levels on_book and market.book() have.
    book_every: the least time between two on_book calls of a symbol, in nanoseconds. It is told the newest book then.
    """

    symbols: Sequence[str] | None = None
    book_levels: int = 1
    book_every: int = 0

    def on_start(self, market: Market) -> None:
        """The first call."""

    def on_wakeup(self, market: Market) -> None:
        """A time that market.wake_in or market.wake_at has asked for."""

    def on_trade(self, market: Market, trade: Trade) -> None:
        """A public trade, its own ones included."""

    def on_book(self, market: Market, book: Book) -> None:
        """The best levels have changed."""

    def on_order(self, market: Market, update: OrderUpdate) -> None:
        """Something has become of an order of its own."""

    def on_end(self, market: Market) -> None:
        """The last call. Nothing can be sent any more."""


MOST_LEVELS: Final = 1_000
"""The largest book_levels."""


def overrides(strategy: Strategy, callback: str) -> bool:
    """Whether the strategy has this callback of its own."""
    return getattr(type(strategy), callback) is not getattr(Strategy, callback)
