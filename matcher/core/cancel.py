"""CancelOrder and CancelAllOrders."""

from itertools import islice
from typing import Final

from matcher.core.account import Account
from matcher.core.book import Book
from matcher.core.registry import Registry
from protocol.commands import CancelAllOrders, CancelOrder
from protocol.events import CommandRefused, Event
from protocol.units import Reason, Refusal

REQUESTED: Final = Reason.REQUESTED


def cancel_order(registry: Registry, command: CancelOrder) -> list[Event]:
    """Cancel one live order."""
    order_id, account = command.order_id, command.account
    order = registry.orders.get(order_id) if order_id is not None and account is None else registry.find(command)
    if order is None:
        return [CommandRefused(Refusal.UNKNOWN_ORDER)]
    if order.level is None:
        return [CommandRefused(Refusal.ORDER_NOT_OPEN)]
    events: list[Event] = []
    order.book.cancel(order, REQUESTED, events)
    return events


def cancel_all_orders(registry: Registry, command: CancelAllOrders) -> list[Event]:
    """Cancel an account's live orders, of one symbol or of all, as many as one command may."""
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
    return events


def cancel_orders(account: Account, reason: Reason, most: int, events: list[Event], book: Book | None = None) -> bool:
    """Cancel at most `most` live orders of the account, of one book or of all, oldest first. Whether some are left."""
    live = account.orders.after(0)
    orders = list(islice(live if book is None else (order for order in live if order.book is book), most + 1))
    for order in orders[:most]:
        # An OCO's second leg is gone with its first.
        if order.level is not None:
            order.book.cancel(order, reason, events)
    return len(orders) > most
