"""PlaceOrder: checks a new order, enters it and lets it run."""

from typing import Final

from msgspec.structs import astuple

from matcher.core.account import Account, as_sent
from matcher.core.book import Book
from matcher.core.checks import check_plain, check_special
from matcher.core.client_ids import bear_open_only, was_sent_with, why_taken
from matcher.core.foresight import covers_market
from matcher.core.instruments import REJECTED_BY
from matcher.core.locks import reserve
from matcher.core.matching import RUN, run_fired, run_limit
from matcher.core.order import Extra, Order
from matcher.core.protection import WAITS, count_entered, why_not_entered
from matcher.core.registry import Registry
from protocol.commands import NO_TERMS, OrderTerms, PlaceOrder
from protocol.events import CommandRefused, Event, OrderDuplicated, OrderPlaced, OrderRejected
from protocol.units import NAME_PATTERN, InstrumentStatus, OrderStatus, OrderType, Reason, Refusal, Side

TRADING: Final = InstrumentStatus.TRADING
LIMIT: Final = OrderType.LIMIT
MARKET: Final = OrderType.MARKET


def place_order(registry: Registry, command: PlaceOrder) -> list[Event]:
    """Enter a new order, or refuse it and change nothing."""
    symbol: str
    name: str
    side: Side
    order_type: OrderType
    quantity: int
    price: int | None
    trigger_price: int | None
    client_order_id: str | None
    deadline: int
    terms: OrderTerms | None
    open_only: bool
    symbol, name, side, order_type, quantity, price, trigger_price, client_order_id, deadline, terms, open_only = (
        astuple(command)
    )
    accounts = registry.accounts
    account = accounts.get(name)
    book = registry.books.get(symbol)
    if account is None or book is None or client_order_id is not None:
        event = refuse_or_repeat(account, book, command)
        if event is not None:
            return [event]
        assert book is not None, "an unknown symbol is refused"
    running = registry.running
    rules = book.rules
    if terms is None or terms == NO_TERMS:
        terms = None
        refusal = check_plain(rules, order_type, quantity, price, trigger_price)
    else:
        refusal = check_special(rules, command, terms, running.time, registry.limits)
    if (
        client_order_id is not None
        and account is not None
        and (open_only or account.open_only_orders is not None)
        and refusal is None
    ):
        refusal = why_taken(account, client_order_id, open_only=open_only)
    if refusal is not None:
        return [CommandRefused(refusal)]
    if account is None:
        refused = registry.refuse_account(name)
        if refused is not None:
            return [refused]
    if len(registry.done) > registry.remembered_orders:
        registry.forget_some()
        account = accounts.get(name)
    if account is None:
        accounts[name] = account = Account(name)
    registry.last_order_id = order_id = registry.last_order_id + 1
    order = Order(
        order_id,
        account,
        book,
        client_order_id,
        side,
        order_type,
        quantity,
        quantity,
        price,
        trigger_price,
        running.sequence,
        running.time,
    )
    registry.orders.add(order)
    if client_order_id is not None and not open_only:
        account.client_orders.add(order)
    if terms is not None:
        order.extra = Extra(terms, unspent=terms.quote_quantity)
    if deadline or account.suspended or terms is not None or trigger_price is not None or not rules.takes_all:
        reason = _reject_reason(registry, order, deadline)
        if reason is not None:
            return [reject(order, reason)]
    ledger = account.ledger
    if ledger is not None and not (
        covers_market(book, order, ledger) if order_type is MARKET else reserve(order, ledger)
    ):
        return [reject(order, Reason.INSUFFICIENT_BALANCE)]
    if open_only and client_order_id is not None:
        bear_open_only(order)
    events: list[Event] = [OrderPlaced(order_id)]
    if order_type is LIMIT:
        # As RUN has it: most orders are limit orders.
        run_limit(book, order, events)
    else:
        RUN[order_type](book, order, events)
    if book.fired or book.triggers.run:
        run_fired(book, events)
    if order.level is not None:
        # As Registry.keep, in line: most orders come this way.
        account.orders.add(order)
        book.orders.add(order)
        if terms is not None and terms.expire_time:
            registry.expiries.add(terms.expire_time, order_id)
    return events


def reject(order: Order, reason: Reason) -> OrderRejected:
    """End an order that the market's state, its account's, or its deadline forbids."""
    order.reason = reason
    order.book.end(order, OrderStatus.REJECTED)
    return OrderRejected(order.order_id, reason)


def forbidden(registry: Registry, account: Account | None, book: Book, deadline: int) -> Reason | None:
    """Why any new order would be rejected now: its deadline, the instrument's status, or its account's."""
    status = book.instrument.status
    if deadline and registry.running.time > deadline:
        return Reason.TOO_LATE
    if status is not TRADING:
        return REJECTED_BY[status][0]
    return Reason.ACCOUNT_SUSPENDED if account is not None and account.suspended else None


def _reject_reason(registry: Registry, order: Order, deadline: int) -> Reason | None:
    """Why a valid order is rejected."""
    book = order.book
    count_entered(book, order)
    reason = forbidden(registry, order.account, book, deadline)
    if reason is None and book.rules.protects:
        reason = why_not_entered(book, order)
    if reason is not None:
        return reason
    if order.order_type is LIMIT and order.terms.post_only and book.would_take(order.side, order.price):
        return Reason.POST_ONLY_WOULD_CROSS
    return registry.too_many(book, waits=WAITS[order.order_type], expires=bool(order.terms.expire_time))


def refuse_or_repeat(account: Account | None, book: Book | None, command: PlaceOrder) -> Event | None:
    """Check an order before its fields: a bad name, an unknown symbol, or a client_order_id that is unique for good
    and that the account has used."""
    if account is None and not NAME_PATTERN.fullmatch(command.account):
        return CommandRefused(Refusal.INVALID_NAME, "account")
    client_order_id = command.client_order_id
    if client_order_id is not None and not NAME_PATTERN.fullmatch(client_order_id):
        return CommandRefused(Refusal.INVALID_NAME, "client_order_id")
    if book is None:
        return CommandRefused(Refusal.UNKNOWN_SYMBOL)
    if client_order_id is not None and account is not None and not command.open_only_client_order_id:
        known = account.client_orders.get(client_order_id)
        if known is not None:
            return _repeat(known, command)
    return None


def _repeat(known: Order, command: PlaceOrder) -> Event:
    """The answer to a client_order_id that is used again: the same order once more, or a conflict."""
    same = (
        known.symbol == command.symbol
        and known.side is command.side
        and known.order_type is command.order_type
        and known.terms == (command.terms or NO_TERMS)
        and as_sent(known) == (command.quantity, command.price, command.trigger_price)
        and (known.extra is None or known.extra.oco_id is None)
        and command.client_order_id is not None
        and was_sent_with(known, command.client_order_id)
    )
    return OrderDuplicated(known.order_id) if same else CommandRefused(Refusal.CLIENT_ORDER_ID_CONFLICT)
