"""Answers and results about money, as texts in the decimals of the assets."""

from matcher.core.account import Account
from matcher.core.assets import Asset, Balance
from matcher.core.locks import asset_of
from matcher.core.order import Order
from matcher.core.registry import Registry
from protocol.commands import CloseLedger, Deposit, ResetAccount, Transfer, Withdraw
from protocol.events import (
    AssetBalance,
    BalancesPart,
    Event,
    LedgerState,
    OrderCanceled,
    TransferDuplicated,
    TransferState,
)
from protocol.instrument import format_decimal, parse_decimal


def text_of(asset: Asset, amount: int) -> str:
    return format_decimal(amount, asset.decimals)


def reserved_text(order: Order) -> str | None:
    """What the order locks; None for an account without a ledger."""
    return None if order.account.ledger is None else text_of(asset_of(order), order.reserved)


def asset_balance(asset: Asset, balance: Balance) -> AssetBalance:
    return AssetBalance(asset.name, text_of(asset, balance.free), text_of(asset, balance.locked))


def sorted_assets(registry: Registry) -> list[Asset]:
    return sorted(registry.assets.values(), key=lambda asset: asset.name)


def all_balances(registry: Registry, account: Account | None) -> list[AssetBalance]:
    """Of every asset, sorted; none without a ledger."""
    if account is None or account.ledger is None:
        return []
    ledger = account.ledger
    return [asset_balance(asset, ledger.balance(asset)) for asset in sorted_assets(registry)]


def changed_balances(registry: Registry, name: str) -> BalancesPart | None:
    """What the running command has changed for an account with a ledger; None if that is nothing."""
    account = registry.accounts.get(name)
    if account is None or account.ledger is None:
        return None
    sequence, ledger = registry.running.sequence, account.ledger
    if ledger.since == sequence:
        return BalancesPart(True, all_balances(registry, account))  # noqa: FBT003  the field's only name
    changed = [asset for asset in sorted_assets(registry) if ledger.balance(asset).updated == sequence]
    if not changed:
        return None
    return BalancesPart(True, [asset_balance(asset, ledger.balance(asset)) for asset in changed])  # noqa: FBT003


def transfer_state(registry: Registry, command: Deposit | Withdraw | Transfer, events: list[Event]) -> TransferState:
    """The answer to a Deposit, Withdraw or Transfer that was not refused."""
    account, transfer_id = command.account, command.transfer_id
    asset = registry.assets[command.asset]
    ledger = registry.accounts[account].ledger if account in registry.accounts else None
    balance = Balance() if ledger is None else ledger.balance(asset)
    known = registry.transfers.get(account, transfer_id)
    assert known is not None, "what was carried out is remembered"
    return TransferState(
        account,
        asset.name,
        text_of(asset, parse_decimal(command.amount, asset.decimals)),
        transfer_id,
        text_of(asset, balance.free),
        text_of(asset, balance.locked),
        isinstance(events[0], TransferDuplicated),
        known.sequence,
        known.timestamp,
    )


def ledger_state(registry: Registry, command: ResetAccount | CloseLedger, events: list[Event]) -> LedgerState:
    """The answer to a ResetAccount or CloseLedger that was not refused."""
    account = registry.accounts.get(command.account)
    duplicate = isinstance(events[0], TransferDuplicated)
    sequence, timestamp = registry.running.sequence, registry.running.time
    if duplicate and isinstance(command, ResetAccount):
        known = registry.transfers.get(command.account, command.transfer_id)
        assert known is not None, "what is a duplicate is remembered"
        sequence, timestamp = known.sequence, known.timestamp
    return LedgerState(
        command.account,
        account is not None and account.ledger is not None,
        all_balances(registry, account),
        sum(isinstance(event, OrderCanceled) for event in events),
        duplicate,
        sequence,
        timestamp,
    )
