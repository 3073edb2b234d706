"""Amends of orders that wait for a trade."""

from protocol.units import Reason
from tests.tape import (
    BUY,
    SELL,
    MakeEngine,
    amend,
    amended,
    both_engines,
    cancel,
    canceled,
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
