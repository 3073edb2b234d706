"""Deposit, Withdraw, Transfer, CloseLedger, ResetAccount: the commands that move money (docs/money.md)."""

from typing import Final

from matcher.core.account import Account
from matcher.core.assets import Asset
from matcher.core.cancel import REQUESTED, cancel_orders
from matcher.core.ledger import Ledger
from matcher.core.locks import asset_of, set_reserved, share_of_pair
from matcher.core.registry import Registry
from matcher.core.settlement import settle
from matcher.core.transfers import Remembered
from protocol.commands import CloseLedger, Deposit, ResetAccount, Transfer, Withdraw
from protocol.events import CommandRefused, Event, LedgerSet, MoneyMoved, Movement, TransferDuplicated
from protocol.instrument import DecimalError, format_decimal, parse_decimal
from protocol.money import MovementKind
from protocol.units import NAME_PATTERN, Refusal

DEPOSIT: Final = MovementKind.DEPOSIT
WITHDRAWAL: Final = MovementKind.WITHDRAWAL
TRANSFER: Final = MovementKind.TRANSFER


class Asked:
    """What a command that is carried out moves.

    content: its values as text: the same only for the same values.
    """

    __slots__ = ("amount", "asset", "content")

    def __init__(self, asset: Asset, amount: int, content: str) -> None:
        self.asset = asset
        self.amount = amount
        self.content = content


def deposit(registry: Registry, command: Deposit) -> list[Event]:
    """Put money on an account, whose ledger begins with it if it has none."""
    asked = _asked(registry, command, "deposit")
    if not isinstance(asked, Asked):
        return [asked]
    asset, amount = asked.asset, asked.amount
    refused = registry.refuse_account(command.account) or _why_not_begun(registry, command.account, asset, amount)
    if refused is not None:
        return [refused]
    events: list[Event] = []
    account = registry.account(command.account)
    ledger = _begin(registry, account, asset, events)
    asset.deposited += amount
    _move(registry, account, ledger, DEPOSIT, asset, amount, command.transfer_id, events)
    _remember(registry, command.account, command.transfer_id, asked.content)
    return events


def withdraw(registry: Registry, command: Withdraw) -> list[Event]:
    """Take free money off an account."""
    asked = _asked(registry, command, "withdraw")
    if not isinstance(asked, Asked):
        return [asked]
    ledger = _ledger_that_has(registry, command.account, asked)
    if not isinstance(ledger, Ledger):
        return [ledger]
    events: list[Event] = []
    account = registry.accounts[command.account]
    asked.asset.deposited -= asked.amount
    _move(registry, account, ledger, WITHDRAWAL, asked.asset, -asked.amount, command.transfer_id, events)
    _remember(registry, command.account, command.transfer_id, asked.content)
    return events


def transfer(registry: Registry, command: Transfer) -> list[Event]:
    """Move free money from one account to another."""
    refused = _check_transfer(command)
    asked = refused or _asked(registry, command, f"transfer {command.to}")
    if not isinstance(asked, Asked):
        return [asked]
    ledger = _ledger_that_has(registry, command.account, asked)
    if not isinstance(ledger, Ledger):
        return [ledger]
    asset, amount = asked.asset, asked.amount
    refused = _why_not_receives(registry, command.to, asset, amount)
    if refused is not None:
        return [refused]
    events: list[Event] = []
    to, transfer_id = command.to, command.transfer_id
    sender = registry.accounts[command.account]
    _move(registry, sender, ledger, TRANSFER, asset, -amount, transfer_id, events, to)
    receiver = registry.account(to)
    received = _begin(registry, receiver, asset, events)
    _move(registry, receiver, received, TRANSFER, asset, amount, transfer_id, events, sender.name)
    _remember(registry, command.account, transfer_id, asked.content)
    return events


