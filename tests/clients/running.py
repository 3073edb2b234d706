"""Sessions of stock clients, which run as processes and tell each step as a line of JSON."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from matching_exchange.tools.compatibility import market
from tests.exchange import PATIENCE, Exchange, Json, clean_environment
from tests.history_process import HistoryProcess

SESSIONS = "matching_exchange.tools.compatibility.sessions"

LONGEST = 100.0
"""Seconds that a session may take."""


class TradingPlace:
    """Matcher, history and gateway, with a market that stands still. A context manager."""

    def __init__(self, directory: Path) -> None:
        data = directory / "data"
        self.exchange = Exchange(
            directory,
            gateway_flags=(f"--key-file={directory / 'server.key'}",),
            gateway_environment={"MATCHER_DATA_DIR": str(data)},
        )
        self.history = HistoryProcess(directory, data)

    def __enter__(self) -> "TradingPlace":
        self.exchange.__enter__()
        self.history.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.history.close()
        finally:
            self.exchange.close()

    def prepare(self, account: str) -> dict[str, str]:
        """A market as sessions expect it, and what the session of a new account finds in its environment."""
        self.exchange.delete("/orders", account=market.MAKER)
        market.make_market(self.exchange.url)
        return self.environment(account)

    def environment(self, account: str) -> dict[str, str]:
        """What the session of a new account finds in its environment."""
        url = self.exchange.url
        key, secret = market.new_key(url, account)
        return clean_environment({"EXCHANGE_URL": url, "EXCHANGE_API_KEY": key, "EXCHANGE_API_SECRET": secret})


def steps_of(place: TradingPlace, module: str, *arguments: str) -> list[Json]:
    """Run a session in a market as it expects it: see run_session."""
    environment = place.prepare("-".join(("client", module.replace("_", "-"), *arguments)))
    return run_session(environment, module, *arguments)


def run_session(environment: dict[str, str], module: str, *arguments: str) -> list[Json]:
    """Run a session to its end: what it told. Every call must have passed, and the session must have ended well."""
    done = subprocess.run(
        [sys.executable, "-m", f"{SESSIONS}.{module}", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONGEST,
    )
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert done.returncode == 0, (told[-3:], done.stderr[-3000:])
    failed = [f"{step['call']}: {step['error']}" for step in told if step.get("error") is not None]
    assert not failed, "\n".join(failed)
    return told


class Told:
    """What a running session tells, line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def value(self, name: str) -> Any:
        """Wait for that value. The session must not fail before."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line) if line.startswith("{") else {}
            assert told.get("error") is None, told
            if told.get("value") == name:
                return told["is"]
        assert self._process.stderr is not None
        raise AssertionError(f"the session ended without {name}: {self._process.stderr.read()[-3000:]}")


@contextmanager
def running_session(place: TradingPlace, module: str, *arguments: str) -> Iterator[Told]:
    """A session that runs meanwhile."""
    environment = place.prepare("-".join(("client", module, *arguments)))
    with subprocess.Popen(
        [sys.executable, "-m", f"{SESSIONS}.{module}", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Told(process)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


def be_busy(place: TradingPlace) -> None:
    """Many orders at many prices, the matcher killed and started again in the middle."""
    for part in range(2):
        for number in range(300):
            side, price = ("buy", 29_900 + number % 95) if number % 2 else ("sell", 30_101 - number % 95)
            answer = market.place(place.exchange.url, side, price, f"0.{1 + number % 7}", f"busy-{number % 5}")
            if number % 3 == 0:
                place.exchange.http.delete(f"/orders/{answer['order_id']}", params={"account": f"busy-{number % 5}"})
        if part == 0:
            place.exchange.matcher.kill()
            place.exchange.restart_matcher()


def compare_books(place: TradingPlace, client: str) -> None:
    """The book that a client keeps by its own code is the exchange's after all that."""
    with running_session(place, "books", client) as told:
        told.value("ready")
        be_busy(place)
        market.place(place.exchange.url, "buy", 12345, "0.777", "marker")
        kept = told.value("book")
    ours = place.exchange.get("/api/v3/depth", symbol="BTCUSDT", limit=5000)
    for side in ("bids", "asks"):
        assert [[float(price), float(size)] for price, size in kept[side]] == [
            [float(price), float(size)] for price, size in ours[side]
        ]
