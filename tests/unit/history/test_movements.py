"""Movements of money as rows: what moved, by how much, and the balance after it."""

from history.writing.rows import Row
from protocol.commands import (
    CloseLedger,
    Deposit,
    OwnCommand,
    PlaceOrder,
    ResetAccount,
    SetInstrument,
    Transfer,
    Withdraw,
)
from protocol.money import MovementKind
from protocol.units import OrderType, Side
from tests.history_tables import Played
from tests.money_tape import COIN
from tests.oracle.money_strategy import FINER
from tests.tape import time_of

DEPOSIT, WITHDRAWAL, TRANSFER, FILL, FEE = MovementKind


def movements(*commands: OwnCommand, frame: int = 1) -> list[Row]:
    """The rows of commands behind an instrument of whole numbers, so many in a frame."""
    played = Played()
    every = [SetInstrument.of(COIN), *commands]
    for start in range(0, len(every), frame):
        played.record(start + 1, time_of(start + 1), every[start : start + frame])
    return played.gatherer.take().movements


def told(rows: list[Row]) -> list[tuple[object, ...]]:
    """Sequence, account, kind, asset, amount and balance, in the order of the commands."""
    return [
        (row[1], row[0], MovementKind(row[4]), row[5], row[6], row[7]) for row in sorted(rows, key=lambda row: row[1])
    ]


def test_deposits_withdrawals_and_both_sides_of_a_transfer() -> None:
    rows = movements(
        Deposit("ann", "USD", "100", "a"),
        Withdraw("ann", "USD", "30.5", "b"),
        Transfer("ann", "bob", "USD", "20", "c"),
        Deposit("ann", "USD", "100", "a"),
        Withdraw("ann", "USD", "1000", "d"),
    )
    assert told(rows) == [
        (2, "ann", DEPOSIT, "USD", "100", "100"),
        (3, "ann", WITHDRAWAL, "USD", "-30.5", "69.5"),
        (4, "ann", TRANSFER, "USD", "-20", "49.5"),
        (4, "bob", TRANSFER, "USD", "20", "20"),
    ]
    assert [row[8:10] for row in rows] == [("a", None), ("b", None), ("c", "bob"), ("c", "ann")]


def test_a_fill_moves_base_quote_and_fee() -> None:
    """5 at 1,000: 10 basis points of the maker, 20 of the taker. What an order locks is no movement."""
    rows = movements(
        Deposit("ann", "USD", "9000", "a"),
        Deposit("bob", "COIN", "7", "b"),
        PlaceOrder("COIN-USD", "ann", Side.BUY, OrderType.LIMIT, 5, 1_000),
        PlaceOrder("COIN-USD", "bob", Side.SELL, OrderType.LIMIT, 5, 1_000),
    )
    assert told(rows)[2:] == [
        (5, "ann", FILL, "COIN", "5", "5"),
        (5, "ann", FILL, "USD", "-5000", "4000"),
        (5, "ann", FEE, "USD", "-5", "3995"),
        (5, "bob", FILL, "COIN", "-5", "2"),
        (5, "bob", FILL, "USD", "5000", "5000"),
        (5, "bob", FEE, "USD", "-10", "4990"),
    ]
    fills = [row for row in rows if row[1] == 5]
    assert [row[2] for row in fills] == [0, 1, 2, 0, 1, 2]
    assert [row[8:] for row in fills] == [(None, None, "COIN-USD", 1, 1)] * 3 + [(None, None, "COIN-USD", 1, 2)] * 3


def test_a_trade_of_an_account_with_itself_moves_both_sides() -> None:
    rows = movements(
        Deposit("ann", "USD", "9000", "a"),
        Deposit("ann", "COIN", "5", "b"),
        PlaceOrder("COIN-USD", "ann", Side.BUY, OrderType.LIMIT, 5, 1_000),
        PlaceOrder("COIN-USD", "ann", Side.SELL, OrderType.LIMIT, 5, 1_000),
    )
    assert [(*row[4:8], row[2]) for row in rows[2:]] == [
        (FILL, "COIN", "5", "10", 0),
        (FILL, "USD", "-5000", "4000", 1),
        (FEE, "USD", "-5", "3995", 2),
        (FILL, "COIN", "-5", "5", 3),
        (FILL, "USD", "5000", "8995", 4),
        (FEE, "USD", "-10", "8985", 5),
    ]


def test_trades_without_a_ledger_move_nothing_that_is_told() -> None:
    rows = movements(
        PlaceOrder("COIN-USD", "ann", Side.BUY, OrderType.LIMIT, 5, 1_000),
        PlaceOrder("COIN-USD", "bob", Side.SELL, OrderType.LIMIT, 5, 1_000),
        Deposit("ann", "USD", "1", "a"),
        frame=10,
    )
    assert told(rows) == [(4, "ann", DEPOSIT, "USD", "1", "1")]


def test_a_reset_and_the_end_of_a_ledger_tell_what_they_take_and_give() -> None:
    commands = (
        Deposit("ann", "USD", "100", "a"),
        ResetAccount("ann", {"USD": "40", "COIN": "3"}, "b"),
        CloseLedger("ann"),
        PlaceOrder("COIN-USD", "ann", Side.BUY, OrderType.LIMIT, 5, 1_000),
        PlaceOrder("COIN-USD", "bob", Side.SELL, OrderType.LIMIT, 5, 1_000),
        Deposit("ann", "USD", "7", "c"),
    )
    expected = [
        (2, "ann", DEPOSIT, "USD", "100", "100"),
        (3, "ann", DEPOSIT, "COIN", "3", "3"),
        (3, "ann", WITHDRAWAL, "USD", "-60", "40"),
        (4, "ann", WITHDRAWAL, "COIN", "-3", "0"),
        (4, "ann", WITHDRAWAL, "USD", "-40", "0"),
        (7, "ann", DEPOSIT, "USD", "7", "7"),
    ]
    for frame in (1, 3, 10):
        assert told(movements(*commands, frame=frame)) == expected


def test_amounts_of_any_width_are_exact() -> None:
    wide = "9" * 60
    total = str(2 * int(wide + "0" * 40))
    rows = movements(
        Deposit("ann", "USD", wide + "e40", "a"),
        Deposit("ann", "USD", wide + "e40", "b"),
        FINER[1],
        Deposit("ann", "USD", "0.0000000000000001", "c"),
        CloseLedger("ann"),
    )
    assert [row[6] for row in rows] == [
        wide + "0" * 40,
        wide + "0" * 40,
        "0.0000000000000001",
        f"-{total}.0000000000000001",
    ]
    assert [row[7] for row in rows] == [wide + "0" * 40, total, f"{total}.0000000000000001", "0"]
