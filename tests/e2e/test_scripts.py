"""What stands behind scripts/: the exchange in one command, the synthetic market, the subscriber."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from protocol.instrument import Instrument
from tests.exchange import PATIENCE, ROOT, Exchange, Json, clean_environment, wait_until
from tools.demo import Market
from tools.processes import free_ports

INSTALL_PATIENCE = 600
"""How many seconds a checkout may take to make its virtual environment and start."""


class Script:
    """A program in a session of its own, as if it had a terminal of its own."""

    def __init__(self, command: list[str], directory: Path, environment: Mapping[str, str]) -> None:
        self.output = directory / "output.txt"
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def text(self) -> str:
        return self.output.read_text()

    def interrupt(self) -> int:
        """Press Ctrl-C, which reaches all processes of the terminal; the exit status."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(PATIENCE)


@contextmanager
def running(command: list[str], directory: Path, environment: Mapping[str, str]) -> Iterator[Script]:
    script = Script(command, directory, environment)
    try:
        yield script
    finally:
        if script.process.poll() is None:
            script.process.terminate()
            script.process.wait(PATIENCE)


def own_endpoints() -> dict[str, str]:
    """Variables that keep a whole exchange apart from all others on this machine."""
    names = ("MATCHER_COMMANDS", "MATCHER_MARKET_DATA", "MATCHER_REPORTS")
    return {name: f"tcp://127.0.0.1:{port}" for name, port in zip(names, free_ports(3), strict=True)}


def call(url: str) -> Json | None:
    """The answer to a call; None where there is none yet."""
    try:
        response = httpx.get(url, timeout=PATIENCE, trust_env=False)
    except httpx.TransportError:
        return None
    body: Json = response.json()
    return body if response.status_code == 200 else None


def is_lively(url: str, symbol: str) -> bool:
    """Whether both sides of the book have ten levels and there were trades."""
    depth, trades = call(f"{url}/depth?symbol={symbol}"), call(f"{url}/trades?symbol={symbol}")
    return bool(depth and trades and len(depth["bids"]) == len(depth["asks"]) == 10 and trades["trades"])


def is_free(directory: Path) -> bool:
    """Whether no matcher holds the data directory."""
    with (directory / "lock").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def assert_gone(url: str, directory: Path) -> None:
    """Nothing of an exchange is left running."""
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/health", trust_env=False)
    assert is_free(directory)


# The exchange in one command


def test_run_starts_and_stops_the_exchange(tmp_path: Path) -> None:
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "tools.run", f"--port={port}", "--data-dir=books"]
    with running(command, tmp_path, clean_environment(own_endpoints())) as script:
        wait_until(lambda: f"{url}/" in script.text() or script.process.poll() is not None, "the dashboard's address")
        assert call(f"{url}/health")
        assert {found["symbol"] for found in (call(f"{url}/instruments") or {})["instruments"]} == {"BTC-USDT", "ETH-USDT", "SOL-USDT"}
        assert not is_free(tmp_path / "books")
        assert script.interrupt() == 0
    assert script.text().endswith("The exchange is closed.\n")
    assert "Traceback" not in script.text()
    assert_gone(url, tmp_path / "books")


def test_run_with_a_demo_shows_a_living_market(tmp_path: Path) -> None:
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "tools.run", "--demo", f"--port={port}"]
    with running(command, tmp_path, clean_environment(own_endpoints())) as script:
        wait_until(lambda: is_lively(url, "BTC-USDT") or script.process.poll() is not None, "a lively market")
        accounts = {order["account"] for order in (call(f"{url}/orders?limit=1000") or {})["orders"]}
        assert accounts
        assert all(account.startswith("demo-") for account in accounts)
        assert script.interrupt() == 0
    assert "Traceback" not in script.text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data-demo", "output.txt"]
    assert_gone(url, tmp_path / "data-demo")


def test_run_ends_where_a_part_cannot_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-m", "tools.run", f"--port={taken.getsockname()[1]}", "--data-dir=books"]
        with running(command, tmp_path, clean_environment(own_endpoints())) as script:
            assert script.process.wait(PATIENCE) == 1
    assert "scripts/run: the gateway did not start\n" in script.text()
    assert "cannot listen" in script.text()
    assert is_free(tmp_path / "books")


