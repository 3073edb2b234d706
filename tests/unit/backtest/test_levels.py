"""Backtests on recorded levels: the queue models, in whole numbers."""

import pytest

from matching_exchange.recordings.recording import Hole, Levels, LevelStep, LevelTrade
from matching_exchange.sim.backtest import Backtest, BacktestError, Power, Proportional, QueueModel, RiskAverse
from protocol.units import Side
from tests.recorded_markets import source_of
from tests.unit.backtest.scripted import run
from tests.unit.backtest.test_orders import buy, sell

BUY, SELL = Side.BUY, Side.SELL

START = Levels(1, ((100, 50), (90, 5)), ((110, 50), (120, 5)), whole=True)

QUEUE: list[LevelStep] = [
    START,
    Levels(20, ((100, 30),), ()),
    Levels(30, ((100, 120),), ()),
    Levels(40, ((100, 80),), ()),
]


@pytest.mark.parametrize(
    ("model", "ahead", "filled"),
    [(RiskAverse(), 30, 0), (Proportional(), 20, 8), (Power(2), 26, 2), (Power(1), 20, 8)],
)
def test_where_an_order_stands(model: QueueModel, ahead: int, filled: int) -> None:
    strategy, _, backtest = run(QUEUE, {10: buy(50, 100)}, by_level=True, model=model)
    assert backtest.venue.ahead(strategy.orders[0].order_id) == ahead
    # The change of the level repeats what has traded: it moves nobody.
    trade: list[LevelStep] = [*QUEUE, LevelTrade(50, SELL, 100, 28), Levels(51, ((100, 52),), ())]
    strategy, _, backtest = run(trade, {10: buy(50, 100)}, by_level=True, model=model)
    assert sum(quantity for _, _, quantity, _ in strategy.fills) == filled
    assert backtest.venue.ahead(strategy.orders[0].order_id) == max(0, ahead - 28)


def test_orders_at_one_price_never_overtake_each_other() -> None:
    steps: list[LevelStep] = [
        START,
        Levels(20, ((100, 75),), ()),
        Levels(40, ((100, 45),), ()),
        LevelTrade(50, SELL, 100, 22),
    ]
    strategy, _, _ = run(steps, {10: buy(5, 100), 30: buy(5, 100)}, by_level=True, model=Power(3))
    assert [order.filled_units for order in strategy.orders] == sorted(
        (order.filled_units for order in strategy.orders), reverse=True
    )


def test_a_level_is_taken_once_until_it_is_told_anew() -> None:
    steps: list[LevelStep] = [START, Levels(40, (), ((110, 50),)), Levels(90, (), ((130, 1),))]
    acts = {10: buy(30, 110, type="ioc"), 20: buy(30, 110, type="ioc"), 50: buy(30, 110, type="ioc")}
    strategy, _, backtest = run(steps, acts, by_level=True)
    assert strategy.fills == [(10, 110, 30, False), (20, 110, 20, False), (50, 110, 30, False)]
    assert backtest.venue.top("ABC-USD", 1)[1] == ((110, 50),)


def test_a_level_that_reaches_an_own_order_fills_it() -> None:
    steps: list[LevelStep] = [START, Levels(20, (), ((104, 3),)), Levels(30, ((106, 9),), ((104, 0),))]
    strategy, _, _ = run(steps, {10: buy(5, 105), 11: sell(4, 106)}, by_level=True)
    assert strategy.fills == [(20, 105, 3, True), (30, 106, 4, True)]


def test_a_trade_through_the_price_fills_up_to_its_quantity() -> None:
    steps: list[LevelStep] = [START, LevelTrade(20, SELL, 100, 7), LevelTrade(30, BUY, 120, 2)]
    strategy, _, _ = run(steps, {10: buy(5, 101), 11: buy(5, 102), 12: sell(1, 110), 13: sell(9, 115)}, by_level=True)
    assert strategy.fills == [(20, 102, 5, True), (20, 101, 2, True), (30, 110, 1, True), (30, 115, 1, True)]


def test_a_hole_empties_the_book_and_is_told() -> None:
    steps: list[LevelStep] = [START, Hole(20), Levels(40, ((100, 20),), ((110, 1),), whole=True)]
    strategy, record, backtest = run(steps, {10: buy(5, 100), 30: buy(1, None)}, by_level=True)
    assert strategy.heard == [(30, "CANCELED no_liquidity")]
    assert record.counts["holes"] == 1
    assert backtest.venue.ahead(strategy.orders[0].order_id) == 20
    assert backtest.venue.top("ABC-USD", 9) == (((100, 20),), ((110, 1),))


def test_what_levels_and_models_take() -> None:
    with pytest.raises(BacktestError, match="impact=True takes recordings of orders"):
        Backtest(source_of(QUEUE, by_level=True), impact=True)
    for power in (0, 11, "2"):
        with pytest.raises(ValueError, match="power takes a whole number from 1"):
            Power(power)  # type: ignore[arg-type]
    assert repr((RiskAverse(), Power(2))) == "(RiskAverse(), Power(2))"
