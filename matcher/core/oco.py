"""OCO: a limit order or take-profit, and a stop, of one side and quantity. If one trades or ends, the other is reduced
or canceled; with cancel_on_first_fill it is canceled at the first trade.

The last trade is between the two prices, as on Binance. To sell, limit > last > stop; to buy, limit < last < stop. The
trigger price of a take-profit stands for the limit's price. An amend keeps this order of prices, so a trade of one leg
never fires the other.
"""

from typing import Final

from matcher.core.account import Account, as_sent
from matcher.core.book import Book
from matcher.core.checks import check_prices, check_term_values, check_values
from matcher.core.client_ids import bear_open_only, was_sent_with, why_taken
from matcher.core.locks import reserve_pair
from matcher.core.matching import run_fired, run_limit
from matcher.core.oco_legs import Leg, legs_of
from matcher.core.order import Extra, Order
from matcher.core.place import forbidden, reject
from matcher.core.protection import count_entered, why_not_entered
from matcher.core.registry import Registry
from protocol.commands import PlaceOco, SetLimits
from protocol.events import CommandRefused, Event, OrderDuplicated, OrderPlaced
from protocol.order_types import WAITS, check_terms
from protocol.units import (
    NAME_LENGTH,
    NAME_PATTERN,
    STOP_LEG_SUFFIX,
    TAG_PATTERN,
    Reason,
    Refusal,
    Side,
)

STOP_FIELDS: Final = {
    Refusal.TIME_IN_FORCE_NOT_ALLOWED: "stop_time_in_force",
    Refusal.DISPLAY_QUANTITY_NOT_ALLOWED: "stop_display_quantity",
    Refusal.DISPLAY_QUANTITY_OFF_LOT: "stop_display_quantity",
    Refusal.DISPLAY_QUANTITY_TOO_LARGE: "stop_display_quantity",
    Refusal.DISPLAY_QUANTITY_TOO_SMALL: "stop_display_quantity",
    Refusal.INVALID_TAG: "stop_tag",
}
"""The field of PlaceOco at fault where the stop leg's terms break a rule."""


def place_oco(registry: Registry, command: PlaceOco) -> list[Event]:
    """Enter both legs, or refuse both and change nothing."""
    refused = _check_names(command)
    if refused is not None:
        return [refused]
    book = registry.books.get(command.symbol)
    if book is None:
        return [CommandRefused(Refusal.UNKNOWN_SYMBOL)]
    limit, stop = legs_of(command)
    known = _repeat(registry, command, limit, stop)
    if known:
        return known
    refused = (
        _check(book, command, limit, stop, registry.running.time, registry.limits)
        or _refuse_ids(registry, command, limit, stop)
        or registry.refuse_account(command.account)
    )
    if refused is not None:
        return [refused]

    registry.forget_some()
    account = registry.account(command.account)
    limit_leg, stop_leg = _enter_legs(registry, account, book, command, limit, stop)
    reason = _why_rejected(registry, book, command, limit_leg, stop_leg)
    ledger = account.ledger
    if reason is None and ledger is not None and not reserve_pair(limit_leg, stop_leg, ledger):
        reason = Reason.INSUFFICIENT_BALANCE
    if reason is not None:
        return [reject(limit_leg, reason), reject(stop_leg, reason)]
    assert limit_leg.extra is not None and stop_leg.extra is not None, "made with them"
    limit_leg.extra.partner, stop_leg.extra.partner = stop_leg, limit_leg
    if command.open_only_client_order_id and command.client_order_id is not None:
        bear_open_only(limit_leg)
        bear_open_only(stop_leg)
    events: list[Event] = [OrderPlaced(limit_leg.order_id), OrderPlaced(stop_leg.order_id)]
    book.wait(stop_leg)
    if WAITS[limit_leg.order_type]:
        book.wait(limit_leg)
    else:
        run_limit(book, limit_leg, events)
        run_fired(book, events)
    for leg in (limit_leg, stop_leg):
        if leg.level is not None:
            registry.keep(leg)
    return events


