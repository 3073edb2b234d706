"""The worked numbers of docs/money.md, row by row."""

from protocol.events import LedgerSet, MoneyMoved
from protocol.instrument import Instrument
from protocol.money import MovementKind
from protocol.units import Reason
from tests.money_tape import deposit, fees, holds, outside, play
from tests.property.standing import Money
from tests.tape import BUY, SELL, MakeEngine, both_engines, cancel, canceled, limit, market, placed, rejected, trade

BTC = Instrument("BTC-USDT", "BTC", "USDT", 2, 5, 1, 1, 1, 900_000_000, 10**9, 0, 10, 20)
SYMBOL = "BTC-USDT"
POINT = 100_000
"""Quantity units of a BTC."""


def has_gained(money: Money) -> None:
    """Quantity, cost, cash and fees: 0.03, 1,800, -2,400 + 610, 3.62."""
    value = 10**7
    assert money.positions["alice", SYMBOL] == (3_000, 1_800 * value, -1_790 * value, 362 * 10**9)


@both_engines
def test_worked_numbers(engine: MakeEngine) -> None:
    play(
        engine,
        (
            deposit("alice", "USDT", "10000"),
            [LedgerSet("alice", ledger=True), MoneyMoved("alice", MovementKind.DEPOSIT, "USDT", "10000", "in")],
        ),
        (
            deposit("bob", "BTC", "1"),
            [LedgerSet("bob", ledger=True), MoneyMoved("bob", MovementKind.DEPOSIT, "BTC", "1", "in")],
        ),
        (limit(BUY, 10_000, 6_000_000, account="alice", symbol=SYMBOL), [placed(1)]),
        holds("alice", USDT=("3988", "6012")),
        (
            limit(SELL, 4_000, 5_900_000, account="bob", symbol=SYMBOL),
            [placed(2), trade(1, SELL, 4_000, 6_000_000, maker=1, taker=2, instrument=BTC)],
        ),
        holds("alice", USDT=("3990.4", "3607.2"), BTC="0.04"),
        holds("bob", USDT="2395.2", BTC="0.96"),
        fees(USDT="7.2"),
        (limit(SELL, 5 * POINT, 6_010_000, account="carol", symbol=SYMBOL), [placed(3)]),
        (market(BUY, POINT, account="alice", symbol=SYMBOL), [rejected(4, Reason.INSUFFICIENT_BALANCE)]),
        holds("alice", USDT=("3990.4", "3607.2"), BTC="0.04"),
        (cancel(1), [canceled(1, 6_000)]),
        holds("alice", USDT="7597.6", BTC="0.04"),
        (cancel(3), [canceled(3, 5 * POINT)]),
        (limit(BUY, 1_000, 6_100_000, account="carol", symbol=SYMBOL), [placed(5)]),
        (
            market(SELL, 1_000, account="alice", symbol=SYMBOL),
            [placed(6), trade(2, SELL, 1_000, 6_100_000, maker=5, taker=6, instrument=BTC)],
        ),
        holds("alice", USDT="8206.38", BTC="0.03"),
        holds("bob", USDT="2395.2", BTC="0.96"),
        fees(USDT="9.03"),
        outside(USDT="-610.61", BTC="0.01"),
        has_gained,
        instruments=(BTC,),
    )
