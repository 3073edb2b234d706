"""What fills move, what they charge, and what positions come to."""

import pytest
from msgspec.structs import replace

from protocol.events import InstrumentSet
from protocol.units import Reason, Side
from tests.money_tape import (
    COIN,
    began,
    came,
    close,
    deposit,
    deposited,
    ended,
    fees,
    funded,
    holds,
    outside,
    play,
    position,
    reserves,
    reset,
    unlimited,
    went,
)
from tests.tape import (
    BUY,
    SELL,
    MakeEngine,
    both_engines,
    canceled,
    change,
    limit,
    market,
    opening_trade,
    placed,
    rejected,
    stop_limit,
    trade,
    triggered,
)

DEAR = replace(COIN, maker_fee_bps=500, taker_fee_bps=600)
CHEAP = replace(COIN, maker_fee_bps=1, taker_fee_bps=2)


@both_engines
def test_two_accounts_with_ledgers(engine: MakeEngine) -> None:
    """5 at 1,000. The maker pays 10 basis points, the taker 20."""
    play(
        engine,
        funded("ann", USD="6000"),
        funded("bob", COIN="7"),
        (limit(BUY, 5, 1_000, account="ann"), [placed(1)]),
        (market(SELL, 5, account="bob"), [placed(2), trade(1, SELL, 5, 1_000, maker=1, taker=2)]),
        holds("ann", USD="995", COIN="5"),
        holds("bob", USD="4990", COIN="2"),
        fees(USD="15"),
        outside(),
        deposited(USD="6000", COIN="7"),
    )


@both_engines
def test_what_the_other_side_has_no_ledger_for_is_outside(engine: MakeEngine) -> None:
    play(
        engine,
        funded("ann", USD="6000"),
        (limit(SELL, 5, 1_000), [placed(1)]),
        (market(BUY, 5, account="ann"), [placed(2), trade(1, BUY, 5, 1_000, maker=1, taker=2)]),
        holds("ann", USD="990", COIN="5"),
        fees(USD="15"),
        outside(USD="4995", COIN="-5"),
        (limit(BUY, 5, 1_200), [placed(3)]),
        (market(SELL, 5, account="ann"), [placed(4), trade(2, SELL, 5, 1_200, maker=3, taker=4)]),
        holds("ann", USD="6978"),
        fees(USD="33"),
        outside(USD="-1011"),
        unlimited("default"),
    )


@both_engines
def test_an_account_that_trades_with_itself_pays_both_fees(engine: MakeEngine) -> None:
    """It buys and sells 2 at 1,000: 2,004 must be free, and 6 are paid."""
    play(
        engine,
        funded("ann", USD="2004", COIN="2"),
        (limit(SELL, 2, 1_000, account="ann"), [placed(1)]),
        (market(BUY, 2, account="ann"), [placed(2), trade(1, BUY, 2, 1_000, maker=1, taker=2)]),
        holds("ann", USD="1998", COIN="2"),
        fees(USD="6"),
    )


@both_engines
def test_the_order_that_locked_pays_no_more_after_the_rates_have_risen(engine: MakeEngine) -> None:
    """As maker, 20 basis points: 10 of fee. The other side pays the new 600."""
    play(
        engine,
        funded("ann", USD="5010"),
        (limit(BUY, 5, 1_000, account="ann"), [placed(1)]),
        (change(COIN, maker_fee_bps=500, taker_fee_bps=600), [InstrumentSet(DEAR)]),
        reserves((1, "5010")),
        (
            market(SELL, 5),
            [placed(2), trade(1, SELL, 5, 1_000, maker=1, taker=2, instrument=replace(DEAR, maker_fee_bps=20))],
        ),
        holds("ann", COIN="5"),
        fees(USD="310"),
        outside(USD="4700", COIN="-5"),
    )


