"""Orders that wait for a trade: when they fire, in which order, and what they do then."""

import pytest
from msgspec.structs import replace

from protocol.commands import PlaceOrder
from protocol.events import InstrumentSet
from protocol.units import InstrumentStatus, Reason
from tests.tape import (
    BUY,
    COIN,
    GOLD,
    SELL,
    MakeEngine,
    amend,
    amended,
    both_engines,
    cancel,
    canceled,
    change,
    fok,
    ioc,
    limit,
    market,
    opening_trade,
    placed,
    play,
    stop_limit,
    stop_market,
    take_profit,
    trade,
    triggered,
)

pytestmark = both_engines

FIRES_ON_RISE = (stop_market(BUY, 1, at=105), stop_limit(BUY, 1, 100, at=105), take_profit(SELL, 1, at=105))
FIRES_ON_FALL = (stop_market(SELL, 1, at=95), stop_limit(SELL, 1, 100, at=95), take_profit(BUY, 1, at=95))


def name_of(command: PlaceOrder) -> str:
    return f"{command.order_type.name.lower()}-{command.side.name.lower()}"


@pytest.mark.parametrize("waiting", FIRES_ON_RISE, ids=name_of)
def test_fires_on_a_trade_at_its_trigger_price_on_the_way_up(engine: MakeEngine, waiting: PlaceOrder) -> None:
    """The first trade beyond 100 is one short of the trigger; below, it fires no more than in between."""
    left = [] if waiting.price else [canceled(3, 1, Reason.NO_LIQUIDITY)]
    play(
        engine,
        *opening_trade(100),
        (waiting, [placed(3)]),
        (limit(SELL, 1, 104), [placed(4)]),
        (market(BUY, 1), [placed(5), trade(2, BUY, 1, 104, maker=4, taker=5)]),
        (limit(BUY, 1, 50), [placed(6)]),
        (market(SELL, 1), [placed(7), trade(3, SELL, 1, 50, maker=6, taker=7)]),
        (limit(SELL, 1, 105), [placed(8)]),
        (market(BUY, 1), [placed(9), trade(4, BUY, 1, 105, maker=8, taker=9), triggered(3), *left]),
    )


@pytest.mark.parametrize("waiting", FIRES_ON_FALL, ids=name_of)
def test_fires_on_a_trade_at_its_trigger_price_on_the_way_down(engine: MakeEngine, waiting: PlaceOrder) -> None:
    left = [] if waiting.price else [canceled(3, 1, Reason.NO_LIQUIDITY)]
    play(
        engine,
        *opening_trade(100),
        (waiting, [placed(3)]),
        (limit(BUY, 1, 96), [placed(4)]),
        (market(SELL, 1), [placed(5), trade(2, SELL, 1, 96, maker=4, taker=5)]),
        (limit(SELL, 1, 150), [placed(6)]),
        (market(BUY, 1), [placed(7), trade(3, BUY, 1, 150, maker=6, taker=7)]),
        (limit(BUY, 1, 95), [placed(8)]),
        (market(SELL, 1), [placed(9), trade(4, SELL, 1, 95, maker=8, taker=9), triggered(3), *left]),
    )


def test_fires_on_a_trade_that_jumps_over_its_trigger_price(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (stop_market(BUY, 1, at=105), [placed(3)]),
        (limit(SELL, 2, 120), [placed(4)]),
        (
            market(BUY, 1),
            [placed(5), trade(2, BUY, 1, 120, maker=4, taker=5), triggered(3), trade(3, BUY, 1, 120, maker=4, taker=3)],
        ),
    )


@pytest.mark.parametrize(
    "waiting",
    [
        stop_market(BUY, 1, at=100),
        stop_market(SELL, 1, at=101),
        take_profit(BUY, 1, at=100),
        take_profit(SELL, 1, at=99),
        stop_limit(BUY, 1, 90, at=99),
        stop_limit(SELL, 1, 110, at=100),
    ],
    ids=name_of,
)
def test_fires_at_once_where_the_last_trade_meets_it_on_entry(engine: MakeEngine, waiting: PlaceOrder) -> None:
    left = [] if waiting.price else [canceled(3, 1, Reason.NO_LIQUIDITY)]
    play(
        engine,
        *opening_trade(100),
        (waiting, [placed(3), triggered(3), *left]),
    )


