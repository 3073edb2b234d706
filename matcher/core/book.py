"""One instrument's book: the orders that rest and wait in it, and what moves them. `matcher.core.matching` lets them
trade.

A trade may fire pending orders. They wait in `fired` until the running order is done. Then they run as takers, in the
order in which they fired.
"""

from collections import deque
from typing import TYPE_CHECKING, Final

from matcher.core.assets import Currencies
from matcher.core.levels import Levels, change_remaining
from matcher.core.order import Extra, Order
from matcher.core.order_list import OrderList
from matcher.core.price_window import PriceWindow, begins_anew, window_of
from matcher.core.rules import Rules
from matcher.core.running import Running
from matcher.core.triggers import Triggers
from protocol.events import Event, OrderAmended, OrderCanceled, OrderTriggered, Trade, TriggerMoved
from protocol.instrument import Instrument
from protocol.units import OrderStatus, Reason, Side

if TYPE_CHECKING:
    from matcher.core.account import Account

MAX_TRADES: Final = 1_000
"""Trades that a book remembers, the last ones."""

BUY: Final = Side.BUY
OPEN: Final = OrderStatus.OPEN
PENDING: Final = OrderStatus.PENDING
CANCELED: Final = OrderStatus.CANCELED
OCO: Final = Reason.OCO
BY_USER: Final = (Reason.REQUESTED, Reason.CANCEL_AFTER)
"""Why an order is canceled that its user has canceled, or wanted to be after a time of silence."""