def close_ledger(registry: Registry, command: CloseLedger) -> list[Event]:
    """Withdraw all that an account without orders has, and let it trade without limit."""
    if not NAME_PATTERN.fullmatch(command.account):
        return [CommandRefused(Refusal.INVALID_NAME, "account")]
    registry.running.more = False
    account = registry.accounts.get(command.account)
    if account is None or account.ledger is None:
        return [CommandRefused(Refusal.NO_LEDGER)]
    if next(iter(account.orders), None) is not None:
        return [CommandRefused(Refusal.OPEN_ORDERS)]
    events: list[Event] = []
    for asset in sorted(registry.assets.values(), key=lambda asset: asset.name):
        free = account.ledger.balance(asset).free
        if free:
            asset.deposited -= free
            _move(registry, account, account.ledger, WITHDRAWAL, asset, -free, "", events)
    account.ledger = None
    registry.ledgers -= 1
    events.append(LedgerSet(account.name, ledger=False))
    registry.forget_account(account)
    return events


def reset_account(registry: Registry, command: ResetAccount) -> list[Event]:
    """Cancel all orders of an account, and begin a new ledger with these balances."""
    refused = _check_names(command.account, command.transfer_id)
    if refused is not None:
        return [refused]
    wanted: dict[str, int] = {}
    for name in sorted(command.balances):
        asset = registry.assets.get(name)
        amount = _amount(asset, command.balances[name], 0)
        if isinstance(amount, CommandRefused):
            return [CommandRefused(amount.refusal, "balances", f"{name}: {amount.detail}")]
        if amount:
            wanted[name] = amount
    content = " ".join(["reset", *(f"{name} {_text(registry.assets[name], wanted[name])}" for name in wanted)])
    known = _known(registry, command.account, command.transfer_id, content)
    if known is not None:
        return [known]
    refused = registry.refuse_account(command.account) or _why_not_reset(registry, command.account)
    if refused is not None:
        return [refused]
    events: list[Event] = []
    account = registry.account(command.account)
    cancel_orders(account, REQUESTED, registry.limits.cancels, events)
    # What the orders had locked is free before it is counted.
    settle(registry)
    before = account.ledger
    if before is None:
        registry.ledgers += 1
    account.ledger = ledger = Ledger(registry.running.sequence, len(registry.assets))
    events.append(LedgerSet(account.name, ledger=True))
    for asset in sorted(registry.assets.values(), key=lambda asset: asset.name):
        had = 0 if before is None else before.balance(asset).free
        ledger.balance(asset).free = had
        difference = wanted.get(asset.name, 0) - had
        if difference:
            asset.deposited += difference
            kind = DEPOSIT if difference > 0 else WITHDRAWAL
            _move(registry, account, ledger, kind, asset, difference, command.transfer_id, events)
    _remember(registry, command.account, command.transfer_id, content)
    return events


def _check_names(account: str, transfer_id: str) -> CommandRefused | None:
    if not NAME_PATTERN.fullmatch(account):
        return CommandRefused(Refusal.INVALID_NAME, "account")
    return None if NAME_PATTERN.fullmatch(transfer_id) else CommandRefused(Refusal.INVALID_NAME, "transfer_id")


def _check_transfer(command: Transfer) -> CommandRefused | None:
    if NAME_PATTERN.fullmatch(command.account) and not NAME_PATTERN.fullmatch(command.to):
        return CommandRefused(Refusal.INVALID_NAME, "to")
    refused = _check_names(command.account, command.transfer_id)
    if refused is None and command.to == command.account:
        return CommandRefused(Refusal.SAME_ACCOUNT, "to")
    return refused


def _amount(asset: Asset | None, text: str, least: int = 1) -> int | CommandRefused:
    """The amount in units of the asset."""
    if asset is None:
        return CommandRefused(Refusal.UNKNOWN_ASSET, "asset", "takes an asset of an instrument")
    try:
        amount = parse_decimal(text, asset.decimals)
    except DecimalError as error:
        return CommandRefused(Refusal.INVALID_AMOUNT, "amount", str(error))
    if amount < least:
        return CommandRefused(
            Refusal.INVALID_AMOUNT, "amount", "takes more than zero" if least else "takes zero or more"
        )
    return amount


def _asked(registry: Registry, command: Deposit | Withdraw | Transfer, what: str) -> Asked | Event:
    """What the command moves, or the answer to one that is refused or was carried out before."""
    refused = _check_names(command.account, command.transfer_id)
    if refused is not None:
        return refused
    asset = registry.assets.get(command.asset)
    amount = _amount(asset, command.amount)
    if isinstance(amount, CommandRefused):
        return amount
    assert asset is not None, "an unknown asset is refused"
    content = f"{what} {asset.name} {_text(asset, amount)}"
    return _known(registry, command.account, command.transfer_id, content) or Asked(asset, amount, content)


