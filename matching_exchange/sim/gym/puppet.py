"""The agent of an environment: it carries out what the environment has decided, and notes what becomes of it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from matching_exchange.sim.kernel.values import Book, Order, OrderUpdate, Trade, UpdateKind
from matching_exchange.sim.market import Market
from matching_exchange.sim.strategy import Strategy
from protocol.commands import OrderTerms
from protocol.units import OrderType, Side

LEVELS: Final = 5
"""Levels of the book that an observation looks at."""

POST_ONLY: Final = OrderTerms(post_only=True)


class Target:
    """The order that should be live on one side.

    quantity_units: at least 1.
    price_units: None makes it a market order.
    post_only: it never takes.
    """

    __slots__ = ("post_only", "price_units", "quantity_units")

    def __init__(self, quantity_units: int, price_units: int | None, *, post_only: bool = False) -> None:
        self.quantity_units = quantity_units
        self.price_units = price_units
        self.post_only = post_only

    def fits(self, order: Order) -> bool:
        """Whether a live order is the wanted one, untouched."""
        return order.price_units == self.price_units and order.remaining_units == self.quantity_units


class Puppet(Strategy):
    """Wakes up each `step`, one nanosecond after the environment's decision, and brings about the targets.

    A new order of a side is sent once the old one is known to be gone. So latency never makes it trade twice.
    allowed: how many of so many units of a side may go, by the position that is known then; below 1 for none.
    """

    book_levels = LEVELS

    def __init__(self, symbol: str, warm_up: int, step: int, allowed: Callable[[Side, int], int]) -> None:
        self.symbol = symbol
        self.symbols = (symbol,)
        self.targets: dict[Side, Target] = {}
        self.cash = Decimal(0)
        """Quote currency received less paid, fees included."""
        self.position = Decimal(0)
        """Base currency bought less sold."""
        self.bought_units = 0
        self.sold_units = 0
        """Units of the takers since the last decision."""
        self.market: Market | None = None
        self._warm_up = warm_up
        self._step = step
        self._allowed = allowed

    def on_start(self, market: Market) -> None:
        self.market = market
        market.wake_in(self._warm_up + 1)

    def on_wakeup(self, market: Market) -> None:
        market.wake_in(self._step)
        self.bought_units = self.sold_units = 0
        for order in market.orders():
            target = self.targets.get(order.side)
            if target is not None and target.fits(order):
                del self.targets[order.side]
            else:
                market.cancel(order)
        self._send(market)

    def on_trade(self, market: Market, trade: Trade) -> None:
        if trade.side is Side.BUY:
            self.bought_units += trade.quantity_units
        else:
            self.sold_units += trade.quantity_units

    def on_order(self, market: Market, update: OrderUpdate) -> None:
        if update.kind is UpdateKind.FILL:
            quantity = update.quantity if update.order.side is Side.BUY else -update.quantity
            self.position += quantity
            self.cash -= quantity * update.price + update.fee
        if not update.order.is_live:
            self._send(market)

    @property
    def seen(self) -> Market:
        """What it sees of the market, once the simulation runs."""
        assert self.market is not None, "the session has begun"
        return self.market

    def book(self) -> Book:
        return self.seen.book()

    def flow(self) -> float:
        """Bought less sold of all that takers have traded since the last decision: -1 to 1; 0 without a trade."""
        total = self.bought_units + self.sold_units
        return (self.bought_units - self.sold_units) / total if total else 0.0

    def _send(self, market: Market) -> None:
        busy = {order.side for order in market.orders()}
        for side in [side for side in self.targets if side not in busy]:
            target = self.targets.pop(side)
            units = self._allowed(side, target.quantity_units)
            if units < 1:
                continue
            market.place(
                self.symbol,
                side,
                units,
                target.price_units,
                OrderType.MARKET if target.price_units is None else OrderType.LIMIT,
                terms=POST_ONLY if target.post_only else None,
            )
