"""Stops whose trigger follows the price.

The scenarios A to E are those of Binance's trailing stop FAQ (faqs/trailing-stop-faq.md of binance-spot-api-docs), in
tenths of its prices. Its stop price is the activation_price here, its limit price falls away, and each of its linear
series of trades is one or two trades.
"""

import pytest
from msgspec.structs import replace

from protocol.commands import PlaceOrder
from protocol.events import Event
from protocol.units import Reason, Refusal
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
    limit,
    market,
    moved,
    opening_trade,
    placed,
    play,
    refused,
    stop_market,
    trade,
    trailing_stop,
    triggered,
)
from tests.unit.engine.trade_rows import Table, trades

pytestmark = both_engines

DEAR = replace(COIN, price_decimals=1, max_price=1_000_000)

FIRES: list[Event] = [triggered(3), canceled(3, 1, Reason.NO_LIQUIDITY)]


@pytest.mark.parametrize(
    ("order", "table"),
    [
        pytest.param(
            trailing_stop(BUY, 1, trailing_bps=500, activation_price=440_000),
            [
                (370_000, []),
                (440_000, [moved(3, 462_000)]),
                (450_000, []),
                (460_000, []),
                (420_000, [moved(3, 441_000)]),
                (441_000, FIRES),
            ],
            id="A",
        ),
        pytest.param(
            trailing_stop(SELL, 1, trailing_bps=1_000, activation_price=390_000),
            [
                (415_000, []),
                (390_000, [moved(3, 351_000)]),
                (370_000, []),
                (410_000, [moved(3, 369_000)]),
                (369_000, FIRES),
            ],
            id="B",
        ),
        pytest.param(
            trailing_stop(BUY, 1, trailing_bps=850, activation_price=380_000),
            [
                (420_000, []),
                (380_000, [moved(3, 412_300)]),
                (370_000, [moved(3, 401_450)]),
                (390_000, []),
                (380_000, []),
                (401_450, FIRES),
            ],
            id="C",
        ),
        pytest.param(
            trailing_stop(SELL, 1, trailing_bps=750, activation_price=420_000),
            [
                (415_000, []),
                (390_000, []),
                (420_000, [moved(3, 388_500)]),
                (450_000, [moved(3, 416_250)]),
                (440_000, []),
                (465_000, [moved(3, 430_125)]),
                (430_125, FIRES),
            ],
            id="D",
        ),
        pytest.param(
            trailing_stop(SELL, 1, trailing_bps=700),
            [
                (420_000, [moved(3, 390_600)]),
                (395_000, []),
                (455_000, [moved(3, 423_150)]),
                (423_150, FIRES),
            ],
            id="E",
        ),
    ],
)
def test_scenarios(engine: MakeEngine, order: PlaceOrder, table: Table) -> None:
    play(engine, *opening_trade(400_000), (order, [placed(3)]), *trades(table), instruments=(DEAR,))


@pytest.mark.parametrize(
    ("order", "price", "trigger_price"),
    [
        (trailing_stop(SELL, 1, trailing_amount=5), 100, 95),
        (trailing_stop(BUY, 1, trailing_amount=5), 100, 105),
        (trailing_stop(SELL, 1, trailing_bps=100), 100, 95),
        (trailing_stop(BUY, 1, trailing_bps=100), 100, 105),
        (trailing_stop(SELL, 1, trailing_bps=500), 100, 95),
        (trailing_stop(SELL, 1, trailing_bps=501), 100, 90),
        (trailing_stop(BUY, 1, trailing_bps=501), 100, 110),
        (trailing_stop(SELL, 1, trailing_bps=1), 10_000, 9_995),
        (trailing_stop(SELL, 1, trailing_bps=9_999), 10_000, 5),
        (trailing_stop(BUY, 1, trailing_bps=9_999), 10_000, 20_000),
        (trailing_stop(SELL, 1, trailing_amount=100), 100, 5),
        (trailing_stop(SELL, 1, trailing_amount=200), 100, 5),
        (trailing_stop(BUY, 1, trailing_amount=10_000), 10_000, 20_000),
    ],
)
def test_trigger_is_rounded_to_the_tick_away_from_the_market(
    engine: MakeEngine, order: PlaceOrder, price: int, trigger_price: int
) -> None:
    """The tick is 5; no trigger is below one tick, and a buyer's may be above max_price."""
    play(
        engine,
        *opening_trade(500),
        (order, [placed(3)]),
        *trades([(price, [moved(3, trigger_price)])]),
        instruments=(replace(COIN, tick_size=5),),
    )


def test_it_starts_with_the_next_trade_not_with_the_last_one(engine: MakeEngine) -> None:
    """Not even the trade that is far below the last one before it fires it."""
    play(
        engine,
        *opening_trade(100),
        (trailing_stop(SELL, 1, trailing_amount=5), [placed(3)]),
        *trades([(50, [moved(3, 45)]), (46, []), (50, []), (51, [moved(3, 46)]), (46, FIRES)]),
    )


