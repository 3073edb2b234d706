"""What each order type does with what it cannot take at once."""

from protocol.units import Reason
from tests.tape import (
    BUY,
    SELL,
    MakeEngine,
    both_engines,
    cancel,
    canceled,
    fok,
    ioc,
    limit,
    market,
    placed,
    play,
    stop_limit,
    stop_market,
    take_profit,
    trade,
)

pytestmark = both_engines


def test_market_takes_the_best_prices_until_filled(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 2, 100), [placed(1)]),
        (limit(SELL, 2, 5_000), [placed(2)]),
        (
            market(BUY, 3),
            [placed(3), trade(1, BUY, 2, 100, maker=1, taker=3), trade(2, BUY, 1, 5_000, maker=2, taker=3)],
        ),
        (cancel(2), [canceled(2, 1)]),
    )


def test_market_remainder_is_canceled_and_never_rests(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 2, 100), [placed(1)]),
        (market(SELL, 3), [placed(2), trade(1, SELL, 2, 100, maker=1, taker=2), canceled(2, 1, Reason.NO_LIQUIDITY)]),
        (limit(BUY, 1, 100), [placed(3)]),
    )


def test_market_without_any_liquidity(engine: MakeEngine) -> None:
    play(
        engine,
        (market(SELL, 3), [placed(1), canceled(1, 3, Reason.NO_LIQUIDITY)]),
        (limit(SELL, 1, 100), [placed(2)]),
        (market(SELL, 3), [placed(3), canceled(3, 3, Reason.NO_LIQUIDITY)]),
    )


def test_ioc_that_is_filled(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (ioc(BUY, 5, 101), [placed(2), trade(1, BUY, 5, 100, maker=1, taker=2)]),
    )


def test_ioc_takes_what_crosses_and_cancels_the_rest(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 2, 100), [placed(1)]),
        (limit(SELL, 2, 102), [placed(2)]),
        (ioc(BUY, 5, 101), [placed(3), trade(1, BUY, 2, 100, maker=1, taker=3), canceled(3, 3, Reason.IOC_REMAINDER)]),
        (limit(SELL, 1, 101), [placed(4)]),
    )


def test_ioc_that_does_not_cross(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 2, 100), [placed(1)]),
        (ioc(SELL, 5, 101), [placed(2), canceled(2, 5, Reason.IOC_REMAINDER)]),
        (ioc(BUY, 5, 101), [placed(3), canceled(3, 5, Reason.IOC_REMAINDER)]),
    )


def test_fok_takes_all_of_it_over_several_orders_and_levels(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 2, 100), [placed(1)]),
        (limit(SELL, 2, 100), [placed(2)]),
        (limit(SELL, 2, 101), [placed(3)]),
        (
            fok(BUY, 6, 101),
            [
                placed(4),
                trade(1, BUY, 2, 100, maker=1, taker=4),
                trade(2, BUY, 2, 100, maker=2, taker=4),
                trade(3, BUY, 2, 101, maker=3, taker=4),
            ],
        ),
    )


def test_fok_that_sells_counts_only_what_is_within_its_price(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 2, 102), [placed(1)]),
        (limit(BUY, 2, 101), [placed(2)]),
        (limit(BUY, 2, 100), [placed(3)]),
        (fok(SELL, 5, 101), [placed(4), canceled(4, 5, Reason.FOK_UNFILLABLE)]),
        (
            fok(SELL, 4, 101),
            [placed(5), trade(1, SELL, 2, 102, maker=1, taker=5), trade(2, SELL, 2, 101, maker=2, taker=5)],
        ),
        (fok(SELL, 3, 100), [placed(6), canceled(6, 3, Reason.FOK_UNFILLABLE)]),
    )


def test_fok_that_cannot_be_filled_leaves_the_book_as_it_was(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 2, 100), [placed(1)]),
        (limit(SELL, 2, 100), [placed(2)]),
        (fok(BUY, 5, 100), [placed(3), canceled(3, 5, Reason.FOK_UNFILLABLE)]),
        (market(BUY, 3), [placed(4), trade(1, BUY, 2, 100, maker=1, taker=4), trade(2, BUY, 1, 100, maker=2, taker=4)]),
    )


def test_fok_counts_what_remains_of_a_maker_not_what_it_came_with(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (limit(SELL, 5, 100), [placed(2)]),
        (market(BUY, 4), [placed(3), trade(1, BUY, 4, 100, maker=1, taker=3)]),
        (fok(BUY, 7, 100), [placed(4), canceled(4, 7, Reason.FOK_UNFILLABLE)]),
        (cancel(1), [canceled(1, 1)]),
        (fok(BUY, 6, 100), [placed(5), canceled(5, 6, Reason.FOK_UNFILLABLE)]),
        (fok(BUY, 5, 100), [placed(6), trade(2, BUY, 5, 100, maker=2, taker=6)]),
    )


def test_fok_on_an_empty_book(engine: MakeEngine) -> None:
    play(engine, (fok(BUY, 5, 100), [placed(1), canceled(1, 5, Reason.FOK_UNFILLABLE)]))


def test_orders_that_wait_for_their_trigger_are_not_in_the_book(engine: MakeEngine) -> None:
    play(
        engine,
        (stop_market(SELL, 5, at=90), [placed(1)]),
        (stop_limit(SELL, 5, 95, at=90), [placed(2)]),
        (take_profit(SELL, 5, at=110), [placed(3)]),
        (market(BUY, 5), [placed(4), canceled(4, 5, Reason.NO_LIQUIDITY)]),
        (fok(BUY, 5, 10_000), [placed(5), canceled(5, 5, Reason.FOK_UNFILLABLE)]),
        (limit(BUY, 5, 10_000), [placed(6)]),
    )
