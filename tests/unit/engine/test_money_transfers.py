"""Deposits, withdrawals, transfers, resets and ends of ledgers."""

import pytest

from protocol.commands import OwnCommand, SetInstrument, SetLimits
from protocol.events import CommandRefused, InstrumentSet
from protocol.instrument import Instrument
from protocol.units import Reason, Refusal
from tests.money_tape import (
    began,
    came,
    close,
    deposit,
    deposited,
    ended,
    funded,
    holds,
    outside,
    passed,
    play,
    position,
    repeated,
    reserves,
    reset,
    transfer,
    unlimited,
    went,
    withdraw,
)
from tests.tape import (
    BUY,
    SELL,
    MakeEngine,
    both_engines,
    cancel,
    canceled,
    limit,
    market,
    oco,
    opening_trade,
    placed,
    refused,
    rejected,
    trade,
    trailing_stop,
)

SHORT = Refusal.INSUFFICIENT_BALANCE
FINE = Instrument("COIN-EUR", "COIN", "EUR", 2, 3, 1, 1, 1, 1_000, 10_000, 0, 10, 20)
"""COIN with 3 decimals, EUR with 9."""


@both_engines
def test_first_deposit_begins_the_ledger(engine: MakeEngine) -> None:
    play(
        engine,
        unlimited("ann"),
        (deposit("ann", "USD", "100.50"), [began("ann"), came("ann", "USD", "100.5")]),
        holds("ann", USD="100.5"),
        (deposit("ann", "COIN", "3", "second"), [came("ann", "COIN", "3", "second")]),
        holds("ann", USD="100.5", COIN="3"),
        deposited(USD="100.5", COIN="3"),
        unlimited("default"),
    )


@both_engines
def test_withdrawal_takes_free_money_only(engine: MakeEngine) -> None:
    play(
        engine,
        (withdraw("ann", "USD", "1"), [refused(Refusal.NO_LEDGER)]),
        funded("ann", USD="100", COIN="5"),
        (limit(SELL, 3, 1_000, account="ann"), [placed(1)]),
        (withdraw("ann", "COIN", "3"), [refused(SHORT)]),
        (withdraw("ann", "COIN", "2"), [went("ann", "COIN", "-2")]),
        (withdraw("ann", "USD", "100.0001", "more"), [refused(SHORT)]),
        (withdraw("ann", "USD", "100", "more"), [went("ann", "USD", "-100", "more")]),
        (withdraw("ann", "GOLD", "1", "gold"), [refused(SHORT)]),
        holds("ann", COIN=("0", "3")),
        deposited(COIN="3"),
    )


@both_engines
def test_transfer_moves_free_money(engine: MakeEngine) -> None:
    """The receiver's ledger begins. It is neither a deposit nor a withdrawal."""
    play(
        engine,
        (transfer("ann", "bob", "USD", "1"), [refused(Refusal.NO_LEDGER)]),
        funded("ann", USD="100"),
        (transfer("ann", "bob", "USD", "100.0001"), [refused(SHORT)]),
        unlimited("bob"),
        (
            transfer("ann", "bob", "USD", "40"),
            [passed("ann", "USD", "-40", "bob"), began("bob"), passed("bob", "USD", "40", "ann")],
        ),
        holds("ann", USD="60"),
        holds("bob", USD="40"),
        (
            transfer("ann", "bob", "USD", "60", "2"),
            [passed("ann", "USD", "-60", "bob", "2"), passed("bob", "USD", "60", "ann", "2")],
        ),
        holds("ann"),
        holds("bob", USD="100"),
        deposited(USD="100"),
    )


@both_engines
def test_end_of_a_ledger_withdraws_all(engine: MakeEngine) -> None:
    play(
        engine,
        (close("ann"), [refused(Refusal.NO_LEDGER)]),
        funded("ann", USD="100", COIN="5"),
        (limit(SELL, 3, 1_000, account="ann"), [placed(1)]),
        (close("ann"), [refused(Refusal.OPEN_ORDERS)]),
        (cancel(1), [canceled(1, 3)]),
        (close("ann"), [went("ann", "COIN", "-5", ""), went("ann", "USD", "-100", ""), ended("ann")]),
        unlimited("ann"),
        deposited(),
        (limit(SELL, 300, 1_000, account="ann"), [placed(2)]),
        (close("a b"), [refused(Refusal.INVALID_NAME, "account")]),
    )