def test_order_that_fires_at_once_takes_what_it_can(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (limit(SELL, 2, 103), [placed(3)]),
        (
            stop_market(BUY, 3, at=90),
            [placed(4), triggered(4), trade(2, BUY, 2, 103, maker=3, taker=4), canceled(4, 1, Reason.NO_LIQUIDITY)],
        ),
    )


def test_nothing_fires_before_the_first_trade(engine: MakeEngine) -> None:
    """Not by quotes, however far they go, nor by another symbol's trades."""
    play(
        engine,
        (limit(BUY, 1, 100, symbol=GOLD.symbol), [placed(1)]),
        (stop_market(BUY, 1, at=50), [placed(2)]),
        (market(SELL, 1, symbol=GOLD.symbol), [placed(3), trade(1, SELL, 1, 100, maker=1, taker=3, instrument=GOLD)]),
        (limit(BUY, 1, 60), [placed(4)]),
        (limit(SELL, 1, 70), [placed(5)]),
        (stop_market(SELL, 1, at=500), [placed(6)]),
        (cancel(2), [canceled(2, 1)]),
    )


def test_first_trade_fires_all_that_it_meets_by_order_of_entry(engine: MakeEngine) -> None:
    """Rise and fall mixed, whatever their distance."""
    play(
        engine,
        (stop_market(SELL, 1, at=100), [placed(1)]),
        (stop_market(BUY, 1, at=90), [placed(2)]),
        (take_profit(BUY, 1, at=130), [placed(3)]),
        (stop_market(BUY, 1, at=99), [placed(4)]),
        (stop_market(BUY, 1, at=101), [placed(5)]),
        (stop_market(SELL, 1, at=99), [placed(6)]),
        (limit(SELL, 1, 100), [placed(7)]),
        (
            market(BUY, 1),
            [
                placed(8),
                trade(1, BUY, 1, 100, maker=7, taker=8),
                triggered(1),
                triggered(2),
                triggered(3),
                triggered(4),
                canceled(1, 1, Reason.NO_LIQUIDITY),
                canceled(2, 1, Reason.NO_LIQUIDITY),
                canceled(3, 1, Reason.NO_LIQUIDITY),
                canceled(4, 1, Reason.NO_LIQUIDITY),
            ],
        ),
    )


def test_first_trade_is_the_earlier_one_of_the_second_in_the_same_sweep(engine: MakeEngine) -> None:
    play(
        engine,
        (stop_limit(BUY, 1, 1, at=103), [placed(1)]),
        (stop_limit(BUY, 1, 1, at=102), [placed(2)]),
        (stop_limit(BUY, 1, 1, at=101), [placed(3)]),
        (limit(SELL, 1, 101), [placed(4)]),
        (limit(SELL, 1, 103), [placed(5)]),
        (
            market(BUY, 2),
            [
                placed(6),
                trade(1, BUY, 1, 101, maker=4, taker=6),
                triggered(3),
                trade(2, BUY, 1, 103, maker=5, taker=6),
                triggered(2),
                triggered(1),
            ],
        ),
    )


def test_on_a_rise_the_lowest_trigger_fires_first(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (stop_limit(BUY, 1, 1, at=103), [placed(3)]),
        (take_profit(SELL, 1, at=102), [placed(4)]),
        (stop_limit(BUY, 1, 1, at=101), [placed(5)]),
        (stop_limit(BUY, 1, 1, at=105), [placed(6)]),
        (limit(SELL, 1, 104), [placed(7)]),
        (
            market(BUY, 1),
            [
                placed(8),
                trade(2, BUY, 1, 104, maker=7, taker=8),
                triggered(5),
                triggered(4),
                triggered(3),
                trade(3, SELL, 1, 1, maker=5, taker=4),
            ],
        ),
    )


def test_on_a_fall_the_highest_trigger_fires_first(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (stop_limit(SELL, 1, 200, at=97), [placed(3)]),
        (stop_limit(SELL, 1, 200, at=99), [placed(4)]),
        (take_profit(BUY, 1, at=98), [placed(5)]),
        (stop_limit(SELL, 1, 200, at=95), [placed(6)]),
        (limit(BUY, 1, 96), [placed(7)]),
        (
            market(SELL, 1),
            [
                placed(8),
                trade(2, SELL, 1, 96, maker=7, taker=8),
                triggered(4),
                triggered(5),
                triggered(3),
                trade(3, BUY, 1, 200, maker=4, taker=5),
            ],
        ),
    )


