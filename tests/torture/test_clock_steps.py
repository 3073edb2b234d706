"""The wall clock is set back or forth under a running exchange, or over its restart: service goes on, and durations
last as they say.

The processes run under libfaketime (package faketime), which lies to them about the wall clock and leaves the monotonic
clock alone.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exchange import PATIENCE, Exchange, Json, Process, wait_until
from tests.subscriber import Subscriber
from tests.torture.failing import DOUBLES, replace_matcher

LIBRARY = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed (Debian's package faketime)")

SYMBOL = "BTC-USDT"
DEPTH = "depth/BTC-USDT/"
HEARTBEAT = "heartbeat/"


TIMEOUT_MS = 1_500
TOLERANCE = 0.05
"""Seconds by which a cancel on silence may differ from a stopwatch."""


class WallClock:
    """What the processes that live `under` it take for the wall clock: the real one, and so much more or less."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "clock"
        self.set("+0")

    def set(self, offset: str) -> None:
        # Whole or not at all: a process may be reading it.
        new = self._file.with_suffix(".new")
        new.write_text(f"{offset}\n")
        new.rename(self._file)

    def under(self, process: Process) -> None:
        process.environment |= {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


@pytest.fixture
def clock(tmp_path: Path) -> WallClock:
    return WallClock(tmp_path)


@pytest.fixture
def exchange(tmp_path: Path, clock: WallClock) -> Iterator[Exchange]:
    """Both processes live under the clock."""
    exchange = Exchange(tmp_path)
    clock.under(exchange.matcher)
    clock.under(exchange.gateway)
    with exchange:
        yield exchange


def buy(exchange: Exchange, price: str) -> Json:
    """An order that is taken."""
    answer = exchange.place(SYMBOL, "limit", "buy", "1", price)
    assert (answer["status"], answer["reason"]) == ("open", None)
    return answer


@pytest.mark.parametrize("step", ["-2", "-1h", "-400d", "+1h"])
def test_service_goes_on(exchange: Exchange, clock: WallClock, step: str) -> None:
    """Orders, each change of depth, heartbeats, the health checks; and no stamp goes back."""
    stamps = [buy(exchange, "100")["timestamp"]]
    with Subscriber(exchange.matcher, DEPTH, HEARTBEAT) as subscriber:
        clock.set(step)
        for price in range(101, 103):
            stamps.append(buy(exchange, str(price))["timestamp"])
            subscriber.read_until(
                lambda topic, message: topic == DEPTH and message["bids"][0][0] == price * 100  # noqa: B023 - asked at once
            )
            subscriber.read_until(lambda topic, _: topic == HEARTBEAT)
            assert exchange.get("/health")["status"] == "ok"
    assert stamps == sorted(stamps)
    check = [sys.executable, "-m", "matcher", "--check", f"--market-data={exchange.matcher.market_data}"]
    assert subprocess.run(check, env=exchange.matcher.environment, timeout=PATIENCE).returncode == 0


def test_stamps_follow_a_clock_that_was_set_ahead(exchange: Exchange, clock: WallClock) -> None:
    clock.set("+400d")
    year = str(int(buy(exchange, "100")["timestamp"][:4]) + 1)
    wait_until(lambda: buy(exchange, "101")["timestamp"] >= year, "a stamp of the year to come")


@pytest.mark.parametrize("ahead", ["+1h", "+400d"])
def test_a_clock_that_was_ahead_once_is_forgiven(exchange: Exchange, clock: WallClock, ahead: str) -> None:
    """Also over a restart with the right clock, where the journal is far ahead of it."""
    now = buy(exchange, "100")["timestamp"]
    clock.set(ahead)
    wait_until(lambda: buy(exchange, "101")["timestamp"][:13] > now[:13], "a stamp that follows the clock")
    clock.set("+0")
    last = buy(exchange, "102")["timestamp"]
    exchange.matcher.kill()
    exchange.restart_matcher()
    with Subscriber(exchange.matcher, DEPTH, HEARTBEAT) as subscriber:
        answer = buy(exchange, "103")
        subscriber.read_until(lambda topic, message: topic == DEPTH and message["bids"][0][0] == 10_300)
        subscriber.read_until(lambda topic, _: topic == HEARTBEAT)
    assert answer["timestamp"] >= last
    assert exchange.get("/health")["status"] == "ok"


@pytest.mark.parametrize("step", ["-1h", "+1h"])
def test_a_cancel_on_silence_lasts_as_long_as_it_says(exchange: Exchange, clock: WallClock, step: str) -> None:
    order_id = buy(exchange, "100")["order_id"]
    started = time.monotonic()
    exchange.post("/accounts/default/cancel-after", {"timeout_ms": TIMEOUT_MS})
    clock.set(step)
    wait_until(lambda: exchange.get(f"/orders/{order_id}")["status"] == "canceled", "the cancel on silence")
    assert time.monotonic() - started >= TIMEOUT_MS / 1000 - TOLERANCE
    assert exchange.get(f"/orders/{order_id}")["reason"] == "cancel_after"


@pytest.mark.parametrize("step", ["-30", "+1h"])
def test_an_interval_between_syncs_stays_one(tmp_path: Path, clock: WallClock, step: str) -> None:
    exchange = Exchange(tmp_path, matcher_flags=("--sync=interval:50",))
    replace_matcher(exchange.matcher, f"{DOUBLES}.counted_syncs")
    clock.under(exchange.matcher)
    clock.under(exchange.gateway)
    syncs = tmp_path / "syncs"
    exchange.matcher.environment["SYNCS"] = str(syncs)
    with exchange:
        clock.set(step)
        for price in ("101", "102", "103"):
            before = syncs.stat().st_size
            buy(exchange, price)
            wait_until(lambda: syncs.stat().st_size > before, "a sync")  # noqa: B023 - asked at once


@pytest.mark.parametrize(("step", "difference"), [("-1h", 3_600_000), ("+7", -7_000)])
def test_a_gateway_whose_clock_differs_takes_orders_and_says_so_once(
    tmp_path: Path, clock: WallClock, step: str, difference: int
) -> None:
    exchange = Exchange(tmp_path)
    clock.under(exchange.gateway)
    with exchange:
        buy(exchange, "100")
        assert abs(exchange.get("/health")["clock_difference_ms"]) < 1_000
        clock.set(step)
        buy(exchange, "101")
        assert abs(exchange.get("/health")["clock_difference_ms"] - difference) < 1_000
        said = "the matcher's time and this clock differ: deadlines go by the matcher's"
        wait_until(lambda: exchange.gateway.records(said), "a warning in the log")
        clock.set("+0")
        agree = "the matcher's time and this clock agree again"
        wait_until(lambda: exchange.gateway.records(agree), "a word that they agree again")
        assert len(exchange.gateway.records(said)) == 1
