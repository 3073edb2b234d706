"""Backtests on recorded orders: the same recording with impact and without."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from matching_exchange import sim
from matching_exchange.recordings import surveyed
from matching_exchange.recordings.recording import (
    Cancel,
    Levels,
    LevelStep,
    LevelTrade,
    Place,
    Reduce,
    Replace,
    Step,
    Take,
    VenueBest,
)
from matching_exchange.recordings.source import Extent
from matching_exchange.sim.backtest import Backtest, BacktestError
from matching_exchange.sim.instruments import instrument
from protocol.units import Side
from tests.recorded_markets import source_of
from tests.unit.backtest.scripted import Act, Scripted, run

BUY, SELL = Side.BUY, Side.SELL

MARKET: list[Step] = [
    Place(1, "b1", BUY, 100, 10),
    Place(1, "s1", SELL, 110, 10),
    Take(20, SELL, 100, 10, "b1"),
    Place(30, "b2", BUY, 100, 7),
    Take(40, SELL, 100, 4, "b2"),
    Take(60, SELL, 100, 3, "b2"),
    Cancel(80, "s1", 10),
    Place(90, "b3", BUY, 90, 1),
]


def buy(quantity: int, price: int | None, **options: object) -> Act:
    return lambda market: market.buy(quantity, price, **options)  # type: ignore[arg-type]


def sell(quantity: int, price: int | None, **options: object) -> Act:
    return lambda market: market.sell(quantity, price, **options)  # type: ignore[arg-type]


def counted(record: sim.Record) -> dict[str, int]:
    return {
        name: count for name, count in record.counts.items() if count and name not in ("recorded", "commands", "trades")
    }


def test_with_impact_own_orders_join_the_queue_and_keep_recorded_ones_from_trading() -> None:
    strategy, record, _ = run(MARKET, {10: buy(5, 100), 70: buy(10, 110)}, impact=True)
    # Behind b1, before b2.
    assert strategy.fills == [(40, 100, 4, True), (60, 100, 1, True), (70, 110, 10, False)]
    assert counted(record) == {"dropped_cancels": 1}
    assert record.orders["resting_ahead"][0] == 10
    assert list(record.fills["fee_bps"]) == [1, 1, 0]


def test_with_impact_an_execution_that_finds_less_is_short() -> None:
    strategy, record, _ = run(MARKET, {2: sell(10, 100), 85: buy(1, 90)}, impact=True)
    assert strategy.fills == [(2, 100, 10, False)]
    # b1 is gone: nothing is there for its recorded execution. That of b2 finds b2.
    assert counted(record) == {"short_executions": 1}


def test_with_impact_nobody_replaces_what_is_gone() -> None:
    steps: list[Step] = [
        Place(1, "b1", BUY, 100, 10),
        Place(1, "s1", SELL, 110, 10),
        Cancel(20, "s1", 10),
        Place(20, "s2", SELL, 108, 10, replaces="s1"),
        Reduce(30, "s2", 4),
        Cancel(40, "b1", 10),
        Place(40, "b2", BUY, 101, 10, replaces="b1"),
    ]
    _, record, backtest = run(steps, {10: buy(10, 110)}, impact=True)
    assert counted(record) == {"dropped_replaces": 1, "dropped_reductions": 1}
    assert backtest.venue.top("ABC-USD", 9) == (((101, 10),), ())
    assert counted(run(steps, {}, impact=True)[1]) == {}


def test_without_impact_the_recording_goes_on_as_it_did() -> None:
    strategy, record, backtest = run(MARKET, {10: buy(5, 100), 70: buy(10, 110)}, impact=False)
    assert strategy.fills == [(40, 100, 4, True), (60, 100, 1, True), (70, 110, 10, False)]
    assert counted(record) == {}
    assert backtest.venue.top("ABC-USD", 9) == (((90, 1),), ())
    # Own trades are told beside the recorded ones, and all count in one row.
    assert strategy.trades == [(1, 100, 10), (2, 100, 4), (3, 100, 4), (4, 100, 3), (5, 100, 1), (6, 110, 10)]


@pytest.mark.parametrize(
    ("moves", "ahead"),
    [
        ([Cancel(20, "b1", 10)], 6),
        ([Reduce(20, "b1", 4)], 12),
        ([Reduce(20, "b2", 4)], 12),
        ([Replace(20, "b1", 99, 10)], 6),
        ([Replace(20, "b1", 100, 12)], 6),
        ([Replace(20, "b1", 100, 8)], 14),
        ([Take(20, SELL, 100, 13, None)], 3),
        ([Place(20, "b9", BUY, 100, 50), Cancel(21, "b9", 50)], 16),
    ],
)
def test_without_impact_the_place_in_the_queue_is_exact(moves: list[Step], ahead: int) -> None:
    steps = [Place(1, "b1", BUY, 100, 10), Place(1, "b2", BUY, 100, 6), *moves, Place(30, "x", BUY, 50, 1)]
    strategy, _, backtest = run(steps, {10: buy(5, 100)}, impact=False)
    assert backtest.venue.ahead(strategy.orders[0].order_id) == ahead
    assert strategy.fills == []


def test_without_impact_a_trade_is_shared_by_price_and_time_and_gives_what_it_has() -> None:
    steps: list[Step] = [Place(1, "b1", BUY, 100, 10), Place(1, "s1", SELL, 110, 10), Take(20, SELL, 100, 9, "b1")]
    acts = {10: buy(2, 101), 11: buy(3, 102), 12: buy(9, 101), 13: buy(9, 100)}
    strategy, _, _ = run(steps, acts, impact=False)
    assert strategy.fills == [(20, 102, 3, True), (20, 101, 2, True), (20, 101, 4, True)]


def test_without_impact_a_recorded_order_that_reaches_an_own_one_fills_it_once() -> None:
    steps: list[Step] = [
        Place(1, "b1", BUY, 100, 10),
        Place(1, "s1", SELL, 110, 10),
        Place(20, "s2", SELL, 103, 4),
        Place(30, "s3", SELL, 105, 9),
        Place(40, "x", BUY, 50, 1),
    ]
    strategy, _, backtest = run(steps, {10: buy(6, 104), 35: buy(9, 105)}, impact=False)
    # What is left of the first waits for others: s2 is used up.
    assert strategy.fills == [(20, 104, 4, True), (35, 105, 9, False)]
    assert backtest.venue.top("ABC-USD", 9)[1] == ((103, 4), (105, 9), (110, 10))


def test_without_impact_the_same_order_is_taken_once() -> None:
    steps: list[Step] = [
        Place(1, "b1", BUY, 100, 10),
        Place(1, "s1", SELL, 110, 10),
        Place(1, "s2", SELL, 111, 5),
        Place(50, "s3", SELL, 110, 2),
        Place(90, "x", BUY, 50, 1),
    ]
    acts = {10: buy(7, None), 20: buy(7, None), 30: buy(7, None), 40: buy(3, 110), 60: buy(1, 110, type="ioc")}
    strategy, _, _ = run(steps, acts, impact=False)
    assert strategy.fills == [
        (10, 110, 7, False),
        (20, 110, 3, False),
        (20, 111, 4, False),
        (30, 111, 1, False),
        (50, 110, 2, True),
    ]
    assert [time for time, kind in strategy.heard if kind.startswith("CANCELED")] == [30, 60]


def test_without_impact_other_order_types_work_as_in_the_exchange() -> None:
    steps: list[Step] = [
        Place(1, "b1", BUY, 100, 10),
        Place(1, "b2", BUY, 95, 10),
        Place(1, "s1", SELL, 110, 10),
        Take(30, SELL, 100, 10, "b1"),
        Place(90, "x", BUY, 50, 1),
    ]
    acts = {
        5: buy(11, 110, type="fok"),
        6: buy(1, 110, post_only=True),
        10: sell(4, None, type="stop_market", trigger_price=100),
    }
    strategy, record, _ = run(steps, acts, impact=False)
    assert strategy.heard[0] == (5, "CANCELED fok_unfillable")
    assert strategy.heard[1] == (6, "REJECTED post_only_would_cross")
    # The recorded trade fires it. b1 is gone by then.
    assert strategy.fills == [(30, 95, 4, False)]
    assert (30, "TRIGGERED") in strategy.heard
    assert record.orders["filled"][2] == 4


@pytest.mark.parametrize("by_level", [True, False])
def test_a_fired_order_that_rests_joins_the_queue(*, by_level: bool) -> None:
    steps: list[Step] = [
        Place(1, "b1", BUY, 100, 10),
        Place(1, "s1", SELL, 105, 6),
        Take(30, SELL, 100, 1, "b1"),
        Take(40, BUY, 105, 6, "s1"),
        Place(50, "s2", SELL, 105, 9),
        Take(60, BUY, 105, 3, "s2"),
    ]
    levels: list[LevelStep] = [
        Levels(1, ((100, 10),), ((105, 6),), whole=True),
        LevelTrade(30, SELL, 100, 1),
        LevelTrade(40, BUY, 105, 6),
        Levels(50, (), ((105, 9),)),
        LevelTrade(60, BUY, 105, 3),
    ]
    acts = {10: sell(2, 105, type="stop_limit", trigger_price=100)}
    strategy, _, _ = run(levels if by_level else steps, acts, impact=False, by_level=by_level)
    assert (30, "TRIGGERED") in strategy.heard
    assert strategy.fills == [(60, 105, 2, True)]


def test_own_orders_need_what_they_spend() -> None:
    strategy = Scripted({10: buy(5, 100), 20: buy(10, 110), 22: sell(1, 100)})
    backtest = Backtest(source_of(MARKET), strategy, impact=False, balances={"USD": 600})
    record = backtest.run_record()
    assert strategy.fills == [(40, 100, 4, True), (60, 100, 1, True)]
    assert strategy.heard == [(20, "REJECTED insufficient_balance"), (22, "REJECTED insufficient_balance")]
    assert record.balances == [{"USD": "600"}]


def test_an_amended_order_keeps_or_loses_its_place() -> None:
    steps: list[Step] = [
        Place(1, "b1", BUY, 100, 10),
        Place(20, "b2", BUY, 100, 6),
        Place(90, "x", BUY, 50, 1),
    ]
    acts = {10: buy(5, 100), 30: lambda market: market.amend(market.orders()[0], quantity=4)}
    strategy, _, backtest = run(steps, acts, impact=False)
    assert backtest.venue.ahead(strategy.orders[0].order_id) == 10
    acts[40] = lambda market: market.amend(market.orders()[0], quantity=6)
    strategy, _, backtest = run(steps, acts, impact=False)
    assert backtest.venue.ahead(strategy.orders[0].order_id) == 16
    acts[50] = lambda market: market.cancel(market.orders()[0])
    strategy, _, backtest = run(steps, acts, impact=False)
    assert backtest.venue.ahead(strategy.orders[0].order_id) == 0


def test_an_iceberg_waits_again_with_each_part() -> None:
    steps: list[Step] = [
        Place(1, "b1", BUY, 100, 3),
        Take(20, SELL, 100, 3, "b1"),
        Place(30, "b2", BUY, 100, 9),
        Take(40, SELL, 100, 4, "b2"),
        Place(90, "x", BUY, 50, 1),
    ]
    strategy, _, backtest = run(steps, {10: buy(6, 100, display_quantity=2)}, impact=False)
    assert strategy.fills == [(40, 100, 2, True)]
    assert backtest.venue.ahead(strategy.orders[0].order_id) == 5


@pytest.mark.parametrize("impact", [True, False])
def test_without_agents_the_quotes_are_those_of_the_recording(*, impact: bool) -> None:
    quotes: list[Step] = [
        VenueBest(2, (100, 10), (110, 10)),
        VenueBest(35, (100, 7), (110, 10)),
        VenueBest(95, None, None),
    ]
    steps = sorted([*MARKET, *quotes], key=lambda step: step.time)  # type: ignore[union-attr]
    _, record, _ = run(steps, {}, impact=impact)
    assert (record.counts["quotes"], record.counts["quotes_as_recorded"]) == (3, 2)
    assert list(record.trades["price"]) == [100, 100, 100]
    assert (record.start, record.end) == (1, 95)


def test_what_a_backtest_takes() -> None:
    with pytest.raises(BacktestError, match="recording takes at least one"):
        Backtest([])
    with pytest.raises(BacktestError, match="at least one order or level"):
        Backtest(source_of([]))
    small = instrument("ABC-USD", "1", "1", max_quantity=5)
    with pytest.raises(BacktestError, match=r"refuses a recorded order of 10 units at 100: .*instruments="):
        Backtest(source_of(MARKET), instruments={"ABC-USD": small}).run_record()
    fine = instrument("ABC-USD", "0.01", "1")
    with pytest.raises(BacktestError, match="ABC-USD takes 0 decimals of the price and 0 of the quantity"):
        Backtest(source_of(MARKET), instruments={"ABC-USD": fine})


def test_a_part_of_a_recording() -> None:
    record = Backtest(source_of(MARKET)).run_record(40)
    assert (record.end, record.counts["trades"]) == (41, 2)


def test_several_recordings_of_orders_and_levels_at_once() -> None:
    orders = source_of(MARKET)
    levels = replace(
        source_of([Levels(5, ((8, 3),), ((9, 3),), whole=True), Levels(95, ((8, 0),), ())], by_level=True),
        symbol="XYZ-USD",
        base="XYZ",
    )
    strategy = Scripted(
        {10: lambda market: market.buy(5, 100, symbol="ABC-USD"), 50: lambda market: market.buy(2, symbol="XYZ-USD")}
    )
    backtest = Backtest([orders, levels], strategy)
    record = backtest.run_record()
    assert backtest.impact is False
    assert strategy.fills == [(40, 100, 4, True), (50, 9, 2, False), (60, 100, 1, True)]
    assert (record.start, record.end, record.counts["recorded"]) == (1, 95, 8 + 2)
    with pytest.raises(BacktestError, match="name takes another one than 'recorded-market'"):
        Backtest(orders).add(Scripted({}), "recorded-market")


def test_a_surveyed_recording_is_read_once_a_run() -> None:
    reads = []

    def steps() -> Iterator[Step]:
        reads.append(1)
        return iter(MARKET)

    source = replace(source_of(MARKET), steps=steps, extent=None)
    known = surveyed(source)
    assert known.extent == Extent(10, 220, 20)
    before = len(reads)
    Backtest(known).run_record()
    assert (before, len(reads)) == (1, 2)
    assert surveyed(known) is known


def build(seed: int, quantity: int) -> sim.Result:
    return Backtest(source_of(MARKET), Scripted({10: buy(quantity, 100)}), seed=seed).run()


def test_a_sweep_over_backtests() -> None:
    found = sim.sweep(build, seeds=range(2), parameters={"quantity": [1, 5]}, workers=1, progress=False)
    assert not found.failures
    assert len({run.digest for run in found.runs}) == 4