def test_ties_fire_by_order_of_entry(engine: MakeEngine) -> None:
    """Whatever their kind; a bystander that is canceled leaves the others where they are."""
    play(
        engine,
        *opening_trade(100),
        (stop_limit(BUY, 1, 1, at=105), [placed(3)]),
        (stop_limit(BUY, 1, 2, at=105), [placed(4)]),
        (stop_limit(BUY, 1, 2, at=105), [placed(5)]),
        (stop_limit(BUY, 1, 2, at=105), [placed(6)]),
        (cancel(4), [canceled(4, 1)]),
        (limit(SELL, 1, 105), [placed(7)]),
        (
            market(BUY, 1),
            [placed(8), trade(2, BUY, 1, 105, maker=7, taker=8), triggered(3), triggered(5), triggered(6)],
        ),
        (
            market(SELL, 3),
            [
                placed(9),
                trade(3, SELL, 1, 2, maker=5, taker=9),
                trade(4, SELL, 1, 2, maker=6, taker=9),
                trade(5, SELL, 1, 1, maker=3, taker=9),
            ],
        ),
    )


def test_fired_orders_wait_until_the_running_order_is_done(engine: MakeEngine) -> None:
    """The remainder's cancel included, and although the sweep goes on after the trade that fires."""
    play(
        engine,
        *opening_trade(100),
        (stop_market(BUY, 1, at=101), [placed(3)]),
        (limit(SELL, 1, 101), [placed(4)]),
        (limit(SELL, 1, 102), [placed(5)]),
        (limit(SELL, 5, 104), [placed(6)]),
        (
            ioc(BUY, 3, 103),
            [
                placed(7),
                trade(2, BUY, 1, 101, maker=4, taker=7),
                triggered(3),
                trade(3, BUY, 1, 102, maker=5, taker=7),
                canceled(7, 1, Reason.IOC_REMAINDER),
                trade(4, BUY, 1, 104, maker=6, taker=3),
            ],
        ),
    )


def test_fired_order_can_take_the_remainder_of_the_order_that_fired_it(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (take_profit(SELL, 1, at=101), [placed(3)]),
        (limit(SELL, 1, 101), [placed(4)]),
        (
            limit(BUY, 2, 101),
            [
                placed(5),
                trade(2, BUY, 1, 101, maker=4, taker=5),
                triggered(3),
                trade(3, SELL, 1, 101, maker=5, taker=3),
            ],
        ),
    )


def test_trades_of_fired_orders_fire_more_until_nothing_fires(engine: MakeEngine) -> None:
    """A chain of three up the book, in one command."""
    play(
        engine,
        *opening_trade(100),
        (stop_market(BUY, 1, at=103), [placed(3)]),
        (stop_market(BUY, 1, at=102), [placed(4)]),
        (stop_market(BUY, 1, at=101), [placed(5)]),
        (limit(SELL, 1, 101), [placed(6)]),
        (limit(SELL, 1, 102), [placed(7)]),
        (limit(SELL, 1, 103), [placed(8)]),
        (limit(SELL, 1, 110), [placed(9)]),
        (
            market(BUY, 1),
            [
                placed(10),
                trade(2, BUY, 1, 101, maker=6, taker=10),
                triggered(5),
                trade(3, BUY, 1, 102, maker=7, taker=5),
                triggered(4),
                trade(4, BUY, 1, 103, maker=8, taker=4),
                triggered(3),
                trade(5, BUY, 1, 110, maker=9, taker=3),
            ],
        ),
    )


