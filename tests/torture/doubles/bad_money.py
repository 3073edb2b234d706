"""A matcher whose ledger is wrong in one way: `BAD_MONEY=<how>`.

lost, doubled: the BTC that a reset gives are withdrawn at once, or deposited once more. unbooked: a reset counts one
unit of BTC too much. forgotten: a transfer that is sent again moves money again.

A compiled engine looks its handlers up in the same table as the sources do: there they can be replaced.
"""

import os
import sys
from collections.abc import Callable
from typing import Any, Final
from unittest.mock import patch

from msgspec.structs import replace

from matcher.__main__ import main
from matcher.core.money import deposit, withdraw
from matcher.core.registry import Registry
from matcher.engine import HANDLERS
from protocol.commands import Deposit, ResetAccount, Transfer, Withdraw
from protocol.events import Event, TransferDuplicated

Handler = Callable[[Registry, Any], list[Event]]

reset: Final = HANDLERS[ResetAccount]


def lost(registry: Registry, command: ResetAccount) -> list[Event]:
    events = reset(registry, command)
    if isinstance(events[0], TransferDuplicated):
        return events
    return [*events, *withdraw(registry, Withdraw(command.account, *_more(command)))]


def doubled(registry: Registry, command: ResetAccount) -> list[Event]:
    events = reset(registry, command)
    if isinstance(events[0], TransferDuplicated):
        return events
    return [*events, *deposit(registry, Deposit(command.account, *_more(command)))]


def unbooked(registry: Registry, command: ResetAccount) -> list[Event]:
    events = reset(registry, command)
    registry.assets["BTC"].deposited += 1
    return events


def _more(command: ResetAccount) -> tuple[str, str, str]:
    """Asset, amount and another id."""
    return "BTC", command.balances["BTC"], f"{command.transfer_id}:more"


def forgetting(handler: Handler) -> Handler:
    def forgotten(registry: Registry, command: Any) -> list[Event]:
        events = handler(registry, command)
        if isinstance(events[0], TransferDuplicated):
            return handler(registry, replace(command, transfer_id=f"{command.transfer_id}:{registry.running.sequence}"))
        return events

    return forgotten


FAULTS: Final[dict[str, dict[type, Handler]]] = {
    "lost": {ResetAccount: lost},
    "doubled": {ResetAccount: doubled},
    "forgotten": {kind: forgetting(HANDLERS[kind]) for kind in (Deposit, Withdraw, Transfer, ResetAccount)},
    "unbooked": {ResetAccount: unbooked},
}


if __name__ == "__main__":
    with patch.dict(HANDLERS, FAULTS[os.environ["BAD_MONEY"]]):
        sys.exit(main())
