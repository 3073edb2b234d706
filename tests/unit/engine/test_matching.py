"""Price-time priority: who trades with whom, at which price, and what is left where."""

import pytest
from msgspec.structs import replace

from protocol.events import InstrumentSet
from protocol.units import OrderType, Reason, Side
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
    limit,
    market,
    place,
    placed,
    play,
    trade,
)

pytestmark = both_engines


def test_limit_orders_that_do_not_cross_rest(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 5, 99), [placed(1)]),
        (limit(SELL, 5, 101), [placed(2)]),
        (limit(BUY, 5, 100), [placed(3)]),
    )


def test_equal_prices_trade(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (limit(BUY, 5, 100), [placed(2), trade(1, BUY, 5, 100, maker=1, taker=2)]),
    )


@both_sides
def test_taker_who_offers_more_trades_at_the_makers_price(engine: MakeEngine, view: View) -> None:
    tape = view(
        [
            (limit(SELL, 5, 100), [placed(1)]),
            (limit(BUY, 5, 110), [placed(2), trade(1, BUY, 5, 100, maker=1, taker=2)]),
        ]
    )
    play(engine, *tape)


@both_sides
def test_best_price_trades_first(engine: MakeEngine, view: View) -> None:
    tape = view(
        [
            (limit(SELL, 1, 102), [placed(1)]),
            (limit(SELL, 1, 100), [placed(2)]),
            (limit(SELL, 1, 101), [placed(3)]),
            (
                market(BUY, 3),
                [
                    placed(4),
                    trade(1, BUY, 1, 100, maker=2, taker=4),
                    trade(2, BUY, 1, 101, maker=3, taker=4),
                    trade(3, BUY, 1, 102, maker=1, taker=4),
                ],
            ),
        ],
        about=101,
    )
    play(engine, *tape)


def test_at_one_price_first_come_first_served(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 1, 100), [placed(1)]),
        (limit(SELL, 9, 100), [placed(2)]),
        (limit(SELL, 1, 100), [placed(3)]),
        (
            limit(BUY, 11, 100),
            [
                placed(4),
                trade(1, BUY, 1, 100, maker=1, taker=4),
                trade(2, BUY, 9, 100, maker=2, taker=4),
                trade(3, BUY, 1, 100, maker=3, taker=4),
            ],
        ),
    )


def test_partly_filled_maker_stays_first_in_its_queue(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 5, 100), [placed(1)]),
        (limit(BUY, 5, 100), [placed(2)]),
        (market(SELL, 2), [placed(3), trade(1, SELL, 2, 100, maker=1, taker=3)]),
        (market(SELL, 2), [placed(4), trade(2, SELL, 2, 100, maker=1, taker=4)]),
        (
            market(SELL, 2),
            [placed(5), trade(3, SELL, 1, 100, maker=1, taker=5), trade(4, SELL, 1, 100, maker=2, taker=5)],
        ),
    )


@both_sides
def test_limit_sweeps_levels_up_to_its_own_price_and_rests_there(engine: MakeEngine, view: View) -> None:
    tape = view(
        [
            (limit(SELL, 2, 100), [placed(1)]),
            (limit(SELL, 2, 101), [placed(2)]),
            (limit(SELL, 2, 102), [placed(3)]),
            (
                limit(BUY, 7, 101),
                [placed(4), trade(1, BUY, 2, 100, maker=1, taker=4), trade(2, BUY, 2, 101, maker=2, taker=4)],
            ),
            (market(SELL, 3), [placed(5), trade(3, SELL, 3, 101, maker=4, taker=5)]),
            (market(BUY, 2), [placed(6), trade(4, BUY, 2, 102, maker=3, taker=6)]),
        ],
        about=101,
    )
    play(engine, *tape)


