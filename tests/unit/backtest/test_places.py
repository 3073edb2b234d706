"""Backtests: fills that a wrong place in a queue, or a wrong book, would give."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from matching_exchange.recordings.recording import Levels, LevelStep, LevelTrade, Place, Replace, Step, Take
from matching_exchange.recordings.source import instrument_of
from matching_exchange.sim.backtest import Backtest, BacktestError, Proportional, QueueModel, RiskAverse
from protocol.units import Side
from tests.recorded_markets import source_of
from tests.unit.backtest.scripted import Scripted, run
from tests.unit.backtest.test_orders import buy, sell

BUY, SELL = Side.BUY, Side.SELL

BOOK: list[Step] = [Place(1, "bid", BUY, 99, 50), Place(1, "low", BUY, 90, 50), Place(1, "ask", SELL, 110, 50)]
END = Place(90, "end", SELL, 200, 1)
LEVELS = Levels(1, ((100, 10),), ((110, 50),), whole=True)


@pytest.mark.parametrize("model", [RiskAverse(), Proportional()])
@pytest.mark.parametrize(
    ("left", "trades", "filled", "ahead"),
    [(6, (4,), 0, 6), (4, (6,), 0, 4), (4, (2, 4), 0, 4), (0, (10, 3), 3, 0)],
)
def test_a_trade_that_follows_its_level_moves_once(
    model: QueueModel, left: int, trades: Sequence[int], filled: int, ahead: int
) -> None:
    steps: list[LevelStep] = [LEVELS, Levels(20, ((100, left),), ())]
    steps += [LevelTrade(21, SELL, 100, quantity) for quantity in trades]
    strategy = Scripted({10: buy(5, 100)})
    source = replace(source_of(steps, by_level=True), trades_follow=True)
    backtest = Backtest(source, strategy, queue_model=model)
    backtest.run_record()
    assert strategy.orders[0].filled_units == filled
    assert backtest.venue.ahead(strategy.orders[0].order_id) == ahead


def test_a_level_that_is_told_no_more_keeps_the_places() -> None:
    steps: list[LevelStep] = [
        LEVELS,
        Levels(20, ((101, 5),), (), hidden_bids=(100,)),
        Levels(30, ((101, 0), (100, 10)), ()),
        LevelTrade(40, SELL, 100, 3),
    ]
    strategy, _, backtest = run(steps, {10: buy(5, 100)}, by_level=True)
    assert not strategy.fills
    assert backtest.venue.ahead(strategy.orders[0].order_id) == 7


@pytest.mark.parametrize("impact", [True, False])
def test_a_stop_that_an_own_fill_fires_takes_recorded_orders(*, impact: bool) -> None:
    acts = {10: buy(5, 100), 11: sell(5, None, type="stop_market", trigger_price=100)}
    strategy, _, _ = run([*BOOK, Place(30, "new", SELL, 100, 5), END], acts, impact=impact)
    assert strategy.fills == [(30, 100, 5, True), (30, 99, 5, False)]


@pytest.mark.parametrize("impact", [True, False])
@pytest.mark.parametrize("reached", [Take(30, SELL, 99, 10, "bid"), Place(30, "new", SELL, 100, 10)])
def test_an_iceberg_before_all_others_gets_all(reached: Step, *, impact: bool) -> None:
    strategy, _, _ = run([*BOOK, reached, END], {10: buy(10, 100, display_quantity=2)}, impact=impact)
    assert strategy.fills == [(30, 100, 2, True)] * 5


@pytest.mark.parametrize("impact", [True, False])
def test_the_next_part_of_an_iceberg_stands_behind_what_the_same_taker_meets(*, impact: bool) -> None:
    orders = [Place(1, "first", BUY, 100, 3), Place(20, "second", BUY, 100, 5), Place(21, "third", BUY, 100, 4)]
    steps = [*BOOK, *orders, Place(30, "taker", SELL, 100, 12), END]
    strategy, _, _ = run(steps, {10: buy(10, 100, display_quantity=2)}, impact=impact)
    assert strategy.fills == [(30, 100, 2, True)]


def test_what_is_taken_of_an_order_stays_taken_when_it_moves() -> None:
    steps = [BOOK[0], Place(1, "ask", SELL, 110, 10), Replace(30, "ask", 111, 10), END]
    acts = {10: buy(10, 110, type="ioc"), 11: sell(1, 150), 12: sell(1, 110), 40: buy(10, 111, type="ioc")}
    strategy, _, _ = run(steps, acts, impact=False)
    assert [fill[2] for fill in strategy.fills if not fill[3]] == [10, 1]


@pytest.mark.parametrize("impact", [True, False])
def test_recordings_may_use_the_same_ids_and_begin_later(*, impact: bool) -> None:
    other: list[Step] = [Place(60, "bid", BUY, 49, 5, announced=False), Place(60, "ask", SELL, 51, 5), END]
    later = replace(source_of(other), symbol="XYZ-USD", base="XYZ")
    strategy = Scripted({20: sell(1, 49, symbol="XYZ-USD", type="ioc"), 70: sell(1, 49, symbol="XYZ-USD", type="ioc")})
    Backtest([source_of([*BOOK, END]), later], strategy, impact=impact).run_record()
    assert strategy.fills == [(70, 49, 1, False)]


@pytest.mark.parametrize(
    ("changes", "field"), [({"min_quantity": 5}, "min_quantity"), ({"tick_size": 20}, "tick_size")]
)
def test_an_instrument_that_would_refuse_what_was_recorded_is_none_for_levels(
    changes: dict[str, int], field: str
) -> None:
    source = source_of([LEVELS], by_level=True)
    given = replace(instrument_of(source), **changes)
    with pytest.raises(BacktestError, match=f"instruments: ABC-USD takes .*{field}"):
        Backtest(source, instruments={"ABC-USD": given})
