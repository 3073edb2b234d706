"""Orders that have fired: when they run, what they take, and what they fire in turn."""

from msgspec.structs import replace

from protocol.events import InstrumentSet
from protocol.units import Reason
from tests.tape import (
    BUY,
    COIN,
    SELL,
    MakeEngine,
    both_engines,
    cancel,
    canceled,
    change,
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