def _ledger_that_has(registry: Registry, name: str, asked: Asked) -> Ledger | CommandRefused:
    """The ledger of the account, if that much is free."""
    account = registry.accounts.get(name)
    if account is None or account.ledger is None:
        return CommandRefused(Refusal.NO_LEDGER)
    free = account.ledger.balance(asked.asset).free
    if asked.amount > free:
        text = f"takes at most what is free: {_text(asked.asset, free)} {asked.asset.name}"
        return CommandRefused(Refusal.INSUFFICIENT_BALANCE, detail=text)
    return account.ledger


def _text(asset: Asset, amount: int) -> str:
    return format_decimal(amount, asset.decimals)


def _known(registry: Registry, account: str, transfer_id: str, content: str) -> Event | None:
    """What an id that was used before means: the same once more, or a conflict."""
    known = registry.transfers.get(account, transfer_id)
    if known is None:
        return None
    if known.content != content:
        return CommandRefused(Refusal.TRANSFER_ID_CONFLICT)
    return TransferDuplicated(account, transfer_id)


def _remember(registry: Registry, account: str, transfer_id: str, content: str) -> None:
    running = registry.running
    registry.transfers.remember(Remembered(account, transfer_id, content, running.sequence, running.time))


def _why_not_receives(registry: Registry, name: str, asset: Asset, amount: int) -> CommandRefused | None:
    refused = registry.refuse_account(name)
    if refused is not None:
        return CommandRefused(refused.refusal, "to", refused.detail)
    return _why_not_begun(registry, name, asset, amount)


def _why_not_begun(registry: Registry, name: str, asset: Asset, amount: int) -> CommandRefused | None:
    """Why the account's ledger cannot begin with this amount."""
    account = registry.accounts.get(name)
    if account is None or account.ledger is not None:
        return None
    locked = 0
    for count, order in enumerate(account.orders):
        if count >= registry.limits.cancels:
            return CommandRefused(Refusal.OPEN_ORDERS, detail=f"has more than {registry.limits.cancels} open orders")
        share = share_of_pair(order)
        locked += share
        if share and asset_of(order) is not asset:
            return CommandRefused(Refusal.OPEN_ORDERS, detail=f"has open orders that lock {asset_of(order).name}")
    if locked > amount:
        needed = _text(asset, locked)
        return CommandRefused(Refusal.OPEN_ORDERS, detail=f"has open orders that lock {needed} {asset.name}")
    return None


def _why_not_reset(registry: Registry, name: str) -> CommandRefused | None:
    account = registry.accounts.get(name)
    most = registry.limits.cancels
    if account is not None and any(count >= most for count, _ in enumerate(account.orders)):
        return CommandRefused(Refusal.OPEN_ORDERS, detail=f"has more than {most} open orders")
    return None


def _begin(registry: Registry, account: Account, asset: Asset, events: list[Event]) -> Ledger:
    """The account's ledger. A new one locks for its live orders at once, before the amount is there."""
    ledger = account.ledger
    if ledger is None:
        account.ledger = ledger = Ledger(registry.running.sequence, len(registry.assets))
        registry.ledgers += 1
        events.append(LedgerSet(account.name, ledger=True))
        balance = ledger.balance(asset)
        for order in account.orders:
            set_reserved(order, balance, share_of_pair(order))
    return ledger


def _move(
    registry: Registry,
    account: Account,
    ledger: Ledger,
    kind: MovementKind,
    asset: Asset,
    amount: int,
    transfer_id: str,
    events: list[Event],
    counterparty: str = "",
) -> None:
    """Change what is free by an amount with a sign."""
    running = registry.running
    balance = ledger.balance(asset)
    balance.free += amount
    balance.updated = running.sequence
    text = _text(asset, amount)
    ledger.note(Movement(running.sequence, running.time, kind, asset.name, text, transfer_id, counterparty))
    events.append(MoneyMoved(account.name, kind, asset.name, text, transfer_id, counterparty or None))
