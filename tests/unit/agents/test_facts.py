"""Stylised facts of series whose facts are known."""

import math
from pathlib import Path

import pytest

from matching_exchange.sim.agents import ScriptedTape, Sell
from matching_exchange.sim.agents.tape import Buy, Cancel
from matching_exchange.sim.durations import MINUTE, SECOND
from matching_exchange.sim.facts import DepthSampler, Series, facts_of, series_of, table
from matching_exchange.sim.facts.measures import autocorrelation, deviation, hill, kurtosis, quantile, returns
from matching_exchange.sim.simulation import Simulation
from matching_exchange.tools.facts.__main__ import main
from tests.sim_market import COIN


def series(**given: object) -> Series:
    return Series(**{"name": "made", "tick": 1, "begin": 0, "end": 10 * MINUTE, **given})  # type: ignore[arg-type]


def test_moments_of_known_samples() -> None:
    assert deviation([1, -1, 1, -1]) == 1
    # Two values as likely have 1, the least there is.
    assert kurtosis([1, -1, 1, -1]) == 1
    assert kurtosis([0] * 98 + [10, -10]) == pytest.approx(50)
    assert kurtosis([3, 3, 3]) is None
    assert (quantile([5, 1, 4, 2, 3], 0.5), quantile([5, 1, 4, 2, 3], 0.9), quantile([], 0.5)) == (3, 5, None)
    assert returns([100, 100 * math.e, 100]) == pytest.approx([10_000, -10_000])


def test_autocorrelation_of_known_samples() -> None:
    alternating = [1.0, -1.0] * 500
    assert autocorrelation(alternating, 1) == pytest.approx(-1, abs=0.01)
    assert autocorrelation(alternating, 2) == pytest.approx(1, abs=0.01)
    runs = ([1.0] * 10 + [-1.0] * 10) * 100
    assert autocorrelation(runs, 1) == pytest.approx(0.8, abs=0.01)
    assert autocorrelation(runs, 10) == pytest.approx(-1, abs=0.01)
    assert autocorrelation([1.0, 2.0], 1) is None
    assert autocorrelation([1.0] * 10, 1) is None


@pytest.mark.parametrize("index", [1.5, 3.0])
def test_hills_estimate_finds_the_tail_of_a_pareto_distribution(index: float) -> None:
    count = 10_000
    samples = [(rank / count) ** (-1 / index) for rank in range(1, count + 1)]
    assert hill(samples) == pytest.approx(index, rel=0.02)
    assert hill(samples[:100]) is None


def test_spreads_and_depths_weigh_by_time() -> None:
    made = series()
    made.quote(0, [(99, 4)], [(101, 6)])
    made.quote(6 * MINUTE, [(96, 10)], [(104, 10)])
    made.quote(8 * MINUTE, [], [(104, 10)])
    made.trade(1, 100, 5, 1)
    facts = facts_of(made)
    # Six minutes of 2, two of 8; two without a bid count for the depth alone.
    assert facts.spread_ticks == pytest.approx((2 * 6 + 8 * 2) / 8)
    assert facts.spread_median_ticks == 2
    assert facts.spread_bps == pytest.approx((200 * 6 + 800 * 2) / 8)
    assert facts.best_depth == pytest.approx((5 * 6 + 10 * 2 + 5 * 2) / 10 / 5)


def test_depth_near_the_middle_counts_levels_within_ten_basis_points() -> None:
    made = series(depths=[(0, [(9_999, 3), (9_990, 5), (9_980, 100)], [(10_001, 1), (10_011, 50)])])
    made.trade(1, 10_000, 2, 1)
    assert facts_of(made).near_depth == (3 + 5 + 1) / 2 / 2


def test_trades_of_one_order_count_once() -> None:
    made = series()
    for time, price, quantity, sign in ((1, 10, 1, 1), (1, 11, 2, 1), (1, 10, 4, -1), (2, 10, 5, -1), (3, 11, 6, 1)):
        made.trade(time, price, quantity, sign)
    assert made.trade_quantities == [3, 4, 5, 6]
    assert made.trade_prices == [11, 10, 10, 11]
    assert facts_of(made).trades_per_minute == 0.4
    assert facts_of(made).size_mean == 4.5 / 4