def test_fired_orders_run_in_the_order_in_which_they_fired_over_a_cascade(engine: MakeEngine) -> None:
    """Order 5 fires while 3 and 4 wait their turn: it runs behind both."""
    play(
        engine,
        *opening_trade(100),
        (stop_market(BUY, 1, at=101), [placed(3)]),
        (stop_market(BUY, 1, at=101), [placed(4)]),
        (stop_market(BUY, 1, at=102), [placed(5)]),
        (limit(SELL, 1, 101), [placed(6)]),
        (limit(SELL, 2, 102), [placed(7)]),
        (limit(SELL, 2, 103), [placed(8)]),
        (
            market(BUY, 1),
            [
                placed(9),
                trade(2, BUY, 1, 101, maker=6, taker=9),
                triggered(3),
                triggered(4),
                trade(3, BUY, 1, 102, maker=7, taker=3),
                triggered(5),
                trade(4, BUY, 1, 102, maker=7, taker=4),
                trade(5, BUY, 1, 103, maker=8, taker=5),
            ],
        ),
    )


def test_cascade_that_turns_round(engine: MakeEngine) -> None:
    """A rise fires a take_profit that sells far below, which fires a stop that sells lower still."""
    play(
        engine,
        *opening_trade(100),
        (take_profit(SELL, 1, at=105), [placed(3)]),
        (stop_market(SELL, 1, at=95), [placed(4)]),
        (limit(BUY, 1, 90), [placed(5)]),
        (limit(BUY, 1, 80), [placed(6)]),
        (limit(SELL, 1, 105), [placed(7)]),
        (
            market(BUY, 1),
            [
                placed(8),
                trade(2, BUY, 1, 105, maker=7, taker=8),
                triggered(3),
                trade(3, SELL, 1, 90, maker=5, taker=3),
                triggered(4),
                trade(4, SELL, 1, 80, maker=6, taker=4),
            ],
        ),
    )


def test_order_that_fires_on_entry_starts_a_cascade(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (stop_market(SELL, 1, at=99), [placed(3)]),
        (limit(BUY, 1, 99), [placed(4)]),
        (limit(BUY, 1, 98), [placed(5)]),
        (
            stop_market(SELL, 1, at=100),
            [
                placed(6),
                triggered(6),
                trade(2, SELL, 1, 99, maker=4, taker=6),
                triggered(3),
                trade(3, SELL, 1, 98, maker=5, taker=3),
            ],
        ),
    )


def test_fired_once_never_fires_again(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (stop_limit(BUY, 1, 50, at=101), [placed(3)]),
        (limit(SELL, 1, 101), [placed(4)]),
        (market(BUY, 1), [placed(5), trade(2, BUY, 1, 101, maker=4, taker=5), triggered(3)]),
        (limit(SELL, 1, 100), [placed(6)]),
        (market(BUY, 1), [placed(7), trade(3, BUY, 1, 100, maker=6, taker=7)]),
        (limit(SELL, 1, 101), [placed(8)]),
        (market(BUY, 1), [placed(9), trade(4, BUY, 1, 101, maker=8, taker=9)]),
        (market(SELL, 1), [placed(10), trade(5, SELL, 1, 50, maker=3, taker=10)]),
    )


def test_trade_at_the_price_of_the_one_before_fires_nothing(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (stop_market(BUY, 1, at=101), [placed(3)]),
        (stop_market(SELL, 1, at=99), [placed(4)]),
        (limit(SELL, 1, 100), [placed(5)]),
        (market(BUY, 1), [placed(6), trade(2, BUY, 1, 100, maker=5, taker=6)]),
    )


def test_fired_stop_without_liquidity_is_canceled(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (stop_market(BUY, 3, at=101), [placed(3)]),
        (limit(SELL, 2, 101), [placed(4)]),
        (
            market(BUY, 1),
            [
                placed(5),
                trade(2, BUY, 1, 101, maker=4, taker=5),
                triggered(3),
                trade(3, BUY, 1, 101, maker=4, taker=3),
                canceled(3, 2, Reason.NO_LIQUIDITY),
            ],
        ),
    )


def test_fired_stop_limit_takes_within_its_price_and_rests_behind_the_queue(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (stop_limit(BUY, 3, 102, at=101), [placed(3)]),
        (limit(SELL, 1, 101), [placed(4)]),
        (limit(SELL, 1, 102), [placed(5)]),
        (limit(SELL, 1, 103), [placed(6)]),
        (
            market(BUY, 1),
            [placed(7), trade(2, BUY, 1, 101, maker=4, taker=7), triggered(3), trade(3, BUY, 1, 102, maker=5, taker=3)],
        ),
        (limit(BUY, 1, 102), [placed(8)]),
        (
            market(SELL, 3),
            [placed(9), trade(4, SELL, 2, 102, maker=3, taker=9), trade(5, SELL, 1, 102, maker=8, taker=9)],
        ),
    )


