"""What the tests of failures share: matchers that fail, calls that wait for them, and damage to their files."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.exchange import PATIENCE, Exchange, Json, Matcher, Process, clean_environment

DOUBLES = "tests.torture.doubles"
SYMBOL = "BTC-USDT"

PATIENT = ("--deadline=60000",)
"""A gateway's flags: what waits for its answer is not given up before the test is."""


def order(client_order_id: str, side: str = "buy", price: str = "60000") -> Json:
    return {
        "symbol": SYMBOL,
        "order_type": "limit",
        "side": side,
        "quantity": "1",
        "price": price,
        "client_order_id": client_order_id,
    }


def wait_for_end(process: Process) -> int:
    """The exit status of a process that ends by itself."""
    assert process.process is not None
    status = process.process.wait(PATIENCE)
    process.process = None
    return status


def replace_matcher(matcher: Matcher, module: str = "matcher") -> None:
    """Let the next start run this module, with a log of its own: the one before may hold the failure that was made."""
    matcher.module = module
    matcher.log = matcher.directory / f"{module}-{len(list(matcher.directory.glob('*.log')))}.log"


@contextmanager
def calls() -> Iterator[ThreadPoolExecutor]:
    """Threads for HTTP calls that wait while something fails."""
    with ThreadPoolExecutor(4) as threads:
        yield threads


def place_in(threads: ThreadPoolExecutor, exchange: Exchange, client_order_id: str) -> "Future[httpx.Response]":
    """Place an order whose answer is waited for elsewhere."""
    return threads.submit(exchange.http.post, "/orders", json=order(client_order_id))


def only_segment(matcher: Matcher) -> Path:
    (path,) = (matcher.data / "journal").glob("*.journal")
    return path


def damage_after(segment: Path, offset: int) -> None:
    """Spoil the record that begins at the offset."""
    with segment.open("r+b") as file:
        file.seek(offset + 20)
        byte = file.read(1)[0]
        file.seek(offset + 20)
        file.write(bytes([byte ^ 0xFF]))


def repair(matcher: Matcher, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "matcher.repair", f"--data-dir={matcher.data}", *flags]
    return subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=PATIENCE)


def assert_code(response: httpx.Response, status: int, code: str) -> None:
    assert (response.status_code, response.json()["code"]) == (status, code)