def test_volatility_and_clustering_of_a_known_path() -> None:
    made = series(end=100 * MINUTE)
    # A jump of one percent each minute, up and down: nothing between.
    for minute in range(101):
        price = 10_100 if minute % 2 else 10_000
        made.quote(minute * MINUTE, [(price - 1, 1)], [(price + 1, 1)])
    facts = facts_of(made)
    assert facts.longer_return_autocorrelation == pytest.approx(-1, abs=0.02)
    assert facts.longer_kurtosis == pytest.approx(1, abs=0.01)
    assert facts.kurtosis == pytest.approx(6, abs=0.2)
    step = math.log(1.01) * 10_000
    assert facts.signature[2] == pytest.approx(step / math.sqrt(60), rel=0.01)
    assert facts.signature[0] == pytest.approx(step / math.sqrt(60), rel=0.05)


def test_a_series_of_a_simulation_has_its_quotes_trades_and_orders() -> None:
    simulation = Simulation([COIN])
    tape = ScriptedTape(
        [
            (1 * SECOND, Buy("2", "99", name="bid")),
            (1 * SECOND, Sell("3", "101", name="ask")),
            (2 * SECOND, Buy("1")),
            (5 * SECOND, Cancel("bid")),
            (6 * SECOND, Sell("1", "102")),
        ]
    )
    sampler = DepthSampler(every=4 * SECOND)
    simulation.add(tape, "tape")
    simulation.add(sampler, "sampler", measure=False)
    made = series_of(simulation.run_record(MINUTE))
    assert (made.trade_prices, made.trade_quantities, made.trade_signs) == ([101_00], [1_00], [1])
    assert (made.bids[-1], made.asks[-1], made.ask_quantities[-1]) == (0, 101_00, 2_00)
    assert (made.placed, made.canceled, made.lifetimes) == (3, 1, [4 * SECOND])
    assert sampler.depths[0][1:] == (((99_00, 2_00),), ((101_00, 2_00),))
    assert facts_of(made).cancel_share == pytest.approx(1 / 3)
    assert facts_of(made).lifetime_median == 4
    with pytest.raises(ValueError, match="symbol takes one of COIN-USD, not 'X'"):
        series_of(Simulation([COIN]).run_record(1), "X")


def test_the_table_has_a_column_for_each_market_and_a_dash_for_what_is_unknown() -> None:
    empty = facts_of(series(name="empty"))
    lines = table([empty, empty]).splitlines()
    assert lines[0].split("|")[1:4] == [
        lines[0].split("|")[1],
        *[f" {'empty'.ljust(len(lines[0].split('|')[2]) - 2)} "] * 2,
    ]
    assert len({len(line) for line in lines}) == 1
    assert [cell.strip() for cell in lines[3].split("|")[1:4]] == ["trades a minute", "0.0", "0.0"]
    assert [cell.strip() for cell in lines[4].split("|")[1:4]] == ["spread, mean, ticks", "-", "-"]


RECORDING = "".join(
    f'{1_430_438_400_000 + number * 1_000} {event} {{"order_type": {side}, "price": "{price}", '
    f'"amount": "1.00000000", "id": {order}}}\n'
    for number, (event, side, price, order) in enumerate(
        [
            ("order_created", 0, "100.00", 1),
            ("order_created", 1, "102.00", 2),
            ("order_created", 1, "101.00", 3),
            ("order_created", 0, "101.00", 4),
            ("order_deleted", 0, "100.00", 1),
            ("order_created", 0, "99.00", 5),
        ]
    )
)


def test_the_program_prints_a_scenario_beside_a_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "market.log"
    file.write_text(RECORDING)
    assert main(["--minutes=3", "--seed", "1", "2", "--recording", str(file)]) == 0
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["fact", "bitstamp BTC-USD", "calm, seed 1", "calm, seed 2"]
    cells = {row[0]: row[1:] for row in rows}
    assert cells["minutes"] == ["0", "2", "2"]
    # One of five orders that were placed to rest was canceled, after four seconds.
    assert cells["canceled of limit orders"][0] == "0.20"
    assert cells["lifetime of canceled, median, s"][0] == "4.00"
    # It has a spread of 2, 1 and 2 dollars, in ticks of a dollar.
    assert cells["spread, median, ticks"][0] == "2.0"


def test_a_file_that_is_no_recording_ends_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "market.log"
    file.write_text("hello\n")
    assert main(["--recording", str(file)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"facts: {file}, line 1: none of the known formats")
    assert said.count("\n") == 1
