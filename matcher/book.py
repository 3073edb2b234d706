"""One instrument's book: resting orders, pending orders, matching.

Order of matching: best price first, at one price first come first served, each trade at the resting order's price (contract,
section 3). A trade may fire pending orders; they wait in `fired` until the running order is done and then run as takers in the
order in which they fired. Cost of an order: O(1) for each order that it meets and each level that it empties at the best price.

Plain orders trade with one another in `_take`, in line. Where one of the two has terms (an iceberg, a leg of an OCO, self-trade
prevention) `_take_on_terms` goes on, which asks at each maker what the terms allow.
"""

from collections import deque

from matcher.deadlines import Deadlines
from matcher.levels import Levels, change_remaining, shown_quantity
from matcher.order import Order, Special, remember_fills
from matcher.triggers import Triggers, is_met
from protocol.events import (
    Event,
    OrderAmended,
    OrderCanceled,
    OrderDecremented,
    OrderReduced,
    OrderTriggered,
    Trade,
    TriggerMoved,
)
from protocol.instrument import Instrument
from protocol.units import OrderStatus, OrderType, Reason, SelfTradePrevention, Side

MAX_TRADES = 1_000
"""How many of its last trades a book remembers."""

ANY_PRICE = -(2**63)
"""Below every key: the limit of an order without a price."""

BUY = Side.BUY
OPEN = OrderStatus.OPEN
PENDING = OrderStatus.PENDING
FILLED = OrderStatus.FILLED
CANCELED = OrderStatus.CANCELED

NO_PREVENTION = SelfTradePrevention.NONE
CANCEL_NEWEST = SelfTradePrevention.CANCEL_NEWEST
CANCEL_OLDEST = SelfTradePrevention.CANCEL_OLDEST
DECREMENT = SelfTradePrevention.DECREMENT

RUNS_AS_LIMIT = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT)


