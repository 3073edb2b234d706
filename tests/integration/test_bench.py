"""The benchmarks, quickly: every row is there and what they count is true. Nothing here is about speed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.exchange import PATIENCE, ROOT, Json, clean_environment
from tools.bench.__main__ import SUITES, parse

ROWS = {
    "durability": (
        "throughput, 64 orders under way, sync always",
        "throughput, 64 orders under way, sync off",
        "throughput, 64 orders under way, always to off",
        "throughput, 256 orders under way, sync always",
        "throughput, 256 orders under way, sync off",
        "throughput, 256 orders under way, always to off",
        "throughput, 1,024 orders under way, sync always",
        "throughput, 1,024 orders under way, sync off",
        "throughput, 1,024 orders under way, always to off",
        "replay of 10,000 commands",
        "start with 10,000 resting orders",
        "snapshot of 10,000 orders: fork, as logged",
        "snapshot: longest wait at the fork",
        "snapshot: longest wait while the child writes",
        "snapshot: longest wait at the child's end",
        "snapshot: added to the longest wait",
        "snapshot: until it is written",
        "memory of a client_order_id, 16 to 36 characters",
        "memory of a done order, canceled without a fill",
        "memory of a done order, filled by one trade",
    ),
}
WITH_TARGET = {"durability": 6}


def bench(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.bench", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=clean_environment({"TMPDIR": str(directory)}), capture_output=True, text=True, timeout=PATIENCE * 3
    )


@pytest.mark.parametrize("suite", SUITES)
def test_quick_suite(tmp_path: Path, suite: str) -> None:
    data, report = tmp_path / "data", tmp_path / "report.json"
    data.mkdir()
    done = bench(data, suite, "--quick", "--json", str(report))
    assert (done.returncode, done.stderr) == (0, "")
    assert list(data.iterdir()) == []

    found = json.loads(report.read_text())
    assert found["quick"] is True
    assert set(found["machine"]) == {"processor", "cores", "memory", "python", "kernel", "filesystem"}
    [measured] = found["suites"]
    assert measured["name"] == suite
    rows: list[Json] = measured["rows"]
    assert tuple(row["name"] for row in rows) == ROWS[suite]
    for row in rows:
        figure = row["figure"]
        assert figure["minimum"] <= figure["median"] <= figure["maximum"]
        # Small sizes meet no target, and miss none.
        assert row["met"] is None
        assert row["unit"] in done.stdout
    assert sum(row["target"] is not None for row in rows) == WITH_TARGET[suite]

    printed = [line.strip() for line in done.stdout.splitlines()]
    for name in ROWS[suite]:
        assert sum(line.startswith(name + "  ") for line in printed) == 1, f"{name} has no line of its own"


@pytest.mark.parametrize(
    "arguments", [("speed",), ("--rounds", "0"), ("--seconds", "0"), ("--seconds", "long"), ("--unknown",), ("--directory", "/proc/none")]
)
def test_bad_argument_ends_with_2_and_one_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = bench(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert arguments[-1] in done.stderr


def test_defaults() -> None:
    options = parse([])
    assert (options.suites, options.rounds, options.seconds, options.quick, options.json) == ([], None, None, False, None)
