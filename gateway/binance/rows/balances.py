"""What the caller's account has of every asset."""

from typing import Final

from msgspec import Struct

from gateway.binance.decimals import ZERO, fixed_text
from gateway.binance.desk import Context

UNLIMITED: Final = "1000000000.00000000"
"""What an account without a ledger shows as free, of every asset."""


class Holding(Struct, frozen=True):
    asset: str
    free: str
    locked: str


async def holdings(context: Context) -> list[Holding]:
    """One for each asset of each instrument, and for what else the account has, by name."""
    found = (await context.exchange.money.balances(context.account)).value
    free = UNLIMITED if not found.ledger else ZERO
    held = {asset: Holding(asset, free, ZERO) for asset in await assets(context)}
    for balance in found.balances:
        held[balance.asset] = Holding(balance.asset, fixed_text(balance.free), fixed_text(balance.locked))
    return [held[asset] for asset in sorted(held)]


async def assets(context: Context) -> list[str]:
    """The assets of all instruments, by name."""
    instruments = await context.exchange.instruments.all()
    return sorted({asset for each in instruments for asset in (each.base, each.quote)})
