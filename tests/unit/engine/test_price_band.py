"""The band around the last trade: what is rejected, canceled or refused beyond it."""

import pytest
from msgspec.structs import replace

from protocol.events import InstrumentSet
from protocol.units import OrderType, Reason, Refusal
from tests.tape import (
    BUY,
    COIN,
    SELL,
    MakeEngine,
    amend,
    amended,
    both_engines,
    cancel,
    canceled,
    change,
    limit,
    market,
    oco,
    opening_trade,
    place,
    placed,
    play,
    protect,
    refused,
    rejected,
    stop_limit,
    stop_market,
    trade,
    triggered,
)

OUTSIDE = Reason.PRICE_OUTSIDE_BAND


@both_engines
@pytest.mark.parametrize("order_type", [OrderType.LIMIT, OrderType.IOC, OrderType.FOK])
@pytest.mark.parametrize(("inside", "outside"), [(1_100, 1_101), (900, 899)])
def test_a_price_farther_than_the_band_is_rejected(
    engine: MakeEngine, order_type: OrderType, inside: int, outside: int
) -> None:
    """The band itself is within. Both sides of the last trade count, for buyers and for sellers."""
    kept = {OrderType.LIMIT: [], OrderType.IOC: [Reason.IOC_REMAINDER], OrderType.FOK: [Reason.FOK_UNFILLABLE]}
    for side in (BUY, SELL):
        play(
            engine,
            *opening_trade(1_000),
            protect(price_band_bps=1_000),
            (place(order_type, side, 1, outside), [rejected(3, OUTSIDE)]),
            (place(order_type, side, 1, inside), [placed(4), *(canceled(4, 1, why) for why in kept[order_type])]),
        )


@both_engines
def test_the_band_is_compared_exactly(engine: MakeEngine) -> None:
    """At 333 and 1,000 bps it is 33.3: 366 is within, 367 is not; 300 is within, 299 is not."""
    play(
        engine,
        *opening_trade(333),
        protect(price_band_bps=1_000),
        (limit(SELL, 1, 367), [rejected(3, OUTSIDE)]),
        (limit(SELL, 1, 366), [placed(4)]),
        (limit(BUY, 1, 299), [rejected(5, OUTSIDE)]),
        (limit(BUY, 1, 300), [placed(6)]),
    )


@both_engines
def test_before_the_first_trade_the_reference_price_stands_for_it(engine: MakeEngine) -> None:
    banded = replace(COIN, price_band_bps=1_000)
    play(
        engine,
        (change(COIN, price_band_bps=1_000), [InstrumentSet(banded)]),
        (limit(SELL, 1, 5_000), [placed(1)]),
        (change(COIN, reference_price=100), [InstrumentSet(replace(banded, reference_price=100))]),
        (limit(BUY, 1, 111), [rejected(2, OUTSIDE)]),
        (market(BUY, 1), [placed(3), canceled(3, 1, Reason.PRICE_BAND)]),
        (limit(SELL, 1, 110), [placed(4)]),
        (limit(BUY, 1, 110), [placed(5), trade(1, BUY, 1, 110, maker=4, taker=5)]),
        (limit(BUY, 1, 120), [placed(6)]),
        (cancel(6), [canceled(6, 1)]),
        (change(COIN, price_band_bps=0), [InstrumentSet(replace(COIN, reference_price=100))]),
        (limit(BUY, 1, 130), [placed(7)]),
    )


@both_engines
def test_a_market_order_takes_nothing_beyond_the_band(engine: MakeEngine) -> None:
    """Its own trades do not move the band. A resting order beyond it stays."""
    play(
        engine,
        (limit(SELL, 2, 100), [placed(1)]),
        *((limit(SELL, 1, price), [placed(number)]) for number, price in ((2, 110), (3, 111), (4, 120))),
        (market(BUY, 1), [placed(5), trade(1, BUY, 1, 100, maker=1, taker=5)]),
        protect(price_band_bps=1_000),
        (
            market(BUY, 5),
            [
                placed(6),
                trade(2, BUY, 1, 100, maker=1, taker=6),
                trade(3, BUY, 1, 110, maker=2, taker=6),
                canceled(6, 3, Reason.PRICE_BAND),
            ],
        ),
        (market(BUY, 1), [placed(7), trade(4, BUY, 1, 111, maker=3, taker=7)]),
        (market(BUY, 3), [placed(8), trade(5, BUY, 1, 120, maker=4, taker=8), canceled(8, 2, Reason.NO_LIQUIDITY)]),
        (market(SELL, 1), [placed(9), canceled(9, 1, Reason.NO_LIQUIDITY)]),
    )


