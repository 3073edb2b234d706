"""Amending an order: all checks first, then the change.

A smaller quantity at the same price keeps the place in the queue, as on Binance (order amend keep priority) and
Coinbase; a larger one or another price loses it and matches again at once, as on Kraken.
"""

from matcher.checks import check_values
from matcher.instruments import REJECTED_BY
from matcher.levels import change_remaining
from matcher.order import Order, remember_as_sent
from protocol.commands import AmendOrder, SetLimits
from protocol.events import CommandRefused, Event, OrderAmended
from protocol.units import InstrumentStatus, OrderStatus, OrderType, Refusal, Side


def amend_order(order: Order, command: AmendOrder, limits: SetLimits) -> list[Event]:
    """Amend a live order, or refuse to and leave it as it is, its place included."""
    pending = order.status is OrderStatus.PENDING
    quantity = order.quantity if command.quantity is None else command.quantity
    price = order.price if command.price is None else command.price
    trigger_price = order.trigger_price if command.trigger_price is None else command.trigger_price
    loses_place = price != order.price or quantity > order.quantity
    refusal = _check(order, command, quantity, price, trigger_price, pending, loses_place, limits)
    if refusal is not None:
        return [CommandRefused(refusal)]

    book = order.book
    book.touch(order)
    remember_as_sent(order)
    partner = None if order.special is None else order.special.partner
    difference = quantity - order.quantity
    events: list[Event] = [OrderAmended(order.order_id, quantity, price, trigger_price)]
    if not pending and not loses_place:
        change_remaining(order, difference)
    elif pending and trigger_price == order.trigger_price:
        change_remaining(order, difference)
        loses_place = False
    else:
        book.unlink(order)
        order.remaining += difference
        loses_place = True
    order.quantity = quantity
    order.price = price
    order.trigger_price = trigger_price
    if partner is not None and difference:
        remember_as_sent(partner)
        book.resize_leg(partner, order.remaining, events)
    if loses_place:
        if pending:
            book.run_trigger(order, events)
        else:
            book.run_limit(order, events)
        book.finish(events)
    return events


def _check(
    order: Order,
    command: AmendOrder,
    quantity: int,
    price: int | None,
    trigger_price: int | None,
    pending: bool,
    loses_place: bool,
    limits: SetLimits,
) -> Refusal | None:
    """Why the order cannot be so."""
    instrument = order.book.instrument
    if instrument.status is not InstrumentStatus.TRADING:
        return REJECTED_BY[instrument.status][1]
    if command.price is not None and order.price is None:
        return Refusal.PRICE_NOT_ALLOWED
    if command.trigger_price is not None and (not pending or order.order_type is OrderType.TRAILING_STOP):
        return Refusal.TRIGGER_PRICE_NOT_ALLOWED
    # Where the market has led a trailing stop, nobody has asked for.
    follows = order.order_type is OrderType.TRAILING_STOP
    refusal = check_values(instrument, quantity, price, None if follows else trigger_price)
    if refusal is not None:
        return refusal
    display_quantity = order.terms.display_quantity
    if display_quantity is not None:
        if display_quantity > quantity:
            return Refusal.DISPLAY_QUANTITY_TOO_LARGE
        # One that has more parts from before may become smaller.
        if quantity > order.quantity and quantity > display_quantity * limits.iceberg_parts:
            return Refusal.DISPLAY_QUANTITY_TOO_SMALL
    if quantity <= order.quantity - order.remaining:
        return Refusal.QUANTITY_BELOW_FILLED
    if order.terms.post_only and not pending and loses_place and order.book.would_take(order.side, price):
        return Refusal.POST_ONLY_WOULD_CROSS
    return _check_sides(order, price, trigger_price)


def _check_sides(order: Order, price: int | None, trigger_price: int | None) -> Refusal | None:
    """An OCO's limit order stays on the far side of its stop's trigger price: no trade of the one can fire the
    other."""
    partner = None if order.special is None else order.special.partner
    if partner is None:
        return None
    if order.order_type is OrderType.LIMIT:
        limit, trigger, refusal = price, partner.trigger_price, Refusal.PRICE_ON_WRONG_SIDE
    else:
        limit, trigger, refusal = partner.price, trigger_price, Refusal.TRIGGER_PRICE_ON_WRONG_SIDE
    assert limit is not None and trigger is not None, "the legs have both"
    return None if (limit < trigger if order.side is Side.BUY else limit > trigger) else refusal
