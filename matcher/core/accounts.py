"""What is done to accounts as a whole: suspension, cancel-after, and what time brings to their orders."""

from typing import Final

from matcher.core.account import Account
from matcher.core.cancel import cancel_orders
from matcher.core.halts import end_halts, move_halts
from matcher.core.registry import Registry
from matcher.core.settlement import settle
from protocol.commands import AdvanceTime, CancelAfter, MoveTimers, SetAccountStatus, WatchAccount
from protocol.events import AccountSet, AccountWatched, CommandRefused, Event
from protocol.units import NAME_PATTERN, Reason, Refusal

MAX_TIMERS: Final = 100_000
"""Accounts that may have a cancel-after at once."""


def set_account_status(registry: Registry, command: SetAccountStatus) -> list[Event]:
    """Suspend an account and cancel its orders, or let it trade again."""
    refused = _refuse(registry, command.account) or _refuse_version(registry, command)
    if refused is not None:
        return [refused]
    events: list[Event] = []
    account = registry.account(command.account)
    if _is_newest(registry, command):
        account.suspended = command.suspended
    registry.running.more = account.suspended and cancel_orders(
        account, Reason.ACCOUNT_SUSPENDED, registry.limits.cancels, events
    )
    events.append(_account_set(account))
    _forget_if_unused(registry, account)
    return events


def set_timer(registry: Registry, command: CancelAfter) -> list[Event]:
    """Set, put off or switch off the account's cancel-after."""
    refused = _refuse(registry, command.account)
    if refused is not None:
        return [refused]
    registry.running.more = False
    account = registry.account(command.account)
    if account.cancel_at is not None:
        registry.timers.discard(account.cancel_at, account.name)
        account.cancel_at = None
    elif command.timeout and registry.timers.count >= MAX_TIMERS:
        registry.forget_account(account)
        return [CommandRefused(Refusal.TOO_MANY_TIMERS, "account", f"at most {MAX_TIMERS} accounts have one at once")]
    if command.timeout:
        account.cancel_at = registry.running.time + command.timeout
        registry.timers.add(account.cancel_at, account.name)
    event = _account_set(account)
    registry.forget_account(account)
    return [event]


def watch_account(registry: Registry, command: WatchAccount) -> list[Event]:
    """Keep what happens to the account's orders from now on."""
    if not NAME_PATTERN.fullmatch(command.account):
        return [CommandRefused(Refusal.INVALID_NAME, "account")]
    registry.running.more = False
    return [AccountWatched(command.account)]


def move_timers(registry: Registry, command: MoveTimers) -> list[Event]:
    """Let each cancel-after fall due later, or earlier. So do the ends of halts."""
    events: list[Event] = []
    for name in registry.timers.move(command.by):
        account = registry.accounts[name]
        assert account.cancel_at is not None, "an account with a timer has its time"
        account.cancel_at += command.by
        events.append(_account_set(account))
    move_halts(registry, command.by, events)
    return events


def advance_time(registry: Registry, _command: AdvanceTime) -> list[Event]:
    """Cancel the orders whose expire_time has passed, then those of accounts whose cancel-after is due.

    Of the latter some may be left: then their accounts' timers stay due. Then end the halts that are over.
    """
    time = registry.running.time
    events: list[Event] = []
    for order_id in registry.expiries.take_before(time):
        order = registry.orders[order_id]
        # An OCO's second leg is gone with its first.
        if order.level is not None:
            order.book.cancel(order, Reason.EXPIRED, events)
    left = registry.limits.cancels
    for name in registry.timers.take_before(time + 1, left):
        account = registry.accounts[name]
        before = len(events)
        if left <= 0 or cancel_orders(account, Reason.CANCEL_AFTER, left, events):
            assert account.cancel_at is not None, "an account with a timer has its time"
            registry.timers.add(account.cancel_at, name)
            left = 0
            continue
        left -= len(events) - before
        account.cancel_at = None
        events.append(_account_set(account))
        _forget_if_unused(registry, account)
    end_halts(registry, events)
    return events


def _is_newest(registry: Registry, command: SetAccountStatus) -> bool:
    """Whether the command decides about the account. Note its version then."""
    name, version = command.account, command.version
    versions = registry.account_versions
    known = versions.of(name)
    if version is None and known == 0:
        return True
    if version is None or version == 0:
        version = max(registry.running.time, known + 1)
    elif version < known:
        return False
    elif version == known:
        account = registry.accounts.get(name)
        if not command.suspended or (account is not None and account.suspended):
            return False
    versions.put(name, version)
    versions.changed = registry.running.sequence
    return True


def _refuse_version(registry: Registry, command: SetAccountStatus) -> CommandRefused | None:
    """The refusal of a version that has no place among those of accounts."""
    versions, most = registry.account_versions, registry.limits.accounts
    if command.version is None or versions.of(command.account) or len(versions) < most:
        return None
    return CommandRefused(Refusal.TOO_MANY_ACCOUNTS, "account", f"takes at most {most} accounts")


def _account_set(account: Account) -> AccountSet:
    return AccountSet(account.name, account.suspended, account.cancel_at)


def _refuse(registry: Registry, name: str) -> CommandRefused | None:
    """Why a command cannot be about the account."""
    if not NAME_PATTERN.fullmatch(name):
        return CommandRefused(Refusal.INVALID_NAME, "account")
    return registry.refuse_account(name)


def _forget_if_unused(registry: Registry, account: Account) -> None:
    """Forget the account if nothing is left of it. The orders that were just canceled count as remembered ones."""
    settle(registry)
    registry.forget_account(account)
