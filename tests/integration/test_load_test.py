"""The load test with a real exchange, over both its ways, and its exit status."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from matching_exchange.tools.load_test.__main__ import parse
from tests.exchange import PATIENCE, ROOT, Exchange, Json, clean_environment, wait_until

WAYS = ("http", "zeromq")


def command(exchange: Exchange, way: str, *arguments: str) -> list[str]:
    matcher = exchange.matcher
    there = ("--url", exchange.url) if way == "http" else ("--commands", matcher.commands, "--reports", matcher.reports)
    return [sys.executable, "-m", "matching_exchange.tools.load_test", *there, *arguments]


def load_test(exchange: Exchange, way: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    ready = command(exchange, way, *arguments)
    return subprocess.run(ready, cwd=ROOT, env=clean_environment(), capture_output=True, text=True, timeout=PATIENCE)


@pytest.mark.parametrize("way", WAYS)
def test_load_is_answered_checked_and_taken_away(shared_exchange: Exchange, symbol: str, way: str) -> None:
    before = shared_exchange.get("/health")["sequence"]
    done = load_test(
        shared_exchange, way, "--symbol", symbol, "--rate", "200", "--seconds", "1", "--account", "me", "--json"
    )
    assert (done.returncode, done.stderr) == (0, "")
    report: Json = json.loads(done.stdout)
    [step] = report["steps"]
    assert (step["planned"], step["answered"], report["looked_up"]) == (200, 200, 200)
    assert (report["fault_count"], report["faults"], report["missed"]) == (0, [], [])
    assert 0 < step["p50"] <= step["p90"] <= step["p99"] <= step["p99_9"] <= step["longest"]
    # The orders, and the cancel of what rested.
    assert shared_exchange.get("/health")["sequence"] == before + 201
    assert shared_exchange.get("/orders", account="me")["orders"] == []
    assert shared_exchange.get("/trades", symbol=symbol)["trades"]


@pytest.mark.parametrize("way", WAYS)
def test_missed_limit_ends_with_1(shared_exchange: Exchange, symbol: str, way: str) -> None:
    limit = ("--p99-limit", "0.001")
    done = load_test(shared_exchange, way, "--symbol", symbol, "--rate", "50", "--seconds", "0.2", *limit)
    assert done.returncode == 1
    assert "MISSED: p99 is " in done.stdout
    assert "looked up: 10 orders; faults: 0" in done.stdout


def test_ramp_tells_the_highest_rate(shared_exchange: Exchange, symbol: str) -> None:
    arguments = ("--symbol", symbol, "--rate", "50", "--seconds", "0.1", "--ramp")
    done = load_test(shared_exchange, "http", *arguments, "--p99-limit", "0.001")
    assert done.returncode == 1
    assert "MISSED: not even 50/s holds a p99 of 0.001 ms" in done.stdout


def test_interrupt_prints_what_there_was(shared_exchange: Exchange, symbol: str) -> None:
    before = shared_exchange.get("/health")["sequence"]
    arguments = ("--symbol", symbol, "--rate", "100", "--seconds", "1000", "--account", "stopped")
    with subprocess.Popen(
        command(shared_exchange, "http", *arguments),
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        wait_until(lambda: shared_exchange.get("/health")["sequence"] > before + 10, "orders")
        running.send_signal(signal.SIGINT)
        printed, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 130
    assert "interrupted: this is what there was so far" in printed
    assert "100,000" in printed
    assert shared_exchange.get("/orders", account="stopped")["orders"] == []


@pytest.mark.parametrize(("way", "more"), [("http", ()), ("zeromq", ()), ("http", ("--ramp", "--p99-limit=100000"))])
def test_exchange_that_goes_away_leaves_the_report_of_what_there_was(
    exchange: Exchange, way: str, more: tuple[str, ...]
) -> None:
    before = exchange.get("/health")["sequence"]
    with subprocess.Popen(
        command(exchange, way, "--rate=100", "--seconds=2", *more, "--json"),
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        wait_until(lambda: exchange.get("/health")["sequence"] > before + 50, "orders")
        exchange.matcher.kill()
        exchange.gateway.kill()
        printed, told = running.communicate(timeout=PATIENCE)
    report: Json = json.loads(printed)
    assert running.returncode == 1
    assert report["steps"][0]["answered"] >= 40
    assert (report["fault_count"], report["interrupted"]) == (0, False)
    assert told.splitlines() == [f"load_test: the exchange went away: {report['failure']}"]


def test_report_for_people_says_that_the_exchange_went_away(exchange: Exchange) -> None:
    before = exchange.get("/health")["sequence"]
    with subprocess.Popen(
        command(exchange, "http", "--rate=100", "--seconds=1000"),
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        wait_until(lambda: exchange.get("/health")["sequence"] > before + 10, "orders")
        exchange.gateway.kill()
        printed, told = running.communicate(timeout=PATIENCE)
    assert running.returncode == 1
    assert "100,000" in printed
    assert "the exchange went away: this is what there was so far" in printed
    assert told == f"load_test: the exchange went away: {exchange.url}: Connection refused\n"


def test_no_exchange_ends_with_1_and_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "matching_exchange.tools.load_test", "--url", "http://127.0.0.1:9"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "load_test: http://127.0.0.1:9: Connection refused\n"


def test_unknown_symbol_ends_with_1_and_one_line(shared_exchange: Exchange) -> None:
    done = load_test(shared_exchange, "http", "--symbol", "NONE")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"load_test: {shared_exchange.url}: has no instrument NONE\n"


def test_the_exchange_is_where_the_gateways_variables_say() -> None:
    assert parse([], {}).url == "http://127.0.0.1:8000"
    environment = {
        "GATEWAY_HOST": "::",
        "GATEWAY_PORT": "8100",
        "GATEWAY_COMMANDS": "tcp://[::1]:1",
        "GATEWAY_REPORTS": "tcp://[::1]:2",
    }
    options = parse([], environment)
    assert (options.url, options.commands) == ("http://[::1]:8100", None)
    options = parse(["--commands"], environment)
    assert (options.commands, options.reports) == ("tcp://[::1]:1", "tcp://[::1]:2")
    options = parse(["--commands=tcp://[::1]:3", "--url=http://[::1]:81/"], environment)
    assert (options.commands, options.reports, options.url) == ("tcp://[::1]:3", "tcp://[::1]:2", "http://[::1]:81")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--rate", "0"),
        ("--seconds", "soon"),
        ("--url", "127.0.0.1"),
        ("--url", "http://a..b:1"),
        ("--url", "http://127.0.0.1:99999"),
        ("--url", "http://you@host"),
        ("--url", "http://::1:8000"),
        ("--commands", "tcp://*:1"),
        ("--commands", ""),
        ("--commands", "tcp://127.0.0.1:5555", "--reports", "tcp://127.0.0.1:5555"),
        ("--account", "a b"),
        ("--p99-limit", "-1"),
        ("--commands", "here"),
        ("--ramp",),
        ("--least-rate", "5"),
    ],
)
def test_bad_argument_ends_with_2_and_one_line(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments, {})
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert len(printed.err.splitlines()) == 1
    assert arguments[0] in printed.err