def test_remainder_rests_behind_earlier_orders_of_its_price(engine: MakeEngine) -> None:
    """Its own price is on the other side of the book only after the sweep, so the queue there is empty; a later order
    stands behind."""
    play(
        engine,
        (limit(SELL, 1, 100), [placed(1)]),
        (limit(BUY, 3, 100), [placed(2), trade(1, BUY, 1, 100, maker=1, taker=2)]),
        (limit(BUY, 3, 100), [placed(3)]),
        (
            market(SELL, 4),
            [placed(4), trade(2, SELL, 2, 100, maker=2, taker=4), trade(3, SELL, 2, 100, maker=3, taker=4)],
        ),
    )


def test_emptied_level_leaves_no_phantom_price(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 1, 100), [placed(1)]),
        (limit(SELL, 1, 105), [placed(2)]),
        (market(BUY, 1), [placed(3), trade(1, BUY, 1, 100, maker=1, taker=3)]),
        (limit(BUY, 1, 104), [placed(4)]),
        (market(BUY, 1), [placed(5), trade(2, BUY, 1, 105, maker=2, taker=5)]),
        (market(SELL, 1), [placed(6), trade(3, SELL, 1, 104, maker=4, taker=6)]),
    )


def test_level_emptied_by_a_cancel_leaves_no_phantom_price(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 1, 100), [placed(1)]),
        (limit(SELL, 1, 105), [placed(2)]),
        (cancel(1), [canceled(1, 1)]),
        (limit(BUY, 1, 104), [placed(3)]),
        (limit(BUY, 1, 105), [placed(4), trade(1, BUY, 1, 105, maker=2, taker=4)]),
    )


@pytest.mark.parametrize(("side", "other_side"), [(BUY, SELL), (SELL, BUY)])
@pytest.mark.parametrize("gone", [1, 2, 3])
def test_level_emptied_by_a_cancel_leaves_the_others(
    engine: MakeEngine, side: Side, other_side: Side, gone: int
) -> None:
    """The best one, the worst one, and one in between."""
    best_first = [(3, 103), (2, 102), (1, 101)] if side is BUY else [(1, 101), (2, 102), (3, 103)]
    left = [(maker, price) for maker, price in best_first if maker != gone]
    play(
        engine,
        *((limit(side, 1, 100 + order_id), [placed(order_id)]) for order_id in (1, 2, 3)),
        (cancel(gone), [canceled(gone, 1)]),
        (
            market(other_side, 3),
            [
                placed(4),
                *(
                    trade(number, other_side, 1, price, maker=maker, taker=4)
                    for number, (maker, price) in enumerate(left, 1)
                ),
                canceled(4, 1, Reason.NO_LIQUIDITY),
            ],
        ),
    )


def test_level_that_was_emptied_can_be_used_again(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 1, 100), [placed(1)]),
        (limit(BUY, 1, 100), [placed(2), trade(1, BUY, 1, 100, maker=1, taker=2)]),
        (limit(SELL, 1, 100), [placed(3)]),
        (limit(SELL, 1, 100), [placed(4)]),
        (market(BUY, 2), [placed(5), trade(2, BUY, 1, 100, maker=3, taker=5), trade(3, BUY, 1, 100, maker=4, taker=5)]),
    )


@pytest.mark.parametrize(("gone", "left"), [(1, (2, 3, 4)), (2, (1, 3, 4)), (3, (1, 2, 4)), (4, (1, 2, 3))])
def test_cancel_anywhere_in_a_queue_keeps_the_others_and_their_order(
    engine: MakeEngine, gone: int, left: tuple[int, ...]
) -> None:
    play(
        engine,
        *((limit(SELL, 1, 100), [placed(order_id)]) for order_id in (1, 2, 3, 4)),
        (cancel(gone), [canceled(gone, 1)]),
        (
            market(BUY, 3),
            [placed(5), *(trade(number, BUY, 1, 100, maker=maker, taker=5) for number, maker in enumerate(left, 1))],
        ),
    )


def test_cancel_of_the_first_after_the_one_before_it_is_filled(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 1, 100), [placed(1)]),
        (limit(SELL, 1, 100), [placed(2)]),
        (limit(SELL, 1, 100), [placed(3)]),
        (market(BUY, 1), [placed(4), trade(1, BUY, 1, 100, maker=1, taker=4)]),
        (cancel(2), [canceled(2, 1)]),
        (market(BUY, 1), [placed(5), trade(2, BUY, 1, 100, maker=3, taker=5)]),
        (market(BUY, 1), [placed(6), canceled(6, 1, Reason.NO_LIQUIDITY)]),
    )