@both_engines
def test_nor_does_it_as_taker(engine: MakeEngine) -> None:
    """The stop_limit entered at 20 basis points; the maker of bob at 500."""
    play(
        engine,
        funded("ann", USD="5010"),
        (stop_limit(BUY, 5, 1_000, at=900, account="ann"), [placed(1)]),
        (change(COIN, maker_fee_bps=500, taker_fee_bps=600), [InstrumentSet(DEAR)]),
        funded("bob", COIN="5"),
        (limit(SELL, 1, 900), [placed(2)]),
        (limit(SELL, 5, 1_000, account="bob"), [placed(3)]),
        (
            market(BUY, 1),
            [
                placed(4),
                trade(1, BUY, 1, 900, maker=2, taker=4, instrument=DEAR),
                triggered(1),
                trade(2, BUY, 5, 1_000, maker=3, taker=1, instrument=replace(DEAR, taker_fee_bps=20)),
            ],
        ),
        holds("ann", COIN="5"),
        holds("bob", USD="4750"),
        fees(USD="260"),
    )


@both_engines
def test_it_pays_less_after_the_rates_have_fallen(engine: MakeEngine) -> None:
    play(
        engine,
        funded("ann", USD="5010"),
        (limit(BUY, 5, 1_000, account="ann"), [placed(1)]),
        (change(COIN, maker_fee_bps=1, taker_fee_bps=2), [InstrumentSet(CHEAP)]),
        reserves((1, "5010")),
        (market(SELL, 4), [placed(2), trade(1, SELL, 4, 1_000, maker=1, taker=2, instrument=CHEAP)]),
        holds("ann", USD=("7.6", "1002"), COIN="4"),
    )


@both_engines
def test_an_account_without_a_ledger_pays_the_rates_of_now(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 5, 1_000), [placed(1)]),
        (change(COIN, maker_fee_bps=500, taker_fee_bps=600), [InstrumentSet(DEAR)]),
        (market(SELL, 5), [placed(2), trade(1, SELL, 5, 1_000, maker=1, taker=2, instrument=DEAR)]),
        fees(),
    )


@both_engines
def test_an_order_of_before_the_ledger_has_the_rate_of_its_beginning(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 5, 1_000, account="ann"), [placed(1)]),
        (change(COIN, maker_fee_bps=500, taker_fee_bps=600), [InstrumentSet(DEAR)]),
        (deposit("ann", "USD", "5300"), [began("ann"), came("ann", "USD", "5300")]),
        reserves((1, "5300")),
        (market(SELL, 5), [placed(2), trade(1, SELL, 5, 1_000, maker=1, taker=2, instrument=DEAR)]),
        holds("ann", COIN="5", USD="50"),
    )


@both_engines
def test_the_whole_value_as_fee(engine: MakeEngine) -> None:
    """A seller that pays 10,000 basis points gets nothing, and owes nothing."""
    whole = replace(COIN, maker_fee_bps=10_000, taker_fee_bps=10_000)
    play(
        engine,
        funded("ann", COIN="5"),
        funded("bob", USD="10000"),
        (limit(SELL, 5, 1_000, account="ann"), [placed(1)]),
        (
            market(BUY, 5, account="bob"),
            [placed(2), trade(1, BUY, 5, 1_000, maker=1, taker=2, instrument=whole)],
        ),
        holds("ann"),
        holds("bob", COIN="5"),
        fees(USD="10000"),
        instruments=(whole,),
    )


# Positions


@both_engines
def test_a_position_grows_shrinks_and_closes(engine: MakeEngine) -> None:
    """10 at 100, then 4 of them at 130: their cost was 400, so 120 are realised. The last 6 at 90 lose 60."""
    play(
        engine,
        funded("ann", USD="5000"),
        (limit(SELL, 10, 100), [placed(1)]),
        (limit(BUY, 10, 100, account="ann"), [placed(2), trade(1, BUY, 10, 100, maker=1, taker=2)]),
        position("ann", quantity=10, cost=1_000, cash=-1_000, fees_paid="2"),
        (limit(SELL, 4, 130, account="ann"), [placed(3)]),
        (market(BUY, 4), [placed(4), trade(2, BUY, 4, 130, maker=3, taker=4)]),
        position("ann", quantity=6, cost=600, cash=-480, fees_paid="2.52"),
        (limit(BUY, 6, 90), [placed(5)]),
        (market(SELL, 6, account="ann"), [placed(6), trade(3, SELL, 6, 90, maker=5, taker=6)]),
        position("ann", quantity=0, cost=0, cash=60, fees_paid="3.6"),
    )


