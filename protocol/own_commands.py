"""Commands that only the matcher itself makes. `protocol.commands` holds all others, and says what holds for each."""

from msgspec import Struct

from protocol.units import UNLIMITED, Count, Refusal, TimeShift


class AdvanceTime(Struct, frozen=True, array_like=True, tag=11, gc=False):
    """Cancel what has expired by the stamped time: orders, and those of accounts whose cancel-after is due. Let
    instruments trade again whose halt is over.

    Only the matcher itself sends it.
    """


class MoveTimers(Struct, frozen=True, array_like=True, tag=13, gc=False):
    """Move each account's cancel-after, and the end of each halt, by `by` nanoseconds: what the clock has gained on a
    stopwatch, or lost to it.

    Only the matcher itself sends it.
    """

    by: TimeShift


class SetLimits(Struct, frozen=True, array_like=True, tag=14, gc=False):
    """Set the limits that bound the time of each later command. Journals of earlier versions have none.

    Only the matcher itself sends it.

    accounts: accounts in all.
    trades: trades of one command.
    trigger_moves: moves of trailing stops in one command.
    cancels: orders that one command cancels for accounts.
    trigger_orders: pending orders of one book.
    expiring_orders: live orders with an expire_time, in all.
    iceberg_parts: parts of one iceberg.
    """

    accounts: Count = UNLIMITED
    trades: Count = UNLIMITED
    trigger_moves: Count = UNLIMITED
    cancels: Count = UNLIMITED
    trigger_orders: Count = UNLIMITED
    expiring_orders: Count = UNLIMITED
    iceberg_parts: Count = UNLIMITED


class SetShard(Struct, frozen=True, array_like=True, tag=25, gc=False):
    """Count order_ids from the first one of the shard with this number on (`protocol.shards`).

    Only the matcher itself sends it, as the first command of its log. The first shard has none: it has number 0.
    """

    number: Count


class RefuseCommand(Struct, frozen=True, array_like=True, tag=6):
    """Replaces a command that the matcher refused before the engine saw it. A replay then refuses it too.

    Such commands name a bad file, or have crashed the engine before.
    """

    refusal: Refusal
    detail: str = ""
