"""Exchanges for tests of bots: as a context manager, and by the fixtures of the pytest plugin."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import pytest

from matching_exchange.testing import CallError, Exchange
from matching_exchange.tools.processes import ExchangeError
from tests.exchange import ROOT, wait_until
from tests.unit.testing.page import examples

pytest_plugins = ["pytester"]

PLUGIN = "matching_exchange.testing.plugin"
LOAD = ("-p", PLUGIN)

ORDER = {"symbol": "ABC-USDT", "order_type": "limit", "side": "buy", "quantity": "2", "price": "10"}

USERS_TESTS = """
    import os, pytest

    pids = []
    ORDER = {"symbol": "ABC-USDT", "order_type": "limit", "side": "buy", "quantity": "2", "price": "10"}

    def note(exchange):
        with open("pids", "a") as file:
            file.write(f"{exchange.matcher.running.pid} {exchange.gateway.running.pid} ")

    def test_places(exchange):
        note(exchange)
        assert exchange.call("POST", "/orders", ORDER)["status"] == "open"

    def test_finds_it_empty(exchange):
        note(exchange)
        assert exchange.call("GET", "/orders")["orders"] == []
        pytest.fail("on purpose")

    @pytest.mark.exchange(instruments=["XYZ-EUR"], settings={"GATEWAY_FAUCET": "EUR:5"})
    def test_marked(exchange):
        note(exchange)
        assert exchange.call("GET", "/instruments")["instruments"][0]["symbol"] == "XYZ-EUR"
        assert exchange.call("GET", "/health")["faucet"] == {"EUR": "5"}

    def test_in_process(exchange_in_process):
        assert exchange_in_process.call("POST", "/orders", ORDER)["status"] == "open"
"""


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    with Exchange(["ABC-USDT"]) as exchange:
        yield exchange


@pytest.fixture
def users(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """The folder of a bot's author."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    # A killed pytest leaves its directory.
    monkeypatch.setenv("TMPDIR", str(pytester.path))
    # Those of this checkout take seconds to load.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return pytester


def is_running(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def orders(exchange: Exchange) -> list[str]:
    return [each["price"] for each in exchange.call("GET", "/orders")["orders"]]


def test_it_is_empty_and_has_what_was_asked_for(exchange: Exchange) -> None:
    exchange.reset()
    assert [each["symbol"] for each in exchange.call("GET", "/instruments")["instruments"]] == ["ABC-USDT"]
    assert orders(exchange) == []
    assert exchange.add_instrument("NEW-USDT") == "NEW-USDT"
    exchange.deposit("alice", USDT="10", ABC=1)
    free = {each["asset"]: each["free"] for each in exchange.call("GET", "/accounts/alice")["balances"]}
    assert (free["USDT"], free["ABC"]) == ("10", "1")
    with pytest.raises(CallError) as refused:
        exchange.call("POST", "/orders", {**ORDER, "price": "0.001"})
    assert (refused.value.status, refused.value.code, refused.value.field) == (422, "price_off_tick", "price")


def test_bots_over_zeromq_find_the_matcher(exchange: Exchange) -> None:
    placed = exchange.zmq_client(account="zoe").place("ABC-USDT", "buy", quantity="1", price="7")
    assert exchange.client(account="zoe").order(placed.order_id).price == Decimal(7)
    assert exchange.market_data.startswith("tcp://127.0.0.1:")


def test_what_was_answered_outlives_a_kill(exchange: Exchange) -> None:
    exchange.call("POST", "/orders", {**ORDER, "price": "12"})
    exchange.matcher.kill()
    with pytest.raises(CallError) as away:
        exchange.call("POST", "/orders", ORDER)
    assert away.value.status in (503, 504)
    exchange.matcher.restart()
    assert "12" in orders(exchange)
    exchange.kill()
    with pytest.raises(ExchangeError, match="the gateway does not run"):
        _ = exchange.gateway.running
    # In either order.
    exchange.gateway.restart()
    exchange.matcher.restart()
    assert "12" in orders(exchange)
    exchange.restart()
    assert "12" in orders(exchange)


def test_reset_empties_it(exchange: Exchange) -> None:
    exchange.call("POST", "/orders", ORDER)
    exchange.faults.add("unavailable", call="GET /orders")
    exchange.reset()
    assert orders(exchange) == []
    assert exchange.faults.list() == []


def test_a_bad_setting_is_told_and_leaves_nothing() -> None:
    exchange = Exchange(settings={"GATEWAY_WORKERS": "2"})
    with pytest.raises(ExchangeError, match="GATEWAY_FAULTS"):
        exchange.__enter__()
    assert not exchange.directory.exists()
    assert not exchange.matcher.is_up


def test_loading_the_plugin_costs_next_to_nothing() -> None:
    heavy = ("asyncio", "fastapi", "gateway", "httpx", "matcher", "msgspec", "protocol", "zmq")
    code = f"import pytest, sys; known = set(sys.modules); import {PLUGIN}; print(*sorted(set(sys.modules) - known))"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(heavy).intersection(name.partition(".")[0] for name in result.stdout.split())
    assert len(result.stdout.split()) < 10


def test_fixtures_give_exchanges_show_logs_and_leave_no_process(users: pytest.Pytester) -> None:
    users.makeini(
        "[pytest]\nexchange_instruments = ABC-USDT\nexchange_scope = session\naddopts = --strict-markers\n"
        "filterwarnings = error\n"
    )
    of_page = examples("exchange")[0].replace("BTC-USDT", "ABC-USDT")
    users.makepyfile(f"{dedent(USERS_TESTS)}\n\n{of_page}")
    result = users.runpytest_subprocess(*LOAD, "-p", "no:cacheprovider", timeout=120)
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(
        ["*log of the matcher at http://127.0.0.1:*", "*matcher started*", "*log of the gateway*"]
    )
    pids = [int(pid) for pid in (users.path / "pids").read_text().split()]
    assert len(pids) == 6
    # The gateway went on.
    assert pids[1] == pids[3]
    assert pids[0] != pids[2]
    assert not any(is_running(pid) for pid in pids)


def test_a_killed_pytest_leaves_no_process(users: pytest.Pytester) -> None:
    users.makepyfile(
        """
        import os, signal

        def test_dies(exchange_factory):
            exchange = exchange_factory(instruments=["ABC-USDT"])
            with open("pids", "w") as file:
                file.write(f"{exchange.matcher.running.pid} {exchange.gateway.running.pid}")
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    result = users.runpytest_subprocess(*LOAD, "-p", "no:cacheprovider", timeout=120)
    assert result.ret == -signal.SIGKILL
    pids = [int(pid) for pid in (users.path / "pids").read_text().split()]
    wait_until(lambda: not any(is_running(pid) for pid in pids), "the end of both processes")