@both_engines
def test_a_market_sale_takes_nothing_below_the_band(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(333),
        (limit(BUY, 1, 300), [placed(3)]),
        (limit(BUY, 1, 299), [placed(4)]),
        protect(price_band_bps=1_000),
        (
            market(SELL, 2),
            [placed(5), trade(2, SELL, 1, 300, maker=3, taker=5), canceled(5, 1, Reason.PRICE_BAND)],
        ),
    )


@both_engines
def test_a_quote_quantity_spends_nothing_beyond_the_band(engine: MakeEngine) -> None:
    """What it has taken is what it was for; what it could not take is unspent."""
    play(
        engine,
        *opening_trade(100),
        (limit(SELL, 1, 110), [placed(3)]),
        (limit(SELL, 1, 111), [placed(4)]),
        protect(price_band_bps=1_000),
        (market(BUY, 0, quote_quantity=1_000), [placed(5), trade(2, BUY, 1, 110, maker=3, taker=5)]),
        (change(COIN, price_band_bps=50), [InstrumentSet(replace(COIN, price_band_bps=50))]),
        (market(BUY, 0, quote_quantity=1_000), [placed(6), canceled(6, 0, Reason.PRICE_BAND)]),
    )


@both_engines
def test_fired_orders_are_held_to_the_band_of_that_moment(engine: MakeEngine) -> None:
    """The limit of a stop is not looked at before it fires."""
    play(
        engine,
        *opening_trade(100),
        (limit(SELL, 1, 105), [placed(3)]),
        (limit(SELL, 1, 120), [placed(4)]),
        protect(price_band_bps=1_000),
        (stop_limit(BUY, 1, 116, at=105), [placed(5)]),
        (stop_limit(BUY, 1, 115, at=105), [placed(6)]),
        (stop_market(BUY, 1, at=105), [placed(7)]),
        (
            market(BUY, 1),
            [
                placed(8),
                trade(2, BUY, 1, 105, maker=3, taker=8),
                triggered(5),
                triggered(6),
                triggered(7),
                canceled(5, 1, OUTSIDE),
                canceled(7, 1, Reason.PRICE_BAND),
            ],
        ),
    )


@both_engines
def test_the_legs_of_an_oco_are_held_to_the_band(engine: MakeEngine) -> None:
    """The limit leg at entry: both are rejected. The limit of the stop leg when it fires."""
    play(
        engine,
        *opening_trade(100),
        (limit(BUY, 1, 95), [placed(3)]),
        protect(price_band_bps=1_000),
        (oco(SELL, 1, 111, at=95), [rejected(4, OUTSIDE), rejected(5, OUTSIDE)]),
        (oco(SELL, 1, 110, at=95, stop_price=84), [placed(6), placed(7)]),
        (
            market(SELL, 1),
            [
                placed(8),
                trade(2, SELL, 1, 95, maker=3, taker=8),
                triggered(7),
                canceled(6, 1, Reason.OCO),
                canceled(7, 1, OUTSIDE),
            ],
        ),
    )


@both_engines
def test_an_amend_to_a_price_outside_is_refused(engine: MakeEngine) -> None:
    """Nothing changes then. A price that stays is not looked at, nor that of an order that waits."""
    play(
        engine,
        *opening_trade(100),
        (limit(BUY, 2, 80), [placed(3)]),
        (stop_limit(BUY, 1, 106, at=105), [placed(4)]),
        protect(price_band_bps=1_000),
        (amend(3, price=89), [refused(Refusal.PRICE_OUTSIDE_BAND)]),
        (amend(3, quantity=1), [amended(3, 1, 80)]),
        (amend(3, quantity=3), [amended(3, 3, 80)]),
        (amend(3, price=90), [amended(3, 3, 90)]),
        (amend(4, price=130), [amended(4, 1, 130, 105)]),
    )