def test_fired_stop_limit_that_does_not_cross_rests_and_can_be_canceled(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (limit(BUY, 1, 60), [placed(3)]),
        (stop_limit(BUY, 2, 60, at=100), [placed(4), triggered(4)]),
        (
            market(SELL, 2),
            [placed(5), trade(2, SELL, 1, 60, maker=3, taker=5), trade(3, SELL, 1, 60, maker=4, taker=5)],
        ),
        (cancel(4), [canceled(4, 1)]),
    )


def test_stop_limit_is_compared_by_its_trigger_price_not_by_its_price(engine: MakeEngine) -> None:
    """A price that crosses does not make it take before it fires."""
    play(
        engine,
        *opening_trade(100),
        (limit(SELL, 1, 101), [placed(3)]),
        (stop_limit(BUY, 1, 150, at=120), [placed(4)]),
        (market(BUY, 1), [placed(5), trade(2, BUY, 1, 101, maker=3, taker=5)]),
    )


def test_fok_fires_triggers_too_and_an_unfillable_one_does_not(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (stop_market(BUY, 1, at=102), [placed(3)]),
        (limit(SELL, 1, 101), [placed(4)]),
        (limit(SELL, 1, 102), [placed(5)]),
        (fok(BUY, 3, 102), [placed(6), canceled(6, 3, Reason.FOK_UNFILLABLE)]),
        (
            fok(BUY, 2, 102),
            [
                placed(7),
                trade(2, BUY, 1, 101, maker=4, taker=7),
                trade(3, BUY, 1, 102, maker=5, taker=7),
                triggered(3),
                canceled(3, 1, Reason.NO_LIQUIDITY),
            ],
        ),
    )


def test_triggers_look_at_their_own_symbol_only(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (stop_market(BUY, 1, at=105), [placed(3)]),
        (limit(SELL, 1, 200, symbol=GOLD.symbol), [placed(4)]),
        (market(BUY, 1, symbol=GOLD.symbol), [placed(5), trade(1, BUY, 1, 200, maker=4, taker=5, instrument=GOLD)]),
        (
            stop_market(BUY, 1, at=150, symbol=GOLD.symbol),
            [placed(6), triggered(6), canceled(6, 1, Reason.NO_LIQUIDITY)],
        ),
        (cancel(3), [canceled(3, 1)]),
    )


def test_canceled_order_does_not_fire(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (stop_market(BUY, 1, at=101), [placed(3)]),
        (cancel(3), [canceled(3, 1)]),
        (limit(SELL, 2, 101), [placed(4)]),
        (market(BUY, 1), [placed(5), trade(2, BUY, 1, 101, maker=4, taker=5)]),
    )


def test_pending_orders_survive_a_halt_and_fire_after_it(engine: MakeEngine) -> None:
    halted = InstrumentSet(replace(COIN, status=InstrumentStatus.HALTED))
    play(
        engine,
        *opening_trade(100),
        (stop_limit(BUY, 1, 1, at=101), [placed(3)]),
        (limit(SELL, 1, 101), [placed(4)]),
        (change(COIN, InstrumentStatus.HALTED), [halted]),
        (change(COIN, InstrumentStatus.TRADING), [InstrumentSet(COIN)]),
        (market(BUY, 1), [placed(5), trade(2, BUY, 1, 101, maker=4, taker=5), triggered(3)]),
    )


def test_limits_lowered_after_entry_do_not_stop_an_order_that_fires(engine: MakeEngine) -> None:
    lowered = replace(COIN, max_quantity=2, max_price=102)
    play(
        engine,
        *opening_trade(100),
        (stop_limit(BUY, 5, 150, at=101), [placed(3)]),
        (limit(SELL, 6, 101), [placed(4)]),
        (change(COIN, max_quantity=2, max_price=102), [InstrumentSet(lowered)]),
        (
            market(BUY, 1),
            [placed(5), trade(2, BUY, 1, 101, maker=4, taker=5), triggered(3), trade(3, BUY, 5, 101, maker=4, taker=3)],
        ),
    )


