"""The benchmarks, quickly: every row is there and what they count is true. Nothing here is about speed."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from matcher import CORE
from matcher.compiled import COMPILED, INTERPRETED
from matching_exchange.tools.bench.__main__ import SUITES, parse
from matching_exchange.tools.bench.measure import BenchError, Plan
from matching_exchange.tools.bench.other_engine import NAME, why_missing
from matching_exchange.tools.bench.recorded import recorded_flow
from matching_exchange.tools.bench.simulators import INSTALL
from matching_exchange.tools.cluster.etcd import HOW_TO_INSTALL
from tests.etcd import missing
from tests.exchange import PATIENCE, ROOT, Json, clean_environment

CORES = [COMPILED, INTERPRETED] if CORE.kind == COMPILED else [INTERPRETED]

BOTH = COMPILED in CORES


def by_core(*names: str) -> tuple[str, ...]:
    """The names for each core."""
    return tuple(name.format(core=core) for core in CORES for name in names)


TAILS = tuple(f"one operation, p{percentile}" for percentile in ("50", "99", "99.9"))
MIX_RATIO = ("mix, compiled to interpreted",) if BOTH else ()
WAY_RATIO = ("the whole way, compiled to interpreted",) if BOTH else ()
OTHER_ENGINE = (
    ()
    if why_missing()
    else (
        f"{NAME}, mix",
        *by_core(f"mix, {{core}}, to {NAME}"),
        *(f"{NAME}, mix, {tail}" for tail in TAILS),
    )
)
WITHOUT_COMPILED = [] if BOTH else [f"the compiled core: {CORE.reason}"]
WITHOUT_OTHER = [f"{NAME}: {why_missing()}"] if why_missing() else []
LEFT_OUT = {
    "engine": WITHOUT_COMPILED + WITHOUT_OTHER,
    "way": WITHOUT_COMPILED,
    "durability": WITHOUT_COMPILED,
    "pauses": WITHOUT_COMPILED,
    "cluster": [f"the replicated log: etcd is not installed ({HOW_TO_INSTALL})"] if missing() else [],
    "simulators": [
        *WITHOUT_COMPILED,
        *(f"{name}: not in the Python of --yardsticks ({how})" for name, how in INSTALL.items()),
    ],
}

ROWS = {
    "engine": (
        *by_core("mix, {core}"),
        *MIX_RATIO,
        *by_core("mix, {core}, scaled to look-ups in 0.5 s"),
        *by_core(
            *(f"mix, {{core}}, {kind}" for kind in ("limits", "cancels", "markets")),
            *(f"mix, {{core}}, {tail}" for tail in TAILS),
        ),
        *by_core("mix, 100 funded accounts, {core}", "mix, 100 funded accounts, {core}, time to the mix"),
        "bare book, mix",
        *by_core("mix, {core}, to the bare book"),
        *(f"bare book, mix, {tail}" for tail in TAILS),
        *OTHER_ENGINE,
        *by_core("recorded flow of Bitstamp, {core}"),
        *by_core(
            "deep book, 10,000 orders, {core}",
            "deep book, 10,000 orders, {core}, to the mix",
            *(f"deep book, {{core}}, {tail}" for tail in TAILS),
        ),
        *by_core(
            "memory of a resting order, no client_order_id, {core}",
            "memory of a canceled order that is remembered, {core}",
        ),
    ),
    "way": (
        *by_core("the whole way, {core}"),
        *WAY_RATIO,
        *by_core(
            *(f"{stage}, {{core}}" for stage in ("decode", "apply and answer", "encode", "market data", "let go"))
        ),
    ),
    "wire": tuple(
        f"{count} a frame, {what}"
        for count in (1, 16, 256)
        for what in (
            "sync off",
            "sync always",
            "sync off, CURVE",
            "off to a forwarder of 1 a frame",
            "always to off",
            "sender busy",
        )
    ),
    "clients": tuple(
        f"{kind}, {client}"
        for kind, clients in (
            ("one in flight", ("CommandClient", "ZmqClient.send", "ZmqClient.place", "AsyncZmqClient.place")),
            ("many, 1 a call", ("CommandClient", "ZmqClient.send", "ZmqClient.submit", "AsyncZmqClient.submit")),
            ("many, 256 a call", ("CommandClient", "ZmqClient.send", "AsyncZmqClient.send")),
        )
        for client in clients
    ),
    "http": tuple(
        f"{workers}, {connections}{what}"
        for workers in ("1 worker", "2 workers")
        for connections in ("1 connection", "32 connections", "256 connections")
        for what in ("", ", to the no-op", ", client busy", ", p50", ", p99", ", p50 beyond no-op and sync")
        if what != ", p50 beyond no-op and sync" or (workers, connections) == ("1 worker", "1 connection")
    ),
    "binance": (
        *(
            f"{name}{what}"
            for name in ("order.place, pipelined", "POST /api/v3/order, HMAC")
            for what in ("", ", to POST /orders", ", client busy", ", processor time")
        ),
        *(f"check of a signature, {name}" for name in ("HMAC-SHA256", "Ed25519", "RSA, 2048 bits")),
    ),
    "fanout": (
        "50 clients, delivered",
        "50 clients, delivered, to the bare broadcast",
        "50 clients, clients busy",
        "50 clients, late, p50",
        "50 clients, late, p99",
        "matcher with 50 clients",
        "matcher with 50 clients, to none",
        "matcher with 50 clients, processor time each",
        "matcher with 50 clients, processor time to none",
    ),
    "fairness": (
        "quiet client alone, p99",
        "quiet client beside the flood, p99",
        "beside the flood, p99 of all rounds",
        "requests of the flood refused",
        "requests of the flood",
    ),
    "growth": (
        *(
            f"{kind}, {what}"
            for grown in (
                ("100 resting orders", "1,000 resting orders", "1,000 to 100 resting orders"),
                tuple(f"{symbols} symbols with 1,000 resting orders" for symbols in ("1", "10", "10 to 1")),
            )
            for kind in ("limits", "cancels", "markets")
            for what in grown
        ),
        "memory of the mix after 10,000 orders",
        "the same, to the memory before",
    ),
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
        *by_core("replay of 10,000 commands, {core}"),
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
    "pauses": (
        *by_core("longest of 20,000 operations, 1,000 accounts, {core}"),
        *by_core("longest of one account with 5,000 named orders, {core}"),
    ),
    "history": (
        "a history follows, SQLite",
        "bare executemany of its rows",
        "a history, to bare executemany",
        "a history, replay and gather",
        "a history, sort, and make candles",
        "a history, write",
        "a history, processor time",
        "rows of a command",
        "page of 1,000 trades, p99",
        "page of 1,000 candles, p99, slowest interval",
    ),
    "simulators": (
        *by_core("four agents, {core}", "crowd, {core}"),
        *by_core(
            "four agents, longer, {core}",
            "bare engine, {core}, the same orders",
            "four agents, longer, {core}, to the bare engine",
        ),
    ),
    "cluster": (
        *(
            ()
            if missing()
            else (
                *(
                    f"append of {commands}, {percentile}"
                    for commands in ("1 command", "64 commands", "256 commands", "1,024 commands")
                    for percentile in ("p50", "p99")
                ),
                *(f"one etcd, {writers}, records of 64 commands" for writers in ("1 writer", "2 writers", "4 writers")),
                *(
                    f"throughput, {under_way} orders under way, {what}"
                    for under_way in ("64", "256", "1,024")
                    for what in ("replicated", "local journal", "replicated to local")
                ),
                *(f"lag of a standby, {percentile}" for percentile in ("p50", "p99")),
                "replay by a new standby",
                *(f"answers while a log of 20 MB is trimmed, {percentile}" for percentile in ("p50", "p99")),
                *(f"takeover, {which}" for which in ("p50", "p99", "most")),
            )
        ),
        "1 shard, local journals",
        "2 shards, local journals",
        "2 shards, local journals, to one",
        "4 shards, local journals",
        "4 shards, local journals, to one",
    ),
}
WITH_TARGET = {
    "engine": 4 * len(CORES) + 3 * BOTH + len(CORES) * bool(OTHER_ENGINE),
    "way": 0,
    "wire": 3,
    "clients": 0,
    "http": 2,
    "binance": 2,
    "fanout": 3,
    "fairness": 1,
    "growth": 7,
    "durability": 5 + BOTH,
    "pauses": 2 * len(CORES),
    "history": 4,
    "simulators": len(CORES),
    "cluster": 2 if missing() else 8,
}
DISTRIBUTIONS = {
    "engine": by_core("mix, {core}", "deep book, {core}"),
    "way": (),
    "wire": (),
    "clients": (),
    "http": tuple(
        f"{workers}, {connections}{what}"
        for workers in ("1 worker", "2 workers")
        for connections in ("1 connection", "32 connections", "256 connections")
        for what in ("", ", no-op")
    ),
    "binance": (),
    "fanout": ("late, 50 clients", "late, bare broadcast"),
    "fairness": (),
    "growth": ("100 orders", "1,000 orders", "1,000 orders, 10 symbols"),
    "durability": (),
    "pauses": (),
    "history": (),
    "simulators": (),
    "cluster": (),
}

RECORDING = """\
1430438404000 order_created {"order_type": 0, "price": "236.00", "amount": "1.00000000", "datetime": "1430438404", "id": 1}
1430438404100 order_created {"order_type": 1, "price": "236.00", "amount": "0.40000000", "datetime": "1430438404", "id": 2}
1430438404200 order_deleted {"order_type": 0, "price": "236.00", "amount": "0.60000000", "datetime": "1430438404", "id": 1}
"""


def bench(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "matching_exchange.tools.bench", *arguments]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=clean_environment({"TMPDIR": str(directory)}),
        capture_output=True,
        text=True,
        timeout=PATIENCE * 3,
    )


@pytest.mark.parametrize("suite", SUITES)
def test_quick_suite(tmp_path: Path, suite: str) -> None:
    data, report, picture, recording = (
        tmp_path / name for name in ("data", "report.json", "picture.svg", "recording.log")
    )
    data.mkdir()
    recording.write_text(RECORDING)
    # A Python that has no simulator.
    empty = tmp_path / "python"
    empty.write_text("#!/bin/sh\necho null\n")
    empty.chmod(0o755)
    files = ("--json", str(report), "--svg", str(picture), "--recording", str(recording), "--yardsticks", str(empty))
    done = bench(data, suite, "--quick", *files)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(data.iterdir()) == []

    found = json.loads(report.read_text())
    assert found["quick"] is True
    assert set(found["machine"]) == {"processor", "cores", "memory", "python", "kernel", "filesystem"}
    [measured] = found["suites"]
    assert measured["name"] == suite
    rows: list[Json] = measured["rows"]
    told = Path("/proc/self/task").exists()
    expected = tuple(name for name in ROWS[suite] if told or "processor time" not in name)
    assert tuple(row["name"] for row in rows) == expected
    for row in rows:
        figure = row["figure"]
        assert figure["minimum"] <= figure["median"] <= figure["maximum"]
        # Small sizes meet no target, and miss none.
        assert row["met"] is None
        assert row["unit"] in done.stdout
    process = "gateway" if suite == "binance" else "matcher"
    untold = [] if expected == ROWS[suite] else [f"the {process}'s processor time: this system does not tell it"]
    assert measured["left_out"] == LEFT_OUT.get(suite, []) + untold
    without_target = 0 if suite == "binance" else len(untold)
    assert sum(row["target"] is not None for row in rows) == WITH_TARGET[suite] - without_target
    assert done.stdout.startswith(found["core"] + "\n")

    printed = [line.strip() for line in done.stdout.splitlines()]
    for name in expected:
        assert sum(line.startswith(name + "  ") for line in printed) == 1, f"{name} has no line of its own"

    distributions = measured["distributions"]
    assert tuple(each["name"] for each in distributions) == DISTRIBUTIONS[suite]
    for each in distributions:
        assert each["points"] == sorted(each["points"])
        assert each["points"][0][0] == 0
    curves = [element for element in ElementTree.parse(picture).iter() if element.tag.endswith("polyline")]
    assert [len((curve.get("points") or "").split()) for curve in curves] == [
        len(each["points"]) for each in distributions
    ]


def quick_plan(directory: Path, recording: Path) -> Plan:
    return Plan(
        rounds=1,
        seconds=0.01,
        quick=True,
        seed=1,
        directory=directory,
        tell=lambda _: None,
        recording=recording,
        distributions=[],
        left_out=[],
    )


def test_recording_that_is_not_there_is_left_out_by_name(tmp_path: Path) -> None:
    plan = quick_plan(tmp_path, tmp_path / "none.log")
    assert list(recorded_flow(plan, CORES)) == []
    assert plan.left_out == [f"recorded flow of Bitstamp: there is no file {tmp_path / 'none.log'}"]


def test_recording_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    recording = tmp_path / "flow.log"
    recording.write_text("hello\n")
    plan = quick_plan(tmp_path, recording)
    with pytest.raises(BenchError, match=r"flow\.log, line 1: none of the known formats"):
        list(recorded_flow(plan, CORES))


@pytest.mark.parametrize(
    "arguments",
    [
        ("speed",),
        ("--rounds", "0"),
        ("--seconds", "0"),
        ("--seconds", "long"),
        ("--unknown",),
        ("--directory", "/dev/null/none"),
        ("--json", "/dev/null/none"),
        ("--svg", "/dev"),
    ],
)
def test_bad_argument_ends_with_2_and_one_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = bench(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert arguments[-1] in done.stderr


def test_defaults() -> None:
    options = parse([])
    assert (options.suites, options.rounds, options.seconds, options.quick, options.json) == (
        [],
        None,
        None,
        False,
        None,
    )
