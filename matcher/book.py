"""One instrument's book: resting orders, pending trigger orders, matching.

Order of matching: best price first, at one price first come first served, each trade at the resting order's price (contract,
section 3). A trade may fire pending orders; they wait in `fired` until the running order is done and then run as takers in the
order in which they fired. Cost of an order: O(1) for each order that it meets and each level that it empties at the best price.
"""

from collections import deque

from matcher.levels import Levels
from matcher.order import Order, remember_fills
from protocol.events import Event, OrderCanceled, OrderTriggered, Trade
from protocol.instrument import Instrument
from protocol.units import OrderStatus, OrderType, Reason, Side

MAX_TRADES = 1_000
"""How many of its last trades a book remembers."""

ANY_PRICE = -(2**63)
"""Below every key: the limit of an order without a price."""

BUY = Side.BUY
OPEN = OrderStatus.OPEN
PENDING = OrderStatus.PENDING
FILLED = OrderStatus.FILLED
CANCELED = OrderStatus.CANCELED


class Book:
    """`done` is the engine's queue of done orders, which each order joins when it is done. `pending` holds the waiting trigger orders
    in the order of their entry; `rises` and `falls` hold the same ones by trigger price: those that fire at or above it, the lowest
    nearest, and those that fire at or below it, the highest nearest. `last_price` is that of the last trade. `sequence` and `time` are
    those of the running command."""

    __slots__ = (
        "asks",
        "bids",
        "done",
        "falls",
        "fired",
        "instrument",
        "last_price",
        "last_trade_id",
        "pending",
        "rises",
        "sequence",
        "time",
        "trades",
    )

    def __init__(self, instrument: Instrument, done: deque[Order]) -> None:
        self.instrument = instrument
        self.done = done
        self.bids = Levels(1)
        self.asks = Levels(-1)
        self.rises = Levels(-1)
        self.falls = Levels(1)
        self.pending: dict[int, Order] = {}
        self.fired: deque[Order] = deque()
        self.trades: deque[Trade] = deque(maxlen=MAX_TRADES)
        self.last_price: int | None = None
        self.last_trade_id = 0
        self.sequence = 0
        self.time = 0

    def run_market(self, order: Order, events: list[Event]) -> None:
        self._take(order, ANY_PRICE, events)
        if order.remaining:
            self._drop(order, Reason.NO_LIQUIDITY, events)

    def run_limit(self, order: Order, events: list[Event]) -> None:
        price = order.price
        assert price is not None, "checked on entry"
        if order.side is BUY:
            keys, limit, own = self.asks.keys, -price, self.bids
        else:
            keys, limit, own = self.bids.keys, price, self.asks
        if keys and keys[-1] >= limit:
            self._take(order, limit, events)
            if not order.remaining:
                return
        own.add(order, price)

    def run_ioc(self, order: Order, events: list[Event]) -> None:
        self._take(order, _limit(order), events)
        if order.remaining:
            self._drop(order, Reason.IOC_REMAINDER, events)

    def run_fok(self, order: Order, events: list[Event]) -> None:
        limit = _limit(order)
        if self._can_fill(order, limit):
            self._take(order, limit, events)
        else:
            self._drop(order, Reason.FOK_UNFILLABLE, events)

    def run_trigger(self, order: Order, events: list[Event]) -> None:
        """Fire at once where the last trade already meets the trigger price, else wait."""
        if self.last_price is not None and _meets(order, self.last_price):
            self._trigger(order, events)
        else:
            trigger_price = order.trigger_price
            assert trigger_price is not None, "checked on entry"
            order.status = PENDING
            self.pending[order.order_id] = order
            (self.rises if fires_on_rise(order) else self.falls).add(order, trigger_price)

    def run_fired(self, events: list[Event]) -> None:
        """Run what has fired, and what that fires in turn, until nothing is left."""
        fired = self.fired
        while fired:
            order = fired.popleft()
            if order.order_type is OrderType.STOP_LIMIT:
                self.run_limit(order, events)
            else:
                self.run_market(order, events)

    def cancel(self, order: Order, reason: Reason, events: list[Event]) -> None:
        """Cancel an order that rests or waits."""
        self.unlink(order)
        self._drop(order, reason, events)

    def unlink(self, order: Order) -> None:
        """Take an order that rests or waits out of its queue."""
        level = order.level
        assert level is not None, "a live order stands in a queue"
        level.levels.remove(order)
        if order.status is PENDING:
            del self.pending[order.order_id]

    def _drop(self, order: Order, reason: Reason, events: list[Event]) -> None:
        """End an order that stands in no queue, with what it has left."""
        order.status = CANCELED
        order.reason = reason
        self.done.append(order)
        order.account.done.append(order)
        events.append(OrderCanceled(order.order_id, order.remaining, reason))

    def _can_fill(self, order: Order, limit: int) -> bool:
        """Whether the opposite side holds the order's whole quantity within its limit."""
        missing = order.remaining
        for level in self.asks if order.side is BUY else self.bids:
            if level.key < limit:
                return False
            missing -= level.quantity
            if missing <= 0:
                return True
        return False

    def _take(self, taker: Order, limit: int, events: list[Event]) -> None:
        """Trade the order against the opposite side as far as the key `limit`; where nothing remains of it, it is done."""
        levels = self.asks if taker.side is BUY else self.bids
        keys, by_key, done = levels.keys, levels.by_key, self.done
        instrument = self.instrument
        symbol, maker_fee_bps, taker_fee_bps = instrument.symbol, instrument.maker_fee_bps, instrument.taker_fee_bps
        sequence, time = self.sequence, self.time
        taker_id, side, remaining = taker.order_id, taker.side, taker.remaining
        trade_id = self.last_trade_id
        value = 0
        fills: list[Trade] = []
        while remaining and keys and keys[-1] >= limit:
            level = by_key[keys[-1]]
            price = level.price
            maker = level.head
            while remaining and maker is not None:
                offered = maker.remaining
                quantity = offered if offered < remaining else remaining
                trade_id += 1
                trade = Trade(
                    symbol, trade_id, price, quantity, side, maker.order_id, taker_id, maker_fee_bps, taker_fee_bps, sequence, time
                )
                events.append(trade)
                fills.append(trade)
                remaining -= quantity
                maker.remaining = offered - quantity
                maker.filled_value += price * quantity
                value += price * quantity
                if maker.fills is None:
                    maker.fills = [trade]
                else:
                    remember_fills(maker, [trade])
                if price != self.last_price:
                    self._fire(price, events)
                if quantity == offered:
                    following = maker.next
                    maker.status = FILLED
                    maker.level = maker.next = None
                    done.append(maker)
                    maker.account.done.append(maker)
                    level.head = maker = following
                    if following is not None:
                        following.previous = None
                level.quantity -= quantity
            if level.head is None:
                levels.discard(level)
        if fills:
            self.last_trade_id = trade_id
            self.trades.extend(fills)
            taker.remaining = remaining
            taker.filled_value += value
            remember_fills(taker, fills)
            if not remaining:
                taker.status = FILLED
                done.append(taker)
                taker.account.done.append(taker)

    def _fire(self, price: int, events: list[Event]) -> None:
        """Fire the pending orders that the trade at another price than the last one's reaches, nearest to the last one's first."""
        last_price, self.last_price = self.last_price, price
        if not self.pending:
            return
        if last_price is None:
            for order in [order for order in self.pending.values() if _meets(order, price)]:
                self.unlink(order)
                self._trigger(order, events)
            return
        levels = self.rises if price > last_price else self.falls
        limit = price * levels.sign
        while levels.keys and levels.keys[-1] >= limit:
            for order in levels.by_key[levels.keys[-1]]:
                self.unlink(order)
                self._trigger(order, events)

    def _trigger(self, order: Order, events: list[Event]) -> None:
        order.status = OPEN
        self.fired.append(order)
        events.append(OrderTriggered(order.order_id))


def fires_on_rise(order: Order) -> bool:
    """Whether the trigger order fires at or above its trigger price (a stop that buys, a take_profit that sells), not at or below."""
    return (order.side is BUY) is not (order.order_type is OrderType.TAKE_PROFIT)


def _meets(order: Order, price: int) -> bool:
    """Whether a trade at this price fires the order."""
    trigger_price = order.trigger_price
    assert trigger_price is not None, "checked on entry"
    return price >= trigger_price if fires_on_rise(order) else price <= trigger_price


def _limit(order: Order) -> int:
    """The lowest key of the opposite side at which the order may trade."""
    price = order.price
    assert price is not None, "checked on entry"
    return -price if order.side is BUY else price