# Amends of pending orders


def test_another_trigger_price_puts_it_behind_its_equals(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (stop_limit(BUY, 1, 1, at=105), [placed(3)]),
        (stop_limit(BUY, 1, 1, at=105), [placed(4)]),
        (amend(3, at=106), [amended(3, 1, 1, 106)]),
        (amend(3, at=105), [amended(3, 1, 1, 105)]),
        (limit(SELL, 1, 105), [placed(5)]),
        (market(BUY, 1), [placed(6), trade(2, BUY, 1, 105, maker=5, taker=6), triggered(4), triggered(3)]),
    )


def test_another_trigger_price_puts_it_at_the_back_for_the_first_trade_too(engine: MakeEngine) -> None:
    play(
        engine,
        (stop_limit(BUY, 1, 1, at=100), [placed(1)]),
        (stop_limit(SELL, 1, 200, at=100), [placed(2)]),
        (stop_limit(BUY, 1, 1, at=90), [placed(3)]),
        (amend(1, at=95), [amended(1, 1, 1, 95)]),
        (limit(SELL, 1, 100), [placed(4)]),
        (
            market(BUY, 1),
            [placed(5), trade(1, BUY, 1, 100, maker=4, taker=5), triggered(2), triggered(3), triggered(1)],
        ),
    )


def test_quantity_and_price_of_a_pending_order_change_in_their_place(engine: MakeEngine) -> None:
    """More quantity too, and the same trigger_price given again is no change."""
    play(
        engine,
        *opening_trade(100),
        (stop_limit(BUY, 1, 1, at=105), [placed(3)]),
        (stop_limit(BUY, 1, 2, at=105), [placed(4)]),
        (amend(3, quantity=5, price=2, at=105), [amended(3, 5, 2, 105)]),
        (limit(SELL, 1, 105), [placed(5)]),
        (market(BUY, 1), [placed(6), trade(2, BUY, 1, 105, maker=5, taker=6), triggered(3), triggered(4)]),
        (market(SELL, 6), [placed(7), trade(3, SELL, 5, 2, maker=3, taker=7), trade(4, SELL, 1, 2, maker=4, taker=7)]),
    )


def test_trigger_price_amended_to_one_that_is_met_fires_at_once(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (stop_market(BUY, 2, at=105), [placed(3)]),
        (stop_market(BUY, 1, at=103), [placed(4)]),
        (limit(SELL, 1, 103), [placed(5)]),
        (limit(SELL, 5, 104), [placed(6)]),
        (
            amend(3, at=100),
            [
                amended(3, 2, None, 100),
                triggered(3),
                trade(2, BUY, 1, 103, maker=5, taker=3),
                triggered(4),
                trade(3, BUY, 1, 104, maker=6, taker=3),
                trade(4, BUY, 1, 104, maker=6, taker=4),
            ],
        ),
    )


def test_trigger_price_amended_to_the_other_side_of_the_market_waits_there(engine: MakeEngine) -> None:
    """At 90 the last trade no longer meets what it did at 100."""
    play(
        engine,
        *opening_trade(100),
        (take_profit(BUY, 1, at=95), [placed(3)]),
        (amend(3, at=80), [amended(3, 1, None, 80)]),
        (limit(BUY, 1, 90), [placed(4)]),
        (market(SELL, 1), [placed(5), trade(2, SELL, 1, 90, maker=4, taker=5)]),
        (amend(3, at=89), [amended(3, 1, None, 89)]),
        (amend(3, at=90), [amended(3, 1, None, 90), triggered(3), canceled(3, 1, Reason.NO_LIQUIDITY)]),
    )


def test_quantity_of_a_pending_order_is_what_it_runs_with(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (stop_market(BUY, 1, at=101), [placed(3)]),
        (amend(3, quantity=4), [amended(3, 4, None, 101)]),
        (limit(SELL, 9, 101), [placed(4)]),
        (
            market(BUY, 1),
            [placed(5), trade(2, BUY, 1, 101, maker=4, taker=5), triggered(3), trade(3, BUY, 4, 101, maker=4, taker=3)],
        ),
        (cancel(4), [canceled(4, 4)]),
    )
