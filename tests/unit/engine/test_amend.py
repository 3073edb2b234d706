"""Amends: the place in the queue, what an amended order takes, and what is refused."""

import pytest
from msgspec.structs import replace

from protocol.commands import AmendOrder, PlaceOrder
from protocol.events import InstrumentSet
from protocol.units import InstrumentStatus, Reason, Refusal
from tests.tape import (
    BUY,
    COIN,
    SELL,
    MakeEngine,
    amend,
    amended,
    both_engines,
    cancel,
    cancel_all,
    canceled,
    change,
    fok,
    limit,
    market,
    opening_trade,
    placed,
    play,
    refused,
    stop_limit,
    stop_market,
    time_of,
    trade,
    triggered,
)

pytestmark = both_engines


# The place in the queue


def test_less_quantity_keeps_the_place(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (limit(SELL, 5, 100), [placed(2)]),
        (amend(1, quantity=2), [amended(1, 2, 100)]),
        (market(BUY, 3), [placed(3), trade(1, BUY, 2, 100, maker=1, taker=3), trade(2, BUY, 1, 100, maker=2, taker=3)]),
    )


def test_more_quantity_loses_the_place(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (limit(SELL, 5, 100), [placed(2)]),
        (amend(1, quantity=6), [amended(1, 6, 100)]),
        (market(BUY, 6), [placed(3), trade(1, BUY, 5, 100, maker=2, taker=3), trade(2, BUY, 1, 100, maker=1, taker=3)]),
    )


def test_no_change_keeps_the_place(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (limit(SELL, 5, 100), [placed(2)]),
        (amend(1), [amended(1, 5, 100)]),
        (amend(1, quantity=5, price=100), [amended(1, 5, 100)]),
        (market(BUY, 1), [placed(3), trade(1, BUY, 1, 100, maker=1, taker=3)]),
    )


def test_another_price_puts_it_at_the_back_of_the_queue_there(engine: MakeEngine) -> None:
    """With less quantity too; back at its old price it stands behind who stayed."""
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (limit(SELL, 5, 100), [placed(2)]),
        (limit(SELL, 5, 101), [placed(3)]),
        (amend(1, quantity=4, price=101), [amended(1, 4, 101)]),
        (amend(2, price=101), [amended(2, 5, 101)]),
        (amend(2, price=100), [amended(2, 5, 100)]),
        (
            market(BUY, 11),
            [
                placed(4),
                trade(1, BUY, 5, 100, maker=2, taker=4),
                trade(2, BUY, 5, 101, maker=3, taker=4),
                trade(3, BUY, 1, 101, maker=1, taker=4),
            ],
        ),
    )


@pytest.mark.parametrize("moved", [1, 2, 3])
def test_amend_anywhere_in_a_queue_keeps_the_others_and_their_order(engine: MakeEngine, moved: int) -> None:
    queue = [*(order_id for order_id in (1, 2, 3) if order_id != moved), moved]
    play(
        engine,
        *((limit(BUY, 1, 100), [placed(order_id)]) for order_id in (1, 2, 3)),
        (amend(moved, price=90), [amended(moved, 1, 90)]),
        (amend(moved, price=100), [amended(moved, 1, 100)]),
        (
            market(SELL, 3),
            [placed(4), *(trade(number, SELL, 1, 100, maker=maker, taker=4) for number, maker in enumerate(queue, 1))],
        ),
    )


def test_amended_quantity_counts_in_the_depth_that_a_fok_sees(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (limit(SELL, 5, 100), [placed(2)]),
        (amend(1, quantity=3), [amended(1, 3, 100)]),
        (fok(BUY, 9, 100), [placed(3), canceled(3, 9, Reason.FOK_UNFILLABLE)]),
        (amend(1, quantity=4), [amended(1, 4, 100)]),
        (
            fok(BUY, 9, 100),
            [placed(4), trade(1, BUY, 5, 100, maker=2, taker=4), trade(2, BUY, 4, 100, maker=1, taker=4)],
        ),
    )


# Amended orders that match


def test_price_that_crosses_takes_at_once_and_rests_the_remainder(engine: MakeEngine) -> None:
    """The amended order is the taker, at the makers' prices."""
    play(
        engine,
        (limit(SELL, 2, 100), [placed(1)]),
        (limit(SELL, 2, 101), [placed(2)]),
        (limit(SELL, 2, 102), [placed(3)]),
        (limit(BUY, 5, 99), [placed(4)]),
        (
            amend(4, price=101),
            [amended(4, 5, 101), trade(1, BUY, 2, 100, maker=1, taker=4), trade(2, BUY, 2, 101, maker=2, taker=4)],
        ),
        (market(SELL, 2), [placed(5), trade(3, SELL, 1, 101, maker=4, taker=5), canceled(5, 1, Reason.NO_LIQUIDITY)]),
    )