@both_engines
@pytest.mark.parametrize(("side", "sign"), [(BUY, 1), (SELL, -1)])
def test_the_share_of_the_cost_is_rounded_towards_zero(engine: MakeEngine, side: Side, sign: int) -> None:
    """2 at 33 and 1 at 34 cost 100: a third of it is 33, half of the rest 33."""
    opens, closes = (BUY, SELL) if side is BUY else (SELL, BUY)
    play(
        engine,
        funded("ann", USD="5000", COIN="50"),
        (limit(opens, 2, 33, account="ann"), [placed(1)]),
        (market(closes, 2), [placed(2), trade(1, closes, 2, 33, maker=1, taker=2)]),
        (limit(opens, 1, 34, account="ann"), [placed(3)]),
        (market(closes, 1), [placed(4), trade(2, closes, 1, 34, maker=3, taker=4)]),
        position("ann", quantity=sign * 3, cost=sign * 100, cash=-sign * 100, fees_paid="0.1"),
        (limit(closes, 1, 40, account="ann"), [placed(5)]),
        (market(opens, 1), [placed(6), trade(3, opens, 1, 40, maker=5, taker=6)]),
        position("ann", quantity=sign * 2, cost=sign * 67, cash=-sign * 60, fees_paid="0.14"),
        (limit(closes, 1, 40, account="ann"), [placed(7)]),
        (market(opens, 1), [placed(8), trade(4, opens, 1, 40, maker=7, taker=8)]),
        position("ann", quantity=sign, cost=sign * 34, cash=-sign * 20, fees_paid="0.18"),
    )


@both_engines
def test_a_fill_turns_a_position(engine: MakeEngine) -> None:
    """2 at 100, then 5 sold at 110: 20 are realised, and -3 cost -330."""
    play(
        engine,
        funded("ann", USD="5000", COIN="3"),
        (limit(BUY, 2, 100, account="ann"), [placed(1)]),
        (market(SELL, 2), [placed(2), trade(1, SELL, 2, 100, maker=1, taker=2)]),
        (limit(SELL, 5, 110, account="ann"), [placed(3)]),
        (market(BUY, 5), [placed(4), trade(2, BUY, 5, 110, maker=3, taker=4)]),
        position("ann", quantity=-3, cost=-330, cash=350, fees_paid="0.75"),
    )


@both_engines
def test_positions_begin_with_the_ledger(engine: MakeEngine) -> None:
    """Neither deposits nor fills of before count. A new ledger, by a reset or by a deposit, begins anew."""
    play(
        engine,
        *opening_trade(100),
        (deposit("default", "COIN", "5"), [began("default"), came("default", "COIN", "5")]),
        (limit(SELL, 2, 100), [placed(3)]),
        (market(BUY, 2, account="bob"), [placed(4), trade(2, BUY, 2, 100, maker=3, taker=4)]),
        position("default", quantity=-2, cost=-200, cash=200, fees_paid="0.2"),
        (
            reset("default", COIN="1"),
            [began("default"), went("default", "COIN", "-2", "anew"), went("default", "USD", "-199.8", "anew")],
        ),
        (limit(SELL, 1, 50), [placed(5)]),
        (market(BUY, 1, account="bob"), [placed(6), trade(3, BUY, 1, 50, maker=5, taker=6)]),
        position("default", quantity=-1, cost=-50, cash=50, fees_paid="0.05"),
        (close("default"), [went("default", "USD", "-49.95", ""), ended("default")]),
        (deposit("default", "COIN", "1", "in-2"), [began("default"), came("default", "COIN", "1", "in-2")]),
        (limit(SELL, 2, 50), [rejected(7, Reason.INSUFFICIENT_BALANCE)]),
        (limit(SELL, 1, 70), [placed(8)]),
        (
            market(BUY, 2, account="bob"),
            [placed(9), trade(4, BUY, 1, 70, maker=8, taker=9), canceled(9, 1, Reason.NO_LIQUIDITY)],
        ),
        position("default", quantity=-1, cost=-70, cash=70, fees_paid="0.07"),
    )
