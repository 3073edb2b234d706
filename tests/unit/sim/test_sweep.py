"""Sweeps over seeds and parameters: the same rows with any number of processes, failures told, Ctrl-C obeyed."""

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from matching_exchange.sim import Result, Simulation, SweepError, SweepResult, sweep
from matching_exchange.sim.sweeps.workers import FORK, SPAWN, start_method
from tests.exchange import ROOT
from tests.sim_builds import DURATION, build, build_that_fails, build_that_interrupts, build_that_kills

GRID = {"half_spread": [5, 15]}


def forked(build: Callable[..., Any]) -> Callable[..., Any]:
    """The same as a function that no fresh process can import: copies of this process begin sooner."""
    return lambda seed, **parameters: build(seed, **parameters)


@pytest.fixture(scope="module")
def swept() -> SweepResult:
    return sweep(build, duration=DURATION, seeds=range(3), parameters=GRID, workers=1)


def test_the_number_of_processes_changes_nothing(swept: SweepResult) -> None:
    again = sweep(build, duration=DURATION, seeds=range(3), parameters=GRID, workers=2)
    assert again.runs == swept.runs
    assert again.failures == swept.failures == []
    assert [(run.seed, run.parameters["half_spread"]) for run in swept.runs] == [
        (0, 5), (1, 5), (2, 5), (0, 15), (1, 15), (2, 15),
    ]  # fmt: skip


def test_a_run_of_a_sweep_is_that_of_its_seed(swept: SweepResult) -> None:
    alone = build(1, half_spread=15).run(DURATION)
    assert swept.runs[4].digest == alone.digest
    assert list(swept.runs[4].figures) == alone.totals()
    assert len({run.digest for run in swept.runs}) == 6


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_raises_is_told_and_does_not_lose_the_others(workers: int) -> None:
    result = sweep(forked(build_that_fails), seeds=range(4), parameters={"unlucky": [2]}, workers=workers)
    assert [run.seed for run in result.runs] == [0, 1, 3]
    [failure] = result.failures
    assert failure.text == "seed=2, unlucky=2: ValueError: no luck with 2"
    assert "on_order" in failure.trace
    assert "failed: seed=2, unlucky=2: ValueError: no luck with 2" in result.summary()


def test_a_run_whose_process_dies_is_told_and_does_not_lose_the_others() -> None:
    result = sweep(forked(build_that_kills), duration=DURATION, seeds=range(4), workers=2)
    assert [run.seed for run in result.runs] == [0, 2, 3]
    assert [failure.text for failure in result.failures] == ["seed=1: its process was ended by SIGKILL"]


def test_ctrl_c_ends_a_sweep_and_keeps_what_is_done() -> None:
    result = sweep(forked(build_that_interrupts), duration=DURATION, seeds=range(100), workers=2)
    assert result.interrupted
    assert {0, 1} >= {run.seed for run in result.runs} - set(range(3, 100))
    assert 0 < len(result.runs) < 100
    assert result.failures == []


def test_ctrl_c_in_a_sweep_of_one_process_keeps_what_is_done() -> None:
    def interrupted(seed: int) -> Simulation:
        if seed == 2:
            raise KeyboardInterrupt
        return build(seed)

    result = sweep(interrupted, duration=DURATION, seeds=range(5), workers=1)
    assert (result.interrupted, [run.seed for run in result.runs]) == (True, [0, 1])


def test_what_no_fresh_process_can_import_is_forked() -> None:
    def local(seed: int, make: Callable[[int], Simulation]) -> Result:
        return make(seed).run(DURATION)

    assert start_method(build, []) == SPAWN
    assert start_method(local, []) == FORK
    result = sweep(local, seeds=[5, 6, 7], parameters={"make": [lambda seed: build(seed)]}, workers=2)
    assert [(run.seed, run.digest) for run in result.runs] == [
        (seed, build(seed).run(DURATION).digest) for seed in (5, 6, 7)
    ]


SCRIPT = """
from matching_exchange.sim import sweep
from tests import sim_builds
{build}
print("begins")
print([run.seed for run in sweep(build, duration=sim_builds.DURATION, seeds=range(3), workers=2).runs])
"""


