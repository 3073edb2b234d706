"""Amends lock what they need more before anything runs. What is short changes nothing.

5 at 1,000 lock 5,010 in all these tapes.
"""

import pytest
from msgspec.structs import replace

from protocol.commands import AmendOrder
from protocol.events import InstrumentSet
from protocol.units import Refusal
from tests.money_tape import COIN, funded, holds, play, reserves
from tests.tape import (
    BUY,
    SELL,
    MakeEngine,
    amend,
    amended,
    both_engines,
    change,
    limit,
    market,
    oco,
    opening_trade,
    placed,
    refused,
    stop_market,
    trade,
    trailing_stop,
)

SHORT = Refusal.INSUFFICIENT_BALANCE


@both_engines
@pytest.mark.parametrize(
    ("command", "lock", "less"),
    [
        (amend(1, quantity=6), "6012", "6011.9999"),
        (amend(1, price=1_100), "5511", "5510.9999"),
        (amend(1, quantity=6, price=1_100), "6613.2", "6613.1999"),
    ],
    ids=["quantity", "price", "both"],
)
def test_a_larger_lock_is_taken_from_free(engine: MakeEngine, command: AmendOrder, lock: str, less: str) -> None:
    quantity, price = command.quantity or 5, command.price or 1_000
    play(
        engine,
        funded("bob", USD=less),
        (limit(BUY, 5, 1_000, account="bob"), [placed(1)]),
        (command, [refused(SHORT)]),
        reserves((1, "5010")),
        funded("ann", USD=lock),
        (limit(BUY, 5, 1_000, account="ann"), [placed(2)]),
        (replace(command, order_id=2), [amended(2, quantity, price)]),
        holds("ann", USD=("0", lock)),
    )


@both_engines
def test_a_refused_amend_keeps_the_place(engine: MakeEngine) -> None:
    play(
        engine,
        funded("ann", USD="5010"),
        (limit(BUY, 5, 1_000, account="ann"), [placed(1)]),
        (limit(BUY, 5, 1_000), [placed(2)]),
        (amend(1, quantity=6), [refused(SHORT)]),
        (market(SELL, 5), [placed(3), trade(1, SELL, 5, 1_000, maker=1, taker=3)]),
        holds("ann", USD="5", COIN="5"),
    )


@both_engines
def test_a_smaller_lock_is_free_at_once(engine: MakeEngine) -> None:
    play(
        engine,
        funded("ann", USD="5010", COIN="4"),
        (limit(BUY, 5, 1_000, account="ann"), [placed(1)]),
        (limit(SELL, 4, 2_000, account="ann"), [placed(2)]),
        (amend(1, quantity=2), [amended(1, 2, 1_000)]),
        (amend(2, quantity=1), [amended(2, 1, 2_000)]),
        holds("ann", USD=("3006", "2004"), COIN=("3", "1")),
        (amend(1, price=500), [amended(1, 2, 500)]),
        (amend(2, price=3_000), [amended(2, 1, 3_000)]),
        holds("ann", USD=("4008", "1002"), COIN=("3", "1")),
        (amend(2, quantity=5), [refused(SHORT)]),
        (amend(2, quantity=4), [amended(2, 4, 3_000)]),
        holds("ann", USD=("4008", "1002"), COIN=("0", "4")),
    )


@both_engines
def test_the_difference_must_be_free_before_the_order_runs(engine: MakeEngine) -> None:
    """It would trade at 1,050. That costs less than what it locks at 1,100, and is no help."""
    play(
        engine,
        (limit(SELL, 5, 1_050), [placed(1)]),
        funded("bob", USD="5510.9999"),
        (limit(BUY, 5, 1_000, account="bob"), [placed(2)]),
        (amend(2, price=1_100), [refused(SHORT)]),
        funded("ann", USD="5511"),
        (limit(BUY, 5, 1_000, account="ann"), [placed(3)]),
        (amend(3, price=1_100), [amended(3, 5, 1_100), trade(1, BUY, 5, 1_050, maker=1, taker=3)]),
        holds("ann", USD="250.5", COIN="5"),
    )


