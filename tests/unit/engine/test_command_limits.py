"""What one command may do: so many trades, so many moves of triggers."""

from msgspec.structs import replace

from protocol.units import OrderType, Reason, SelfTradePrevention
from tests.tape import (
    BUY,
    COIN,
    SELL,
    MakeEngine,
    amend,
    amended,
    both_engines,
    canceled,
    fok,
    ioc,
    limit,
    market,
    moved,
    opening_trade,
    place,
    placed,
    play,
    stop_limit,
    stop_market,
    trade,
    trailing_stop,
    triggered,
)
from tests.unit.engine.limit_rows import TOO_MANY, asks, limits

pytestmark = both_engines


# Trades of one command


def test_a_market_order_stops_at_the_limit(engine: MakeEngine) -> None:
    play(
        engine,
        limits(trades=2),
        *asks(100, 100, 101),
        (
            market(BUY, 3),
            [
                placed(4),
                trade(1, BUY, 1, 100, maker=1, taker=4),
                trade(2, BUY, 1, 100, maker=2, taker=4),
                canceled(4, 1, TOO_MANY),
            ],
        ),
        (market(BUY, 1), [placed(5), trade(3, BUY, 1, 101, maker=3, taker=5)]),
    )


def test_at_the_limit_an_order_that_is_filled_is_filled_and_one_that_finds_nobody_says_so(engine: MakeEngine) -> None:
    play(
        engine,
        limits(trades=1),
        *asks(100, 101),
        (limit(BUY, 1, 101), [placed(3), trade(1, BUY, 1, 100, maker=1, taker=3)]),
        (market(BUY, 2), [placed(4), trade(2, BUY, 1, 101, maker=2, taker=4), canceled(4, 1, Reason.NO_LIQUIDITY)]),
    )


def test_a_limit_order_never_rests_across_the_book(engine: MakeEngine) -> None:
    """What could still trade is canceled; what could not rests as usual."""
    play(
        engine,
        limits(trades=1),
        *asks(100, 101, 102),
        (limit(BUY, 5, 101), [placed(4), trade(1, BUY, 1, 100, maker=1, taker=4), canceled(4, 4, TOO_MANY)]),
        (limit(BUY, 5, 101), [placed(5), trade(2, BUY, 1, 101, maker=2, taker=5)]),
        (amend(5, price=102, quantity=9), [amended(5, 9, 102), trade(3, BUY, 1, 102, maker=3, taker=5)]),
    )


def test_an_ioc_and_a_quote_quantity_stop_at_the_limit(engine: MakeEngine) -> None:
    play(
        engine,
        limits(trades=1),
        *asks(100, 101, 102),
        (ioc(BUY, 5, 102), [placed(4), trade(1, BUY, 1, 100, maker=1, taker=4), canceled(4, 4, TOO_MANY)]),
        (market(BUY, 0, quote_quantity=500), [placed(5), trade(2, BUY, 1, 101, maker=2, taker=5)]),
    )


def test_self_trades_that_are_prevented_count_too(engine: MakeEngine) -> None:
    play(
        engine,
        limits(trades=2),
        *asks(100, 101, account="default"),
        (limit(SELL, 1, 102, account="ann"), [placed(3)]),
        (
            market(BUY, 1, self_trade_prevention=SelfTradePrevention.CANCEL_OLDEST),
            [placed(4), canceled(1, 1, Reason.SELF_TRADE), canceled(2, 1, Reason.SELF_TRADE), canceled(4, 1, TOO_MANY)],
        ),
    )


def test_what_fires_has_what_the_command_left(engine: MakeEngine) -> None:
    play(
        engine,
        limits(trades=2),
        *opening_trade(90),
        (limit(SELL, 1, 100), [placed(3)]),
        (limit(SELL, 1, 101), [placed(4)]),
        (limit(SELL, 1, 102), [placed(5)]),
        (stop_market(BUY, 2, at=100), [placed(6)]),
        (stop_limit(BUY, 1, 102, at=100), [placed(7)]),
        (stop_limit(BUY, 1, 99, at=100), [placed(8)]),
        (
            market(BUY, 1),
            [
                placed(9),
                trade(2, BUY, 1, 100, maker=3, taker=9),
                *(triggered(number) for number in (6, 7, 8)),
                trade(3, BUY, 1, 101, maker=4, taker=6),
                canceled(6, 1, TOO_MANY),
                canceled(7, 1, TOO_MANY),
            ],
        ),
    )


def test_a_fok_takes_all_within_the_limit_or_nothing(engine: MakeEngine) -> None:
    play(
        engine,
        limits(trades=2),
        *asks(100, 100, 101),
        (fok(BUY, 3, 101), [placed(4), canceled(4, 3, Reason.FOK_UNFILLABLE)]),
        (
            fok(BUY, 2, 101),
            [placed(5), trade(1, BUY, 1, 100, maker=1, taker=5), trade(2, BUY, 1, 100, maker=2, taker=5)],
        ),
    )