@pytest.mark.parametrize("own", ["build = sim_builds.build", "def build(seed): return sim_builds.build(seed)"])
def test_a_script_needs_no_guard(own: str, tmp_path: Path) -> None:
    """Neither if it imports what it runs, nor if it defines that itself."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(build=own))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("begins\n[0, 1, 2]\n", "")


def test_figures_are_kept_of_the_agents_that_are_named() -> None:
    result = sweep(build, duration=DURATION, seeds=[1], agents=["taker"], workers=1)
    assert result.agents == ["taker"]
    missing = sweep(build, duration=DURATION, seeds=[1], agents=["nobody"], workers=1)
    assert missing.failures[0].text == "seed=1: SweepError: agents: takes some of quoter, taker, not nobody"


def test_each_run_can_write_its_tables(tmp_path: Path) -> None:
    result = sweep(build, duration=DURATION, seeds=[3, 4], workers=1, directory=tmp_path)
    assert [Result.read_parquet(tmp_path / f"run-0000{place}").digest for place in (0, 1)] == [
        run.digest for run in result.runs
    ]


def test_rows_are_frames_and_files(swept: SweepResult, tmp_path: Path) -> None:
    frame = swept.to_polars()
    assert len(frame) == len(swept.to_pandas()) == 6 * 2
    assert frame["seed"].to_list()[:4] == [0, 0, 1, 1]
    assert frame["half_spread"].to_list()[-1] == 15
    quoter = swept.runs[0].figures[0]
    assert frame["pnl"].to_list()[0] == quoter.pnl
    assert frame["queue_time"].to_list()[0] == quoter.queue_time
    swept.write_parquet(tmp_path / "sweep.parquet")
    assert pyarrow.parquet.read_table(tmp_path / "sweep.parquet").num_rows == 12
    swept.write_csv(tmp_path / "sweep.csv")
    with (tmp_path / "sweep.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [Decimal(row["pnl"]) for row in rows] == frame["pnl"].to_list()
    assert rows[0]["digest"] == swept.runs[0].digest


def test_a_sweep_of_failures_alone_has_frames_and_a_report(tmp_path: Path) -> None:
    result = sweep(build_that_fails, seeds=[2], workers=1)
    assert len(result.to_polars()) == 0
    result.report(tmp_path / "sweep.html")
    assert "no luck with 2" in (tmp_path / "sweep.html").read_text(encoding="utf-8")


def test_the_report_tells_each_combination_and_is_the_same_each_time(swept: SweepResult, tmp_path: Path) -> None:
    swept.report(tmp_path / "a.html")
    swept.report(tmp_path / "b.html")
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert text == (tmp_path / "b.html").read_text(encoding="utf-8")
    for expected in ("Agent quoter", "Agent taker", "half_spread=5", "half_spread=15", "95 % interval"):
        assert expected in text
    assert "http:" not in text and "https:" not in text
    with pytest.raises(SweepError, match=r"figures: takes some of pnl, .*, not luck"):
        swept.report(tmp_path / "a.html", figures=["luck"])


def test_results_are_compared_side_by_side() -> None:
    narrow, wide = build(1, 5).run(DURATION), build(1, 15).run(DURATION)
    compared = narrow.compare(wide, names=["narrow", "wide"])
    assert [(group.agent, group.name) for group in compared.groups("quoter")] == [
        ("quoter", "result=narrow"),
        ("quoter", "result=wide"),
    ]
    assert [run.digest for run in compared.runs] == [narrow.digest, wide.digest]
    with pytest.raises(SweepError, match="names: takes 2 different ones"):
        narrow.compare(wide, names=["same", "same"])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"seeds": []}, "seeds: takes at least one"),
        ({"workers": 0}, "workers: takes at least 1, not 0"),
        ({"parameters": {"half_spread": []}}, "parameters: half_spread: takes at least one value"),
        ({"parameters": {"half_spread": 5}}, "parameters: half_spread: takes a list of values, not 5"),
        ({"parameters": {"pnl": [1]}, "seeds": [1], "workers": 1}, "parameters: pnl is a column of the rows already"),
    ],
)
def test_what_cannot_be_swept_is_told(given: dict[str, object], told: str) -> None:
    with pytest.raises(SweepError, match=told):
        sweep(build, duration=DURATION, **given)  # type: ignore[arg-type]


def test_a_duration_must_come_from_somewhere() -> None:
    [failure] = sweep(build, seeds=[1], workers=1).failures
    assert failure.error.startswith("SweepError: duration: takes nanoseconds")
