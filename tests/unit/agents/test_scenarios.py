"""Scenarios: what a reader sees happen, by figures."""

import hashlib
from functools import cache

import pytest

from matching_exchange.sim.agents import POV, TWAP, ScriptedTape
from matching_exchange.sim.durations import MINUTE, SECOND
from matching_exchange.sim.facts.measures import deviation, returns
from matching_exchange.sim.kernel.record import Record
from matching_exchange.sim.scenarios import SCENARIOS, calm, scenario, trend
from matching_exchange.sim.simulation import START
from protocol.units import Side
from tests.sim_market import Rows

SEEDS = range(2)

LENGTHS = {"calm": 16, "flash_crash": 16, "thin_book": 6, "opening_rush": 13}
"""How much of each is played, in minutes."""


@cache
def played(name: str, seed: int) -> Record:
    return scenario(name, seed=seed).run_record(LENGTHS[name] * MINUTE)


def middles(record: Record, begin: int, end: int) -> list[float]:
    """The middle of the best prices from one minute to another, as it changed."""
    quotes = record.quotes
    rows = zip(quotes["time"], quotes["bid"], quotes["ask"], strict=True)
    return [(bid + ask) / 2 for time, bid, ask in rows if begin <= (time - START) / MINUTE < end and bid and ask]


def trades_a_minute(record: Record, begin: int, end: int) -> float:
    times: list[int] = list(record.trades["time"])
    return sum(begin <= (time - START) / MINUTE < end for time in times) / (end - begin)


def spread(record: Record) -> float:
    """The median of all that were seen."""
    quotes = record.quotes
    spreads: list[int] = sorted(ask - bid for bid, ask in zip(quotes["bid"], quotes["ask"], strict=True) if bid and ask)
    return spreads[len(spreads) // 2]


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_same_seed_gives_the_same_market(name: str) -> None:
    def digest(seed: int) -> str:
        return scenario(name, seed=seed).run_record(20 * SECOND).digest

    assert digest(1) == digest(1)
    assert digest(1) != digest(2)


def test_the_market_is_the_same_on_every_machine() -> None:
    """The hash was made once. It changes with the agents alone: no core and no version of Python changes it."""
    trades = played("calm", 1).trades
    rows = zip(trades["time"], trades["price"], trades["quantity"], trades["side"], strict=True)
    text = "\n".join(" ".join(map(str, row)) for row in rows)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "2f872ea70f417e80"


@pytest.mark.parametrize("seed", SEEDS)
def test_calm_trades_within_narrow_quotes(seed: int) -> None:
    record = played("calm", seed)
    assert 4 <= spread(record) <= 15
    assert 50 < trades_a_minute(record, 1, 16) < 1_000
    seen = middles(record, 1, 16)
    assert 0.001 < max(seen) / min(seen) - 1 < 0.04


def test_a_trend_goes_its_way() -> None:
    def gone(drift: int) -> float:
        """The move of six minutes, in basis points."""
        seen = middles(trend(1, drift_bps=drift).run_record(6 * MINUTE), 0, 6)
        return 10_000 * (seen[-1] / seen[0] - 1)

    # A tenth of an hour, with the same chance each way.
    assert gone(3_000) - gone(-3_000) == pytest.approx(600, rel=0.1)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_flash_crash_falls_by_some_percent_and_comes_back(seed: int) -> None:
    record, usual = played("flash_crash", seed), played("calm", seed)
    before = middles(record, 9, 10)[-1]
    lows = [
        price
        for time, price in zip(record.trades["time"], record.trades["price"], strict=True)
        if 0 <= time - START - 10 * MINUTE < 2 * MINUTE
    ]
    assert 0.015 < 1 - min(lows) / before < 0.06
    # Where it would have been without it, within one percent.
    assert middles(record, 15, 16)[-1] == pytest.approx(middles(usual, 15, 16)[-1], rel=0.01)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_thin_book_has_wide_quotes_of_little(seed: int) -> None:
    thin, usual = played("thin_book", seed), played("calm", seed)
    assert spread(thin) > 4 * spread(usual)
    depth, usual_depth = (
        sorted(record.quotes["bid_quantity"])[len(record.quotes["bid_quantity"]) // 2] for record in (thin, usual)
    )
    assert depth * 3 < usual_depth


@pytest.mark.parametrize("seed", SEEDS)
def test_an_opening_is_lively_and_fades(seed: int) -> None:
    record = played("opening_rush", seed)
    assert trades_a_minute(record, 0, 5) > 1.6 * trades_a_minute(record, 8, 13)
    first, last = (returns(middles(record, begin, begin + 5)) for begin in (0, 8))
    assert (deviation(first) or 0) > 1.2 * (deviation(last) or 0)


def test_strategies_join_a_scenario() -> None:
    tape = ScriptedTape([(60 * SECOND, lambda market: market.buy("0.5"))])
    twap = TWAP(Side.SELL, "1", 5 * MINUTE)
    record = scenario("calm", seed=1, strategies=[tape, twap]).run_record(6 * MINUTE)
    assert record.agents[-2:] == ["ScriptedTape-1", "TWAP-1"]
    assert sum(row["quantity"] for row in Rows(record, "ScriptedTape-1", "fills").rows) == 50_000
    assert twap.filled == 1
    # Its own agents are measured if asked for.
    assert record.measured == [False] * (len(record.agents) - 2) + [True, True]
    assert all(calm(1, measure_all=True).run_record(SECOND).measured)


def test_a_pov_keeps_its_share_of_a_calm_market() -> None:
    mine = POV(Side.BUY, "1000", 8 * MINUTE, 10)
    record = calm(2, [mine]).run_record(8 * MINUTE)
    total = sum(record.trades["quantity"])
    assert abs(mine.filled_units / total - 0.1) < 0.01


def test_an_unknown_scenario_is_named() -> None:
    with pytest.raises(
        ValueError, match="name takes one of calm, trend, flash_crash, thin_book, opening_rush, not 'x'"
    ):
        scenario("x")
