"""Trading if one of the two orders has terms: an iceberg, a leg of an OCO, a quote_quantity, or the taker's self-trade
prevention.

At each maker it is asked what the terms allow. Self-trade prevention follows Binance's and Coinbase's published rules.
The taker's mode decides. What is canceled or taken off counts as prevented. An order that it ends trades no more.
"""

from typing import Final

from matcher.core.book import Book
from matcher.core.client_ids import has_open_only_id
from matcher.core.levels import change_remaining, shown_quantity
from matcher.core.locks import charged_rate
from matcher.core.order import Extra, Level, Order, remember_fills
from protocol.events import Event, OrderCanceled, OrderDecremented, OrderReduced, PreventedMatch, Trade
from protocol.units import UNLIMITED, OrderStatus, Reason, SelfTradePrevention, Side

BUY: Final = Side.BUY
FILLED: Final = OrderStatus.FILLED
CANCELED: Final = OrderStatus.CANCELED
TOO_SMALL: Final = Reason.QUOTE_QUANTITY_TOO_SMALL

NO_PREVENTION: Final = SelfTradePrevention.NONE
CANCEL_NEWEST: Final = SelfTradePrevention.CANCEL_NEWEST
CANCEL_OLDEST: Final = SelfTradePrevention.CANCEL_OLDEST
DECREMENT: Final = SelfTradePrevention.DECREMENT


def can_fill(book: Book, order: Order, limit: int) -> bool:
    """Whether the order can trade its whole quantity up to the key `limit`, within the trades that the command may
    make. Cost: O(1) for each order that it may meet."""
    prevention = order.terms.self_trade_prevention
    missing = order.remaining
    trades_left = book.running.trades_left
    ended: set[int] | None = None
    for level in book.asks if order.side is BUY else book.bids:
        if level.key < limit:
            return False
        skips_level = (
            ended is None and prevention is CANCEL_OLDEST and all(maker.account is order.account for maker in level)
        )
        if ended is None and not skips_level:
            ended = legs_ended_by(book, level.price)
        if trades_left < UNLIMITED:
            in_turn = prevention is NO_PREVENTION and not ended
            trades_left -= _most_trades(level, missing if in_turn else None)
            if trades_left < 0:
                return False
        if skips_level:
            continue
        if prevention is NO_PREVENTION and not ended:
            missing -= level.quantity + level.hidden
        else:
            makers = [maker for maker in level if maker.order_id not in (ended or ())]
            own = [maker.account is order.account for maker in makers]
            if prevention in (NO_PREVENTION, CANCEL_OLDEST) or not any(own):
                skips_own = prevention is CANCEL_OLDEST
                missing -= sum(
                    maker.remaining for maker, is_own in zip(makers, own, strict=True) if not (is_own and skips_own)
                )
            else:
                # It comes to the own order before any iceberg shows another slice.
                return missing <= sum(shown_quantity(maker) for maker in makers[: own.index(True)])
        if missing <= 0:
            return True
    return False


def _most_trades(level: Level, quantity: int | None) -> int:
    """The most trades of a taker of this quantity on the level. If the quantity is None, or reaches second parts of
    icebergs, count all parts of all orders."""
    if quantity is not None:
        for met, maker in enumerate(level, 1):
            quantity -= shown_quantity(maker)
            if quantity <= 0:
                return met
    return sum(_parts(maker) for maker in level)


def _parts(order: Order) -> int:
    """The most parts in which a resting order trades."""
    extra = order.extra
    if extra is None or extra.terms.display_quantity is None:
        return 1
    return 1 - (extra.shown - order.remaining) // extra.terms.display_quantity


def legs_ended_by(book: Book, price: int) -> set[int]:
    """The ids of resting legs of OCOs whose stops a trade at the price fires: they are gone after it."""
    fired = book.triggers.reached(book.last_price, price)
    return {
        order.extra.partner.order_id for order in fired if order.extra is not None and order.extra.partner is not None
    }


def take_on_terms(book: Book, taker: Order, limit: int, events: list[Event]) -> None:
    """Trade the order against the opposite side, up to the key `limit` and within the limits of the command. The
    order is done if nothing remains."""
    running = book.running
    levels = book.asks if taker.side is BUY else book.bids
    keys, by_key = levels.keys, levels.by_key
    prevention = taker.terms.self_trade_prevention
    while taker.remaining and keys and keys[-1] >= limit and running.trades_left > 0:
        running.trades_left -= 1
        maker = by_key[keys[-1]].head
        assert maker is not None, "a level that is kept is never empty"
        if prevention is NO_PREVENTION or maker.account is not taker.account:
            _trade(book, taker, maker, min(taker.remaining, shown_quantity(maker)), events)
            if not taker.remaining:
                _fill(book, taker, events)
        elif prevention is DECREMENT:
            _decrement(book, taker, maker, min(taker.remaining, maker.remaining), events)
        else:
            _cancel_self_trade(book, taker, maker, prevention, events)


