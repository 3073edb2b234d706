"""What stands behind scripts/: the subscriber, a bare checkout."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from matching_exchange.tools.processes import free_ports
from tests.exchange import PATIENCE, ROOT, Exchange, Matcher, clean_environment, wait_until
from tests.scripts import assert_gone, call, is_lively, own_endpoints, running

INSTALL_PATIENCE = 600
"""How many seconds a checkout may take to make its virtual environment and start."""


# The subscriber


def test_subscribe_prints_what_happens(shared_exchange: Exchange, symbol: str, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "matching_exchange.tools.subscribe",
        symbol,
        f"--market-data={shared_exchange.matcher.market_data}",
        "--count=8",
    ]
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
    assert any(
        line.startswith("depth ") and line.endswith("best bid 1.50000 at 99.50, best ask nothing") for line in lines
    )
    assert any(line.startswith("trade ") and line.endswith(": buy 0.25000 at 100.01") for line in lines)


def test_subscribe_is_stopped_by_an_interrupt(shared_exchange: Exchange, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "matching_exchange.tools.subscribe",
        "BTC-USDT",
        f"--market-data={shared_exchange.matcher.market_data}",
    ]
    with running(command, tmp_path, clean_environment({"PYTHONUNBUFFERED": "1"})) as script:
        wait_until(lambda: "depth" in script.text(), "the first depth")
        assert script.interrupt() == 0
    assert "Traceback" not in script.text()


def test_subscribe_tells_that_nobody_is_there_and_waits(tmp_path: Path) -> None:
    matcher = Matcher(tmp_path)
    environment = clean_environment({"GATEWAY_MARKET_DATA": matcher.market_data})
    with running([sys.executable, "-m", "matching_exchange.tools.subscribe"], tmp_path, environment) as script:
        wait_until(lambda: script.text(), "a word")
        assert script.text() == f"-- nobody sends market data at {matcher.market_data}: waiting\n"
        matcher.start()
        try:
            wait_until(lambda: "BTC-USDT is trading\n" in script.text(), "the instrument")
            assert script.interrupt() == 0
        finally:
            matcher.close()
    assert script.text().count("nobody") == 1


def test_subscribe_lists_the_instruments_where_there_is_no_such(shared_exchange: Exchange, tmp_path: Path) -> None:
    known = sorted(instrument["symbol"] for instrument in shared_exchange.get("/instruments")["instruments"])
    environment = clean_environment({"GATEWAY_MARKET_DATA": shared_exchange.matcher.market_data})
    with running(
        [sys.executable, "-m", "matching_exchange.tools.subscribe", "btc-usdt"], tmp_path, environment
    ) as script:
        wait_until(lambda: script.text(), "a word")
        assert script.text() == f"-- no instrument btc-usdt, there are {', '.join(known)}: waiting\n"


def test_subscribe_goes_on_when_the_instrument_is_added(exchange: Exchange, tmp_path: Path) -> None:
    environment = clean_environment({"GATEWAY_MARKET_DATA": exchange.matcher.market_data})
    with running(
        [sys.executable, "-m", "matching_exchange.tools.subscribe", "NEW-USDT", "--count=2"], tmp_path, environment
    ) as script:
        wait_until(lambda: "no instrument NEW-USDT" in script.text(), "a word")
        exchange.add_instrument(symbol="NEW-USDT")
        assert script.process.wait(PATIENCE) == 0
    assert script.text().splitlines()[1:] == ["NEW-USDT is trading", "depth 1: best bid nothing, best ask nothing"]


@pytest.mark.parametrize("module", ["matching_exchange.tools.subscribe", "matching_exchange.tools.demo"])
@pytest.mark.parametrize("endpoint", ["tcp://*:1", "tcp://a b:1", "ipc://" + "a" * 200, "inproc://x"])
def test_bad_endpoint_ends_with_2_and_one_line(tmp_path: Path, module: str, endpoint: str) -> None:
    flag = "market-data" if module == "matching_exchange.tools.subscribe" else "reports"
    variable = f"GATEWAY_{flag.replace('-', '_').upper()}"
    for arguments, environment, named in (
        ([f"--{flag}={endpoint}"], {}, f"--{flag}"),
        ([], {variable: endpoint}, variable),
    ):
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=clean_environment(environment), capture_output=True, text=True, timeout=PATIENCE
        )
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert done.stderr.startswith(
            f"{module.removeprefix('matching_exchange.tools.')}: {named}: {endpoint!r}: takes "
        )


# A bare checkout


@pytest.mark.skipif(
    "RUN_INSTALL_TESTS" not in os.environ, reason="RUN_INSTALL_TESTS is not set: it installs packages from the network"
)
@pytest.mark.skipif(shutil.which("git") is None, reason="a bare checkout needs git")
@pytest.mark.timeout(INSTALL_PATIENCE + 60)
def test_bare_checkout_shows_a_living_market(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    git = ["git", "-c", f"safe.directory={ROOT}", "-c", f"safe.directory={ROOT / '.git'}"]
    subprocess.run([*git, "clone", "--quiet", "--local", str(ROOT), str(checkout)], check=True, timeout=PATIENCE)
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    environment = {
        name: value
        for name, value in clean_environment(own_endpoints()).items()
        if name not in ("PYTHONPATH", "VIRTUAL_ENV")
    }
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
