"""What is done to accounts as a whole: suspension, cancel on silence, and what time brings to their orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matcher.order import Account
from protocol.commands import CancelAfter, MoveTimers, SetAccountStatus
from protocol.events import AccountSet, CommandRefused, Event
from protocol.units import Reason, Refusal

if TYPE_CHECKING:
    from matcher.engine import Engine

MAX_TIMERS = 100_000
"""How many accounts may have a cancel on silence at once."""


def set_account_status(engine: Engine, command: SetAccountStatus) -> list[Event]:
    """Suspend an account and cancel its orders, or let it trade again."""
    events: list[Event] = []
    account = engine.account(command.account)
    account.suspended = command.suspended
    if command.suspended:
        cancel_all(account, Reason.ACCOUNT_SUSPENDED, events)
    events.append(AccountSet(account.name, account.suspended, account.cancel_at))
    engine.forget_account(account)
    return events


def set_timer(engine: Engine, command: CancelAfter, time: int) -> list[Event]:
    """Set, put off or switch off the account's cancel on silence."""
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
    """Cancel the orders whose expire_time has passed, then those of the accounts whose cancel on silence is due."""
    events: list[Event] = []
    for order_id in engine.expiries.take_before(time):
        order = engine.orders[order_id]
        # An OCO's second leg is gone with its first.
        if order.level is not None:
            order.book.cancel(order, Reason.EXPIRED, events)
    for name in engine.timers.take_before(time + 1):
        account = engine.accounts[name]
        account.cancel_at = None
        cancel_all(account, Reason.CANCEL_AFTER, events)
        events.append(AccountSet(name, account.suspended, None))
        engine.forget_account(account)
    return events


def cancel_all(account: Account, reason: Reason, events: list[Event]) -> None:
    """Cancel all live orders of the account, oldest first."""
    for order in list(account.orders):
        if order.level is not None:
            order.book.cancel(order, reason, events)