@both_engines
def test_reset_cancels_all_orders_and_sets_the_balances(engine: MakeEngine) -> None:
    """What is more than before counts as deposited, what is less as withdrawn. Positions begin anew."""
    play(
        engine,
        *opening_trade(1_000),
        funded("ann", USD="10000", COIN="5", GOLD="1"),
        (market(SELL, 1, account="ann"), [placed(3), canceled(3, 1, Reason.NO_LIQUIDITY)]),
        (limit(SELL, 2, 1_000), [placed(4)]),
        (limit(BUY, 2, 1_000, account="ann"), [placed(5), trade(2, BUY, 2, 1_000, maker=4, taker=5)]),
        position("ann", quantity=2, cost=2_000, cash=-2_000, fees_paid="4"),
        (limit(SELL, 3, 1_100, account="ann"), [placed(6)]),
        (oco(BUY, 1, 900, at=1_100, account="ann"), [placed(7), placed(8)]),
        (
            reset("ann", USD="20", COIN="7", GOLD="1"),
            [
                canceled(6, 3),
                canceled(7, 1),
                canceled(8, 1, Reason.OCO),
                began("ann"),
                went("ann", "USD", "-7976", "anew"),
            ],
        ),
        holds("ann", USD="20", COIN="7", GOLD="1"),
        lambda money: _has_no_position(money.positions),
        deposited(USD="2024", COIN="5", GOLD="1"),
        outside(USD="1998", COIN="-2"),
        (
            reset("ann", "again", USD="21.5"),
            [
                began("ann"),
                went("ann", "COIN", "-7", "again"),
                went("ann", "GOLD", "-1", "again"),
                came("ann", "USD", "1.5", "again"),
            ],
        ),
        holds("ann", USD="21.5"),
        (reset("ann", "nothing", USD="0"), [began("ann"), went("ann", "USD", "-21.5", "nothing")]),
        holds("ann"),
    )


def _has_no_position(positions: dict[tuple[str, str], tuple[int, int, int, int]]) -> None:
    assert positions == {}


@both_engines
def test_reset_of_an_account_without_a_ledger_deposits(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 3, 1_000, account="ann"), [placed(1)]),
        (reset("ann", USD="5"), [canceled(1, 3), began("ann"), came("ann", "USD", "5", "anew")]),
        (reset("bob"), [began("bob")]),
        holds("ann", USD="5"),
        holds("bob"),
        (limit(BUY, 1, 1, account="bob"), [rejected(2, Reason.INSUFFICIENT_BALANCE)]),
        deposited(USD="5"),
    )


@both_engines
def test_the_same_under_the_same_id_happens_once(engine: MakeEngine) -> None:
    """Values are compared, not texts. The id belongs to the account, for a transfer to the sender's."""
    play(
        engine,
        (deposit("ann", "USD", "10"), [began("ann"), came("ann", "USD", "10")]),
        (deposit("ann", "USD", "1e1"), [repeated("ann", "in")]),
        (deposit("ann", "USD", "10.000"), [repeated("ann", "in")]),
        (deposit("bob", "USD", "10"), [began("bob"), came("bob", "USD", "10")]),
        (withdraw("ann", "USD", "4"), [went("ann", "USD", "-4")]),
        (withdraw("ann", "USD", "4"), [repeated("ann", "out")]),
        (
            transfer("ann", "bob", "USD", "5", "in-2"),
            [passed("ann", "USD", "-5", "bob", "in-2"), passed("bob", "USD", "5", "ann", "in-2")],
        ),
        (transfer("ann", "bob", "USD", "5", "in-2"), [repeated("ann", "in-2")]),
        (deposit("bob", "USD", "1", "in-2"), [came("bob", "USD", "1", "in-2")]),
        (reset("bob", USD="3"), [began("bob"), went("bob", "USD", "-13", "anew")]),
        (reset("bob", USD="3.0"), [repeated("bob", "anew")]),
        holds("ann", USD="1"),
        holds("bob", USD="3"),
        (reset("ann", "zero"), [began("ann"), went("ann", "USD", "-1", "zero")]),
        (close("ann"), [ended("ann")]),
        (withdraw("ann", "USD", "4"), [repeated("ann", "out")]),
        unlimited("ann"),
        deposited(USD="3"),
    )


@both_engines
@pytest.mark.parametrize(
    "other",
    [
        deposit("ann", "USD", "11"),
        deposit("ann", "COIN", "10"),
        withdraw("ann", "USD", "10", "in"),
        withdraw("ann", "USD", "1000", "in"),
        transfer("ann", "bob", "USD", "10", "in"),
        reset("ann", "in", USD="10"),
    ],
    ids=["amount", "asset", "kind", "beyond-free", "transfer", "reset"],
)
def test_another_command_under_a_used_id_is_refused(engine: MakeEngine, other: OwnCommand) -> None:
    play(
        engine,
        (deposit("ann", "USD", "10"), [began("ann"), came("ann", "USD", "10")]),
        (other, [refused(Refusal.TRANSFER_ID_CONFLICT)]),
        holds("ann", USD="10"),
        unlimited("bob"),
    )


