"""CancelReplace: cancels one order and places another in one command, so that nothing comes between.

What does not depend on the cancel is checked before it: the new order's fields, its deadline, the state of the
instrument and of the account, the price band and the largest value. Then the command is refused, and nothing changes.
"""

from matcher.core.account import Account
from matcher.core.book import Book
from matcher.core.cancel import cancel_order, refuse_cancel_id
from matcher.core.checks import check_plain, check_special
from matcher.core.order import Extra, Order
from matcher.core.place import forbidden, place_order, refuse_or_repeat
from matcher.core.protection import why_not_priced
from matcher.core.registry import Registry
from matcher.core.settlement import settle
from protocol.commands import NO_TERMS, CancelReplace, PlaceOrder
from protocol.events import CancelFailed, CommandRefused, Event, PlaceFailed
from protocol.units import Refusal


def cancel_replace(registry: Registry, command: CancelReplace) -> list[Event]:
    """Cancel, then place. Refused as a whole, it changes nothing."""
    new = command.place
    book = registry.books.get(new.symbol)
    account = registry.accounts.get(new.account)
    event = refuse_cancel_id(command.cancel.cancel_client_order_id) or refuse_or_repeat(account, book, new)
    if event is not None:
        return [event]
    assert book is not None, "an unknown symbol is refused"
    refused = _refuse_new(registry, account, book, new)
    if refused is not None:
        return [refused]
    registry.forget_some()
    events = cancel_order(registry, command.cancel)
    first = events[0]
    if isinstance(first, CommandRefused):
        events = [CancelFailed(first.refusal, first.field, first.detail)]
        if not command.allow_failure:
            return events
    else:
        # What the order has locked is free for the new one, and so is its place among those of the account.
        settle(registry)
    placed = place_order(registry, new)
    first = placed[0]
    if isinstance(first, CommandRefused):
        return [*events, PlaceFailed(first.refusal, first.field, first.detail)]
    return events + placed


def _refuse_new(registry: Registry, account: Account | None, book: Book, new: PlaceOrder) -> CommandRefused | None:
    """Why the new order cannot be placed, whatever the cancel frees."""
    running = registry.running
    terms = new.terms
    if terms is None or terms == NO_TERMS:
        refusal = check_plain(book.rules, new.order_type, new.quantity, new.price, new.trigger_price)
    else:
        refusal = check_special(book.rules, new, terms, running.time, registry.limits)
    if refusal is not None:
        return CommandRefused(refusal)
    refused = None if account is not None else registry.refuse_account(new.account)
    if refused is not None:
        return refused
    reason = forbidden(registry, account, book, new.deadline)
    if reason is None and book.rules.protects:
        reason = why_not_priced(book, _as_order(registry, account, book, new))
    return None if reason is None else CommandRefused(Refusal[reason.name])


def _as_order(registry: Registry, account: Account | None, book: Book, new: PlaceOrder) -> Order:
    """The order as it would be, to look at only."""
    order = Order(
        registry.last_order_id + 1,
        Account(new.account) if account is None else account,
        book,
        None,
        new.side,
        new.order_type,
        new.quantity,
        new.quantity,
        new.price,
        new.trigger_price,
        registry.running.sequence,
        registry.running.time,
    )
    if new.terms is not None:
        order.extra = Extra(new.terms)
    return order
