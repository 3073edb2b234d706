"""Execution: trades a quantity within a span of time. TWAP, VWAP and POV differ in their schedules alone."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from matching_exchange.sim.agents.amounts import at_least, sign
from matching_exchange.sim.agents.trader import Trader
from matching_exchange.sim.durations import SECOND
from matching_exchange.sim.kernel.values import UpdateKind
from matching_exchange.sim.order_entry import Number, units_of
from protocol.units import OrderType, Side

if TYPE_CHECKING:
    from matching_exchange.sim.kernel.values import Order, OrderUpdate, Trade
    from matching_exchange.sim.market import Market


class Execution(Trader):
    """Has traded, at each look, what its schedule asks for by then.

    A look sends one child order for what is missing. An order of the look before that still rests is canceled first,
    and counts as outstanding until that is confirmed: it never trades more than `quantity`.

    side: what it does.
    quantity: in all.
    duration: from its start to its end, in nanoseconds.
    start: how long it waits before, in nanoseconds.
    every: time from one look to the next, in nanoseconds.
    limit: the worst price of a child order. None: market orders.
    passive: a child order rests at the best price of its own side until the next look; there is none while that side is
        empty. False: it takes at once.
    catch_up: a child order is at most so many times an even share of `quantity`; more that is missed waits.
    finish: at its end it takes what is left at once, within `limit`. False: it leaves it.

    After its end it has no orders and sends none: `done` is True then, or as soon as all has traded.
    """

    def __init__(
        self,
        side: Side,
        quantity: Number,
        duration: int,
        *,
        symbol: str | None = None,
        start: int = 0,
        every: int = 10 * SECOND,
        limit: Number | None = None,
        passive: bool = False,
        catch_up: int = 3,
        finish: bool = True,
    ) -> None:
        super().__init__(symbol)
        self.side = Side(side)
        self.done = False
        self.filled_units = 0
        self.value_units = 0
        """The sum of price x quantity of what has traded."""
        self._quantity = quantity
        self._duration = at_least(1, duration, "duration")
        self._start = at_least(0, start, "start")
        self._every = at_least(1, every, "every")
        self._looks = -(-self._duration // self._every)
        self._limit = limit
        self._passive = passive
        self._catch_up = at_least(1, catch_up, "catch_up")
        self._finish = finish
        self._child: Order | None = None
        self._leaving = False
        """Whether the child order was told to go."""
        self._finished = False
        self._number = 0

    def target(self, market: "Market", number: int) -> int:
        """What is to have traded after look `number`, of `self.looks`, in the quantity unit."""
        raise NotImplementedError

    @property
    def looks(self) -> int:
        """Looks from its start to its end."""
        return self._looks

    @property
    def filled(self) -> Decimal:
        """What has traded."""
        return Decimal(self.filled_units).scaleb(-self.instrument.quantity_decimals)

    @property
    def average_price(self) -> Decimal | None:
        """The mean price of what has traded; None before the first trade."""
        if not self.filled_units:
            return None
        return Decimal(self.value_units).scaleb(-self.instrument.price_decimals) / self.filled_units

    def on_start(self, market: "Market") -> None:
        super().on_start(market)
        self.quantity_units = self.units(self._quantity, "quantity")
        decimals = self.instrument.price_decimals
        limit = None if self._limit is None else at_least(1, units_of(self._limit, decimals, "limit"), "limit")
        if limit is not None:
            self.sizes.check_tick(limit, "limit")
        self._limit_units = limit
        self._most = max(self._catch_up * -(-self.quantity_units // self._looks), self.sizes.order(1))
        self._begin = market.now + self._start
        self.end = self._begin + self._duration
        self._next = self._begin
        market.wake_at(self._begin)
        market.wake_at(self.end)

    def on_wakeup(self, market: "Market") -> None:
        if self.done:
            return
        if market.now >= self.end:
            self._next = self.end
            self._close(market)
        elif market.now >= self._next:
            self._number += 1
            self._next = self._begin + self._number * self._every
            if self._number < self._looks:
                market.wake_at(self._next)
            self._work(market)

    def on_order(self, market: "Market", update: "OrderUpdate") -> None:
        if update.kind is UpdateKind.FILL:
            self.filled_units += update.quantity_units
            self.value_units += update.price_units * update.quantity_units
        if update.order is not self._child:
            return
        if update.order.is_live:
            if update.kind is UpdateKind.CANCEL_FAILED:
                # The next look tries again.
                self._leaving = False
            return
        left, self._child, self._leaving = self._leaving, None, False
        if self.filled_units >= self.quantity_units:
            self.done = True
        elif market.now >= self.end:
            self._close(market)
        elif left:
            self._work(market)

    def _work(self, market: "Market") -> None:
        """Send what is missing, once nothing is outstanding."""
        if self._child is not None:
            self._leave(market)
            return
        missing = min(self.target(market, self._number), self.quantity_units) - self.filled_units
        quantity = self.sizes.lots(min(missing, self._most))
        if quantity:
            self._send(market, quantity, passive=self._passive)

    def _close(self, market: "Market") -> None:
        if self._child is not None:
            self._leave(market)
            return
        left = self.sizes.lots(self.quantity_units - self.filled_units)
        if left and self._finish and not self._finished:
            self._finished = True
            self._send(market, left, passive=False)
        else:
            self.done = True

    def _leave(self, market: "Market") -> None:
        if not self._leaving and self._child is not None:
            self._leaving = True
            market.cancel(self._child)

    def _send(self, market: "Market", quantity: int, *, passive: bool) -> None:
        book = market.book(self.symbol)
        own = book.bid_units if self.side is Side.BUY else book.ask_units
        limit = self._limit_units
        if passive:
            if own is not None:
                price = own if limit is None or sign(self.side) * (limit - own) >= 0 else limit
                self._child = market.place(self.symbol, self.side, quantity, price)
        elif limit is not None:
            self._child = market.place(self.symbol, self.side, quantity, limit, OrderType.IOC)
        else:
            self._child = market.place(self.symbol, self.side, quantity, None, OrderType.MARKET)


class TWAP(Execution):
    """Trades evenly over time: the same quantity at each look."""

    def target(self, market: "Market", number: int) -> int:
        return self.quantity_units * number // self.looks


class VWAP(Execution):
    """Trades by a profile of volume: more where more is usually traded.

    profile: what is usually traded in parts of equal length of its duration, whole numbers; `volume_profile` learns
        one. Other parameters are those of Execution.
    """

    def __init__(
        self,
        side: Side,
        quantity: Number,
        duration: int,
        profile: Sequence[int],
        *,
        symbol: str | None = None,
        start: int = 0,
        every: int = 10 * SECOND,
        limit: Number | None = None,
        passive: bool = False,
        catch_up: int = 6,
        finish: bool = True,
    ) -> None:
        super().__init__(
            side,
            quantity,
            duration,
            symbol=symbol,
            start=start,
            every=every,
            limit=limit,
            passive=passive,
            catch_up=catch_up,
            finish=finish,
        )
        self._profile = [at_least(0, part, "profile") for part in profile]
        if not sum(self._profile):
            raise ValueError("profile takes whole numbers of at least 0, not all of them 0")

    def target(self, market: "Market", number: int) -> int:
        # Whole parts, and a share of the one in which this look lies.
        whole_parts, rest = divmod(number * len(self._profile), self.looks)
        done = sum(self._profile[:whole_parts]) * self.looks
        if rest:
            done += self._profile[whole_parts] * rest
        return self.quantity_units * done // (sum(self._profile) * self.looks)


class POV(Execution):
    """Trades a share of what is traded, its own trades counted in.

    share: percent of the volume, from 1 to 99. Other parameters are those of Execution; it leaves the rest at its end
        unless `finish` is set. `quantity` is the most that it trades.
    """

    def __init__(
        self,
        side: Side,
        quantity: Number,
        duration: int,
        share: int,
        *,
        symbol: str | None = None,
        start: int = 0,
        every: int = 5 * SECOND,
        limit: Number | None = None,
        passive: bool = False,
        catch_up: int = 1_000,
        finish: bool = False,
    ) -> None:
        super().__init__(
            side,
            quantity,
            duration,
            symbol=symbol,
            start=start,
            every=every,
            limit=limit,
            passive=passive,
            catch_up=catch_up,
            finish=finish,
        )
        if at_least(1, share, "share") > 99:
            raise ValueError(f"share takes percent from 1 to 99, not {share}")
        self._share = share
        self.volume_units = 0
        """What has traded since its start, its own trades included."""

    def on_trade(self, market: "Market", trade: "Trade") -> None:
        if trade.symbol == self.symbol and self._begin <= market.now < self.end and not self.done:
            self.volume_units += trade.quantity_units

    def target(self, market: "Market", number: int) -> int:
        others = max(0, self.volume_units - self.filled_units)
        return others * self._share // (100 - self._share)


def volume_profile(trades: Sequence[tuple[int, int]], begin: int, end: int, parts: int) -> list[int]:
    """What was traded in each of so many parts of equal length of the time from `begin` to `end`: a profile for VWAP.

    trades: time and quantity of each, in nanoseconds and in whole units.
    """
    at_least(1, parts, "parts")
    if end <= begin:
        raise ValueError(f"end takes a time after begin, not {end}")
    profile = [0] * parts
    for time, quantity in trades:
        if begin <= time < end:
            profile[(time - begin) * parts // (end - begin)] += quantity
    return profile
