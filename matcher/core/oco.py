"""OCO: a limit order and a stop of one side and quantity. If one trades or ends, the other is reduced or canceled.

The last trade is between the two prices, as on Binance. To sell, limit > last > stop; to buy, limit < last < stop. An
amend keeps this order of prices, so a trade of one leg never fires the other.
"""

from matcher.core.account import Account, as_sent
from matcher.core.book import Book
from matcher.core.checks import check_prices, check_values
from matcher.core.client_ids import bear_open_only, was_sent_with, why_taken
from matcher.core.locks import reserve_pair
from matcher.core.matching import run_fired, run_limit
from matcher.core.order import Extra, Order
from matcher.core.place import forbidden, reject
from matcher.core.protection import count_entered, why_not_entered
from matcher.core.registry import Registry
from protocol.commands import NO_TERMS, OrderTerms, PlaceOco
from protocol.events import CommandRefused, Event, OrderDuplicated, OrderPlaced
from protocol.units import (
    NAME_LENGTH,
    NAME_PATTERN,
    STOP_LEG_SUFFIX,
    OrderType,
    Reason,
    Refusal,
    Side,
)


def place_oco(registry: Registry, command: PlaceOco) -> list[Event]:
    """Enter both legs, or refuse both and change nothing."""
    account = registry.accounts.get(command.account)
    client_order_id = command.client_order_id
    if not NAME_PATTERN.fullmatch(command.account):
        return [CommandRefused(Refusal.INVALID_NAME, "account")]
    if client_order_id is not None and not NAME_PATTERN.fullmatch(client_order_id + STOP_LEG_SUFFIX):
        most = NAME_LENGTH - len(STOP_LEG_SUFFIX)
        return [
            CommandRefused(Refusal.INVALID_NAME, "client_order_id", f"Takes 1 to {most} of letters, digits and . _ : -")
        ]
    book = registry.books.get(command.symbol)
    if book is None:
        return [CommandRefused(Refusal.UNKNOWN_SYMBOL)]
    if account is not None and client_order_id is not None and not command.open_only_client_order_id:
        limit_leg = account.client_orders.get(client_order_id)
        stop_leg = account.client_orders.get(client_order_id + STOP_LEG_SUFFIX)
        if limit_leg is not None or stop_leg is not None:
            return _repeat(limit_leg, stop_leg, command)
    refusal = (
        _check(book, command, registry.running.time)
        or _refuse_ids(account, command)
        or registry.refuse_account(command.account)
    )
    if refusal is not None:
        return [refusal]

    registry.forget_some()
    account = registry.account(command.account)
    limit_leg, stop_leg = _make_legs(registry, account, book, command)
    reason = _why_rejected(registry, book, command, limit_leg, stop_leg)
    ledger = account.ledger
    if reason is None and ledger is not None and not reserve_pair(limit_leg, stop_leg, ledger):
        reason = Reason.INSUFFICIENT_BALANCE
    if reason is not None:
        return [reject(limit_leg, reason), reject(stop_leg, reason)]
    assert limit_leg.extra is not None and stop_leg.extra is not None, "made with them"
    limit_leg.extra.partner, stop_leg.extra.partner = stop_leg, limit_leg
    if client_order_id is not None and command.open_only_client_order_id:
        bear_open_only(limit_leg)
        bear_open_only(stop_leg)
    events: list[Event] = [OrderPlaced(limit_leg.order_id), OrderPlaced(stop_leg.order_id)]
    book.wait(stop_leg)
    run_limit(book, limit_leg, events)
    run_fired(book, events)
    for leg in (limit_leg, stop_leg):
        if leg.level is not None:
            registry.keep(leg)
    return events


def _check(book: Book, command: PlaceOco, time: int) -> CommandRefused | None:
    """The first rule that one of the legs breaks."""
    rules = book.rules
    refusal = check_values(rules, command.quantity, command.price, None)
    if refusal is not None:
        return CommandRefused(refusal)
    refusal = check_prices(rules, command.quantity, None, command.stop_trigger_price)
    if refusal is not None:
        return CommandRefused(refusal, "stop_trigger_price")
    refusal = check_prices(rules, command.quantity, command.stop_price, None)
    if refusal is not None:
        return CommandRefused(refusal, "stop_price")
    if command.expire_time and command.expire_time <= time:
        return CommandRefused(Refusal.EXPIRE_TIME_PAST)
    last_price = book.last_price
    if last_price is None:
        return CommandRefused(Refusal.NO_LAST_TRADE, "stop_trigger_price")
    sign = -1 if command.side is Side.BUY else 1
    if command.price * sign <= last_price * sign:
        return CommandRefused(Refusal.PRICE_ON_WRONG_SIDE, "price")
    if command.stop_trigger_price * sign >= last_price * sign:
        return CommandRefused(Refusal.TRIGGER_PRICE_ON_WRONG_SIDE, "stop_trigger_price")
    return None