def test_a_fok_counts_the_parts_of_icebergs(engine: MakeEngine) -> None:
    play(
        engine,
        limits(trades=4),
        (limit(SELL, 4, 100, display_quantity=1, account="ann"), [placed(1)]),
        (limit(SELL, 1, 100, account="ann"), [placed(2)]),
        (fok(BUY, 5, 100), [placed(3), canceled(3, 5, Reason.FOK_UNFILLABLE)]),
        (
            fok(BUY, 2, 100),
            [placed(4), trade(1, BUY, 1, 100, maker=1, taker=4), trade(2, BUY, 1, 100, maker=2, taker=4)],
        ),
        (fok(BUY, 3, 100), [placed(5), *(trade(number, BUY, 1, 100, maker=1, taker=5) for number in (3, 4, 5))]),
    )


def test_a_fok_does_not_rely_on_own_orders_that_it_only_cancels(engine: MakeEngine) -> None:
    play(
        engine,
        limits(trades=2),
        (limit(SELL, 9, 100), [placed(1)]),
        (limit(SELL, 1, 100, account="ann"), [placed(2)]),
        (limit(SELL, 1, 100, account="ann"), [placed(3)]),
        (
            fok(BUY, 2, 100, self_trade_prevention=SelfTradePrevention.CANCEL_OLDEST),
            [placed(4), canceled(4, 2, Reason.FOK_UNFILLABLE)],
        ),
    )


# Trailing stops


def test_a_run_of_trades_moves_a_trailing_stop_with_its_first_and_at_its_end(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(90),
        (trailing_stop(SELL, 1, trailing_amount=5), [placed(3)]),
        *((limit(SELL, 1, 100 + step), [placed(4 + step)]) for step in range(4)),
        (
            market(BUY, 4),
            [
                placed(8),
                trade(2, BUY, 1, 100, maker=4, taker=8),
                moved(3, 95),
                *(trade(3 + step, BUY, 1, 101 + step, maker=5 + step, taker=8) for step in range(3)),
                moved(3, 98),
            ],
        ),
    )


def test_those_that_a_run_has_moved_stand_in_the_order_of_the_trades_that_moved_them(engine: MakeEngine) -> None:
    """The younger one came to its trigger price with the trade at 105, the older one with that at 110: the younger one
    fires first."""
    coarse = replace(COIN, tick_size=5)
    gone = Reason.NO_LIQUIDITY
    play(
        engine,
        *opening_trade(90),
        (trailing_stop(SELL, 1, trailing_amount=10), [placed(3)]),
        (trailing_stop(SELL, 1, trailing_bps=460), [placed(4)]),
        *((limit(SELL, 1, 100 + 5 * step), [placed(5 + step)]) for step in range(3)),
        (
            market(BUY, 3),
            [
                placed(8),
                trade(2, BUY, 1, 100, maker=5, taker=8),
                moved(3, 90),
                moved(4, 95),
                trade(3, BUY, 1, 105, maker=6, taker=8),
                trade(4, BUY, 1, 110, maker=7, taker=8),
                moved(4, 100),
                moved(3, 100),
            ],
        ),
        (limit(BUY, 1, 100), [placed(9)]),
        (
            market(SELL, 1),
            [
                placed(10),
                trade(5, SELL, 1, 100, maker=9, taker=10),
                triggered(4),
                triggered(3),
                canceled(4, 1, gone),
                canceled(3, 1, gone),
            ],
        ),
        instruments=(coarse,),
    )


def test_where_a_run_turns_they_have_followed_before(engine: MakeEngine) -> None:
    """What fires at the run's end trades between where the trailing stop stood in it and where it has led it."""
    play(
        engine,
        *opening_trade(90),
        (trailing_stop(SELL, 1, trailing_amount=5), [placed(3)]),
        (limit(SELL, 1, 100), [placed(4)]),
        (limit(SELL, 1, 110), [placed(5)]),
        (limit(BUY, 1, 96), [placed(6)]),
        (place(OrderType.TAKE_PROFIT, SELL, 1, None, 110), [placed(7)]),
        (
            limit(BUY, 2, 110),
            [
                placed(8),
                trade(2, BUY, 1, 100, maker=4, taker=8),
                moved(3, 95),
                trade(3, BUY, 1, 110, maker=5, taker=8),
                triggered(7),
                trade(4, SELL, 1, 96, maker=6, taker=7),
                moved(3, 105),
                triggered(3),
                canceled(3, 1, Reason.NO_LIQUIDITY),
            ],
        ),
    )


def test_where_trailing_stops_have_moved_too_often_what_has_fired_takes_nothing(engine: MakeEngine) -> None:
    play(
        engine,
        limits(trigger_moves=0),
        *opening_trade(90),
        (trailing_stop(SELL, 1, trailing_amount=5), [placed(3)]),
        (limit(SELL, 1, 100), [placed(4)]),
        (limit(SELL, 2, 101), [placed(5)]),
        (stop_market(BUY, 1, at=100), [placed(6)]),
        (
            market(BUY, 2),
            [
                placed(7),
                trade(2, BUY, 1, 100, maker=4, taker=7),
                triggered(6),
                moved(3, 95),
                trade(3, BUY, 1, 101, maker=5, taker=7),
                canceled(6, 1, TOO_MANY),
                moved(3, 96),
            ],
        ),
    )