def test_amended_order_that_is_filled_is_done(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 2, 100), [placed(1)]),
        (limit(BUY, 2, 99), [placed(2)]),
        (amend(1, price=99), [amended(1, 2, 99), trade(1, SELL, 2, 99, maker=2, taker=1)]),
        (cancel(1), [refused(Refusal.ORDER_NOT_OPEN)]),
        (amend(2, price=98), [refused(Refusal.ORDER_NOT_OPEN)]),
    )


def test_trades_of_an_amended_order_fire_triggers(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (stop_market(BUY, 1, at=101), [placed(3)]),
        (limit(SELL, 2, 101), [placed(4)]),
        (limit(BUY, 1, 99), [placed(5)]),
        (
            amend(5, price=101),
            [
                amended(5, 1, 101),
                trade(2, BUY, 1, 101, maker=4, taker=5),
                triggered(3),
                trade(3, BUY, 1, 101, maker=4, taker=3),
            ],
        ),
    )


def test_quantity_is_the_total_the_filled_part_included(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (market(BUY, 3), [placed(2), trade(1, BUY, 3, 100, maker=1, taker=2)]),
        (amend(1, quantity=3), [refused(Refusal.QUANTITY_BELOW_FILLED)]),
        (amend(1, quantity=2), [refused(Refusal.QUANTITY_BELOW_FILLED)]),
        (amend(1, quantity=4), [amended(1, 4, 100)]),
        (cancel(1), [canceled(1, 1)]),
    )


def test_more_quantity_of_a_partly_filled_order(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (market(BUY, 3), [placed(2), trade(1, BUY, 3, 100, maker=1, taker=2)]),
        (amend(1, quantity=9, price=102), [amended(1, 9, 102)]),
        (market(BUY, 9), [placed(3), trade(2, BUY, 6, 102, maker=1, taker=3), canceled(3, 3, Reason.NO_LIQUIDITY)]),
    )


def test_fired_stop_limit_that_rests_can_be_amended_as_a_limit_order(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (limit(SELL, 1, 102), [placed(3)]),
        (stop_limit(BUY, 2, 90, at=100), [placed(4), triggered(4)]),
        (amend(4, at=100), [refused(Refusal.TRIGGER_PRICE_NOT_ALLOWED)]),
        (amend(4, price=102), [amended(4, 2, 102, 100), trade(2, BUY, 1, 102, maker=3, taker=4)]),
        (market(SELL, 1), [placed(5), trade(3, SELL, 1, 102, maker=4, taker=5)]),
    )


def test_amend_by_client_order_id(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 5, 100, account="ann", client_order_id="one"), [placed(1)]),
        (amend(client_order_id="one", price=101), [refused(Refusal.UNKNOWN_ORDER)]),
        (amend(client_order_id="one", account="ann", price=101), [amended(1, 5, 101)]),
    )


# Amends that are refused


