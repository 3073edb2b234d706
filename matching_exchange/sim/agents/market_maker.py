"""A market maker: quotes on both sides around an estimate of the price, leaning against what it holds."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from matching_exchange.sim.agents.amounts import FINE, Sizes, at_least, fine, sign
from matching_exchange.sim.agents.arrivals import Arrivals
from matching_exchange.sim.agents.trader import Trader
from matching_exchange.sim.agents.world import STEP, USUAL
from matching_exchange.sim.durations import MILLISECOND, SECOND
from matching_exchange.sim.kernel.values import UpdateKind
from matching_exchange.sim.order_entry import Number, units_of
from protocol.units import Side

if TYPE_CHECKING:
    from matching_exchange.sim.agents.world import World
    from matching_exchange.sim.kernel.values import Order, OrderUpdate, Trade
    from matching_exchange.sim.market import Market

PARTS: Final = 1_000
"""The estimate is kept in thousandths of the price unit."""

FADE: Final = 4 * SECOND
"""Time in which most of a fast market is forgotten."""

LEFT: Final = 400
"""A quote with less left than these thousandths is replaced."""

AGAIN: Final = 100 * MILLISECOND
"""Time from when all its quotes were canceled by others to the next look."""

HURRY: Final = 3_200
"""The pace beyond which it looks at its quotes no more often."""


class _Rung:
    """A quote, and the price that it has or was told to have."""

    __slots__ = ("order", "price")

    def __init__(self, order: "Order", price: int) -> None:
        self.order = order
        self.price = price


class MarketMaker(Trader):
    """Quotes `levels` prices on each side; requotes at random times.

    Its middle is its estimate of the price less `skew_bps` for each `quantity` that it holds, as in Avellaneda and
    Stoikov's reservation price. Its spread widens while the estimate moves fast, and while the market is thin.

    quantity: at the best level; each level behind has `growth` percent of it more. A quarter more or less, by chance.
    half_spread_bps: from the middle to the best quote in a calm market, in basis points.
    follow: time in which it follows most of a move of the price, in nanoseconds.
    requote: time between two looks at its quotes on average, in nanoseconds.
    skew_bps, most_skew_bps: how far the middle moves for each `quantity` held, and at most.
    impact_bps, most_impact_bps: how far a trade of one `quantity` moves the estimate, and one trade at most.
    max_position: it quotes no more on the side that would take it further. None: 200 times `quantity`.
    withdraw_bps: it quotes nothing while its half spread would be wider than this. None: it always quotes.
    price: its first estimate where there is no world, and no price in the market yet.
    world: what it takes for the price, within `noise_bps`, a standard deviation. None: the middle of the book.
    step: the distance of quoted prices, in price units; None: the tick.
    amends: whether it moves a quote by an amend. False: it cancels the order and sends another one.
    """

    def __init__(
        self,
        quantity: Number = 1,
        *,
        symbol: str | None = None,
        levels: int = 5,
        growth: int = 60,
        half_spread_bps: Number = 3,
        follow: int = SECOND,
        requote: int = 450 * MILLISECOND,
        skew_bps: Number = "0.1",
        most_skew_bps: Number = 15,
        impact_bps: Number = "0.1",
        most_impact_bps: Number = 6,
        max_position: Number | None = None,
        withdraw_bps: Number | None = None,
        price: Number | None = None,
        world: "World | None" = None,
        noise_bps: Number = 0,
        step: int | None = None,
        amends: bool = True,
    ) -> None:
        super().__init__(symbol)
        self._quantity = quantity
        self._levels = at_least(1, levels, "levels")
        self._growth = at_least(0, growth, "growth")
        self._half = fine(half_spread_bps, "half_spread_bps")
        self._follow = at_least(1, follow, "follow")
        self._skew = fine(skew_bps, "skew_bps")
        self._most_skew = fine(most_skew_bps, "most_skew_bps")
        self._impact = fine(impact_bps, "impact_bps")
        self._most_impact = fine(most_impact_bps, "most_impact_bps")
        self._max_position = max_position
        self._withdraw = None if withdraw_bps is None else fine(withdraw_bps, "withdraw_bps")
        self._price = price
        self._world = world
        self._noise = fine(noise_bps, "noise_bps")
        self._step = step
        self._amends = amends
        self._looks = Arrivals(at_least(1, requote, "requote"), "requote", world, HURRY)
        self._haste = 0
        """How fast the price has moved lately, as a distance."""
        self._estimate = self._before = self._around = 0
        self._learnt: int | None = None
        self._bare_at: int | None = None
        """When it quotes again after others have canceled all that it had."""
        self._ladder: dict[tuple[Side, int], _Rung] = {}

    def on_start(self, market: "Market") -> None:
        super().on_start(market)
        if self._step is not None:
            self.sizes = Sizes(self.instrument, self._step)
        self.unit = self.units(self._quantity, "quantity")
        self.most_held = (
            200 * self.unit
            if self._max_position is None
            else units_of(self._max_position, self.instrument.quantity_decimals, "max_position")
        )
        if self._price is not None:
            self._estimate = units_of(self._price, self.instrument.price_decimals, "price") * PARTS
        self._looks.begin(market)
        self._look(market)

    def on_wakeup(self, market: "Market") -> None:
        bare = self._bare_at is not None and self._bare_at <= market.now
        if self._looks.come(market, self.symbol) or bare:
            self._bare_at = None
            self._look(market)

    def on_trade(self, market: "Market", trade: "Trade") -> None:
        if trade.symbol == self.symbol:
            impact = min(self._most_impact, self._impact * trade.quantity_units // self.unit)
            self._estimate += sign(trade.side) * self._estimate * impact // FINE

    def on_order(self, market: "Market", update: "OrderUpdate") -> None:
        if update.kind is UpdateKind.AMEND_FAILED:
            for rung in self._ladder.values():
                if rung.order is update.order:
                    rung.price = update.order.price_units or 0
        elif update.kind is UpdateKind.CANCELED and self._bare_at is None and self._is_bare():
            self._bare_at = market.now + AGAIN
            market.wake_at(self._bare_at)

    def _is_bare(self) -> bool:
        """Whether it had quotes, and has none any more."""
        return bool(self._ladder) and not any(rung.order.is_live for rung in self._ladder.values())

    def half_spread(self, pace: int) -> int:
        """From the middle to the best quotes, in ten-millionths of the price."""
        thin = USUAL * USUAL // max(200, min(pace, USUAL))
        return self._half * (USUAL + thin) // (2 * USUAL) + self._haste

    def quoted_middle(self, market: "Market") -> int:
        """The price around which it quotes, in the price unit."""
        skew = -market.position_units(self.symbol) * self._skew // self.unit
        skew = min(max(skew, -self._most_skew), self._most_skew)
        return (self._estimate + self._estimate * skew // FINE) // PARTS

    def _look(self, market: "Market") -> None:
        if not self._learn(market):
            return
        pace = USUAL if self._world is None else self._world.pace(self.symbol, market.now)
        half = self.half_spread(pace)
        if self._withdraw is not None and half > self._withdraw:
            for rung in self._ladder.values():
                if rung.order.is_live:
                    market.cancel(rung.order)
            self._ladder.clear()
            return
        for side, level in self._rungs(self.quoted_middle(market)):
            self._quote(market, side, level, half)

    def _learn(self, market: "Market") -> bool:
        """Follow the price; whether it knows one."""
        if self._world is not None:
            price: int | None = self._world.value(self.symbol, market.now)
            if price is not None and self._noise:
                price += price * market.random.bell(self._noise) // FINE
        else:
            price = self.middle(market)
        if not self._estimate:
            self._estimate = self._before = (price or 0) * PARTS
        if price is None or not self._estimate:
            return self._estimate > 0
        passed = 0 if self._learnt is None else market.now - self._learnt
        self._learnt = market.now
        if passed > 0:
            self._estimate += (price * PARTS - self._estimate) * passed // (passed + self._follow)
            moved = abs(self._estimate - self._before) * FINE // self._estimate * STEP // max(passed, STEP)
            self._haste += (moved * 2 - self._haste) * passed // (passed + FADE)
        self._before = self._estimate
        return True

    def _rungs(self, middle: int) -> Iterator[tuple[Side, int]]:
        """All quotes, those first which are in the way of the others."""
        rising = middle > self._around
        self._around = middle
        for side in (Side.SELL, Side.BUY) if rising else (Side.BUY, Side.SELL):
            yield from ((side, level) for level in range(self._levels))

    def _quote(self, market: "Market", side: Side, level: int, half: int) -> None:
        away = self._around * (half * (100 + 60 * level + 12 * level * level) // 100) // FINE
        price = self.sizes.behind(side, self._around - sign(side) * away)
        rung = self._ladder.get((side, level))
        full = sign(side) * market.position_units(self.symbol) >= self.most_held
        if rung is not None and rung.order.is_live:
            order = rung.order
            if not full and order.remaining_units * 1_000 > order.quantity_units * LEFT:
                if abs(rung.price - price) <= away // 3:
                    return
                if self._amends:
                    rung.price = price
                    market.amend_units(order, price_units=price)
                    return
            market.cancel(order)
            del self._ladder[side, level]
        if not full:
            share = (100 + self._growth * level) * market.random.between(600, 1_400)
            order = market.place(self.symbol, side, self.sizes.order(self.unit * share // 100_000), price)
            self._ladder[side, level] = _Rung(order, price)
