"""Modules of the terminal that need no page, run by node."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from gateway.pages import STATIC
from history.candles.intervals import INTERVALS, SECOND

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="runs the page's modules with node")


def run(module: str, expression: str) -> Any:
    """What the expression gives, in which `it` is the module."""
    script = f'import("{STATIC / module}").then(async (it) => console.log(JSON.stringify({expression})))'
    return json.loads(subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True).stdout)


def test_sums_are_cut_never_rounded_up() -> None:
    shown = {
        "0": "0",
        "0.123456": "0.1234",
        "9.999": "9.99",
        "1234.5678": "1,234.56",
        "12345.67": "12,345",
        "999999.99": "999,999",
        "1234567.8": "1.23M",
        "999999999": "999.99M",
        "1000000000": "1.00B",
        "12345678901234": "12.34T",
        "1234567890123456789": "1.23e18",
    }
    assert run("terminal/market/figures.js", f"{json.dumps(list(shown))}.map(it.compact)") == list(shown.values())


def test_the_change_of_the_day_has_one_sign() -> None:
    tickers = [
        ({"change": "-12.5", "change_percent": "-0.0312"}, ("down", "−12.50 (−0.03 %)")),
        ({"change": "1234.5", "change_percent": "2.3456"}, ("up", "+1,234.50 (+2.34 %)")),
        ({"change": "0", "change_percent": "0"}, (None, "0.00 (0.00 %)")),
        ({"change": None, "change_percent": None}, (None, "–")),
    ]
    told = run(
        "terminal/market/figures.js", f"{json.dumps([ticker for ticker, _ in tickers])}.map((t) => it.change(t, 2))"
    )
    assert [(change["direction"], change["words"]) for change in told] == [words for _, words in tickers]


def test_candles_of_the_page_begin_where_those_of_the_history_do() -> None:
    times = [0, 59, 1_795_799_572, 1_795_824_000, 1_796_083_199, 1_796_083_200]
    names = run("terminal/chart/intervals.js", "Object.keys(it.SECONDS)")
    assert set(names) <= INTERVALS.keys()
    for name in names:
        expected = [INTERVALS[name].open_time(time * SECOND) // SECOND for time in times]
        assert run("terminal/chart/intervals.js", f"{times}.map((time) => it.beginOf(time, {name!r}))") == expected, (
            name
        )


def test_injected_faults_are_told_in_words() -> None:
    assert run("common/health.js", "[null, 0, 1, 2].map(it.faultWords)") == [
        "",
        "This exchange is for tests: faults may be injected into calls.",
        "This exchange is for tests: 1 injected fault may strike any call.",
        "This exchange is for tests: 2 injected faults may strike any call.",
    ]


def test_nodes_of_a_log_in_words() -> None:
    leader = {"place": 1, "node": 4, "role": "leader", "position": 107, "lag": None, "lag_ms": None}
    standby = {**leader, "place": 2, "node": 5, "role": "standby", "position": 106, "lag": 1, "lag_ms": 40}
    away = {"place": 3, "node": None, "role": "away", "position": None, "lag": None, "lag_ms": None}
    cells = run("common/nodes.js", f"{json.dumps([leader, standby, away])}.map(it.nodeCells)")
    assert cells == [
        ["4", "Leader", "107", "–"],
        ["5", "Standby", "106", "1 record, 40 ms"],
        ["at place 3", "Away", "–", "–"],
    ]
    groups: list[dict[str, Any]] = [{"nodes": [leader, standby], "warnings": []}, {"nodes": [away], "warnings": []}]
    assert run("common/nodes.js", f"it.nodesWords({json.dumps(groups)})") == "Nodes: 3"
    groups[1]["warnings"] = ["a"]
    assert run("common/nodes.js", f"it.nodesWords({json.dumps(groups)})") == "Nodes: 1 warning"
    groups[0]["warnings"] = ["b"]
    assert run("common/nodes.js", f"it.nodesWords({json.dumps(groups)})") == "Nodes: 2 warnings"


def test_durability_in_words() -> None:
    told = run("common/health.js", "['always', 'off', 'interval:50', 'replicated', null].map(it.durabilityWords)")
    assert [words["short"] for words in told] == [
        "always synced",
        "not synced",
        "synced every 50 ms",
        "on a majority",
        "unknown",
    ]
    assert "a majority of the log’s servers" in told[3]["long"]