def _check_names(command: PlaceOco) -> CommandRefused | None:
    """The first name that cannot be one."""
    client_order_id, stop_name = command.client_order_id, command.stop_client_order_id
    if not NAME_PATTERN.fullmatch(command.account):
        return CommandRefused(Refusal.INVALID_NAME, "account")
    if client_order_id is not None:
        longest = client_order_id + STOP_LEG_SUFFIX if stop_name is None else client_order_id
        if not NAME_PATTERN.fullmatch(longest):
            most = NAME_LENGTH - len(longest) + len(client_order_id)
            return CommandRefused(
                Refusal.INVALID_NAME, "client_order_id", f"Takes 1 to {most} of letters, digits and . _ : -"
            )
    for field, name in (
        ("stop_client_order_id", stop_name),
        ("list_client_order_id", command.list_client_order_id),
    ):
        if name is not None and not NAME_PATTERN.fullmatch(name):
            return CommandRefused(Refusal.INVALID_NAME, field)
    if stop_name is None:
        return None
    if client_order_id is None:
        return CommandRefused(Refusal.CLIENT_ORDER_ID_REQUIRED)
    return (
        CommandRefused(Refusal.CLIENT_ORDER_ID_CONFLICT, "stop_client_order_id")
        if stop_name == client_order_id
        else None
    )


def _check(book: Book, command: PlaceOco, limit: Leg, stop: Leg, time: int, limits: SetLimits) -> CommandRefused | None:
    """The first rule that one of the legs breaks."""
    rules, quantity = book.rules, command.quantity
    if limit.price is None and limit.trigger_price is None:
        return CommandRefused(Refusal.PRICE_REQUIRED)
    refusal = _check_terms(limit)
    if refusal is not None:
        return CommandRefused(refusal)
    refusal = _check_terms(stop)
    if refusal is not None:
        return CommandRefused(refusal, STOP_FIELDS[refusal])
    refusal = check_values(rules, quantity, limit.price, None)
    if refusal is not None:
        return CommandRefused(refusal)
    for field, price, trigger_price in (
        ("take_profit_trigger_price", None, limit.trigger_price),
        ("stop_trigger_price", None, stop.trigger_price),
        ("stop_price", stop.price, None),
    ):
        refusal = check_prices(rules, quantity, price, trigger_price)
        if refusal is not None:
            return CommandRefused(refusal, field)
    refusal = check_term_values(rules, quantity, limit.terms, time, limits)
    if refusal is not None:
        return CommandRefused(refusal)
    refusal = check_term_values(rules, quantity, stop.terms, time, limits)
    if refusal is not None:
        return CommandRefused(refusal, STOP_FIELDS[refusal])
    return _check_sides(book.last_price, command, limit, stop)


def _check_terms(leg: Leg) -> Refusal | None:
    """The first term that the leg's type does not take. Both legs take an expire_time, also a market order."""
    refusal = check_terms(leg.order_type, leg.undated_terms)
    if refusal is None and leg.terms.tag is not None and not TAG_PATTERN.fullmatch(leg.terms.tag):
        return Refusal.INVALID_TAG
    return refusal


def _check_sides(last_price: int | None, command: PlaceOco, limit: Leg, stop: Leg) -> CommandRefused | None:
    """The legs stand on both sides of the last trade."""
    if last_price is None:
        return CommandRefused(Refusal.NO_LAST_TRADE, "stop_trigger_price")
    sign = -1 if command.side is Side.BUY else 1
    field, price = ("price", limit.price)
    if limit.trigger_price is not None:
        field, price = "take_profit_trigger_price", limit.trigger_price
    assert price is not None and stop.trigger_price is not None, "checked before"
    if price * sign <= last_price * sign:
        return CommandRefused(Refusal.PRICE_ON_WRONG_SIDE, field)
    if stop.trigger_price * sign >= last_price * sign:
        return CommandRefused(Refusal.TRIGGER_PRICE_ON_WRONG_SIDE, "stop_trigger_price")
    return None


def _refuse_ids(registry: Registry, command: PlaceOco, limit: Leg, stop: Leg) -> CommandRefused | None:
    """Why a leg cannot bear its client_order_id."""
    account, open_only = registry.accounts.get(command.account), command.open_only_client_order_id
    if account is None or limit.name is None or stop.name is None:
        return None
    refusal = why_taken(account, limit.name, open_only=open_only) or why_taken(account, stop.name, open_only=open_only)
    return None if refusal is None else CommandRefused(refusal)


