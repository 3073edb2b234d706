"""Agents that take: one knows the value, one follows trends, one trades for no reason, one has large orders."""

from typing import TYPE_CHECKING, Final

from matching_exchange.sim.agents.amounts import FINE, at_least, fine, other, sign
from matching_exchange.sim.agents.arrivals import Arrivals
from matching_exchange.sim.agents.trader import Trader
from matching_exchange.sim.chance import MILLION
from matching_exchange.sim.durations import MILLISECOND, SECOND
from matching_exchange.sim.order_entry import Number, units_of
from protocol.units import OrderType, Side

if TYPE_CHECKING:
    from matching_exchange.sim.agents.world import World
    from matching_exchange.sim.kernel.values import Order, Trade
    from matching_exchange.sim.market import Market

PARTS: Final = 1_000
"""Averages are kept in thousandths of the price unit; shares are thousandths."""

BPS: Final = 10_000


class Value(Trader):
    """Buys below the value and sells above it, up to the value, as it sees it.

    world: what the instrument is worth.
    quantity: of an order at a gap of twice `gap_bps`; a wider gap takes more, up to 6 times that. Half of it more or
        less, by chance.
    every: time between two looks on average, in nanoseconds.
    gap_bps: between the value and the best price of the other side, from which on it trades.
    noise_bps: the standard deviation of what it takes for the value, drawn at each look.
    """

    def __init__(
        self,
        world: "World",
        *,
        symbol: str | None = None,
        quantity: Number = 1,
        every: int = 1_670 * MILLISECOND,
        gap_bps: Number = 2,
        noise_bps: Number = 0,
    ) -> None:
        super().__init__(symbol)
        self._world = world
        self._quantity = quantity
        self._looks = Arrivals(at_least(1, every, "every"), "every", world)
        self._gap = fine(gap_bps, "gap_bps")
        self._noise = fine(noise_bps, "noise_bps")

    def on_start(self, market: "Market") -> None:
        super().on_start(market)
        self._unit = self.units(self._quantity, "quantity")
        self._looks.begin(market)

    def on_wakeup(self, market: "Market") -> None:
        if not self._looks.come(market, self.symbol):
            return
        value = self._world.value(self.symbol, market.now)
        if self._noise:
            value += value * market.random.bell(self._noise) // FINE
        reach = value * self._gap // FINE
        book = market.book(self.symbol)
        if book.ask_units is not None and book.ask_units <= value - reach:
            side, gap = Side.BUY, value - book.ask_units
        elif book.bid_units is not None and book.bid_units >= value + reach:
            side, gap = Side.SELL, book.bid_units - value
        else:
            return
        share = min(6 * PARTS, PARTS // 2 * gap // max(1, reach)) * market.random.between(500, 1_500) // PARTS
        quantity = self.sizes.order(self._unit * share // PARTS)
        market.place(self.symbol, side, quantity, self.sizes.near(value), OrderType.IOC)


class Momentum(Trader):
    """Buys into a rise and sells into a fall, within bounds; without a trend it goes home. Leaves stops, if asked to.

    quantity: of an order; between a third of it and 1.7 times that, by chance.
    every: time between two looks on average, in nanoseconds.
    fast, slow: time over which each of the two averages of the price is taken, in nanoseconds.
    signal_bps: between the two averages, from which on it follows.
    max_position: what it holds at most, either way; the order that reaches it may go beyond. None: 25 times `quantity`.
    reach_bps: how far from the middle it takes at most.
    stops_every: time between two stops or take-profits that it leaves in the book, in nanoseconds; 0 for none.
    max_stops: of these that wait at a time.
    world: a livelier one has it look more often.
    """

    SAMPLE: Final = 500 * MILLISECOND
    """Time between two looks at the price."""

    def __init__(
        self,
        *,
        symbol: str | None = None,
        quantity: Number = 1,
        every: int = 2 * SECOND,
        fast: int = 15 * SECOND,
        slow: int = 120 * SECOND,
        signal_bps: Number = 2,
        max_position: Number | None = None,
        reach_bps: Number = 10,
        stops_every: int = 0,
        max_stops: int = 12,
        world: "World | None" = None,
    ) -> None:
        super().__init__(symbol)
        self._quantity = quantity
        self._max_position = max_position
        self._looks = Arrivals(at_least(1, every, "every"), "every", world)
        self._stops = Arrivals(stops_every, "stops_every", world)
        spans = ((fast, "fast"), (slow, "slow"))
        self._steps = [at_least(self.SAMPLE, span, name) // self.SAMPLE for span, name in spans]
        self._averages = [0, 0]
        self._signal = fine(signal_bps, "signal_bps")
        self._reach = fine(reach_bps, "reach_bps")
        self._max_stops = at_least(1, max_stops, "max_stops")
        self._waiting: list[Order] = []
        self._sample_at = 0

    def on_start(self, market: "Market") -> None:
        super().on_start(market)
        self._unit = self.units(self._quantity, "quantity")
        self._most = (
            25 * self._unit
            if self._max_position is None
            else units_of(self._max_position, self.instrument.quantity_decimals, "max_position")
        )
        self._looks.begin(market)
        self._stops.begin(market)
        self._sample_at = market.now + self.SAMPLE
        market.wake_at(self._sample_at)

    def on_wakeup(self, market: "Market") -> None:
        if market.now >= self._sample_at:
            self._sample(market)
        if self._looks.come(market, self.symbol):
            self._follow(market)
        if self._stops.come(market, self.symbol):
            self._leave(market)

    def _sample(self, market: "Market") -> None:
        self._sample_at += self.SAMPLE
        market.wake_at(max(self._sample_at, market.now))
        last = market.last_trade(self.symbol)
        price = self.middle(market) if last is None else last.price_units
        if price is None:
            return
        price *= PARTS
        self._averages = [
            average + (price - average) // steps if average else price
            for average, steps in zip(self._averages, self._steps, strict=True)
        ]

    def _follow(self, market: "Market") -> None:
        fast, slow = self._averages
        middle = self.middle(market)
        if not slow or middle is None:
            return
        held = market.position_units(self.symbol)
        signal = (fast - slow) * FINE // slow
        if abs(signal) >= self._signal:
            side = Side.BUY if signal > 0 else Side.SELL
            if sign(side) * held >= self._most:
                return
        elif held:
            side = Side.SELL if held > 0 else Side.BUY
        else:
            return
        quantity = self.sizes.order(self._unit * market.random.between(333, 1_700) // PARTS)
        price = self.sizes.near(middle + sign(side) * middle * self._reach // FINE)
        market.place(self.symbol, side, quantity, price, OrderType.IOC)

    def _leave(self, market: "Market") -> None:
        middle = self.middle(market)
        if middle is None:
            return
        if len(self._waiting) >= self._max_stops:
            oldest = self._waiting.pop(0)
            if oldest.is_live:
                market.cancel(oldest)
        side = market.random.side()
        order_type = OrderType.STOP_MARKET if market.random.happens(MILLION // 2) else OrderType.TAKE_PROFIT
        above = (side is Side.BUY) is (order_type is OrderType.STOP_MARKET)
        away = middle * market.random.between(8, 40) // BPS
        trigger = self.sizes.near(middle + (away if above else -away))
        quantity = self.sizes.order(self._unit * market.random.between(250, 1_250) // PARTS)
        self._waiting.append(market.place(self.symbol, side, quantity, None, order_type, trigger))


class Noise(Trader):
    """Trades for no reason, mostly on the side of its trade before; leaves orders near the best prices.

    quantity: a typical one. Sizes have a heavy tail, up to `largest`; None: 100 times `quantity`.
    every, leave_every: time between two trades, and between two orders left, on average in nanoseconds; 0 for none.
    again: percent of its trades that have the side of the one before.
    max_left: of the orders that it has left in the book; then one of the oldest is canceled for each new one.
    reach_bps: how far from the middle it leaves orders at most, and takes with a limit.
    first_after: it has traded by then once, in nanoseconds from its start; 0: by chance alone.
    world: a livelier one has it trade more often.
    """

    def __init__(
        self,
        *,
        symbol: str | None = None,
        quantity: Number = 1,
        largest: Number | None = None,
        every: int = 1_800 * MILLISECOND,
        leave_every: int = 2_200 * MILLISECOND,
        again: int = 62,
        max_left: int = 14,
        reach_bps: Number = 9,
        first_after: int = 0,
        world: "World | None" = None,
    ) -> None:
        super().__init__(symbol)
        self._quantity = quantity
        self._largest = largest
        self._trades = Arrivals(every, "every", world)
        self._leaves = Arrivals(leave_every, "leave_every", world)
        self._again = at_least(0, again, "again") * MILLION // 100
        self._max_left = at_least(1, max_left, "max_left")
        self._reach = fine(reach_bps, "reach_bps")
        self._first_after = at_least(0, first_after, "first_after")
        self._first_at = 0
        self._side = Side.BUY
        self._left: list[Order] = []

    def on_start(self, market: "Market") -> None:
        super().on_start(market)
        self._unit = self.units(self._quantity, "quantity")
        self._most = 100 * self._unit if self._largest is None else self.units(self._largest, "largest")
        self._trades.begin(market)
        self._leaves.begin(market)
        if self._first_after:
            self._first_at = market.now + self._first_after
            market.wake_at(self._first_at)

    def on_wakeup(self, market: "Market") -> None:
        if self._trades.come(market, self.symbol) or 0 < self._first_at <= market.now:
            self._first_at = 0
            self._trade(market)
        if self._leaves.come(market, self.symbol):
            self._leave(market)

    def _trade(self, market: "Market") -> None:
        chance = market.random
        if not chance.happens(self._again):
            self._side = other(self._side)
        quantity = self.sizes.order(chance.heavy(self._unit, self._most))
        middle = self.middle(market)
        if middle is None or chance.happens(600_000):
            market.place(self.symbol, self._side, quantity, None, OrderType.MARKET)
            return
        price = self.sizes.near(middle + sign(self._side) * middle * self._reach // FINE)
        market.place(self.symbol, self._side, quantity, price, OrderType.IOC)

    def _leave(self, market: "Market") -> None:
        middle = self.middle(market)
        if middle is None:
            return
        chance = market.random
        if len(self._left) >= self._max_left:
            order = self._left.pop(chance.between(0, min(3, self._max_left - 1)))
            if order.is_live:
                market.cancel(order)
        side = chance.side()
        # Nearer ones are more likely.
        away = middle * self._reach // FINE * chance.between(0, 30) ** 2 // 900
        price = self.sizes.behind(side, middle - sign(side) * away)
        quantity = self.sizes.order(chance.heavy(self._unit, self._most * 2 // 3))
        self._left.append(market.place(self.symbol, side, quantity, price))


class Large(Trader):
    """Has a large order now and then: sends it at once, or in parts of one side, one after the other.

    quantity: of a part; half of it more or less, by chance.
    every: time between the end of one and the next on average, in nanoseconds.
    part_every: time between two parts on average, in nanoseconds.
    parts: the typical and the greatest number of parts. Numbers have a heavy tail.
    at_once: percent of large orders that go in one piece, of 3 to 15 times `quantity`.
    world: a livelier one has it begin more often.
    """

    def __init__(
        self,
        *,
        symbol: str | None = None,
        quantity: Number = 4,
        every: int = 170 * SECOND,
        part_every: int = 450 * MILLISECOND,
        parts: tuple[int, int] = (12, 200),
        at_once: int = 40,
        world: "World | None" = None,
    ) -> None:
        super().__init__(symbol)
        self._quantity = quantity
        self._begins = Arrivals(at_least(1, every, "every"), "every", world)
        self._parts = Arrivals(at_least(1, part_every, "part_every"), "part_every")
        self._typical, self._most = (at_least(1, number, "parts") for number in parts)
        self._at_once = at_least(0, at_once, "at_once") * MILLION // 100
        self._side = Side.BUY
        self._left = 0

    def on_start(self, market: "Market") -> None:
        super().on_start(market)
        self._unit = self.units(self._quantity, "quantity")
        self._begins.begin(market)

    def on_wakeup(self, market: "Market") -> None:
        if self._left and self._parts.come(market, self.symbol):
            self._left -= 1
            self._send(market, 500, 1_500)
        if self._begins.come(market, self.symbol) and not self._left:
            self._side = market.random.side()
            if market.random.happens(self._at_once):
                self._send(market, 3 * PARTS, 15 * PARTS)
            else:
                self._left = market.random.heavy(self._typical, self._most)
                self._parts.begin(market)

    def _send(self, market: "Market", least: int, most: int) -> None:
        quantity = self.sizes.order(self._unit * market.random.between(least, most) // PARTS)
        market.place(self.symbol, self._side, quantity, None, OrderType.MARKET)


class Witness(Trader):
    """Sends nothing. Tells a world of the trades, which make their market livelier.

    quantity: a typical one; larger trades count more.
    """

    def __init__(self, world: "World", *, symbol: str | None = None, quantity: Number = 1) -> None:
        super().__init__(symbol)
        self._world = world
        self._quantity = quantity

    def on_start(self, market: "Market") -> None:
        super().on_start(market)
        self._unit = self.units(self._quantity, "quantity")

    def on_trade(self, market: "Market", trade: "Trade") -> None:
        if trade.symbol == self.symbol:
            self._world.traded(trade.symbol, trade.quantity_units, self._unit)