def test_it_starts_with_the_first_trade_of_the_symbol(engine: MakeEngine) -> None:
    play(
        engine,
        (trailing_stop(BUY, 1, trailing_amount=5), [placed(1)]),
        (trailing_stop(BUY, 1, trailing_amount=5, activation_price=101), [placed(2)]),
        (trailing_stop(BUY, 1, trailing_amount=5, activation_price=100), [placed(3)]),
        *trades([(100, [moved(1, 105), moved(3, 105)])], trade_id=1),
    )


def test_it_follows_each_trade_of_a_sweep(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (trailing_stop(SELL, 1, trailing_amount=5), [placed(3)]),
        (limit(SELL, 1, 101), [placed(4)]),
        (limit(SELL, 2, 103), [placed(5)]),
        (
            market(BUY, 2),
            [
                placed(6),
                trade(2, BUY, 1, 101, maker=4, taker=6),
                moved(3, 96),
                trade(3, BUY, 1, 103, maker=5, taker=6),
                moved(3, 98),
            ],
        ),
    )


def test_it_fires_as_it_stood_before_the_trade(engine: MakeEngine) -> None:
    """A fall through the trigger fires; it is then a market order, and follows nothing any more."""
    play(
        engine,
        *opening_trade(100),
        (trailing_stop(SELL, 3, trailing_amount=5), [placed(3)]),
        *trades([(110, [moved(3, 105)])]),
        (limit(BUY, 1, 90), [placed(6)]),
        (limit(BUY, 2, 80), [placed(7)]),
        (
            market(SELL, 1),
            [
                placed(8),
                trade(3, SELL, 1, 90, maker=6, taker=8),
                triggered(3),
                trade(4, SELL, 2, 80, maker=7, taker=3),
                canceled(3, 1, Reason.NO_LIQUIDITY),
            ],
        ),
    )


@pytest.mark.parametrize(
    ("activation", "table"),
    [
        (100, [(110, [moved(3, 105)])]),
        (105, [(104, []), (103, []), (107, [moved(3, 102)])]),
        (105, [(106, [moved(3, 101)])]),
        (95, [(96, []), (94, [moved(3, 89)])]),
        (95, [(110, []), (95, [moved(3, 90)])]),
    ],
    ids=["last-trade", "from-below-then-over", "over", "from-above-under", "from-above-to"],
)
def test_activation_price_is_reached_from_either_side(engine: MakeEngine, activation: int, table: Table) -> None:
    """The activating trade itself is the first that it follows; where the last trade is at the price already, the next
    one."""
    play(
        engine,
        *opening_trade(100),
        (trailing_stop(SELL, 1, trailing_amount=5, activation_price=activation), [placed(3)]),
        *trades(table),
    )


def test_quantity_can_be_amended_and_the_trigger_cannot(engine: MakeEngine) -> None:
    """In each of its states; it keeps its place among the triggers."""
    play(
        engine,
        *opening_trade(100),
        (trailing_stop(SELL, 5, trailing_amount=5), [placed(3)]),
        (amend(3, at=95), [refused(Refusal.TRIGGER_PRICE_NOT_ALLOWED)]),
        (amend(3, price=95), [refused(Refusal.PRICE_NOT_ALLOWED)]),
        (amend(3, quantity=7), [amended(3, 7, None)]),
        *trades([(110, [moved(3, 105)])]),
        (stop_market(SELL, 1, at=105), [placed(6)]),
        (amend(3, at=95), [refused(Refusal.TRIGGER_PRICE_NOT_ALLOWED)]),
        (amend(3, quantity=9), [amended(3, 9, None, 105)]),
        *trades(
            [
                (
                    105,
                    [
                        triggered(3),
                        triggered(6),
                        canceled(3, 9, Reason.NO_LIQUIDITY),
                        canceled(6, 1, Reason.NO_LIQUIDITY),
                    ],
                )
            ],
            first=7,
            trade_id=3,
        ),
    )


def test_a_trigger_beyond_the_highest_price_does_not_forbid_an_amend(engine: MakeEngine) -> None:
    """The market has led it there, nobody has asked for it."""
    play(
        engine,
        *opening_trade(100),
        (trailing_stop(BUY, 5, trailing_amount=COIN.max_price), [placed(3)]),
        *trades([(101, [moved(3, COIN.max_price + 101)])]),
        (amend(3, quantity=7), [amended(3, 7, None, COIN.max_price + 101)]),
    )


def test_it_can_be_canceled_in_each_of_its_states(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (trailing_stop(SELL, 1, trailing_amount=5, activation_price=200), [placed(3)]),
        (trailing_stop(SELL, 1, trailing_amount=5), [placed(4)]),
        (cancel(3), [canceled(3, 1)]),
        (cancel(4), [canceled(4, 1)]),
        (trailing_stop(SELL, 1, trailing_amount=5), [placed(5)]),
        (trailing_stop(SELL, 1, trailing_amount=5, activation_price=200), [placed(6)]),
        *trades([(100, [moved(5, 95)])], first=7),
        (cancel_all(), [canceled(5, 1), canceled(6, 1)]),
        *trades([(250, []), (90, [])], first=9, trade_id=3),
    )
