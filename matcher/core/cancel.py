"""CancelOrder and CancelAllOrders."""

from itertools import islice
from typing import Final

from msgspec.structs import astuple

from matcher.core.account import Account
from matcher.core.book import Book
from matcher.core.order import Order
from matcher.core.registry import Registry
from protocol.commands import CancelAllOrders, CancelOrder
from protocol.events import CommandRefused, Event, OrderCanceled
from protocol.units import NAME_PATTERN, OnlyStatus, Reason, Refusal

REQUESTED: Final = Reason.REQUESTED


def cancel_order(registry: Registry, command: CancelOrder) -> list[Event]:
    """Cancel one live order."""
    order_id: int | None
    account: str | None
    name: str | None
    only_status: OnlyStatus | None
    cancel_client_order_id: str | None
    symbol: str | None
    order_id, account, name, only_status, cancel_client_order_id, symbol = astuple(command)
    refused = None if cancel_client_order_id is None else refuse_cancel_id(cancel_client_order_id)
    if refused is not None:
        return [refused]
    order = registry.orders.get(order_id) if order_id is not None and account is None else registry.find(command)
    if order is None or (symbol is not None and not _agrees(order, symbol, name)):
        return [CommandRefused(Refusal.UNKNOWN_ORDER)]
    if order.level is None:
        return [CommandRefused(Refusal.ORDER_NOT_OPEN)]
    if only_status is not None and (only_status is OnlyStatus.NEW) is not (order.filled_value == 0):
        return [CommandRefused(Refusal.CANCEL_RESTRICTED)]
    events: list[Event] = []
    order.book.cancel(order, REQUESTED, events)
    return events if cancel_client_order_id is None else _with_cancel_id(events, cancel_client_order_id)


def _agrees(order: Order, symbol: str, client_order_id: str | None) -> bool:
    """Whether the order is of the symbol, and bears the id if one is given."""
    return order.symbol == symbol and client_order_id in (None, order.client_order_id)


def refuse_cancel_id(cancel_client_order_id: str | None) -> CommandRefused | None:
    """The refusal of a cancel whose name cannot be one."""
    if cancel_client_order_id is None or NAME_PATTERN.fullmatch(cancel_client_order_id):
        return None
    return CommandRefused(Refusal.INVALID_NAME, "cancel_client_order_id")


def _with_cancel_id(events: list[Event], cancel_client_order_id: str) -> list[Event]:
    """The events of a cancel, with its name."""
    return [
        OrderCanceled(event.order_id, event.quantity, event.reason, cancel_client_order_id)
        for event in events
        if isinstance(event, OrderCanceled)
    ]


def cancel_all_orders(registry: Registry, command: CancelAllOrders) -> list[Event]:
    """Cancel an account's live orders, of one symbol or of all, as many as one command may."""
    cancel_client_order_id = command.cancel_client_order_id
    refused = refuse_cancel_id(cancel_client_order_id)
    if refused is not None:
        return [refused]
    book = None
    if command.symbol is not None:
        book = registry.books.get(command.symbol)
        if book is None:
            return [CommandRefused(Refusal.UNKNOWN_SYMBOL)]
    events: list[Event] = []
    account = registry.accounts.get(command.account)
    registry.running.more = account is not None and cancel_orders(
        account, REQUESTED, registry.limits.cancels, events, book
    )
    return events if cancel_client_order_id is None else _with_cancel_id(events, cancel_client_order_id)


def cancel_orders(account: Account, reason: Reason, most: int, events: list[Event], book: Book | None = None) -> bool:
    """Cancel at most `most` live orders of the account, of one book or of all, oldest first. Whether some are left."""
    live = account.orders.after(0)
    orders = list(islice(live if book is None else (order for order in live if order.book is book), most + 1))
    for order in orders[:most]:
        # An OCO's second leg is gone with its first.
        if order.level is not None:
            order.book.cancel(order, reason, events)
    return len(orders) > most