@both_engines
def test_a_refused_command_leaves_its_id_free(engine: MakeEngine) -> None:
    play(
        engine,
        funded("ann", USD="10"),
        (withdraw("ann", "USD", "11"), [refused(SHORT)]),
        (withdraw("ann", "USD", "9"), [went("ann", "USD", "-9")]),
    )


@both_engines
@pytest.mark.parametrize(
    ("command", "refusal", "field"),
    [
        (deposit("a b", "NONE", "x", "a b"), Refusal.INVALID_NAME, "account"),
        (transfer("a b", "*fees*", "NONE", "x", "a b"), Refusal.INVALID_NAME, "account"),
        (transfer("ann", "*fees*", "NONE", "x", "a b"), Refusal.INVALID_NAME, "to"),
        (deposit("*fees*", "USD", "1"), Refusal.INVALID_NAME, "account"),
        (deposit("*outside*", "USD", "1"), Refusal.INVALID_NAME, "account"),
        (deposit("ann", "NONE", "x", "a b"), Refusal.INVALID_NAME, "transfer_id"),
        (transfer("ann", "ann", "NONE", "x", "a b"), Refusal.INVALID_NAME, "transfer_id"),
        (reset("ann", "a b", NONE="x"), Refusal.INVALID_NAME, "transfer_id"),
        (transfer("ann", "ann", "NONE", "x"), Refusal.SAME_ACCOUNT, "to"),
        (deposit("ann", "NONE", "x"), Refusal.UNKNOWN_ASSET, "asset"),
        (withdraw("ann", "usd", "1"), Refusal.UNKNOWN_ASSET, "asset"),
        (transfer("ann", "bob", "NONE", "1"), Refusal.UNKNOWN_ASSET, "asset"),
        (reset("ann", USD="1", NONE="1"), Refusal.UNKNOWN_ASSET, "balances"),
        (deposit("ann", "USD", "0"), Refusal.INVALID_AMOUNT, "amount"),
        (deposit("ann", "USD", "-1"), Refusal.INVALID_AMOUNT, "amount"),
        (deposit("ann", "USD", "many"), Refusal.INVALID_AMOUNT, "amount"),
        (deposit("ann", "USD", "0.00001"), Refusal.INVALID_AMOUNT, "amount"),
        (deposit("ann", "COIN", "0.5"), Refusal.INVALID_AMOUNT, "amount"),
        (withdraw("ann", "USD", "0"), Refusal.INVALID_AMOUNT, "amount"),
        (transfer("ann", "bob", "USD", "1e-5"), Refusal.INVALID_AMOUNT, "amount"),
        (reset("ann", USD="-1"), Refusal.INVALID_AMOUNT, "balances"),
        (reset("ann", COIN="0.5"), Refusal.INVALID_AMOUNT, "balances"),
        (withdraw("ann", "USD", "1"), Refusal.NO_LEDGER, ""),
    ],
)
def test_refusals(engine: MakeEngine, command: OwnCommand, refusal: Refusal, field: str) -> None:
    """What is at fault first is told, and nothing has happened."""
    play(engine, (command, [CommandRefused(refusal, field)]), unlimited("ann"), deposited())


@both_engines
def test_amounts_are_of_any_size(engine: MakeEngine) -> None:
    """64 characters are 21 more digits than 63 bits have in USD."""
    much = "9" * 59 + ".9999"
    play(
        engine,
        (deposit("ann", "USD", much), [began("ann"), came("ann", "USD", much)]),
        (deposit("ann", "USD", "0.0001", "bit"), [came("ann", "USD", "0.0001", "bit")]),
        (deposit("ann", "USD", "1", "bit-2"), [came("ann", "USD", "1", "bit-2")]),
        (withdraw("ann", "USD", "1" + "0" * 59), [went("ann", "USD", "-1" + "0" * 59)]),
        holds("ann", USD="1"),
    )


@both_engines
def test_a_new_instrument_makes_an_asset_finer(engine: MakeEngine) -> None:
    """What accounts have stays the same, and so do the ids that were used."""
    add = SetInstrument.of(FINE)
    play(
        engine,
        funded("ann", COIN="5", USD="7"),
        (limit(SELL, 2, 1_000, account="ann"), [placed(1)]),
        (deposit("ann", "COIN", "0.001"), [refused(Refusal.INVALID_AMOUNT, "amount")]),
        (deposit("ann", "EUR", "1"), [refused(Refusal.UNKNOWN_ASSET, "asset")]),
        (add, [InstrumentSet(FINE)]),
        holds("ann", COIN=("3", "2"), USD="7"),
        reserves((1, "2")),
        deposited(COIN="5", USD="7"),
        (reset("ann", "funds", COIN="5.000", USD="7"), [repeated("ann", "funds")]),
        (deposit("ann", "COIN", "0.0001"), [refused(Refusal.INVALID_AMOUNT, "amount")]),
        (deposit("ann", "COIN", "0.001"), [came("ann", "COIN", "0.001")]),
        (deposit("ann", "EUR", "0.000000001", "eur"), [came("ann", "EUR", "0.000000001", "eur")]),
        (limit(SELL, 3_001, 1, account="ann", symbol=FINE.symbol), [refused(Refusal.QUANTITY_TOO_LARGE)]),
        (limit(SELL, 1_000, 1, account="ann", symbol=FINE.symbol), [placed(2)]),
        holds("ann", COIN=("2.001", "3"), USD="7", EUR="0.000000001"),
        (market(BUY, 2), [placed(3), trade(1, BUY, 2, 1_000, maker=1, taker=3)]),
        holds("ann", COIN=("2.001", "1"), USD="2005", EUR="0.000000001"),
    )


