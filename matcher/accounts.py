"""What is done to accounts as a whole: suspension, cancel on silence, and what time brings to their orders."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from matcher.order import Account
from protocol.commands import CancelAfter, MoveTimers, SetAccountStatus
from protocol.events import AccountSet, CommandRefused, Event
from protocol.units import Reason, Refusal

if TYPE_CHECKING:
    from matcher.book import Book
    from matcher.engine import Engine

MAX_TIMERS = 100_000
"""How many accounts may have a cancel on silence at once."""


def set_account_status(engine: Engine, command: SetAccountStatus) -> list[Event]:
    """Suspend an account and cancel its orders, or let it trade again."""
    events: list[Event] = []
    account = engine.account(command.account)
    account.suspended = command.suspended
    engine.running.more = command.suspended and cancel_orders(
        account, Reason.ACCOUNT_SUSPENDED, engine.limits.cancels, events
    )
    events.append(AccountSet(account.name, account.suspended, account.cancel_at))
    engine.forget_account(account)
    return events


def set_timer(engine: Engine, command: CancelAfter, time: int) -> list[Event]:
    """Set, put off or switch off the account's cancel on silence."""
    engine.running.more = False
    account = engine.account(command.account)
    if account.cancel_at is not None:
        engine.timers.discard(account.cancel_at, account.name)
        account.cancel_at = None
    elif command.timeout and engine.timers.count >= MAX_TIMERS:
        engine.forget_account(account)
        return [CommandRefused(Refusal.TOO_MANY_TIMERS, "account", f"at most {MAX_TIMERS} accounts have one at once")]
    if command.timeout:
        account.cancel_at = time + command.timeout
        engine.timers.add(account.cancel_at, account.name)
    event = AccountSet(account.name, account.suspended, account.cancel_at)
    engine.forget_account(account)
    return [event]


def move_timers(engine: Engine, command: MoveTimers) -> list[Event]:
    """Let each cancel on silence fall due so much later, or earlier."""
    events: list[Event] = []
    for name in engine.timers.move(command.by):
        account = engine.accounts[name]
        assert account.cancel_at is not None, "an account with a timer has its time"
        account.cancel_at += command.by
        events.append(AccountSet(name, account.suspended, account.cancel_at))
    return events


def advance_time(engine: Engine, time: int) -> list[Event]:
    """Cancel the orders whose expire_time has passed, then those of the accounts whose cancel on silence is due. Of the
    latter some may be left: then their accounts' timers stay due."""
    events: list[Event] = []
    for order_id in engine.expiries.take_before(time):
        order = engine.orders[order_id]
        # An OCO's second leg is gone with its first.
        if order.level is not None:
            order.book.cancel(order, Reason.EXPIRED, events)
    left = engine.limits.cancels
    for name in engine.timers.take_before(time + 1, left):
        account = engine.accounts[name]
        before = len(events)
        if left <= 0 or cancel_orders(account, Reason.CANCEL_AFTER, left, events):
            assert account.cancel_at is not None, "an account with a timer has its time"
            engine.timers.add(account.cancel_at, name)
            left = 0
            continue
        left -= len(events) - before
        account.cancel_at = None
        events.append(AccountSet(name, account.suspended, None))
        engine.forget_account(account)
    return events


def cancel_orders(account: Account, reason: Reason, most: int, events: list[Event], book: Book | None = None) -> bool:
    """Cancel live orders of the account, of one book or of all, oldest first; whether more than `most` were there, and
    some are left."""
    live = account.orders.after(0)
    orders = list(islice(live if book is None else (order for order in live if order.book is book), most + 1))
    for order in orders[:most]:
        # An OCO's second leg is gone with its first.
        if order.level is not None:
            order.book.cancel(order, reason, events)
    return len(orders) > most
