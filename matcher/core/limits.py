"""The limits of a running matcher: no command keeps its loop busy for more than a quarter of a second.

A SetLimits command journals them, so a replay applies the same limits at the same time. Journals of earlier versions
have none. Users find them in docs/contract.md.
"""

from typing import Final

from protocol.commands import SetLimits

DEFAULT_MAX_ACCOUNTS: Final = 1_000_000

MAX_TRADES: Final = 10_000
"""Trades of one command, and self-trades that it prevents."""

MAX_TRIGGER_MOVES: Final = 100_000
"""Moves of trailing stops in one command. After these, fired orders trade nothing."""

MAX_CANCELS: Final = 5_000
"""Orders that one command about an account cancels."""

MAX_TRIGGER_ORDERS: Final = 50_000
"""Orders that wait in one book."""

MAX_EXPIRING_ORDERS: Final = 200_000
"""Orders with an expire_time."""

MAX_LOADED_ID: Final = 10**17
"""The greatest order_id and trade_id of a saved book that is loaded: ids go on from there, and have 18 digits at most.
Not journaled, as the next."""

MAX_LOADED_ORDERS: Final = 20_000
"""Orders of a saved book that is loaded, and live ones that it replaces. Not journaled: what was loaded stays
loaded."""

MAX_ICEBERG_PARTS: Final = 1_000
"""Parts of an iceberg: its quantity divided by its display_quantity."""


def standing_limits(max_accounts: int) -> SetLimits:
    """The limits of this version."""
    return SetLimits(
        max_accounts,
        MAX_TRADES,
        MAX_TRIGGER_MOVES,
        MAX_CANCELS,
        MAX_TRIGGER_ORDERS,
        MAX_EXPIRING_ORDERS,
        MAX_ICEBERG_PARTS,
    )
