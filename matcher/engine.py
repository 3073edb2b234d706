"""The engine: commands in, events out.

`apply` depends only on the commands before it and their stamps: no clock, no socket, no disk, no randomness, no log.
Live and replayed commands go through the same call. A refusal is an event. An assertion is for what cannot happen, and
stops the process.
"""

from collections.abc import Callable
from typing import Any, Final

from matcher.core.accounts import advance_time, move_timers, set_account_status, set_timer, watch_account
from matcher.core.amend import amend_order
from matcher.core.cancel import cancel_all_orders, cancel_order
from matcher.core.cancel_replace import cancel_replace
from matcher.core.halts import halt_if_moved
from matcher.core.instruments import set_instrument
from matcher.core.keys import copy_keys, note_key_use, revoke_key, set_key
from matcher.core.load_book import load_book
from matcher.core.money import close_ledger, deposit, reset_account, transfer, withdraw
from matcher.core.oco import place_oco
from matcher.core.place import place_order
from matcher.core.registry import REMEMBERED_ORDERS, Registry
from matcher.core.settlement import settle
from protocol.commands import (
    AdvanceTime,
    AmendOrder,
    CancelAfter,
    CancelAllOrders,
    CancelOrder,
    CancelReplace,
    CloseLedger,
    CopyKeys,
    Deposit,
    LoadBook,
    MoveTimers,
    NoteKeyUse,
    OwnCommand,
    PlaceOco,
    PlaceOrder,
    RefuseCommand,
    ResetAccount,
    RevokeKey,
    SetAccountStatus,
    SetInstrument,
    SetKey,
    SetLimits,
    SetShard,
    Transfer,
    WatchAccount,
    Withdraw,
)
from protocol.events import CommandRefused, Event
from protocol.shards import first_order_id


def set_limits(registry: Registry, command: SetLimits) -> list[Event]:
    """Hold to these limits from the next command on."""
    registry.set_limits(command)
    return []


def set_shard(registry: Registry, command: SetShard) -> list[Event]:
    """Count the order_ids of a shard from its first one on. Only the first command of a log."""
    registry.last_order_id = first_order_id(command.number)
    return []


def refuse_command(_registry: Registry, command: RefuseCommand) -> list[Event]:
    """Refuse what the matcher's shell refused."""
    return [CommandRefused(command.refusal, detail=command.detail)]


Handler = Callable[[Registry, Any], list[Event]]

HANDLERS: Final[dict[type, Handler]] = {
    PlaceOrder: place_order,
    CancelOrder: cancel_order,
    CancelAllOrders: cancel_all_orders,
    AmendOrder: amend_order,
    SetInstrument: set_instrument,
    LoadBook: load_book,
    RefuseCommand: refuse_command,
    PlaceOco: place_oco,
    SetAccountStatus: set_account_status,
    CancelAfter: set_timer,
    AdvanceTime: advance_time,
    MoveTimers: move_timers,
    SetLimits: set_limits,
    SetShard: set_shard,
    WatchAccount: watch_account,
    Deposit: deposit,
    Withdraw: withdraw,
    Transfer: transfer,
    CloseLedger: close_ledger,
    ResetAccount: reset_account,
    SetKey: set_key,
    RevokeKey: revoke_key,
    NoteKeyUse: note_key_use,
    CancelReplace: cancel_replace,
    CopyKeys: copy_keys,
}
"""What carries out each command. It changes the registry and returns what happened, in order."""


class Engine:
    """`registry` holds all books, orders and accounts."""

    def __init__(self, remembered_orders: int = REMEMBERED_ORDERS) -> None:
        self.registry = Registry(remembered_orders)

    def apply(self, sequence: int, time: int, command: OwnCommand) -> list[Event]:
        """Carry out one command. Returns all that it caused, in order.

        `sequence` and `time` (nanoseconds, never less than the one before) are its stamp. A command that is refused
        changes nothing and yields one CommandRefused.
        """
        registry = self.registry
        running = registry.running
        running.sequence = sequence
        running.time = time
        # Most commands are these: a compiled core calls what it knows at a third of the cost.
        if type(command) is PlaceOrder:
            events = place_order(registry, command)
        elif type(command) is CancelOrder:
            events = cancel_order(registry, command)
        else:
            events = HANDLERS[type(command)](registry, command)
        # A trade ends at least one of its command's orders.
        if running.ended or running.resized:
            if registry.guarded:
                halt_if_moved(registry, events)
            settle(registry)
        return events

    def due(self, time: int) -> bool:
        """Whether an AdvanceTime of that time has something to do."""
        registry = self.registry
        expiry, timer, halt = registry.expiries.next, registry.timers.next, registry.halts.next
        return (
            (expiry is not None and expiry < time)
            or (timer is not None and timer <= time)
            or (halt is not None and halt <= time)
        )

    def next_due(self) -> int | None:
        """The earliest time at which an AdvanceTime has something to do."""
        registry = self.registry
        expiry = registry.expiries.next
        times = (None if expiry is None else expiry + 1, registry.timers.next, registry.halts.next)
        return min((time for time in times if time is not None), default=None)