@pytest.mark.parametrize(
    ("placing", "amending", "refusal"),
    [
        (stop_market(BUY, 20, at=100), amend(1, price=100), Refusal.PRICE_NOT_ALLOWED),
        (limit(BUY, 20, 100), amend(1, at=100), Refusal.TRIGGER_PRICE_NOT_ALLOWED),
        (limit(BUY, 20, 100), amend(1, quantity=25), Refusal.QUANTITY_OFF_LOT),
        (limit(BUY, 20, 100), amend(1, quantity=10), Refusal.QUANTITY_TOO_SMALL),
        (limit(BUY, 20, 100), amend(1, quantity=1_010), Refusal.QUANTITY_TOO_LARGE),
        (limit(BUY, 20, 100), amend(1, price=102), Refusal.PRICE_OFF_TICK),
        (limit(BUY, 20, 100), amend(1, price=505), Refusal.PRICE_TOO_LARGE),
        (stop_market(BUY, 20, at=100), amend(1, at=102), Refusal.TRIGGER_PRICE_OFF_TICK),
        (stop_market(BUY, 20, at=100), amend(1, at=505), Refusal.TRIGGER_PRICE_TOO_LARGE),
        (limit(BUY, 20, 100), amend(1, price=95), Refusal.BELOW_MIN_NOTIONAL),
        (stop_limit(BUY, 20, 100, at=100), amend(1, price=95), Refusal.BELOW_MIN_NOTIONAL),
        (stop_limit(BUY, 20, 100, at=100), amend(1, price=102, at=102), Refusal.PRICE_OFF_TICK),
        (limit(BUY, 20, 100), amend(1, quantity=25, price=102), Refusal.QUANTITY_OFF_LOT),
        (stop_market(BUY, 20, at=100), amend(1, quantity=25, price=100, at=102), Refusal.PRICE_NOT_ALLOWED),
    ],
)
def test_amended_order_must_meet_the_checks_of_a_new_one(
    engine: MakeEngine, placing: PlaceOrder, amending: AmendOrder, refusal: Refusal
) -> None:
    strict = replace(
        COIN, tick_size=5, lot_size=10, min_quantity=20, max_quantity=1_000, max_price=500, min_notional=2_000
    )
    play(
        engine,
        (placing, [placed(1)]),
        (amending, [refused(refusal)]),
        (amend(1), [amended(1, placing.quantity, placing.price, placing.trigger_price)]),
        instruments=(strict,),
    )


def test_quantity_below_filled_is_checked_last(engine: MakeEngine) -> None:
    coarse = replace(COIN, lot_size=10, min_quantity=10)
    play(
        engine,
        (limit(SELL, 50, 100), [placed(1)]),
        (market(BUY, 30), [placed(2), trade(1, BUY, 30, 100, maker=1, taker=2)]),
        (amend(1, quantity=15), [refused(Refusal.QUANTITY_OFF_LOT)]),
        (amend(1, quantity=30), [refused(Refusal.QUANTITY_BELOW_FILLED)]),
        (amend(1, quantity=40), [amended(1, 40, 100)]),
        instruments=(coarse,),
    )


def test_refused_amend_leaves_the_order_in_its_place(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (limit(SELL, 5, 100), [placed(2)]),
        (amend(1, quantity=9, price=10_001), [refused(Refusal.PRICE_TOO_LARGE)]),
        (amend(1, quantity=1_001, price=99), [refused(Refusal.QUANTITY_TOO_LARGE)]),
        (market(BUY, 6), [placed(3), trade(1, BUY, 5, 100, maker=1, taker=3), trade(2, BUY, 1, 100, maker=2, taker=3)]),
    )


def test_unchanged_amend_is_checked_against_the_limits_of_now(engine: MakeEngine) -> None:
    lowered = replace(COIN, max_quantity=4)
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (change(COIN, max_quantity=4), [InstrumentSet(lowered)]),
        (amend(1, price=101), [refused(Refusal.QUANTITY_TOO_LARGE)]),
        (amend(1, quantity=4, price=101), [amended(1, 4, 101)]),
    )


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        (InstrumentStatus.CANCEL_ONLY, Refusal.INSTRUMENT_CANCEL_ONLY),
        (InstrumentStatus.HALTED, Refusal.INSTRUMENT_HALTED),
    ],
)
def test_without_trading_orders_can_be_canceled_but_not_amended(
    engine: MakeEngine, status: InstrumentStatus, refusal: Refusal
) -> None:
    """The order is looked for before the status, the status before the fields."""
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (limit(SELL, 5, 100), [placed(2)]),
        (stop_market(SELL, 5, at=90), [placed(3)]),
        (market(BUY, 5), [placed(4), trade(1, BUY, 5, 100, maker=1, taker=4)]),
        (change(COIN, status), [InstrumentSet(replace(COIN, status=status))]),
        (amend(9, quantity=4), [refused(Refusal.UNKNOWN_ORDER)]),
        (amend(1, quantity=4), [refused(Refusal.ORDER_NOT_OPEN)]),
        (amend(2, quantity=4), [refused(refusal)]),
        (amend(2), [refused(refusal)]),
        (amend(3, price=4), [refused(refusal)]),
        (cancel(2), [canceled(2, 5)]),
        (cancel_all(), [canceled(3, 5)]),
    )


def test_deadline_does_not_matter_after_the_order_is_placed(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 5, 100, deadline=time_of(3)), [placed(1)]),
        (amend(1, price=101), [amended(1, 5, 101)]),
        (market(BUY, 5), [placed(2), trade(1, BUY, 5, 101, maker=1, taker=2)]),
    )
