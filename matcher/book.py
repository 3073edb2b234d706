"""One instrument's book: resting orders, pending orders, matching.

Order of matching: best price first, at one price first come first served, each trade at the resting order's price
(contract, section 3). A trade may fire pending orders; they wait in `fired` until the running order is done and then
run as takers in the order in which they fired. Cost of an order: O(1) for each order that it meets and each level that
it empties at the best price.

Plain orders trade with one another in `_take`, in line. Where one of the two has terms, `matcher.terms` goes on.
"""

from collections import deque

from matcher.deadlines import Deadlines
from matcher.levels import Levels, change_remaining
from matcher.order import (
    FILLS_KEPT,
    MAX_FILLS,
    Order,
    Special,
    remember_done,
    remember_fills,
    remember_maker_fill,
    remember_taker_fills,
)
from matcher.order_list import OrderList
from matcher.running import Running
from matcher.terms import can_fill, spend, take_on_terms
from matcher.triggers import Triggers, is_met
from protocol.events import (
    Event,
    OrderAmended,
    OrderCanceled,
    OrderTriggered,
    Trade,
    TriggerMoved,
)
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

RUNS_AS_LIMIT = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT)


class Book:
    """`orders` holds the book's live orders. `all_done` is the engine's queue of done orders, which each order joins
    when it is done, as it joins `done`, those of the book, of which `forgotten` came before. `deadlines` is what the
    engine's orders wait for. `last_price` is that of the last trade, `quiet_price` the one at which a further trade
    fires and moves nothing. `followed` is the sequence of the last command whose trades trailing stops have
    followed."""

    __slots__ = (
        "all_done",
        "asks",
        "bids",
        "deadlines",
        "done",
        "fired",
        "followed",
        "forgotten",
        "instrument",
        "last_price",
        "last_trade_id",
        "orders",
        "quiet_price",
        "running",
        "trades",
        "triggers",
    )

    def __init__(
        self, instrument: Instrument, running: Running, all_done: deque[Order], deadlines: Deadlines[int]
    ) -> None:
        self.instrument = instrument
        self.running = running
        self.all_done = all_done
        self.done: deque[Order] = deque()
        self.orders = OrderList()
        self.deadlines = deadlines
        self.bids = Levels(1)
        self.asks = Levels(-1)
        self.triggers = Triggers()
        self.fired: deque[Order] = deque()
        self.followed = 0
        self.forgotten = 0
        self.trades: deque[Trade] = deque(maxlen=MAX_TRADES)
        self.last_price: int | None = None
        self.quiet_price: int | None = None
        self.last_trade_id = 0

    def live_orders(self) -> list[Order]:
        """Every order that rests, bids first, best first, in the order of their queues, then every one that waits."""
        resting = [order for levels in (self.bids, self.asks) for level in levels for order in level]
        return [*resting, *self.triggers.pending.values()]

    def set_last_price(self, price: int | None) -> None:
        """Go on from a last trade at that price."""
        self.last_price = price
        self.quiet_price = None if self.triggers.unarmed else price

    def run_market(self, order: Order, events: list[Event]) -> None:
        special = order.special
        if special is not None and special.terms.quote_quantity is not None:
            spend(self, order, special, special.terms.quote_quantity, events)
            return
        self._take(order, ANY_PRICE, events)
        if order.remaining:
            self.drop(order, self._reason(order, ANY_PRICE, Reason.NO_LIQUIDITY), events)

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
            if keys and keys[-1] >= limit:
                self.drop(order, Reason.TOO_MANY_TRADES, events)
                return
        # Equal prices are one object: a million of them are 30 MB.
        order.price = own.add(order, price).price

    def run_ioc(self, order: Order, events: list[Event]) -> None:
        limit = _limit(order)
        self._take(order, limit, events)
        if order.remaining:
            self.drop(order, self._reason(order, limit, Reason.IOC_REMAINDER), events)

    def run_fok(self, order: Order, events: list[Event]) -> None:
        limit = _limit(order)
        if can_fill(self, order, limit):
            self._take(order, limit, events)
        else:
            self.drop(order, Reason.FOK_UNFILLABLE, events)

    def _reason(self, order: Order, limit: int, otherwise: Reason) -> Reason:
        """Why a taker has something left: it may meet no more orders, or there are none."""
        keys = (self.asks if order.side is BUY else self.bids).keys
        return Reason.TOO_MANY_TRADES if keys and keys[-1] >= limit else otherwise

    def run_trigger(self, order: Order, events: list[Event]) -> None:
        """Fire at once where the last trade already meets the trigger price, else wait."""
        if self.last_price is not None and is_met(order, self.last_price):
            self._trigger(order, events)
        else:
            self.wait(order)

    def run_trailing(self, order: Order, events: list[Event]) -> None:
        self.wait(order)

    def wait(self, order: Order) -> None:
        """Let a trigger order that does not fire at once wait."""
        order.status = PENDING
        self.triggers.join(order, self.last_price)
        if self.triggers.unarmed:
            self.quiet_price = None

    def rest(self, order: Order) -> None:
        """Put an order that takes nothing at the back of the queue at its price."""
        price = order.price
        assert price is not None, "an order that rests has a price"
        order.price = (self.bids if order.side is BUY else self.asks).add(order, price).price

    def finish(self, events: list[Event]) -> None:
        """End a command that has let an order run: run what has fired, and what that fires in turn, until nothing is
        left; then let the trailing stops follow. Where they have moved too often already, what has fired takes
        nothing."""
        fired, running = self.fired, self.running
        while fired:
            if running.moves_left < 0:
                running.trades_left = 0
            order = fired.popleft()
            if order.order_type not in RUNS_AS_LIMIT:
                self.run_market(order, events)
            elif order.terms.post_only and self.would_take(order.side, order.price):
                self.drop(order, Reason.POST_ONLY_WOULD_CROSS, events)
            else:
                self.run_limit(order, events)
        if self.triggers.run:
            self._follow_run(events)

    def would_take(self, side: Side, price: int | None) -> bool:
        """Whether an order at that price would meet one of the opposite side."""
        assert price is not None, "only an order with a price can be post_only"
        keys, limit = (self.asks.keys, -price) if side is BUY else (self.bids.keys, price)
        return bool(keys) and keys[-1] >= limit

    def cancel(self, order: Order, reason: Reason, events: list[Event]) -> None:
        """Cancel an order that rests or waits, and with it the other leg of its OCO."""
        level = order.level
        if order.status is PENDING or level is None:
            self.unlink(order)
        else:
            level.levels.remove(order, level)
        self.drop(order, reason, events)

    def unlink(self, order: Order) -> None:
        """Take an order that rests or waits out of its queue."""
        if order.status is PENDING:
            self.triggers.leave(order)
        else:
            level = order.level
            assert level is not None, "a live order stands in a queue"
            level.levels.remove(order, level)

    def resize_leg(self, order: Order, remaining: int, events: list[Event]) -> None:
        """Give a leg of an OCO what its amended partner has left; where a resting one grows it goes to the back of its
        queue."""
        difference = remaining - order.remaining
        if not difference:
            return
        order.quantity += difference
        self.touch(order)
        if difference > 0 and order.status is OPEN:
            self.unlink(order)
            order.remaining = remaining
            self.rest(order)
        else:
            change_remaining(order, difference)
        events.append(OrderAmended(order.order_id, order.quantity, order.price, order.trigger_price))

    def touch(self, order: Order) -> None:
        """The running command changes the order."""
        order.updated_sequence = self.running.sequence
        order.updated = self.running.time

    def end(self, order: Order, status: OrderStatus) -> None:
        """Put an order that stands in no queue among the done ones."""
        self.touch(order)
        order.status = status
        self.all_done.append(order)
        self.done.append(order)
        remember_done(order)
        if order.special is not None:
            self._discard_deadline(order, order.special)

    def drop(self, order: Order, reason: Reason, events: list[Event]) -> None:
        """End an order that stands in no queue, with what it has left."""
        running = self.running
        order.updated_sequence = running.sequence
        order.updated = running.time
        order.status = CANCELED
        order.reason = reason
        self.all_done.append(order)
        self.done.append(order)
        account = order.account
        last = account.last_done
        if last is not None:
            last.next = order
            order.previous = last
        account.last_done = order
        events.append(OrderCanceled(order.order_id, order.remaining, reason))
        special = order.special
        if special is not None:
            self._discard_deadline(order, special)
            self.cancel_partner(special, events)

    def _discard_deadline(self, order: Order, special: Special) -> None:
        if special.terms.expire_time:
            self.deadlines.discard(special.terms.expire_time, order.order_id)

    def cancel_partner(self, special: Special, events: list[Event]) -> None:
        """Cancel the other leg of an OCO, one leg of which has fired or ended."""
        partner = special.partner
        if partner is not None:
            assert partner.special is not None, "a leg has its partner there"
            special.partner = partner.special.partner = None
            self.cancel(partner, Reason.OCO, events)

    def _take(self, taker: Order, limit: int, events: list[Event]) -> None:
        """Trade the order against the opposite side as far as the key `limit`, or as the command may; where nothing
        remains of it, it is done."""
        if taker.special is not None:
            take_on_terms(self, taker, limit, events)
            return
        levels = self.asks if taker.side is BUY else self.bids
        keys, by_key, pending = levels.keys, levels.by_key, self.triggers.pending
        all_done, done = self.all_done, self.done
        instrument = self.instrument
        symbol, maker_fee_bps, taker_fee_bps = instrument.symbol, instrument.maker_fee_bps, instrument.taker_fee_bps
        running = self.running
        sequence, time = running.sequence, running.time
        taker_id, side, remaining = taker.order_id, taker.side, taker.remaining
        trade_id = self.last_trade_id
        last_allowed = trade_id + running.trades_left
        value = 0
        fills: list[Trade] = []
        maker: Order | None = None
        while remaining and keys and keys[-1] >= limit:
            level = by_key[keys[-1]]
            price = level.price
            maker = level.head
            before = remaining
            while remaining and maker is not None and maker.special is None and trade_id < last_allowed:
                offered = maker.remaining
                quantity = offered if offered < remaining else remaining
                trade_id += 1
                trade = Trade(
                    symbol,
                    trade_id,
                    price,
                    quantity,
                    side,
                    maker.order_id,
                    taker_id,
                    maker_fee_bps,
                    taker_fee_bps,
                    sequence,
                    time,
                )
                events.append(trade)
                fills.append(trade)
                remaining -= quantity
                amount = price * quantity
                value += amount
                maker.filled_value += amount
                maker.remaining = offered - quantity
                maker.updated_sequence = sequence
                maker.updated = time
                if maker.fills is None:
                    maker.fills = [trade]
                else:
                    remember_fills(maker, [trade])
                account = maker.account
                account_fills = account.maker_fills
                if account_fills is None or len(account_fills) >= FILLS_KEPT:
                    remember_maker_fill(account, trade)
                else:
                    account_fills.append(trade)
                if price != self.quiet_price:
                    if pending:
                        self.fire(price, events)
                    else:
                        self.last_price = self.quiet_price = price
                if quantity == offered:
                    following = maker.next
                    maker.status = FILLED
                    maker.level = maker.next = None
                    all_done.append(maker)
                    done.append(maker)
                    last = account.last_done
                    if last is not None:
                        last.next = maker
                        maker.previous = last
                    account.last_done = maker
                    level.head = maker = following
                    if following is not None:
                        following.previous = None
            level.quantity -= before - remaining
            if level.head is None:
                levels.discard(level)
            elif remaining and maker is not None:
                break
        if fills:
            self.last_trade_id = trade_id
            self.trades.extend(fills)
            running.trades_left -= len(fills)
            taker.remaining = remaining
            taker.filled_value += value
            taker.updated_sequence = sequence
            taker.updated = time
            if taker.fills is None and len(fills) <= MAX_FILLS:
                taker.fills = fills
            else:
                remember_fills(taker, fills)
            remember_taker_fills(taker.account, fills)
            if not remaining:
                taker.status = FILLED
                all_done.append(taker)
                done.append(taker)
                remember_done(taker)
        if remaining and maker is not None:
            take_on_terms(self, taker, limit, events)

    def fire(self, price: int, events: list[Event]) -> None:
        """Let a trade at another price than the last one's, or the first that trailing stops wait for, fire and move
        pending orders."""
        last_price, self.last_price, self.quiet_price = self.last_price, price, price
        triggers = self.triggers
        if not triggers.pending:
            return
        if triggers.run and triggers.turns(price):
            self._follow_run(events)
        for order in triggers.take_reached(last_price, price):
            self._trigger(order, events)
        if triggers.trailing:
            self._follow(last_price, price, events)

    def _follow(self, last_price: int | None, price: int, events: list[Event]) -> None:
        """Let the trailing stops follow a trade; those that a run moves follow only its first trade at once."""
        sequence = self.running.sequence
        behind = None
        if price != last_price:
            if self.followed == sequence and last_price is not None:
                behind = Side.SELL if price > last_price else BUY
            self.followed = sequence
        self._move(self.triggers.follow(price, self.instrument.tick_size, behind), events)

    def _follow_run(self, events: list[Event]) -> None:
        """Let the trailing stops follow the run of trades that they are behind."""
        self._move(self.triggers.follow_run(self.instrument.tick_size), events)

    def _move(self, moved: list[Order], events: list[Event]) -> None:
        """Tell of trailing stops that have moved."""
        for order in moved:
            assert order.trigger_price is not None, "it has just been moved"
            self.touch(order)
            events.append(TriggerMoved(order.order_id, order.trigger_price))
        self.running.moves_left -= len(moved)

    def _trigger(self, order: Order, events: list[Event]) -> None:
        self.touch(order)
        order.status = OPEN
        self.fired.append(order)
        events.append(OrderTriggered(order.order_id))
        if order.special is not None:
            self.cancel_partner(order.special, events)


def _limit(order: Order) -> int:
    """The lowest key of the opposite side at which the order may trade."""
    price = order.price
    assert price is not None, "checked on entry"
    return -price if order.side is BUY else price