def _why_rejected(
    registry: Registry, book: Book, command: PlaceOco, limit_leg: Order, stop_leg: Order
) -> Reason | None:
    """Why valid legs are rejected, both of them."""
    reason = forbidden(registry, limit_leg.account, book, command.deadline)
    if reason is None and book.rules.protects:
        reason = why_not_entered(book, limit_leg) or why_not_entered(book, stop_leg)
    if reason is not None:
        return reason
    waits = WAITS[limit_leg.order_type]
    if command.post_only and not waits and book.would_take(limit_leg.side, limit_leg.price):
        return Reason.POST_ONLY_WOULD_CROSS
    return registry.too_many(book, waits=2 if waits else 1, expires=bool(command.expire_time))


def _enter_legs(
    registry: Registry, account: Account, book: Book, command: PlaceOco, limit: Leg, stop: Leg
) -> tuple[Order, Order]:
    """The two orders, with their ids."""
    oco_id = registry.last_order_id + 1
    registry.last_order_id += 2
    orders = []
    for order_id, leg in ((oco_id, limit), (oco_id + 1, stop)):
        quantity = command.quantity
        order = Order(
            order_id,
            account,
            book,
            leg.name,
            command.side,
            leg.order_type,
            quantity,
            quantity,
            leg.price,
            leg.trigger_price,
            registry.running.sequence,
            registry.running.time,
        )
        order.extra = Extra(
            leg.terms,
            oco_id=oco_id,
            cancel_on_first_fill=command.cancel_on_first_fill,
            list_client_order_id=command.list_client_order_id,
        )
        registry.orders.add(order)
        if leg.name is not None and not command.open_only_client_order_id:
            account.client_orders.add(order)
        registry.count_leg(order)
        count_entered(book, order)
        orders.append(order)
    return orders[0], orders[1]


def _repeat(registry: Registry, command: PlaceOco, limit: Leg, stop: Leg) -> list[Event]:
    """What names that are used again mean: the same OCO once more, or a conflict. Empty if none is used."""
    account = registry.accounts.get(command.account)
    if (
        account is not None
        and limit.name is not None
        and stop.name is not None
        and not command.open_only_client_order_id
    ):
        limit_leg = account.client_orders.get(limit.name)
        stop_leg = account.client_orders.get(stop.name)
        if limit_leg is not None and stop_leg is not None and _is_same(limit_leg, stop_leg, command, limit, stop):
            return [OrderDuplicated(limit_leg.order_id), OrderDuplicated(stop_leg.order_id)]
        if limit_leg is not None or stop_leg is not None:
            return [CommandRefused(Refusal.CLIENT_ORDER_ID_CONFLICT)]
    if (command.account, command.list_client_order_id) in registry.pairs:
        return [CommandRefused(Refusal.LIST_CLIENT_ORDER_ID_IN_USE)]
    return []


def _is_same(limit_leg: Order, stop_leg: Order, command: PlaceOco, limit: Leg, stop: Leg) -> bool:
    """Whether the two orders are the legs that the command asks for."""
    extra = limit_leg.extra
    return (
        extra is not None
        and stop_leg.extra is not None
        and extra.oco_id is not None
        and extra.oco_id == stop_leg.extra.oco_id
        and limit.name is not None
        and stop.name is not None
        and was_sent_with(limit_leg, limit.name)
        and was_sent_with(stop_leg, stop.name)
        and limit_leg.book.instrument.symbol == command.symbol
        and limit_leg.side is command.side
        and limit_leg.order_type is limit.order_type
        and stop_leg.order_type is stop.order_type
        and as_sent(limit_leg) == (command.quantity, limit.price, limit.trigger_price)
        and as_sent(stop_leg)[1:] == (stop.price, stop.trigger_price)
        and limit_leg.terms == limit.terms
        and stop_leg.terms == stop.terms
        and extra.cancel_on_first_fill == command.cancel_on_first_fill
        and extra.list_client_order_id == command.list_client_order_id
    )