@both_engines
def test_first_deposit_covers_what_live_orders_lock(engine: MakeEngine) -> None:
    """3 at 1,000 and 20 basis points: 3,006."""
    play(
        engine,
        (limit(BUY, 3, 1_000, account="ann"), [placed(1)]),
        (trailing_stop(BUY, 3, trailing_amount=10, account="ann"), [placed(2)]),
        (deposit("ann", "USD", "3005.9999"), [refused(Refusal.OPEN_ORDERS)]),
        (deposit("ann", "COIN", "9000"), [refused(Refusal.OPEN_ORDERS)]),
        unlimited("ann"),
        (deposit("ann", "USD", "3006"), [began("ann"), came("ann", "USD", "3006")]),
        holds("ann", USD=("0", "3006")),
        reserves((1, "3006")),
    )


@both_engines
def test_first_transfer_covers_what_live_orders_lock(engine: MakeEngine) -> None:
    play(
        engine,
        funded("bob", COIN="9", USD="10"),
        (limit(SELL, 3, 1_000, account="ann"), [placed(1)]),
        (transfer("bob", "ann", "COIN", "2"), [refused(Refusal.OPEN_ORDERS)]),
        (transfer("bob", "ann", "USD", "10"), [refused(Refusal.OPEN_ORDERS)]),
        (
            transfer("bob", "ann", "COIN", "4"),
            [passed("bob", "COIN", "-4", "ann"), began("ann"), passed("ann", "COIN", "4", "bob")],
        ),
        holds("ann", COIN=("1", "3")),
    )


@both_engines
def test_first_deposit_finds_no_order_that_locks_another_asset(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 1, 1_000, account="ann"), [placed(1)]),
        (limit(SELL, 1, 2_000, account="ann"), [placed(2)]),
        (deposit("ann", "USD", "99999"), [refused(Refusal.OPEN_ORDERS)]),
        (deposit("ann", "COIN", "99999"), [refused(Refusal.OPEN_ORDERS)]),
        (deposit("ann", "GOLD", "99999"), [refused(Refusal.OPEN_ORDERS)]),
        (cancel(2), [canceled(2, 1)]),
        (deposit("ann", "USD", "1002"), [began("ann"), came("ann", "USD", "1002")]),
    )


@both_engines
def test_an_account_with_too_many_orders_begins_no_ledger(engine: MakeEngine) -> None:
    """The limit is that of the orders that one command cancels."""
    play(
        engine,
        (SetLimits(cancels=1), []),
        (limit(BUY, 1, 100, account="ann"), [placed(1)]),
        (limit(BUY, 1, 100, account="ann"), [placed(2)]),
        (deposit("ann", "USD", "99999"), [refused(Refusal.OPEN_ORDERS)]),
        (reset("ann", USD="99999"), [refused(Refusal.OPEN_ORDERS)]),
        (cancel(1), [canceled(1, 1)]),
        (reset("ann", USD="99999"), [canceled(2, 1), began("ann"), came("ann", "USD", "99999", "anew")]),
    )


@both_engines
def test_an_account_with_a_ledger_counts(engine: MakeEngine) -> None:
    play(
        engine,
        (SetLimits(accounts=1), []),
        funded("ann", USD="10"),
        (deposit("bob", "USD", "1"), [refused(Refusal.TOO_MANY_ACCOUNTS, "account")]),
        (reset("bob", USD="1"), [refused(Refusal.TOO_MANY_ACCOUNTS, "account")]),
        (transfer("ann", "bob", "USD", "11"), [refused(SHORT)]),
        (transfer("ann", "bob", "USD", "1"), [refused(Refusal.TOO_MANY_ACCOUNTS, "to")]),
        (limit(BUY, 1, 100, account="bob"), [refused(Refusal.TOO_MANY_ACCOUNTS, "account")]),
        (deposit("ann", "USD", "1"), [came("ann", "USD", "1")]),
        holds("ann", USD="11"),
    )
