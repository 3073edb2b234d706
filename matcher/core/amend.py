"""AmendOrder: all checks first, then the change.

A smaller quantity at the same price keeps the place in the queue. So do Binance (order amend keep priority) and
Coinbase. A larger one, or another price, loses the place and matches again at once, as on Kraken.
"""

from matcher.core.account import remember_as_sent
from matcher.core.amendments import amendment_of
from matcher.core.checks import check_values
from matcher.core.client_ids import rename, why_not_renamed
from matcher.core.instruments import REJECTED_BY
from matcher.core.levels import change_remaining
from matcher.core.locks import reserve_for_amend
from matcher.core.matching import run_fired, run_limit, run_trigger
from matcher.core.order import Order
from matcher.core.protection import why_not_amended
from matcher.core.registry import Registry
from protocol.commands import AmendOrder, SetLimits
from protocol.events import CommandRefused, Event, OrderAmended
from protocol.units import NAME_PATTERN, InstrumentStatus, OrderStatus, OrderType, Refusal, Side


def amend_order(registry: Registry, command: AmendOrder) -> list[Event]:
    """Amend a live order, or refuse to. A refused amend changes nothing, not even the order's place."""
    order = registry.find(command)
    if order is None:
        return [CommandRefused(Refusal.UNKNOWN_ORDER)]
    if order.level is None:
        return [CommandRefused(Refusal.ORDER_NOT_OPEN)]
    pending = order.status is OrderStatus.PENDING
    quantity = order.quantity if command.quantity is None else command.quantity
    price = order.price if command.price is None else command.price
    trigger_price = order.trigger_price if command.trigger_price is None else command.trigger_price
    loses_place = price != order.price or quantity > order.quantity
    refusal = _check(
        order, command, quantity, price, trigger_price, registry.limits, pending=pending, loses_place=loses_place
    )
    new_id = command.new_client_order_id
    refused = _refuse_id(order, new_id) if refusal is None else CommandRefused(refusal)
    if refused is not None:
        return [refused]
    if not _lock(registry, order, quantity, price, trigger_price):
        return [CommandRefused(Refusal.INSUFFICIENT_BALANCE)]

    book = order.book
    book.touch(order)
    remember_as_sent(order)
    partner = None if order.extra is None else order.extra.partner
    difference = quantity - order.quantity
    events: list[Event] = []
    if new_id is None or new_id == order.client_order_id:
        events.append(OrderAmended(order.order_id, quantity, price, trigger_price))
    else:
        events.append(OrderAmended(order.order_id, quantity, price, trigger_price, new_id, order.client_order_id))
    if new_id is not None:
        _name(registry, order, new_id, quantity, price, trigger_price)
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
            run_trigger(book, order, events)
        else:
            run_limit(book, order, events)
        run_fired(book, events)
    return events


def _name(
    registry: Registry, order: Order, client_order_id: str, quantity: int, price: int | None, trigger_price: int | None
) -> None:
    """Give the order the client_order_id, and remember what the amend changes."""
    registry.amendments.add(amendment_of(order, quantity, price, trigger_price, client_order_id))
    if client_order_id != order.client_order_id:
        rename(order, client_order_id)


def _refuse_id(order: Order, client_order_id: str | None) -> CommandRefused | None:
    """Why the order cannot have this client_order_id."""
    if client_order_id is None:
        return None
    if not NAME_PATTERN.fullmatch(client_order_id):
        return CommandRefused(Refusal.INVALID_NAME, "new_client_order_id")
    refusal = why_not_renamed(order, client_order_id)
    return None if refusal is None else CommandRefused(refusal, "new_client_order_id")


def _lock(registry: Registry, order: Order, quantity: int, price: int | None, trigger_price: int | None) -> bool:
    """Lock what the order needs with these values. False if its account has too little free."""
    ledger = order.account.ledger
    if ledger is None:
        return True
    if not reserve_for_amend(order, ledger, quantity, price, trigger_price):
        return False
    registry.running.resized.append(order)
    # The limit leg holds the lock of both: it changes with the stop leg's price too.
    if order.extra is not None and order.extra.partner is not None:
        registry.running.resized.append(order.extra.partner)
    return True


def _check(
    order: Order,
    command: AmendOrder,
    quantity: int,
    price: int | None,
    trigger_price: int | None,
    limits: SetLimits,
    *,
    pending: bool,
    loses_place: bool,
) -> Refusal | None:
    """Why the order cannot be changed to these values; None if it can."""
    instrument = order.book.instrument
    if instrument.status is not InstrumentStatus.TRADING:
        return REJECTED_BY[instrument.status][1]
    if command.price is not None and order.price is None:
        return Refusal.PRICE_NOT_ALLOWED
    if command.trigger_price is not None and (not pending or order.order_type is OrderType.TRAILING_STOP):
        return Refusal.TRIGGER_PRICE_NOT_ALLOWED
    # Nobody has asked for the price to which the market has led a trailing stop.
    follows = order.order_type is OrderType.TRAILING_STOP
    refusal = check_values(order.book.rules, quantity, price, None if follows else trigger_price)
    if refusal is not None:
        return refusal
    if order.book.rules.protects:
        refusal = why_not_amended(order.book, order, quantity, price, pending=pending)
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
    """An OCO's limit order stays on the far side of its stop's trigger price. So a trade of one leg never fires the
    other."""
    partner = None if order.extra is None else order.extra.partner
    if partner is None:
        return None
    if order.order_type is OrderType.LIMIT:
        limit, trigger, refusal = price, partner.trigger_price, Refusal.PRICE_ON_WRONG_SIDE
    else:
        limit, trigger, refusal = partner.price, trigger_price, Refusal.TRIGGER_PRICE_ON_WRONG_SIDE
    assert limit is not None and trigger is not None, "the legs have both"
    return None if (limit < trigger if order.side is Side.BUY else limit > trigger) else refusal
