"""The check of the money finds what it is there for: evidence of a sound tape, altered in one place, breaks promises.

ann has 1000.5 USDT, buys 0.01 BTC of bob, who trades without limit, at 60000 for 600 and a fee of 1.2 (bob's is 0.6),
and sends cid 100 USDT. Her next order locks 50.1 USDT. Then cid begins anew with 1 BTC.
"""

from collections.abc import Callable

import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import replace

from matcher.engine import Engine
from matcher.state import Caused
from matching_exchange.tools.torture.evidence import (
    AccountMoney,
    Evidence,
    Holding,
    Key,
    ListedAccount,
    Lock,
    MoneyEvidence,
    MoveKind,
    StreamEvidence,
    SumOfAsset,
    Told,
)
from matching_exchange.tools.torture.money_check import BALANCES, DOUBLED, LOST, SUMS, MoneyCheck
from protocol.commands import Command, Deposit, PlaceOrder, ResetAccount, SetInstrument, Transfer
from protocol.units import OrderType, Side

MINUTE = 60_000_000_000

INSTRUMENT = SetInstrument("BTC-USDT", 2, 5, "BTC", "USDT", 1, 1, 1, 10**9, 10**9, maker_fee_bps=10, taker_fee_bps=20)


def limit(account: str, side: Side, quantity: int, price: int) -> PlaceOrder:
    return PlaceOrder("BTC-USDT", account, side, OrderType.LIMIT, quantity, price)


TAPE: list[Command] = [
    INSTRUMENT,
    Deposit("ann", "USDT", "1000.5", "a-1"),
    limit("bob", Side.SELL, 1_000, 6_000_000),
    limit("ann", Side.BUY, 1_000, 6_000_000),
    Transfer("ann", "cid", "USDT", "100", "a-2"),
    limit("ann", Side.BUY, 100, 5_000_000),
    ResetAccount("cid", {"BTC": "1"}, "c-1"),
    Deposit("ann", "USDT", "1000.5", "a-1"),
]
"""The sequence of each command is its place, from 1 on."""


def told(kind: MoveKind, account: str, sequence: int, *, duplicate: bool = False, **asked: object) -> Told:
    key = Key(kind, account, str(asked["transfer_id"]))
    body = msgspec.json.encode({"sequence": sequence, "duplicate": duplicate})
    return Told(key, 0, 1, 0, 0, 200, body, asked=msgspec.json.encode(asked))


@pytest.fixture
def evidence() -> Evidence:
    ann = [Holding("BTC", "0.01", "0"), Holding("USDT", "249.2", "50.1")]
    cid = [Holding("BTC", "1", "0"), Holding("USDT", "0", "0")]
    return Evidence(
        [
            told("deposit", "ann", 2, transfer_id="a-1", asset="USDT", amount="1000.5"),
            told("transfer", "ann", 5, transfer_id="a-2", asset="USDT", amount="100", to="cid"),
            told("reset", "cid", 7, transfer_id="c-1", balances={"BTC": "1"}),
            told("deposit", "ann", 2, duplicate=True, transfer_id="a-1", asset="USDT", amount="1000.5"),
        ],
        0,
        [],
        [],
        [],
        StreamEvidence("ann", [], []),
        MoneyEvidence(
            [
                AccountMoney("ann", True, ann, [Lock("BTC-USDT", "buy", "50.1")]),  # noqa: FBT003  a row of a table
                AccountMoney("bob", False, [], []),  # noqa: FBT003
                AccountMoney("cid", True, cid, []),  # noqa: FBT003
            ],
            [ListedAccount("ann", ann), ListedAccount("cid", cid[:1])],
            [
                SumOfAsset("BTC", "1.01", "0", "-0.01", "1", exact=True),
                SumOfAsset("USDT", "299.3", "1.8", "599.4", "900.5", exact=True),
            ],
        ),
        "",
    )


