"""Orders that wait for a trade: which trade fires them, and in which order."""

import pytest
from msgspec.structs import replace

from protocol.commands import PlaceOrder
from protocol.events import InstrumentSet
from protocol.units import InstrumentStatus, Reason
from tests.mirror import View, both_sides
from tests.tape import (
    BUY,
    COIN,
    GOLD,
    SELL,
    MakeEngine,
    both_engines,
    cancel,
    canceled,
    change,
    fok,
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


def name_of(command: PlaceOrder) -> str:
    return f"{command.order_type.name.lower()}-{command.side.name.lower()}-at-{command.trigger_price}"


@both_sides
@pytest.mark.parametrize(
    "waiting",
    [stop_market(BUY, 1, at=105), stop_limit(BUY, 1, 100, at=105), take_profit(SELL, 1, at=105)],
    ids=name_of,
)
def test_fires_on_a_trade_at_its_trigger_price(engine: MakeEngine, view: View, waiting: PlaceOrder) -> None:
    """The first trade beyond 100 is one short of the trigger; below, it fires no more than in between."""
    left = [] if waiting.price else [canceled(3, 1, Reason.NO_LIQUIDITY)]
    tape = view(
        [
            *opening_trade(100),
            (waiting, [placed(3)]),
            (limit(SELL, 1, 104), [placed(4)]),
            (market(BUY, 1), [placed(5), trade(2, BUY, 1, 104, maker=4, taker=5)]),
            (limit(BUY, 1, 50), [placed(6)]),
            (market(SELL, 1), [placed(7), trade(3, SELL, 1, 50, maker=6, taker=7)]),
            (limit(SELL, 1, 105), [placed(8)]),
            (market(BUY, 1), [placed(9), trade(4, BUY, 1, 105, maker=8, taker=9), triggered(3), *left]),
        ]
    )
    play(engine, *tape)


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


@both_sides
@pytest.mark.parametrize(
    "waiting",
    [
        stop_market(BUY, 1, at=100),
        stop_market(BUY, 1, at=99),
        take_profit(BUY, 1, at=100),
        take_profit(BUY, 1, at=101),
        stop_limit(BUY, 1, 90, at=100),
        stop_limit(BUY, 1, 90, at=99),
    ],
    ids=name_of,
)
def test_fires_at_once_where_the_last_trade_meets_it_on_entry(
    engine: MakeEngine, view: View, waiting: PlaceOrder
) -> None:
    left = [] if waiting.price else [canceled(3, 1, Reason.NO_LIQUIDITY)]
    play(engine, *view([*opening_trade(100), (waiting, [placed(3), triggered(3), *left])]))


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


@both_sides
def test_nearest_trigger_fires_first(engine: MakeEngine, view: View) -> None:
    """Whatever their order of entry: on a rise the lowest, on a fall the highest."""
    tape = view(
        [
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
        ]
    )
    play(engine, *tape)


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


def test_trade_at_the_price_of_the_one_before_fires_nothing(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (stop_market(BUY, 1, at=101), [placed(3)]),
        (stop_market(SELL, 1, at=99), [placed(4)]),
        (limit(SELL, 1, 100), [placed(5)]),
        (market(BUY, 1), [placed(6), trade(2, BUY, 1, 100, maker=5, taker=6)]),
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