@both_engines
def test_what_is_filled_locks_no_more(engine: MakeEngine) -> None:
    """2 of 5 are filled: 2,002 with the maker's fee. 4 of 6 would lock 4,008."""
    play(
        engine,
        funded("ann", USD="6010"),
        (limit(BUY, 5, 1_000, account="ann"), [placed(1)]),
        (market(SELL, 2), [placed(2), trade(1, SELL, 2, 1_000, maker=1, taker=2)]),
        holds("ann", USD=("1002", "3006"), COIN="2"),
        (amend(1, quantity=7), [refused(SHORT)]),
        (amend(1, quantity=6), [amended(1, 6, 1_000)]),
        holds("ann", USD=("0", "4008"), COIN="2"),
    )


@both_engines
def test_the_trigger_price_of_a_stop_market_is_its_lock(engine: MakeEngine) -> None:
    play(
        engine,
        funded("ann", USD="5511"),
        (stop_market(BUY, 5, at=1_000, account="ann"), [placed(1)]),
        (amend(1, at=1_101), [refused(SHORT)]),
        (amend(1, at=1_100), [amended(1, 5, None, 1_100)]),
        holds("ann", USD=("0", "5511")),
    )


@both_engines
def test_a_trailing_stop_that_buys_locks_nothing(engine: MakeEngine) -> None:
    play(
        engine,
        funded("ann", USD="1"),
        (trailing_stop(BUY, 5, trailing_amount=10, account="ann"), [placed(1)]),
        (amend(1, quantity=5_000), [amended(1, 5_000, None)]),
        holds("ann", USD="1"),
    )


@both_engines
def test_legs_of_an_oco(engine: MakeEngine) -> None:
    """The stop leg at 1,100 makes the lock of 5: 5,511, and 1,102.2 for each more. The limit leg's price has room."""
    play(
        engine,
        *opening_trade(1_000),
        funded("ann", USD="6613.2"),
        (oco(BUY, 5, 900, at=1_100, account="ann"), [placed(3), placed(4)]),
        (amend(3, quantity=7), [refused(SHORT)]),
        (amend(4, quantity=7), [refused(SHORT)]),
        (amend(3, quantity=6), [amended(3, 6, 900), amended(4, 6, None, 1_100)]),
        holds("ann", USD=("0", "6613.2")),
        (amend(3, price=950), [amended(3, 6, 950)]),
        (amend(4, at=1_101), [refused(SHORT)]),
        (amend(4, quantity=3), [amended(4, 3, None, 1_100), amended(3, 3, 950)]),
        holds("ann", USD=("3306.6", "3306.6")),
        reserves((3, "3306.6")),
        (amend(4, at=2_200), [amended(4, 3, None, 2_200)]),
        holds("ann", USD=("0", "6613.2")),
        (amend(4, at=1_200), [amended(4, 3, None, 1_200)]),
        holds("ann", USD=("3006", "3607.2")),
        reserves((3, "3607.2")),
    )


@both_engines
def test_lower_price_of_the_stop_leg_frees_money_of_the_pair(engine: MakeEngine) -> None:
    """The limit leg has the lock, and is not amended."""
    play(
        engine,
        *opening_trade(1_000),
        funded("ann", USD="5511"),
        (oco(BUY, 5, 900, at=1_100, account="ann"), [placed(3), placed(4)]),
        (amend(4, at=1_050), [amended(4, 5, None, 1_050)]),
        reserves((3, "5260.5")),
        holds("ann", USD=("250.5", "5260.5")),
    )


@both_engines
def test_want_of_money_is_told_last(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 1, 1_100), [placed(1)]),
        funded("ann", USD="5010"),
        (limit(BUY, 5, 1_000, account="ann", post_only=True), [placed(2)]),
        (amend(2, quantity=20_000), [refused(Refusal.QUANTITY_TOO_LARGE)]),
        (amend(2, price=20_000), [refused(Refusal.PRICE_TOO_LARGE)]),
        (amend(2, price=1_100), [refused(Refusal.POST_ONLY_WOULD_CROSS)]),
        (amend(2, price=1_099), [refused(SHORT)]),
    )


@both_engines
def test_the_rate_is_still_that_of_the_entry(engine: MakeEngine) -> None:
    dear = replace(COIN, maker_fee_bps=500, taker_fee_bps=600)
    play(
        engine,
        funded("ann", USD="6012"),
        (limit(BUY, 5, 1_000, account="ann"), [placed(1)]),
        (change(COIN, maker_fee_bps=500, taker_fee_bps=600), [InstrumentSet(dear)]),
        (amend(1, quantity=6), [amended(1, 6, 1_000)]),
        holds("ann", USD=("0", "6012")),
    )