def broken(evidence: Evidence, tape: list[Command] = TAPE, twice: int = 0) -> dict[str, int]:
    """The promises that are broken, by a journal with this tape, and the command of one sequence twice."""
    check, engine = MoneyCheck(evidence), Engine()
    for sequence, command in enumerate(tape, 1):
        caused = Caused(sequence, command, engine.apply(sequence, MINUTE, command))
        for _ in range(1 + (sequence == twice)):
            check.watch(engine, caused)
    return {promise.name: promise.broken for promise in check.promises() if promise.broken}


def test_exact_books_break_no_promise(evidence: Evidence) -> None:
    assert broken(evidence) == {}


def test_an_answered_deposit_that_the_journal_lacks_is_lost(evidence: Evidence) -> None:
    evidence.told.append(told("deposit", "ann", 9, transfer_id="a-3", asset="USDT", amount="1"))
    found = broken(evidence)
    assert found[LOST] == 1
    assert found.keys() == {LOST, BALANCES, SUMS}


def test_a_transfer_that_moved_money_twice_is_doubled(evidence: Evidence) -> None:
    assert broken(evidence, twice=5) == {DOUBLED: 1}


def test_a_transfer_that_was_answered_twice_as_the_first_is_doubled(evidence: Evidence) -> None:
    evidence.told.append(evidence.told[0])
    assert broken(evidence) == {DOUBLED: 1}


def test_a_duplicate_with_another_stamp_is_doubled(evidence: Evidence) -> None:
    again = evidence.told[-1]
    again.body = msgspec.json.encode({"sequence": 8, "duplicate": True})
    assert broken(evidence) == {DOUBLED: 1}


def test_money_that_moved_and_that_nobody_was_told_of_is_doubled(evidence: Evidence) -> None:
    assert broken(evidence, [*TAPE, Deposit("ann", "USDT", "1", "a-3")]) == {DOUBLED: 1}


def alter_account(number: int, **changes: object) -> Callable[[MoneyEvidence], None]:
    def alter(money: MoneyEvidence) -> None:
        money.accounts[number] = replace(money.accounts[number], **changes)

    return alter


def alter_sum(**changes: object) -> Callable[[MoneyEvidence], None]:
    def alter(money: MoneyEvidence) -> None:
        money.sums[1] = replace(money.sums[1], **changes)

    return alter


class Altered(Struct, frozen=True):
    """What is altered, and the promises that this breaks."""

    alter: Callable[[MoneyEvidence], object]
    broken: set[str]


BTC = Holding("BTC", "0.01", "0")


@pytest.mark.parametrize(
    "altered",
    [
        Altered(alter_account(0, balances=[BTC, Holding("USDT", "249.20000000001", "50.1")]), {BALANCES, SUMS}),
        Altered(alter_account(0, balances=[BTC, Holding("USDT", "249.1", "50.2")]), {BALANCES, SUMS}),
        Altered(alter_account(0, balances=[BTC, Holding("USDT", "-0.1", "299.4")]), {BALANCES, SUMS}),
        Altered(alter_account(0, locks=[]), {BALANCES}),
        Altered(alter_account(0, locks=[Lock("BTC-USDT", "sell", "50.1")]), {BALANCES}),
        Altered(alter_account(1, ledger=True), {BALANCES, SUMS}),
        Altered(alter_account(2, ledger=False), {BALANCES, SUMS}),
        Altered(alter_sum(exact=False), {SUMS}),
        Altered(alter_sum(accounts="299.4", outside="599.3"), {SUMS}),
        Altered(alter_sum(fees="1.80000000001"), {SUMS}),
        Altered(alter_sum(deposited="900.6"), {SUMS}),
        Altered(lambda money: money.sums.pop(), {SUMS}),
        Altered(lambda money: money.listed.pop(), {SUMS}),
    ],
)
def test_money_that_the_answers_do_not_explain_is_told(evidence: Evidence, altered: Altered) -> None:
    altered.alter(evidence.money)
    assert broken(evidence).keys() == altered.broken
