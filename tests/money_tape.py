"""Tapes of money: rows as in tests/tape.py, and between them what accounts have.

The instruments have no decimals, so that sums can be done in the head: 5 at 1,000 are 5,000, and 5,010 with 20 basis
points of fee.
"""

from collections.abc import Callable

from msgspec.structs import replace

from matcher.engine import Engine
from protocol.commands import CloseLedger, Deposit, ResetAccount, SetInstrument, Transfer, Withdraw
from protocol.events import LedgerSet, MoneyMoved, TransferDuplicated
from protocol.instrument import Instrument, parse_decimal
from protocol.money import MovementKind
from tests.oracle.naive_engine import NaiveEngine
from tests.property.standing import Money, money_of, naive_money_of
from tests.tape import COIN as WITH_DECIMALS
from tests.tape import MakeEngine, Row, stamped, time_of, without_wording

COIN = replace(WITH_DECIMALS, price_decimals=0, quantity_decimals=0, max_quantity=10_000)
"""Its fees are 10 and 20 basis points. USD has 4 decimals, COIN none."""

GOLD = replace(COIN, symbol="GOLD-USD", base="GOLD")

Check = Callable[[Money], None]
"""What must hold between two commands."""

Balance = str | tuple[str, str]
"""Free, or free and locked."""


def play(engine: MakeEngine, *rows: Row | Check, instruments: tuple[Instrument, ...] = (COIN, GOLD)) -> None:
    """Play the rows to a new engine that has the instruments, and check between them."""
    player = engine()
    sequence = 0
    for instrument in instruments:
        sequence += 1
        player.apply(sequence, time_of(sequence), SetInstrument.of(instrument))
    for number, row in enumerate(rows, 1):
        if not isinstance(row, tuple):
            row(money_in(player))
            continue
        sequence += 1
        command, events = row
        said = [without_wording(event) for event in player.apply(sequence, time_of(sequence), command)]
        assert said == [stamped(event, sequence) for event in events], f"row {number}: {command}"


def money_in(engine: object) -> Money:
    if isinstance(engine, NaiveEngine):
        return naive_money_of(engine)
    assert isinstance(engine, Engine)
    return money_of(engine)


# Checks


def holds(account: str, **balances: Balance) -> Check:
    """The account has these balances, and nothing of the other assets."""

    def check(money: Money) -> None:
        expected = {
            asset: (balance, "0") if isinstance(balance, str) else balance for asset, balance in balances.items()
        }
        for asset, decimals in money.decimals.items():
            free, locked = expected.get(asset, ("0", "0"))
            assert money.balances[account][asset] == (parse_decimal(free, decimals), parse_decimal(locked, decimals)), (
                account,
                asset,
            )

    return check


def unlimited(account: str) -> Check:
    def check(money: Money) -> None:
        assert account not in money.balances

    return check


def fees(**amounts: str) -> Check:
    return lambda money: _compare("fees", money.fees, money, amounts)


def outside(**amounts: str) -> Check:
    return lambda money: _compare("outside", money.outside, money, amounts)


def deposited(**amounts: str) -> Check:
    """Deposits less withdrawals."""
    return lambda money: _compare("deposited", money.deposited, money, amounts)


def _compare(name: str, told: dict[str, int], money: Money, amounts: dict[str, str]) -> None:
    expected = {asset: parse_decimal(amounts.get(asset, "0"), decimals) for asset, decimals in money.decimals.items()}
    assert told == expected, name


def reserves(*locks: tuple[int, str]) -> Check:
    """Just these orders lock something: their ids, and what."""

    def check(money: Money) -> None:
        expected = dict(locks)
        assert set(money.reserved) == set(expected)
        for order_id, (_, asset, amount) in money.reserved.items():
            assert amount == parse_decimal(expected[order_id], money.decimals[asset]), order_id

    return check


def position(account: str, *, quantity: int, cost: int, cash: int, fees_paid: str, symbol: str = COIN.symbol) -> Check:
    """The account's position of an instrument without decimals."""

    def check(money: Money) -> None:
        assert money.positions[account, symbol] == (quantity, cost, cash, parse_decimal(fees_paid, 4))

    return check


# Commands


def deposit(account: str, asset: str, amount: str, transfer_id: str = "in") -> Deposit:
    return Deposit(account, asset, amount, transfer_id)


def withdraw(account: str, asset: str, amount: str, transfer_id: str = "out") -> Withdraw:
    return Withdraw(account, asset, amount, transfer_id)


def transfer(account: str, to: str, asset: str, amount: str, transfer_id: str = "over") -> Transfer:
    return Transfer(account, to, asset, amount, transfer_id)


def close(account: str) -> CloseLedger:
    return CloseLedger(account)


def reset(account: str, transfer_id: str = "anew", **balances: str) -> ResetAccount:
    return ResetAccount(account, balances, transfer_id)


# Events


def began(account: str) -> LedgerSet:
    return LedgerSet(account, ledger=True)


def ended(account: str) -> LedgerSet:
    return LedgerSet(account, ledger=False)


def came(account: str, asset: str, amount: str, transfer_id: str = "in") -> MoneyMoved:
    return MoneyMoved(account, MovementKind.DEPOSIT, asset, amount, transfer_id)


def went(account: str, asset: str, amount: str, transfer_id: str = "out") -> MoneyMoved:
    """The amount is written with its minus."""
    return MoneyMoved(account, MovementKind.WITHDRAWAL, asset, amount, transfer_id)


def passed(account: str, asset: str, amount: str, counterparty: str, transfer_id: str = "over") -> MoneyMoved:
    return MoneyMoved(account, MovementKind.TRANSFER, asset, amount, transfer_id, counterparty)


def repeated(account: str, transfer_id: str) -> TransferDuplicated:
    return TransferDuplicated(account, transfer_id)


# Rows


def funded(account: str, **balances: str) -> Row:
    """A ledger that has just these balances."""
    moved = [came(account, asset, balances[asset], "funds") for asset in sorted(balances)]
    return reset(account, "funds", **balances), [began(account), *moved]