class Book:
    """One instrument's orders.

    rules: the instrument's numbers, as orders are checked and traded by them.
    last_price: that of the last trade, None before it.
    checked_price: a trade at this price cannot fire a trigger or move a trailing stop.
    followed: the sequence of the last command whose trades trailing stops have followed.
    orders, done, forgotten, trades: its live orders, its done ones, how many were forgotten, its last trades. They are
    kept by the registry and the ledger.
    currencies: its base and quote.
    open_orders: how many orders each account has in it; None while the instrument does not limit them.
    window: the prices by which the instrument halts; None if it does not halt by itself.
    """

    __slots__ = (
        "asks",
        "bids",
        "checked_price",
        "currencies",
        "done",
        "fired",
        "followed",
        "forgotten",
        "instrument",
        "last_price",
        "last_trade_id",
        "open_orders",
        "orders",
        "rules",
        "running",
        "trades",
        "triggers",
        "window",
    )

    def __init__(self, instrument: Instrument, currencies: Currencies, running: Running) -> None:
        self.instrument = instrument
        self.rules = Rules(instrument)
        self.currencies = currencies
        self.running = running
        self.bids = Levels(1)
        self.asks = Levels(-1)
        self.triggers = Triggers()
        self.fired: deque[Order] = deque()
        self.followed = 0
        self.last_price: int | None = None
        self.checked_price: int | None = None
        self.last_trade_id = 0
        self.orders = OrderList()
        self.done: deque[Order] = deque()
        self.forgotten = 0
        self.trades: deque[Trade] = deque(maxlen=MAX_TRADES)
        self.open_orders: dict[Account, int] | None = None
        self.window: PriceWindow | None = window_of(instrument)

    def change(self, instrument: Instrument) -> None:
        """Trade by a changed instrument from now on."""
        if begins_anew(self.instrument, instrument):
            self.window = window_of(instrument)
        self.instrument = instrument
        self.rules = Rules(instrument)

    def live_orders(self) -> list[Order]:
        """Every order that rests, bids first, best first, in the order of their queues, then every one that waits."""
        resting = [order for levels in (self.bids, self.asks) for level in levels for order in level]
        return [*resting, *self.triggers.pending.values()]

    def set_last_price(self, price: int | None) -> None:
        """Continue from a last trade at this price."""
        self.last_price = price
        self.checked_price = None if self.triggers.wants_any_trade else price

    def would_take(self, side: Side, price: int | None) -> bool:
        """Whether an order at that price would meet one of the opposite side."""
        assert price is not None, "only an order with a price can be post_only"
        keys, limit = (self.asks.keys, -price) if side is BUY else (self.bids.keys, price)
        return bool(keys) and keys[-1] >= limit

    def rest(self, order: Order) -> None:
        """Put an order at the back of the queue at its price."""
        price = order.price
        assert price is not None, "an order that rests has a price"
        order.price = (self.bids if order.side is BUY else self.asks).add(order, price).order_price

    def wait(self, order: Order) -> None:
        """Let a trigger order wait that does not fire at once."""
        order.status = PENDING
        self.triggers.join(order, self.last_price)
        if self.triggers.wants_any_trade:
            self.checked_price = None

    def unlink(self, order: Order) -> None:
        """Take an order that rests or waits out of its queue."""
        if order.status is PENDING:
            self.triggers.leave(order)
        else:
            level = order.level
            assert level is not None, "a live order stands in a queue"
            level.levels.remove(order, level)

    def cancel(self, order: Order, reason: Reason, events: list[Event]) -> None:
        """Cancel an order that rests or waits, and the other leg of its OCO."""
        level = order.level
        if order.status is PENDING or level is None:
            self.unlink(order)
        else:
            level.levels.remove(order, level)
        self.drop(order, reason, events)

    def drop(self, order: Order, reason: Reason, events: list[Event]) -> None:
        """End an order that stands in no queue, with what it has left."""
        running = self.running
        order.updated_sequence = running.sequence
        order.updated = running.time
        order.status = CANCELED
        order.reason = reason
        running.ended.append(order)
        events.append(OrderCanceled(order.order_id, order.remaining, reason))
        if order.extra is not None:
            self.cancel_partner(order.extra, Reason.OCO_CANCELED if reason in BY_USER else OCO, events)

    def end(self, order: Order, status: OrderStatus) -> None:
        """End an order that stands in no queue."""
        self.touch(order)
        order.status = status
        self.running.ended.append(order)

    def touch(self, order: Order) -> None:
        """Note that the running command changes the order."""
        order.updated_sequence = self.running.sequence
        order.updated = self.running.time

    def cancel_partner(self, extra: Extra, cause: Reason, events: list[Event]) -> None:
        """Cancel the other leg of an OCO after one leg has fired or ended, or has traded for the first time. With
        cancel_on_first_fill its reason is the `cause`."""
        partner = extra.partner
        if partner is not None:
            assert partner.extra is not None, "a leg has its partner there"
            extra.partner = partner.extra.partner = None
            self.cancel(partner, cause if extra.cancel_on_first_fill else OCO, events)

    def resize_leg(self, order: Order, remaining: int, events: list[Event]) -> None:
        """Give a leg of an OCO what its amended partner has left. A resting leg that grows goes to the back of its
        queue."""
        difference = remaining - order.remaining
        if not difference:
            return
        self.running.resized.append(order)
        order.quantity += difference
        self.touch(order)
        if difference > 0 and order.status is OPEN:
            self.unlink(order)
            order.remaining = remaining
            self.rest(order)
        else:
            change_remaining(order, difference)
        events.append(OrderAmended(order.order_id, order.quantity, order.price, order.trigger_price))

    def fire(self, price: int, events: list[Event]) -> None:
        """Let a trade fire pending orders and move trailing stops. Its price is not `checked_price`."""
        last_price, self.last_price, self.checked_price = self.last_price, price, price
        triggers = self.triggers
        if not triggers.pending:
            return
        if triggers.run and triggers.turns(price):
            self.follow_run(events)
        for order in triggers.take_reached(last_price, price):
            self.trigger(order, events)
        if triggers.trailing:
            self._follow(last_price, price, events)

    def trigger(self, order: Order, events: list[Event]) -> None:
        """Fire an order that no longer waits. It runs when the running order is done."""
        self.touch(order)
        order.fired = self.running.time
        order.status = OPEN
        self.fired.append(order)
        events.append(OrderTriggered(order.order_id))
        if order.extra is not None:
            if order.extra.partner is not None:
                self.running.resized.append(order)
            self.cancel_partner(order.extra, Reason.OCO_TRIGGERED, events)

    def follow_run(self, events: list[Event]) -> None:
        """Let the trailing stops follow the run of trades that they are behind."""
        self._move(self.triggers.follow_run(self.rules.tick_size), events)

    def _follow(self, last_price: int | None, price: int, events: list[Event]) -> None:
        """Let the trailing stops follow a trade. Those that a run moves follow only its first trade at once."""
        sequence = self.running.sequence
        behind = None
        if price != last_price:
            if self.followed == sequence and last_price is not None:
                behind = Side.SELL if price > last_price else BUY
            self.followed = sequence
        self._move(self.triggers.follow(price, self.rules.tick_size, behind), events)

    def _move(self, moved: list[Order], events: list[Event]) -> None:
        """Add an event for each trailing stop that has moved."""
        for order in moved:
            assert order.trigger_price is not None, "it has just been moved"
            self.touch(order)
            events.append(TriggerMoved(order.order_id, order.trigger_price))
        self.running.moves_left -= len(moved)