class Book:
    """`done` is the engine's queue of done orders, which each order joins when it is done, `deadlines` what the engine's orders wait for.
    `last_price` is that of the last trade, `quiet_price` the one at which a further trade fires and moves nothing. `sequence` and
    `time` are those of the running command."""

    __slots__ = (
        "asks",
        "bids",
        "deadlines",
        "done",
        "fired",
        "instrument",
        "last_price",
        "last_trade_id",
        "quiet_price",
        "sequence",
        "time",
        "trades",
        "triggers",
    )

    def __init__(self, instrument: Instrument, done: deque[Order], deadlines: Deadlines[int]) -> None:
        self.instrument = instrument
        self.done = done
        self.deadlines = deadlines
        self.bids = Levels(1)
        self.asks = Levels(-1)
        self.triggers = Triggers()
        self.fired: deque[Order] = deque()
        self.trades: deque[Trade] = deque(maxlen=MAX_TRADES)
        self.last_price: int | None = None
        self.quiet_price: int | None = None
        self.last_trade_id = 0
        self.sequence = 0
        self.time = 0

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
            self._spend(order, special, special.terms.quote_quantity, events)
            return
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
        (self.bids if order.side is BUY else self.asks).add(order, price)

    def run_fired(self, events: list[Event]) -> None:
        """Run what has fired, and what that fires in turn, until nothing is left."""
        fired = self.fired
        while fired:
            order = fired.popleft()
            if order.order_type not in RUNS_AS_LIMIT:
                self.run_market(order, events)
            elif order.terms.post_only and self.would_take(order.side, order.price):
                self._drop(order, Reason.POST_ONLY_WOULD_CROSS, events)
            else:
                self.run_limit(order, events)

    def would_take(self, side: Side, price: int | None) -> bool:
        """Whether an order at that price would meet one of the opposite side."""
        assert price is not None, "only an order with a price can be post_only"
        keys, limit = (self.asks.keys, -price) if side is BUY else (self.bids.keys, price)
        return bool(keys) and keys[-1] >= limit

    def cancel(self, order: Order, reason: Reason, events: list[Event]) -> None:
        """Cancel an order that rests or waits, and with it the other leg of its OCO."""
        self.unlink(order)
        self._drop(order, reason, events)

    def unlink(self, order: Order) -> None:
        """Take an order that rests or waits out of its queue."""
        if order.status is PENDING:
            self.triggers.leave(order)
        else:
            level = order.level
            assert level is not None, "a live order stands in a queue"
            level.levels.remove(order)

    def resize_leg(self, order: Order, remaining: int, events: list[Event]) -> None:
        """Give a leg of an OCO what its amended partner has left; where a resting one grows it goes to the back of its queue."""
        difference = remaining - order.remaining
        if not difference:
            return
        order.quantity += difference
        if difference > 0 and order.status is OPEN:
            self.unlink(order)
            order.remaining = remaining
            self.rest(order)
        else:
            change_remaining(order, difference)
        events.append(OrderAmended(order.order_id, order.quantity, order.price, order.trigger_price))

    def end(self, order: Order, status: OrderStatus) -> None:
        """Put an order that stands in no queue among the done ones."""
        order.status = status
        self.done.append(order)
        order.account.done.append(order)
        if order.special is not None and order.special.terms.expire_time:
            self.deadlines.discard(order.special.terms.expire_time, order.order_id)

    def _drop(self, order: Order, reason: Reason, events: list[Event]) -> None:
        """End an order that stands in no queue, with what it has left."""
        order.reason = reason
        events.append(OrderCanceled(order.order_id, order.remaining, reason))
        self.end(order, CANCELED)
        if order.special is not None:
            self._cancel_partner(order.special, events)

    def _cancel_partner(self, special: Special, events: list[Event]) -> None:
        """Cancel the other leg of an OCO, one leg of which has fired or ended."""
        partner = special.partner
        if partner is not None:
            assert partner.special is not None, "a leg has its partner there"
            special.partner = partner.special.partner = None
            self.cancel(partner, Reason.OCO, events)

    def _can_fill(self, order: Order, limit: int) -> bool:
        """Whether the order can trade its whole quantity within its limit."""
        prevention = order.terms.self_trade_prevention
        missing = order.remaining
        ended: set[int] | None = None
        for level in self.asks if order.side is BUY else self.bids:
            if level.key < limit:
                return False
            if ended is None:
                if prevention is CANCEL_OLDEST and all(maker.account is order.account for maker in level):
                    continue
                ended = self._legs_ended_by(level.price)
            if prevention is NO_PREVENTION and not ended:
                missing -= level.quantity + level.hidden
            else:
                makers = [maker for maker in level if maker.order_id not in ended]
                own = [maker.account is order.account for maker in makers]
                if prevention in (NO_PREVENTION, CANCEL_OLDEST) or not any(own):
                    skips_own = prevention is CANCEL_OLDEST
                    missing -= sum(maker.remaining for maker, is_own in zip(makers, own, strict=True) if not (is_own and skips_own))
                else:
                    # It comes to the own order before any iceberg shows another slice.
                    return missing <= sum(shown_quantity(maker) for maker in makers[: own.index(True)])
            if missing <= 0:
                return True
        return False

    def _legs_ended_by(self, price: int) -> set[int]:
        """The ids of resting legs of OCOs whose stops a trade at the price fires: they are gone after it."""
        fired = self.triggers.reached(self.last_price, price)
        return {order.special.partner.order_id for order in fired if order.special is not None and order.special.partner is not None}

    def _take(self, taker: Order, limit: int, events: list[Event]) -> None:
        """Trade the order against the opposite side as far as the key `limit`; where nothing remains of it, it is done."""
        if taker.special is not None:
            self._take_on_terms(taker, limit, events)
            return
        levels = self.asks if taker.side is BUY else self.bids
        keys, by_key, done, pending = levels.keys, levels.by_key, self.done, self.triggers.pending
        instrument = self.instrument
        symbol, maker_fee_bps, taker_fee_bps = instrument.symbol, instrument.maker_fee_bps, instrument.taker_fee_bps
        sequence, time = self.sequence, self.time
        taker_id, side, remaining = taker.order_id, taker.side, taker.remaining
        trade_id = self.last_trade_id
        value = 0
        fills: list[Trade] = []
        maker: Order | None = None
        while remaining and keys and keys[-1] >= limit:
            level = by_key[keys[-1]]
            price = level.price
            maker = level.head
            before = remaining
            while remaining and maker is not None and maker.special is None:
                offered = maker.remaining
                quantity = offered if offered < remaining else remaining
                trade_id += 1
                trade = Trade(
                    symbol, trade_id, price, quantity, side, maker.order_id, taker_id, maker_fee_bps, taker_fee_bps, sequence, time
                )
                events.append(trade)
                fills.append(trade)
                remaining -= quantity
                amount = price * quantity
                value += amount
                maker.filled_value += amount
                maker.remaining = offered - quantity
                if maker.fills is None:
                    maker.fills = [trade]
                else:
                    remember_fills(maker, [trade])
                account = maker.account
                account.maker_fills.append(trade)
                if price != self.quiet_price:
                    if pending:
                        self._fire(price, events)
                    else:
                        self.last_price = self.quiet_price = price
                if quantity == offered:
                    following = maker.next
                    maker.status = FILLED
                    maker.level = maker.next = None
                    done.append(maker)
                    account.done.append(maker)
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
            taker.remaining = remaining
            taker.filled_value += value
            remember_fills(taker, fills)
            account = taker.account
            account.taker_fills.extend(fills)
            if not remaining:
                taker.status = FILLED
                done.append(taker)
                account.done.append(taker)
        if remaining and maker is not None:
            self._take_on_terms(taker, limit, events)

    def _take_on_terms(self, taker: Order, limit: int, events: list[Event]) -> None:
        """The same where the taker or a maker has terms."""
        levels = self.asks if taker.side is BUY else self.bids
        keys, by_key = levels.keys, levels.by_key
        prevention = taker.terms.self_trade_prevention
        while taker.remaining and keys and keys[-1] >= limit:
            maker = by_key[keys[-1]].head
            assert maker is not None, "a level that is kept is never empty"
            if prevention is NO_PREVENTION or maker.account is not taker.account:
                self._trade(taker, maker, min(taker.remaining, shown_quantity(maker)), events)
                if not taker.remaining:
                    self._fill(taker, events)
            elif prevention is DECREMENT:
                self._decrement(taker, maker, min(taker.remaining, maker.remaining), events)
            else:
                self._cancel_self_trade(taker, maker, prevention, events)

    def _spend(self, taker: Order, special: Special, budget: int, events: list[Event]) -> None:
        """Trade a market order for as much of the quote currency as it may spend or receive, in whole lots. Its quantity grows with
        what it takes."""
        levels = self.asks if taker.side is BUY else self.bids
        keys, by_key = levels.keys, levels.by_key
        lot_size, most = self.instrument.lot_size, self.instrument.max_quantity
        prevention = taker.terms.self_trade_prevention
        reason: Reason | None = None
        while keys:
            level = by_key[keys[-1]]
            maker = level.head
            assert maker is not None, "a level that is kept is never empty"
            affordable = min(budget // (level.price * lot_size) * lot_size, most - taker.quantity)
            if not affordable:
                reason = Reason.QUOTE_QUANTITY_TOO_SMALL
                break
            own = prevention is not NO_PREVENTION and maker.account is taker.account
            if own and prevention is not DECREMENT:
                self._cancel_self_trade(taker, maker, prevention, events, ends_taker=False)
                if prevention is not CANCEL_OLDEST:
                    reason = Reason.SELF_TRADE
                    break
                continue
            quantity = min(affordable, maker.remaining if own else shown_quantity(maker))
            budget -= level.price * quantity
            taker.quantity += quantity
            taker.remaining = quantity
            if own:
                self._decrement(taker, maker, quantity, events, ends_taker=False)
            else:
                self._trade(taker, maker, quantity, events)
        special.unspent = budget
        if taker.filled_value:
            self.end(taker, FILLED)
        else:
            self._drop(taker, reason or Reason.NO_LIQUIDITY, events)

    def _trade(self, taker: Order, maker: Order, quantity: int, events: list[Event]) -> None:
        """Let two orders trade; the maker is done, or goes to the back of its queue, where what it shows is used up."""
        level = maker.level
        assert level is not None, "a maker stands in a queue"
        instrument, price = self.instrument, level.price
        self.last_trade_id += 1
        trade = Trade(
            instrument.symbol,
            self.last_trade_id,
            price,
            quantity,
            taker.side,
            maker.order_id,
            taker.order_id,
            instrument.maker_fee_bps,
            instrument.taker_fee_bps,
            self.sequence,
            self.time,
        )
        events.append(trade)
        self.trades.append(trade)
        for order in (maker, taker):
            order.filled_value += price * quantity
            remember_fills(order, [trade])
        maker.account.maker_fills.append(trade)
        taker.account.taker_fills.append(trade)
        taker.remaining -= quantity
        if quantity < shown_quantity(maker):
            maker.remaining -= quantity
            level.quantity -= quantity
            if maker.special is not None:
                maker.special.shown -= quantity
        elif quantity < maker.remaining:
            level.levels.remove(maker)
            maker.remaining -= quantity
            level.levels.add(maker, price)
        else:
            level.levels.remove(maker)
            maker.remaining = 0
            self.end(maker, FILLED)
        if price != self.quiet_price:
            self._fire(price, events)
        for order in (maker, taker):
            if order.special is not None and order.special.partner is not None:
                self._tell_partner(order, order.special, quantity, events)

    def _tell_partner(self, order: Order, special: Special, quantity: int, events: list[Event]) -> None:
        """A leg of an OCO has lost a part of its quantity: its partner loses as much, or, with the leg's end, everything."""
        partner = special.partner
        assert partner is not None, "a leg has a partner"
        if not order.remaining:
            self._cancel_partner(special, events)
            return
        partner.quantity -= quantity
        change_remaining(partner, -quantity)
        events.append(OrderReduced(partner.order_id, quantity))

    def _fill(self, taker: Order, events: list[Event]) -> None:
        """End a taker of which nothing remains."""
        self.end(taker, FILLED)
        if taker.special is not None:
            self._cancel_partner(taker.special, events)

    def _cancel_self_trade(
        self, taker: Order, maker: Order, prevention: SelfTradePrevention, events: list[Event], ends_taker: bool = True
    ) -> None:
        """Cancel the maker, the taker or both instead of letting them trade."""
        if prevention is not CANCEL_NEWEST:
            self.unlink(maker)
            self._prevent(maker, events)
        if prevention is not CANCEL_OLDEST and ends_taker:
            self._prevent(taker, events)

    def _prevent(self, order: Order, events: list[Event]) -> None:
        """Cancel all that remains of an order that stands in no queue."""
        special = order.special
        if special is None:
            special = order.special = Special()
        quantity = order.remaining
        special.prevented += quantity
        order.remaining = 0
        order.reason = Reason.SELF_TRADE
        self.end(order, CANCELED)
        events.append(OrderCanceled(order.order_id, quantity, Reason.SELF_TRADE))
        self._cancel_partner(special, events)

    def _decrement(self, taker: Order, maker: Order, quantity: int, events: list[Event], ends_taker: bool = True) -> None:
        """Take the quantity off both orders without a trade; what reaches zero is canceled."""
        for order in (maker, taker):
            if order.special is None:
                order.special = Special()
            order.special.prevented += quantity
        assert maker.special is not None and taker.special is not None, "set above"
        if quantity < maker.remaining:
            change_remaining(maker, -quantity)
            events.append(OrderDecremented(maker.order_id, quantity))
            if maker.special.partner is not None:
                self._tell_partner(maker, maker.special, quantity, events)
        else:
            self.unlink(maker)
            maker.remaining = 0
            self._prevent(maker, events)
        taker.remaining -= quantity
        if taker.remaining or not ends_taker:
            events.append(OrderDecremented(taker.order_id, quantity))
            if taker.special.partner is not None:
                self._tell_partner(taker, taker.special, quantity, events)
        else:
            self._prevent(taker, events)

    def _fire(self, price: int, events: list[Event]) -> None:
        """Let a trade at another price than the last one's, or the first that trailing stops wait for, fire and move pending orders."""
        last_price, self.last_price, self.quiet_price = self.last_price, price, price
        triggers = self.triggers
        if not triggers.pending:
            return
        for order in triggers.take_reached(last_price, price):
            self._trigger(order, events)
        if triggers.armed or triggers.unarmed:
            for order in triggers.follow(price, self.instrument.tick_size):
                assert order.trigger_price is not None, "it has just been moved"
                events.append(TriggerMoved(order.order_id, order.trigger_price))

    def _trigger(self, order: Order, events: list[Event]) -> None:
        order.status = OPEN
        self.fired.append(order)
        events.append(OrderTriggered(order.order_id))
        if order.special is not None:
            self._cancel_partner(order.special, events)


def _limit(order: Order) -> int:
    """The lowest key of the opposite side at which the order may trade."""
    price = order.price
    assert price is not None, "checked on entry"
    return -price if order.side is BUY else price