def _refuse_ids(account: Account | None, command: PlaceOco) -> CommandRefused | None:
    """Why a leg cannot bear its client_order_id."""
    client_order_id, open_only = command.client_order_id, command.open_only_client_order_id
    if account is None or client_order_id is None:
        return None
    refusal = why_taken(account, client_order_id, open_only=open_only) or why_taken(
        account, client_order_id + STOP_LEG_SUFFIX, open_only=open_only
    )
    return None if refusal is None else CommandRefused(refusal)


def _why_rejected(
    registry: Registry, book: Book, command: PlaceOco, limit_leg: Order, stop_leg: Order
) -> Reason | None:
    """Why valid legs are rejected, both of them."""
    reason = forbidden(registry, limit_leg.account, book, command.deadline)
    if reason is None and book.rules.protects:
        reason = why_not_entered(book, limit_leg) or why_not_entered(book, stop_leg)
    return reason or registry.too_many(book, waits=True, expires=bool(command.expire_time))


def _make_legs(registry: Registry, account: Account, book: Book, command: PlaceOco) -> tuple[Order, Order]:
    """The two orders, with their ids."""
    oco_id = registry.last_order_id + 1
    registry.last_order_id += 2
    terms = OrderTerms(self_trade_prevention=command.self_trade_prevention, expire_time=command.expire_time)
    terms = NO_TERMS if terms == NO_TERMS else terms
    client_order_id = command.client_order_id
    stop_type = OrderType.STOP_MARKET if command.stop_price is None else OrderType.STOP_LIMIT
    legs = []
    for order_id, name, order_type, price, trigger_price in (
        (oco_id, client_order_id, OrderType.LIMIT, command.price, None),
        (
            oco_id + 1,
            None if client_order_id is None else client_order_id + STOP_LEG_SUFFIX,
            stop_type,
            command.stop_price,
            command.stop_trigger_price,
        ),
    ):
        quantity = command.quantity
        leg = Order(
            order_id,
            account,
            book,
            name,
            command.side,
            order_type,
            quantity,
            quantity,
            price,
            trigger_price,
            registry.running.sequence,
            registry.running.time,
        )
        leg.extra = Extra(terms, oco_id=oco_id)
        registry.orders.add(leg)
        if name is not None and not command.open_only_client_order_id:
            account.client_orders.add(leg)
        count_entered(book, leg)
        legs.append(leg)
    return legs[0], legs[1]


def _repeat(limit_leg: Order | None, stop_leg: Order | None, command: PlaceOco) -> list[Event]:
    """What a client_order_id that is used again means: the same OCO once more, or a conflict."""
    if limit_leg is None or stop_leg is None or limit_leg.extra is None or stop_leg.extra is None:
        return [CommandRefused(Refusal.CLIENT_ORDER_ID_CONFLICT)]
    terms = limit_leg.terms
    stop_type = OrderType.STOP_MARKET if command.stop_price is None else OrderType.STOP_LIMIT
    same = (
        limit_leg.extra.oco_id is not None
        and limit_leg.extra.oco_id == stop_leg.extra.oco_id
        and command.client_order_id is not None
        and was_sent_with(limit_leg, command.client_order_id)
        and was_sent_with(stop_leg, command.client_order_id + STOP_LEG_SUFFIX)
        and limit_leg.book.instrument.symbol == command.symbol
        and limit_leg.side is command.side
        and stop_leg.order_type is stop_type
        and as_sent(limit_leg) == (command.quantity, command.price, None)
        and as_sent(stop_leg)[1:] == (command.stop_price, command.stop_trigger_price)
        and (terms.self_trade_prevention, terms.expire_time) == (command.self_trade_prevention, command.expire_time)
    )
    if not same:
        return [CommandRefused(Refusal.CLIENT_ORDER_ID_CONFLICT)]
    return [OrderDuplicated(limit_leg.order_id), OrderDuplicated(stop_leg.order_id)]