def test_run_is_not_open_where_another_exchange_has_its_port(exchange: Exchange, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.run", f"--port={exchange.gateway.port}", "--data-dir=books"]
    with running(command, tmp_path, clean_environment(own_endpoints())) as script:
        assert script.process.wait(PATIENCE) == 1
    assert "open" not in script.text()
    assert "scripts/run: the gateway did not start" in script.text().splitlines()
    assert is_free(tmp_path / "books")
    assert exchange.get("/health")["open_orders"] == 0


def test_run_is_not_open_where_its_gateway_finds_another_matcher(exchange: Exchange, tmp_path: Path) -> None:
    """Its own matcher takes longer to start than the gateway takes to find the other one, and then cannot have the addresses."""
    held = tmp_path / "held"
    held.touch()
    (tmp_path / "sitecustomize.py").write_text(
        f"import os, sys, time\nwhile 'matcher' in sys.orig_argv and os.path.exists({str(held)!r}):\n    time.sleep(0.01)\n"
    )
    matcher = exchange.matcher
    endpoints = {"MATCHER_COMMANDS": matcher.commands, "MATCHER_MARKET_DATA": matcher.market_data, "MATCHER_REPORTS": matcher.reports}
    environment = clean_environment({**endpoints, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})
    [port] = free_ports(1)
    with running([sys.executable, "-m", "tools.run", f"--port={port}", "--data-dir=books"], tmp_path, environment) as script:
        wait_until(lambda: call(f"http://127.0.0.1:{port}/health"), "a gateway that finds the other matcher")
        held.unlink()
        assert script.process.wait(PATIENCE) == 1
    assert "open" not in script.text()
    assert "scripts/run: the matcher did not start" in script.text().splitlines()
    assert exchange.get("/health")["open_orders"] == 0


# The synthetic market


def test_demo_trades_until_it_is_stopped(exchange: Exchange, tmp_path: Path) -> None:
    mine = exchange.place("BTC-USDT", "limit", "buy", "1", "100")
    command = [sys.executable, "-m", "tools.demo", f"--commands={exchange.matcher.commands}", f"--reports={exchange.matcher.reports}"]
    with running(command, tmp_path, clean_environment()) as demo:
        for symbol in ("BTC-USDT", "ETH-USDT", "SOL-USDT"):
            wait_until(lambda symbol=symbol: is_lively(exchange.url, symbol), f"a lively market in {symbol}")  # type: ignore[misc]
        # It outlives a restart of the matcher.
        exchange.matcher.kill()
        exchange.restart_matcher()
        before = exchange.get("/health")["sequence"]
        wait_until(lambda: exchange.get("/health")["sequence"] > before + 20, "more orders")
        assert demo.interrupt() == 0
    assert "Traceback" not in demo.text()
    assert exchange.get("/orders", account="default")["orders"] == [mine]


def test_demo_is_the_same_for_the_same_seed() -> None:
    instrument = Instrument("BTC-USDT", "BTC", "USDT", 2, 5, 1, 1, 1, 9_000 * 10**5, 10**9, 10**7, 10, 20)

    def beginning(seed: str) -> list[object]:
        steps = Market(instrument, "run", seed).steps()
        return [next(steps) for _ in range(50)]

    assert beginning("1") == beginning("1")
    assert beginning("1") != beginning("2")


# The subscriber


def test_subscribe_prints_what_happens(shared_exchange: Exchange, symbol: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.subscribe", symbol, f"--market-data={shared_exchange.matcher.market_data}", "--count=8"]
    shared_exchange.place(symbol, "limit", "buy", "1.5", "99.5")
    with running(command, tmp_path, clean_environment({"PYTHONUNBUFFERED": "1"})) as script:
        wait_until(lambda: "depth" in script.text(), "the first depth")

        def ended() -> bool:
            shared_exchange.trade(symbol, "100.01", "0.25")
            return script.process.poll() is not None

        wait_until(ended, "its end after eight messages")
        assert script.process.returncode == 0
    lines = script.text().splitlines()
    assert f"{symbol} is trading" in lines
    assert any(line.startswith("depth ") and line.endswith("best bid 1.50000 at 99.50, best ask nothing") for line in lines)
    assert any(line.startswith("trade ") and line.endswith(": buy 0.25000 at 100.01") for line in lines)


def test_subscribe_is_stopped_by_an_interrupt(shared_exchange: Exchange, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.subscribe", "BTC-USDT", f"--market-data={shared_exchange.matcher.market_data}"]
    with running(command, tmp_path, clean_environment({"PYTHONUNBUFFERED": "1"})) as script:
        wait_until(lambda: "depth" in script.text(), "the first depth")
        assert script.interrupt() == 0
    assert "Traceback" not in script.text()


# A bare checkout


@pytest.mark.skipif("RUN_INSTALL_TESTS" not in os.environ, reason="RUN_INSTALL_TESTS is not set: it installs packages from the network")
@pytest.mark.skipif(shutil.which("git") is None, reason="a bare checkout needs git")
@pytest.mark.timeout(INSTALL_PATIENCE + 60)
def test_bare_checkout_shows_a_living_market(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    git = ["git", "-c", f"safe.directory={ROOT}", "-c", f"safe.directory={ROOT / '.git'}"]
    subprocess.run([*git, "clone", "--quiet", "--local", str(ROOT), str(checkout)], check=True, timeout=PATIENCE)
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    environment = {name: value for name, value in clean_environment(own_endpoints()).items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with running([str(checkout / "scripts" / "run"), "--demo", f"--port={port}"], elsewhere, environment) as script:
        deadline = time.monotonic() + INSTALL_PATIENCE
        while not call(f"{url}/health"):
            assert script.process.poll() is None, script.text()
            assert time.monotonic() < deadline, script.text()
            time.sleep(0.1)
        lively_by = time.monotonic() + 10
        while not is_lively(url, "BTC-USDT"):
            assert time.monotonic() < lively_by, "no lively market ten seconds after it was healthy"
            time.sleep(0.1)
        assert script.interrupt() == 0
    assert "Traceback" not in script.text()
    assert f"{url}/" in script.text()
    [data] = [path.parent for path in tmp_path.glob("*/data-demo/lock")]
    assert_gone(url, data)
