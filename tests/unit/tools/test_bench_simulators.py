"""What the suite of simulators counts, and that it tells what is missing. Nothing here is about speed."""

import json
import sys
from pathlib import Path

import pytest

from matcher import CORE
from matching_exchange.sim import instrument
from matching_exchange.tools.bench.measure import BenchError, Plan
from matching_exchange.tools.bench.simulated import measure
from matching_exchange.tools.bench.simulated_bare import measure as measure_bare
from matching_exchange.tools.bench.simulated_tape import Simulated, Stamped, read_simulated, write_simulated
from matching_exchange.tools.bench.simulators import (
    BARE,
    CROWD,
    FOUR,
    INSTALL,
    LONGER,
    check_same,
    find_others,
    other_per_second,
    simulators,
)
from matching_exchange.tools.bench.table import Target, Yardstick
from protocol.commands import AdvanceTime, CancelOrder, PlaceOrder, SetInstrument
from protocol.units import OrderType, Side


def plan_of(directory: Path, yardsticks: str = sys.executable) -> Plan:
    return Plan(
        rounds=1,
        seconds=0.01,
        quick=True,
        seed=3,
        directory=directory,
        tell=lambda _: None,
        recording=directory / "none",
        distributions=[],
        left_out=[],
        yardsticks=yardsticks,
    )


def python_that_says(directory: Path, *told: object) -> str:
    """A Python with simulators whose rounds give this: the version alone first."""
    script = directory / "python"
    version, orders = (json.dumps(each) for each in told)
    script.write_text(f"#!/bin/sh\n[ $# -gt 3 ] && echo '{orders}' || echo '{version}'\n")
    script.chmod(0o755)
    return str(script)


@pytest.mark.parametrize("name", [FOUR, CROWD])
def test_a_simulation_has_about_as_many_orders_as_are_wanted_and_the_same_ones_each_time(name: str) -> None:
    first, second, other = measure(name, 2_000, 3), measure(name, 2_000, 3), measure(name, 2_000, 4)
    assert 1_000 < first.orders < 3_000
    assert (first.orders, first.digest) == (second.orders, second.digest)
    assert first.digest != other.digest


def test_a_tape_keeps_commands_and_their_times(tmp_path: Path) -> None:
    stamped: list[Stamped] = [
        (time, PlaceOrder("BTC-USDT", "a", Side.BUY, OrderType.LIMIT, time, 1)) for time in range(1, 3_000)
    ]
    write_simulated(tmp_path / "tape", stamped)
    chunks = list(read_simulated(tmp_path / "tape"))
    assert len(chunks) == 3
    assert [each for chunk in chunks for each in chunk] == stamped


def test_a_simulation_that_gave_something_else_is_no_figure() -> None:
    recorded = Simulated(7, 1.0, "aa")
    check_same(Simulated(7, 2.0, "aa"), recorded)
    for found in (Simulated(8, 1.0, "aa"), Simulated(7, 1.0, "bb")):
        with pytest.raises(BenchError, match="not 7 orders and aa"):
            check_same(found, recorded)


def test_the_engine_alone_counts_what_agents_send() -> None:
    set_up = SetInstrument.of(instrument("BTC-USDT"))
    order = PlaceOrder("BTC-USDT", "a", Side.BUY, OrderType.LIMIT, 1, 1)
    found = measure_bare([[(1, set_up), (2, order)], [(3, CancelOrder(1)), (4, AdvanceTime())]])
    assert found.orders == 2
    assert found.digest != measure_bare([[(1, set_up), (2, order)]]).digest


def test_what_is_missing_is_told_once_with_how_to_install_it(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, python_that_says(tmp_path, None, None))
    assert find_others(plan) == {}
    assert plan.left_out == [f"{name}: not in the Python of --yardsticks ({how})" for name, how in INSTALL.items()]


def test_a_python_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"--yardsticks: .*/none cannot be run: No such file or directory"):
        find_others(plan_of(tmp_path, str(tmp_path / "none")))


def test_a_round_with_fewer_orders_than_were_wanted_is_no_figure(tmp_path: Path) -> None:
    version = {"version": "1", "python": "3.8"}
    few = {**version, "orders": 9, "seconds": 1.0, "counts": {"Order": 9}}
    with pytest.raises(BenchError, match="pams: 9 orders, not 10"):
        other_per_second(plan_of(tmp_path, python_that_says(tmp_path, version, few)), "pams", 10, [])
    wrong = {**few, "counts": {"Order": 8}}
    with pytest.raises(BenchError, match="pams: 9 orders, but by kind"):
        other_per_second(plan_of(tmp_path, python_that_says(tmp_path, version, wrong)), "pams", 9, [])


def test_the_table_tells_rates_what_was_counted_and_the_targets(tmp_path: Path) -> None:
    version = {"version": "1.2", "python": "3.8"}
    slow = {**version, "orders": 400, "seconds": 400.0, "counts": {"New": 300, "Cancel": 100}}
    plan = plan_of(tmp_path, python_that_says(tmp_path, version, slow))
    rows = {each.name: each for each in simulators(plan)}
    assert plan.left_out in ([], [f"the compiled core: {CORE.reason}"])
    told = rows["ABIDES 1.2, Python 3.8"]
    assert (told.figure.median, told.unit) == (1.0, "orders/s")
    assert told.yardstick == Yardstick("counted New + Cancel", 400, "orders")
    core = CORE.kind
    mine = rows[f"{FOUR}, {core}"].figure.median
    targets = {"ABIDES": 3, "pams": 1, "market-wave (64)": 1, "market-wave (1)": 1}
    for name, least in targets.items():
        compared = rows[f"{FOUR}, {core}, to {name}"]
        assert compared.figure.median == pytest.approx(mine)
        assert compared.target == Target(least)
        assert f"{CROWD}, {core}, to {name}" in rows
    longer, bare = (rows[f"{name}, {core}{what}"].figure for name, what in ((LONGER, ""), (BARE, ", the same orders")))
    compared = rows[f"{LONGER}, {core}, to the {BARE}"]
    assert compared.figure.median == pytest.approx(longer.median / bare.median)
    assert compared.target == Target(0.5)