def spend(book: Book, taker: Order, extra: Extra, budget: int, limit: int, stop: Reason, events: list[Event]) -> None:
    """Trade a market order for as much of the quote currency as it may spend or receive, in whole lots, up to the key
    `limit`. Its quantity grows with what it takes. `stop` is the reason for its end in front of an order beyond.

    What has taken something is filled. An order with an open-only id is so only if its money ended first."""
    levels = book.asks if taker.side is BUY else book.bids
    keys, by_key = levels.keys, levels.by_key
    lot_size, most = book.rules.lot_size, book.rules.max_quantity
    prevention = taker.terms.self_trade_prevention
    reason: Reason | None = None
    running = book.running
    # What the account cannot pay.
    kept = (extra.terms.quote_quantity or 0) - budget
    price = 0
    while keys:
        if keys[-1] < limit:
            reason = stop
            break
        if running.trades_left <= 0:
            reason = Reason.TOO_MANY_TRADES
            break
        level = by_key[keys[-1]]
        maker = level.head
        assert maker is not None, "a level that is kept is never empty"
        price = level.price
        affordable = min(budget // (price * lot_size) * lot_size, most - taker.quantity)
        if not affordable:
            reason = TOO_SMALL
            break
        running.trades_left -= 1
        own = prevention is not NO_PREVENTION and maker.account is taker.account
        if own and prevention is not DECREMENT:
            _cancel_self_trade(book, taker, maker, prevention, events, ends_taker=False)
            if prevention is not CANCEL_OLDEST:
                reason = Reason.SELF_TRADE
                break
            continue
        quantity = min(affordable, maker.remaining if own else shown_quantity(maker))
        budget -= price * quantity
        taker.quantity += quantity
        taker.remaining = quantity
        if own:
            _decrement(book, taker, maker, quantity, events, ends_taker=False)
        else:
            _trade(book, taker, maker, quantity, events)
    extra.unspent = budget + kept
    # Without another lot at the price that it came to.
    is_spent = reason is TOO_SMALL or budget < price * lot_size or taker.quantity == most
    if taker.filled_value and (is_spent or not has_open_only_id(taker)):
        book.end(taker, FILLED)
    else:
        book.drop(taker, reason or Reason.NO_LIQUIDITY, events)


def _trade(book: Book, taker: Order, maker: Order, quantity: int, events: list[Event]) -> None:
    """Let two orders trade. If the maker's shown part is used up, the maker is done or goes to the back of its
    queue."""
    level = maker.level
    assert level is not None, "a maker stands in a queue"
    rules, price = book.rules, level.price
    maker_fee_bps, taker_fee_bps = rules.maker_fee_bps, rules.taker_fee_bps
    if book.currencies.fee_changes:
        maker_fee_bps, taker_fee_bps = charged_rate(maker, maker_fee_bps), charged_rate(taker, taker_fee_bps)
    book.last_trade_id += 1
    trade = Trade(
        rules.symbol,
        book.last_trade_id,
        price,
        quantity,
        taker.side,
        maker.order_id,
        taker.order_id,
        maker_fee_bps,
        taker_fee_bps,
        book.running.sequence,
        book.running.time,
    )
    events.append(trade)
    book.trades.append(trade)
    book.running.takes.append((taker, [maker], [trade]))
    for order in (maker, taker):
        order.filled_value += price * quantity
        book.touch(order)
        remember_fills(order, [trade])
    taker.remaining -= quantity
    if quantity < shown_quantity(maker):
        maker.remaining -= quantity
        level.quantity -= quantity
        if maker.extra is not None:
            maker.extra.shown -= quantity
    elif quantity < maker.remaining:
        level.levels.remove(maker, level)
        maker.remaining -= quantity
        level.levels.add(maker, price)
    else:
        level.levels.remove(maker, level)
        maker.remaining = 0
        book.end(maker, FILLED)
    if price != book.checked_price:
        book.fire(price, events)
    for order in (maker, taker):
        if order.extra is not None and order.extra.partner is not None:
            if not order.remaining or order.extra.cancel_on_first_fill:
                book.cancel_partner(order.extra, Reason.OCO_TRIGGERED, events)
            else:
                _reduce_partner(book, order.extra, quantity, events)


def _reduce_partner(book: Book, extra: Extra, quantity: int, events: list[Event]) -> None:
    """A leg of an OCO has lost a part of its quantity: reduce its partner by as much."""
    partner = extra.partner
    assert partner is not None, "a leg has a partner"
    book.running.resized.append(partner)
    partner.quantity -= quantity
    change_remaining(partner, -quantity)
    book.touch(partner)
    events.append(OrderReduced(partner.order_id, quantity))


def _fill(book: Book, taker: Order, events: list[Event]) -> None:
    """End a taker with nothing remaining."""
    book.end(taker, FILLED)
    if taker.extra is not None:
        book.cancel_partner(taker.extra, Reason.OCO_TRIGGERED, events)


def _cancel_self_trade(
    book: Book,
    taker: Order,
    maker: Order,
    prevention: SelfTradePrevention,
    events: list[Event],
    *,
    ends_taker: bool = True,
) -> None:
    """Cancel the maker, the taker or both instead of letting them trade."""
    # It counts also without a trade.
    book.running.takes.append((taker, [], []))
    ends_maker = prevention is not CANCEL_NEWEST
    ends_taker = prevention is not CANCEL_OLDEST and ends_taker
    taken = taker.remaining if ends_taker else 0, maker.remaining if ends_maker else 0
    match = _note_match(book, taker, maker, *taken)
    if ends_maker:
        book.unlink(maker)
        _prevent(book, maker, maker.remaining, taker, match, events)
    if ends_taker:
        _prevent(book, taker, taker.remaining, maker, match, events)


def _note_match(book: Book, taker: Order, maker: Order, taker_quantity: int, maker_quantity: int) -> PreventedMatch:
    """Remember that they do not trade, and what each loses."""
    running = book.running
    match = PreventedMatch(
        running.prevented.next_id(running.sequence),
        book.rules.symbol,
        taker.order_id,
        maker.order_id,
        taker.terms.self_trade_prevention,
        maker.price or 0,
        taker_quantity,
        maker_quantity,
        running.sequence,
        running.time,
    )
    running.prevented.add(taker.account.name, match)
    return match


def _prevent(
    book: Book, order: Order, prevented: int, counter: Order, match: PreventedMatch, events: list[Event]
) -> None:
    """Cancel all that remains of an order that stands in no queue. `prevented` is what the `counter` order has taken
    off it in the match."""
    extra = order.extra
    if extra is None:
        extra = order.extra = Extra()
    extra.prevented_match = match.prevented_match_id
    quantity = order.remaining
    extra.prevented += quantity
    order.remaining = 0
    order.reason = Reason.SELF_TRADE
    book.end(order, CANCELED)
    if has_open_only_id(order):
        met = counter.order_id, match.price
        number = match.prevented_match_id
        event = OrderCanceled(order.order_id, quantity, Reason.SELF_TRADE, None, *met, prevented, number)
    else:
        # As journals of earlier versions replay.
        event = OrderCanceled(order.order_id, quantity, Reason.SELF_TRADE)
    events.append(event)
    book.cancel_partner(extra, Reason.OCO, events)


def _decrement(
    book: Book, taker: Order, maker: Order, quantity: int, events: list[Event], *, ends_taker: bool = True
) -> None:
    """Take the quantity off both orders without a trade; what reaches zero is canceled."""
    book.running.takes.append((taker, [], []))
    for order in (maker, taker):
        if order.extra is None:
            order.extra = Extra()
        order.extra.prevented += quantity
        book.touch(order)
    assert maker.extra is not None and taker.extra is not None, "set above"
    match = _note_match(book, taker, maker, quantity, quantity)
    if quantity < maker.remaining:
        change_remaining(maker, -quantity)
        book.running.resized.append(maker)
        events.append(_decremented(maker, quantity, taker, match))
        if maker.extra.partner is not None:
            _reduce_partner(book, maker.extra, quantity, events)
    else:
        book.unlink(maker)
        maker.remaining = 0
        _prevent(book, maker, quantity, taker, match, events)
    taker.remaining -= quantity
    if taker.remaining or not ends_taker:
        events.append(_decremented(taker, quantity, maker, match))
        if taker.extra.partner is not None:
            _reduce_partner(book, taker.extra, quantity, events)
    else:
        _prevent(book, taker, quantity, maker, match, events)


def _decremented(order: Order, quantity: int, counter: Order, match: PreventedMatch) -> OrderDecremented:
    """What was taken off the order; of one with an open-only id also by which other and at which price."""
    assert order.extra is not None, "what it has lost stands there"
    order.extra.prevented_match = match.prevented_match_id
    if has_open_only_id(order):
        return OrderDecremented(order.order_id, quantity, counter.order_id, match.price, match.prevented_match_id)
    return OrderDecremented(order.order_id, quantity)
