"""Trailing stops beside other orders: who fires first, and who stands behind whom."""

from protocol.units import Reason
from tests.tape import (
    BUY,
    SELL,
    MakeEngine,
    both_engines,
    canceled,
    limit,
    market,
    moved,
    opening_trade,
    placed,
    play,
    stop_limit,
    stop_market,
    trade,
    trailing_stop,
    trailing_stop_limit,
    triggered,
)
from tests.unit.engine.trade_rows import trades

pytestmark = both_engines


def test_orders_fire_first_then_trailing_stops_move_by_age(engine: MakeEngine) -> None:
    """Before the last trade order 4 follows the price, order 6 waits for its activation_price, order 9 for any trade:
    all move in the order of their ids, whatever their side, after all that fire."""
    play(
        engine,
        *opening_trade(100),
        (stop_limit(BUY, 1, 1, at=104), [placed(3)]),
        (trailing_stop(SELL, 1, trailing_amount=5), [placed(4)]),
        (stop_limit(BUY, 1, 1, at=102), [placed(5)]),
        (trailing_stop(BUY, 1, trailing_amount=9, activation_price=103), [placed(6)]),
        *trades([(101, [moved(4, 96)])], first=7),
        (trailing_stop(SELL, 1, trailing_amount=2), [placed(9)]),
        *trades(
            [(106, [triggered(5), triggered(3), moved(4, 101), moved(6, 115), moved(9, 104)])], first=10, trade_id=3
        ),
    )


def test_order_that_moves_to_a_trigger_price_stands_behind_those_that_are_there(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (trailing_stop(SELL, 1, trailing_amount=5), [placed(3)]),
        *trades([(101, [moved(3, 96)])]),
        (stop_market(SELL, 1, at=97), [placed(6)]),
        (stop_market(SELL, 1, at=96), [placed(7)]),
        *trades([(102, [moved(3, 97)])], first=8, trade_id=3),
        *trades(
            [
                (
                    90,
                    [
                        triggered(6),
                        triggered(3),
                        triggered(7),
                        canceled(6, 1, Reason.NO_LIQUIDITY),
                        canceled(3, 1, Reason.NO_LIQUIDITY),
                        canceled(7, 1, Reason.NO_LIQUIDITY),
                    ],
                )
            ],
            first=10,
            trade_id=4,
        ),
    )


def test_move_within_a_tick_says_nothing_and_keeps_the_place(engine: MakeEngine) -> None:
    """One basis point more of the price does not move the trigger by a tick."""
    play(
        engine,
        *opening_trade(100),
        (trailing_stop(SELL, 1, trailing_bps=9_000), [placed(3)]),
        *trades([(100, [moved(3, 10)])]),
        (stop_market(SELL, 1, at=10), [placed(6)]),
        *trades(
            [
                (105, []),
                (109, []),
                (
                    10,
                    [
                        triggered(3),
                        triggered(6),
                        canceled(3, 1, Reason.NO_LIQUIDITY),
                        canceled(6, 1, Reason.NO_LIQUIDITY),
                    ],
                ),
            ],
            first=7,
            trade_id=3,
        ),
    )


def test_its_trade_moves_another(engine: MakeEngine) -> None:
    """A cascade in which one that fires moves and fires others: all look at each trade."""
    play(
        engine,
        *opening_trade(100),
        (trailing_stop(SELL, 1, trailing_amount=2), [placed(3)]),
        (trailing_stop(BUY, 1, trailing_amount=4), [placed(4)]),
        *trades([(100, [moved(3, 98), moved(4, 104)])], first=5),
        (limit(BUY, 1, 98), [placed(7)]),
        (limit(BUY, 1, 95), [placed(8)]),
        (limit(SELL, 1, 107), [placed(9)]),
        (
            stop_market(BUY, 1, at=99),
            [
                placed(10),
                triggered(10),
                trade(3, BUY, 1, 107, maker=9, taker=10),
                triggered(4),
                moved(3, 105),
                canceled(4, 1, Reason.NO_LIQUIDITY),
            ],
        ),
        (
            market(SELL, 1),
            [
                placed(11),
                trade(4, SELL, 1, 98, maker=7, taker=11),
                triggered(3),
                trade(5, SELL, 1, 95, maker=8, taker=3),
            ],
        ),
    )


def test_order_that_the_first_trade_moved_stands_before_those_that_its_run_moves(engine: MakeEngine) -> None:
    """One command prints 100 and 95. Order 4 takes the first for its best price, order 3 wakes up at the second."""
    play(
        engine,
        (limit(BUY, 3, 95), [placed(1)]),
        (limit(BUY, 3, 100), [placed(2)]),
        (trailing_stop(SELL, 1, trailing_amount=5, activation_price=95), [placed(3)]),
        (trailing_stop(SELL, 1, trailing_amount=10), [placed(4)]),
        (
            limit(SELL, 5, 95),
            [
                placed(5),
                trade(1, SELL, 3, 100, maker=2, taker=5),
                moved(4, 90),
                trade(2, SELL, 2, 95, maker=1, taker=5),
                moved(3, 90),
            ],
        ),
        (limit(BUY, 1, 90), [placed(6)]),
        (
            market(SELL, 2),
            [
                placed(7),
                trade(3, SELL, 1, 95, maker=1, taker=7),
                trade(4, SELL, 1, 90, maker=6, taker=7),
                triggered(4),
                triggered(3),
                canceled(4, 1, Reason.NO_LIQUIDITY),
                canceled(3, 1, Reason.NO_LIQUIDITY),
            ],
        ),
    )


def test_order_that_a_run_starts_and_fires_rests_by_its_limit_price(engine: MakeEngine) -> None:
    """Order 7 moves at the first trade of a command, so the second one begins a run. That starts order 6, and the third
    trade fires it: it waits no more."""
    play(
        engine,
        *opening_trade(100),
        (limit(SELL, 1, 101), [placed(3)]),
        (limit(SELL, 1, 102), [placed(4)]),
        (limit(SELL, 1, 104), [placed(5)]),
        (trailing_stop_limit(BUY, 1, 99, trailing_amount=2, activation_price=102), [placed(6)]),
        (trailing_stop(BUY, 1, trailing_amount=50), [placed(7)]),
        (
            market(BUY, 3),
            [
                placed(8),
                trade(2, BUY, 1, 101, maker=3, taker=8),
                moved(7, 151),
                trade(3, BUY, 1, 102, maker=4, taker=8),
                moved(6, 104),
                trade(4, BUY, 1, 104, maker=5, taker=8),
                triggered(6),
            ],
        ),
        (market(SELL, 1), [placed(9), trade(5, SELL, 1, 99, maker=6, taker=9), moved(7, 149)]),
    )
