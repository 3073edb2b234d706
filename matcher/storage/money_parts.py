"""The parts of a snapshot about money, and their way there and back."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from msgspec import Struct

from matcher.core.ledger import MAX_MOVEMENTS, Ledger, Position
from matcher.core.registry import Registry
from matcher.core.transfers import Remembered
from protocol.events import Movement

PART_TRANSFERS: Final = 5_000
"""Remembered transfers in one part at most."""


class AssetsPart(Struct, frozen=True, tag="assets"):
    """By asset: what is deposited, fees and outside, as texts of integers. Left out without any."""

    sums: dict[str, tuple[str, str, str]]


class LedgerPart(Struct, frozen=True, tag="ledger"):
    """One account's ledger. Amounts are texts of integers: msgpack has 64 bits.

    balances: free, locked and the sequence of the last change, by asset.
    positions: quantity, cost, cash and fees, by symbol.
    """

    account: str
    since: int
    balances: dict[str, tuple[str, str, int]]
    positions: dict[str, tuple[str, str, str, str]]
    movements: list[Movement]


class TransfersPart(Struct, frozen=True, tag="transfers"):
    """Remembered transfers, oldest first: account, transfer_id, content, sequence and timestamp."""

    transfers: list[tuple[str, str, str, int, int]]


MoneyPart = AssetsPart | LedgerPart | TransfersPart


def money_parts(registry: Registry) -> Iterator[MoneyPart]:
    """All parts of what the engine knows of money."""
    assets = registry.assets.values()
    sums = {
        asset.name: (str(asset.deposited), str(asset.fees), str(asset.outside)) for asset in assets if asset.is_used
    }
    if sums:
        yield AssetsPart(sums)
    for account in registry.accounts.values():
        ledger = account.ledger
        if ledger is not None:
            balances = [(asset.name, ledger.balance(asset)) for asset in assets]
            yield LedgerPart(
                account.name,
                ledger.since,
                {
                    name: (str(each.free), str(each.locked), each.updated)
                    for name, each in balances
                    if each.free or each.locked or each.updated
                },
                {
                    symbol: (str(each.quantity), str(each.cost), str(each.cash), str(each.fees))
                    for symbol, each in ledger.positions.items()
                },
                ledger.movements[-MAX_MOVEMENTS:],
            )
    transfers = iter(registry.transfers)
    while some := list(islice(transfers, PART_TRANSFERS)):
        yield TransfersPart([transfer.row() for transfer in some])


def read_money_part(registry: Registry, part: MoneyPart) -> None:
    """Bring back what the part holds. The instruments are there already."""
    match part:
        case AssetsPart():
            _read_assets(registry, part)
        case LedgerPart():
            _read_ledger(registry, part)
        case TransfersPart():
            _read_transfers(registry, part)


def _read_assets(registry: Registry, part: AssetsPart) -> None:
    for name, sums in part.sums.items():
        asset = registry.assets[name]
        asset.deposited, asset.fees, asset.outside = (int(amount) for amount in sums)


def _read_ledger(registry: Registry, part: LedgerPart) -> None:
    account = registry.account(part.account)
    account.ledger = ledger = Ledger(part.since, len(registry.assets))
    registry.ledgers += 1
    for name, (free, locked, updated) in part.balances.items():
        balance = ledger.balance(registry.assets[name])
        balance.free, balance.locked, balance.updated = int(free), int(locked), updated
    for symbol, numbers in part.positions.items():
        ledger.positions[symbol] = Position(*(int(number) for number in numbers))
    ledger.movements.extend(part.movements)


def _read_transfers(registry: Registry, part: TransfersPart) -> None:
    for row in part.transfers:
        registry.transfers.remember(Remembered(*row))
