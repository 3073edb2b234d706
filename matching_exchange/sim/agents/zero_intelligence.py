"""Zero intelligence: random limit orders, market orders and cancels, as in Gode and Sunder, and Farmer and others."""

from heapq import heappop, heappush
from typing import TYPE_CHECKING

from matching_exchange.sim.agents.amounts import at_least, sign
from matching_exchange.sim.agents.arrivals import Arrivals
from matching_exchange.sim.agents.trader import Trader
from matching_exchange.sim.durations import SECOND
from matching_exchange.sim.order_entry import Number, units_of
from protocol.units import OrderType, Side

if TYPE_CHECKING:
    from matching_exchange.sim.kernel.values import Order
    from matching_exchange.sim.market import Market


class ZeroIntelligence(Trader):
    """Sends orders by chance alone: Poisson arrivals of limit orders and market orders, and exponential lifetimes.

    price: around which the book begins, while nothing else is known.
    quantity: of each order.
    limit_every, market_every: time between two of a kind on average, in nanoseconds; 0 for none.
    lifetime: of a limit order on average, in nanoseconds; then it is canceled.
    reach: a limit order is up to so many ticks behind the best price of the other side; each tick is equally likely.
    """

    def __init__(
        self,
        price: Number,
        *,
        symbol: str | None = None,
        quantity: Number = 1,
        limit_every: int = SECOND,
        market_every: int = 4 * SECOND,
        lifetime: int = 60 * SECOND,
        reach: int = 50,
    ) -> None:
        super().__init__(symbol)
        self._price = price
        self._quantity = quantity
        self._limits = Arrivals(limit_every, "limit_every")
        self._markets = Arrivals(market_every, "market_every")
        self._lifetime = at_least(1, lifetime, "lifetime")
        self._reach = at_least(1, reach, "reach")
        self._ends: list[tuple[int, int, Order]] = []

    def on_start(self, market: "Market") -> None:
        super().on_start(market)
        self._unit = self.units(self._quantity, "quantity")
        self._start = at_least(1, units_of(self._price, self.instrument.price_decimals, "price"), "price")
        self._limits.begin(market)
        self._markets.begin(market)

    def on_wakeup(self, market: "Market") -> None:
        if self._limits.come(market, self.symbol):
            self._leave(market)
        if self._markets.come(market, self.symbol):
            market.place(self.symbol, market.random.side(), self._unit, None, OrderType.MARKET)
        while self._ends and self._ends[0][0] <= market.now:
            order = heappop(self._ends)[2]
            if order.is_live:
                market.cancel(order)

    def _leave(self, market: "Market") -> None:
        side = market.random.side()
        book = market.book(self.symbol)
        best = book.ask_units if side is Side.BUY else book.bid_units
        if best is None:
            best = self.middle(market) or self._start
        away = market.random.between(1, self._reach) * self.instrument.tick_size
        price = self.sizes.behind(side, best - sign(side) * away)
        order = market.place(self.symbol, side, self._unit, price)
        end = market.now + market.random.exponential(self._lifetime)
        heappush(self._ends, (end, order.number, order))
        market.wake_at(end)