def test_a_new_order_stands_behind_all_after_the_last_of_the_queue_is_canceled(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 1, 100), [placed(1)]),
        (limit(SELL, 1, 100), [placed(2)]),
        (cancel(2), [canceled(2, 1)]),
        (limit(SELL, 1, 100), [placed(3)]),
        (market(BUY, 2), [placed(4), trade(1, BUY, 1, 100, maker=1, taker=4), trade(2, BUY, 1, 100, maker=3, taker=4)]),
    )


def test_symbols_share_order_ids_but_neither_books_nor_trade_ids(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 1, 100), [placed(1)]),
        (limit(BUY, 1, 100, symbol=GOLD.symbol), [placed(2)]),
        (market(BUY, 1), [placed(3), trade(1, BUY, 1, 100, maker=1, taker=3)]),
        (market(SELL, 1, symbol=GOLD.symbol), [placed(4), trade(1, SELL, 1, 100, maker=2, taker=4, instrument=GOLD)]),
    )


def test_orders_of_one_account_trade_with_each_other_as_with_any(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 1, 100, account="ann"), [placed(1)]),
        (limit(SELL, 1, 100, account="bob"), [placed(2)]),
        (
            limit(BUY, 2, 100, account="ann"),
            [placed(3), trade(1, BUY, 1, 100, maker=1, taker=3), trade(2, BUY, 1, 100, maker=2, taker=3)],
        ),
    )


def test_trade_bears_the_rates_in_force_when_it_is_made(engine: MakeEngine) -> None:
    dearer = replace(COIN, maker_fee_bps=15, taker_fee_bps=0)
    play(
        engine,
        (limit(SELL, 2, 100), [placed(1)]),
        (market(BUY, 1), [placed(2), trade(1, BUY, 1, 100, maker=1, taker=2)]),
        (change(COIN, maker_fee_bps=15, taker_fee_bps=0), [InstrumentSet(dearer)]),
        (market(BUY, 1), [placed(3), trade(2, BUY, 1, 100, maker=1, taker=3, instrument=dearer)]),
    )


def test_largest_price_and_quantity_stay_exact(engine: MakeEngine) -> None:
    """Above 2**53, where a float would round."""
    large = replace(COIN, symbol="LARGE-USD", max_price=10**5 + 1, max_quantity=10**13 - 1)
    play(
        engine,
        (limit(SELL, 10**13 - 1, 10**5 + 1, symbol=large.symbol), [placed(1)]),
        (limit(SELL, 10**13 - 1, 10**5 + 1, symbol=large.symbol), [placed(2)]),
        (limit(SELL, 10**13 - 1, 10**5 + 1, symbol=large.symbol), [placed(3)]),
        (
            place(OrderType.FOK, BUY, 10**13 - 1, 10**5 + 1, symbol=large.symbol),
            [placed(4), trade(1, BUY, 10**13 - 1, 10**5 + 1, maker=1, taker=4, instrument=large)],
        ),
        (cancel(3), [canceled(3, 10**13 - 1)]),
        (
            market(BUY, 1, symbol=large.symbol),
            [placed(5), trade(2, BUY, 1, 10**5 + 1, maker=2, taker=5, instrument=large)],
        ),
        (cancel(2), [canceled(2, 10**13 - 2)]),
        instruments=(large,),
    )


def test_long_queue_is_served_in_order(engine: MakeEngine) -> None:
    play(
        engine,
        *((limit(SELL, 1, 100), [placed(order_id)]) for order_id in range(1, 201)),
        (
            market(BUY, 199),
            [placed(201), *(trade(number, BUY, 1, 100, maker=number, taker=201) for number in range(1, 200))],
        ),
        (market(BUY, 1), [placed(202), trade(200, BUY, 1, 100, maker=200, taker=202)]),
    )
