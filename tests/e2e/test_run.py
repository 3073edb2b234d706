"""The exchange in one command."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from matching_exchange.tools.processes import free_ports
from protocol.curve import new_keys
from tests.exchange import PATIENCE, ROOT, Exchange, clean_environment, wait_until
from tests.scripts import Script, assert_gone, call, free_base, is_free, is_lively, own_endpoints, running

RUN = [sys.executable, "-m", "matching_exchange.tools.run"]


def run_in_vain(directory: Path, *arguments: str, **environment: str) -> tuple[int, list[str]]:
    """The exit status and the lines of a run that ends by itself."""
    variables = clean_environment({**own_endpoints(), **environment})
    done = subprocess.run(
        [*RUN, *arguments], cwd=directory, env=variables, capture_output=True, text=True, timeout=PATIENCE
    )
    return done.returncode, [*done.stdout.splitlines(), *done.stderr.splitlines()]


def wait_until_open(script: Script) -> None:
    wait_until(lambda: "Ctrl-C" in script.text() or script.process.poll() is not None, "the banner")


def test_run_starts_and_stops_the_exchange(tmp_path: Path) -> None:
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "matching_exchange.tools.run", f"--port={port}", "--data-dir=books"]
    with running(command, tmp_path, clean_environment(own_endpoints())) as script:
        wait_until(lambda: f"{url}/" in script.text() or script.process.poll() is not None, "the dashboard's address")
        assert call(f"{url}/health")
        assert {found["symbol"] for found in (call(f"{url}/instruments") or {})["instruments"]} == {
            "BTC-USDT",
            "ETH-USDT",
            "SOL-USDT",
        }
        assert not is_free(tmp_path / "books")
        assert script.interrupt() == 0
    assert script.text().endswith("The exchange is closed.\n")
    assert "Traceback" not in script.text()
    assert_gone(url, tmp_path / "books")


def test_run_with_a_demo_shows_a_living_market(tmp_path: Path) -> None:
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "matching_exchange.tools.run", "--demo", f"--port={port}"]
    with running(command, tmp_path, clean_environment(own_endpoints())) as script:
        wait_until(lambda: is_lively(url, "BTC-USDT") or script.process.poll() is not None, "a lively market")
        accounts = {order["account"] for order in (call(f"{url}/orders?limit=1000") or {})["orders"]}
        assert accounts
        assert all(account.startswith("demo-") for account in accounts)
        assert (call(f"{url}/demo") or {})["running"] is True
        assert script.interrupt() == 0
    assert "Traceback" not in script.text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data-demo", "output.txt"]
    assert_gone(url, tmp_path / "data-demo")


def test_run_ends_where_a_part_cannot_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [*RUN, f"--port={port}", "--data-dir=books"]
        with running(command, tmp_path, clean_environment(own_endpoints())) as script:
            assert script.process.wait(PATIENCE) == 1
    assert script.text() == f"run: --port: cannot listen on 127.0.0.1:{port}: another process has it\n"
    assert not (tmp_path / "books").exists()


def test_run_is_not_open_where_another_exchange_has_its_port(exchange: Exchange, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "matching_exchange.tools.run",
        f"--port={exchange.gateway.port}",
        "--data-dir=books",
    ]
    with running(command, tmp_path, clean_environment(own_endpoints())) as script:
        assert script.process.wait(PATIENCE) == 1
    port = exchange.gateway.port
    assert script.text() == f"run: --port: cannot listen on 127.0.0.1:{port}: another process has it\n"
    assert not (tmp_path / "books").exists()
    assert exchange.get("/health")["open_orders"] == 0


def test_run_is_not_open_where_its_gateway_finds_another_matcher(exchange: Exchange, tmp_path: Path) -> None:
    """Its own matcher takes longer to start than another one, which comes in between, and then cannot have the
    addresses."""
    exchange.matcher.stop()
    held = tmp_path / "held"
    held.touch()
    (tmp_path / "sitecustomize.py").write_text(
        f"import os, sys, time\nwhile 'matcher' in sys.orig_argv and os.path.exists({str(held)!r}):\n    "
        "time.sleep(0.01)\n"
    )
    matcher = exchange.matcher
    endpoints = {
        "MATCHER_COMMANDS": matcher.commands,
        "MATCHER_MARKET_DATA": matcher.market_data,
        "MATCHER_REPORTS": matcher.reports,
    }
    environment = clean_environment({**endpoints, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})
    [port] = free_ports(1)
    with running(
        [sys.executable, "-m", "matching_exchange.tools.run", f"--port={port}", "--data-dir=books"],
        tmp_path,
        environment,
    ) as script:
        wait_until(lambda: call(f"http://127.0.0.1:{port}/openapi.json"), "a gateway")
        matcher.start()
        wait_until(lambda: call(f"http://127.0.0.1:{port}/health"), "a gateway that finds the other matcher")
        held.unlink()
        assert script.process.wait(PATIENCE) == 1
    assert "open" not in script.text()
    assert "run: the matcher did not start" in script.text().splitlines()
    exchange.gateway.wait_until_ready()
    assert exchange.get("/health")["open_orders"] == 0


def test_nothing_runs_through_the_banner(tmp_path: Path) -> None:
    [port] = free_ports(1)
    endpoints = own_endpoints()
    with running([*RUN, f"--port={port}"], tmp_path, clean_environment(endpoints)) as script:
        wait_until_open(script)
        assert script.interrupt() == 0
    url = f"http://127.0.0.1:{port}"
    market_data = endpoints["MATCHER_MARKET_DATA"]
    lines = [line for line in script.text().splitlines() if line]
    assert lines == [
        "  The exchange is open.",
        f"    dashboard    {url}/",
        f"    API          {url}/docs",
        f"    market data  {market_data}",
        "  Ctrl-C closes it.",
        "The exchange is closed.",
    ]


def test_verbose_shows_what_both_processes_log(tmp_path: Path) -> None:
    with running([*RUN, "-v", f"--port={free_ports(1)[0]}"], tmp_path, clean_environment(own_endpoints())) as script:
        wait_until_open(script)
        assert script.interrupt() == 0
    assert "matcher started" in script.text()
    assert "listening" in script.text()


def test_what_administrators_do_is_shown_without_verbose(tmp_path: Path) -> None:
    [port] = free_ports(1)
    environment = clean_environment({**own_endpoints(), "GATEWAY_ADMIN_TOKENS": "ann:s3cret"})
    with running([*RUN, f"--port={port}"], tmp_path, environment) as script:
        wait_until_open(script)
        httpx.get(
            f"http://127.0.0.1:{port}/admin/digest", headers={"Authorization": "Bearer s3cret"}
        ).raise_for_status()
        wait_until(lambda: "administrator's call" in script.text(), "the line of the call")
        assert script.interrupt() == 0
    assert "matcher started" not in script.text()
    assert "s3cret" not in script.text()


def test_two_exchanges_on_one_machine(tmp_path: Path) -> None:
    first, second = free_base(), free_base()
    with (
        running([*RUN, f"--ports={first}"], tmp_path, clean_environment()) as one,
        running([*RUN, "--demo", f"--ports={second}"], tmp_path, clean_environment()) as other,
    ):
        wait_until(lambda: call(f"http://127.0.0.1:{first}/health"), "the first exchange")
        order = {"symbol": "BTC-USDT", "order_type": "limit", "side": "buy", "quantity": "1", "price": "100"}
        assert httpx.post(f"http://127.0.0.1:{first}/orders", json=order, trust_env=False).json()["order_id"] == "1"
        wait_until(lambda: is_lively(f"http://127.0.0.1:{second}", "BTC-USDT"), "a lively market in the other")
        assert [order["order_id"] for order in (call(f"http://127.0.0.1:{first}/orders") or {})["orders"]] == ["1"]
        assert f"tcp://127.0.0.1:{first + 2}" in one.text()
        assert one.interrupt() == other.interrupt() == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"data-{first}", f"data-demo-{second}", "output.txt"]


@pytest.mark.parametrize("bound", ["*", "0.0.0.0", "[::]"])
def test_gateway_connects_to_a_matcher_that_binds_all_addresses(tmp_path: Path, bound: str) -> None:
    endpoints = {name: endpoint.replace("127.0.0.1", bound) for name, endpoint in own_endpoints().items()}
    [port] = free_ports(1)
    environment = clean_environment({**endpoints, "MATCHER_CURVE": "off"})
    with running([*RUN, f"--port={port}"], tmp_path, environment) as script:
        wait_until_open(script)
        assert call(f"http://127.0.0.1:{port}/health")
        assert script.interrupt() == 0
    assert ("tcp://[::1]:" if bound == "[::]" else "tcp://127.0.0.1:") in script.text()


def test_the_gateway_learns_the_public_key_of_a_matcher_with_curve(tmp_path: Path) -> None:
    (_, secret), (allowed, gateway_secret) = new_keys(), new_keys()
    settings = {
        "MATCHER_CURVE_SECRET": secret,
        "MATCHER_CURVE_ALLOWED": allowed,
        "GATEWAY_CURVE_SECRET": gateway_secret,
    }
    [port] = free_ports(1)
    with running([*RUN, f"--port={port}"], tmp_path, clean_environment({**own_endpoints(), **settings})) as script:
        wait_until_open(script)
        assert call(f"http://127.0.0.1:{port}/health")
        assert script.interrupt() == 0


@pytest.mark.parametrize(
    ("arguments", "environment", "line"),
    [
        (["--port=http"], {}, "run: argument --port: 'http': takes a port from 1 to 65535"),
        (["--port=0"], {}, "run: argument --port: '0': takes a port from 1 to 65535"),
        (["--ports=65533"], {}, "run: argument --ports: '65533': takes a port from 1 to 65532"),
        (["--seed=-1"], {}, "run: argument --seed: '-1': takes a whole number from 0 to 1000000000"),
        (["--reset"], {}, "run: --reset needs --demo"),
        (["--from", "market.log"], {}, "run: --from needs --demo"),
        ([], {"GATEWAY_PORT": "0"}, "run: GATEWAY_PORT: '0': takes a port from 1 here, where it has to be known"),
        (
            [],
            {"GATEWAY_HOST": "a..b"},
            "gateway: GATEWAY_HOST: 'a..b': takes an address or a host name of this machine",
        ),
        ([], {"MATCHER_SYNC": "often"}, "matcher: MATCHER_SYNC: 'often': takes always, off or interval:<ms>"),
        ([], {"MATCHER_COMMANDS": "tcp://*"}, "matcher: MATCHER_COMMANDS: 'tcp://*': takes an endpoint such as"),
        (["--data-dir="], {}, "run: argument --data-dir: '': takes a directory"),
    ],
)
def test_bad_value_ends_it_before_anything_is_started(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], line: str
) -> None:
    status, lines = run_in_vain(tmp_path, *arguments, **environment)
    assert (status, len(lines)) == (2, 1)
    assert lines[0].startswith(line)
    assert list(tmp_path.iterdir()) == []


def test_taken_port_of_the_matcher_is_named_with_its_setting(exchange: Exchange, tmp_path: Path) -> None:
    status, lines = run_in_vain(
        tmp_path, f"--port={free_ports(1)[0]}", "--data-dir=books", MATCHER_REPORTS=exchange.matcher.reports
    )
    reports = exchange.matcher.reports
    taken = f"run: MATCHER_REPORTS (--reports): {reports} cannot be bound: another process has it"
    assert (status, lines) == (1, [taken])
    assert list(tmp_path.glob("books")) == []


# The demo from the beginning


@contextmanager
def demo(directory: Path, *arguments: str) -> Iterator[str]:
    """The address of an exchange with a demo, and a lively market."""
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    with running(
        [*RUN, "--demo", f"--port={port}", *arguments], directory, clean_environment(own_endpoints())
    ) as script:
        wait_until(lambda: is_lively(url, "BTC-USDT") or script.process.poll() is not None, "a lively market")
        yield url
        assert script.interrupt() == 0


def open_orders(url: str) -> set[int]:
    return {int(order["order_id"]) for order in (call(f"{url}/orders?limit=1000") or {})["orders"]}


def test_a_demo_that_is_started_again_cancels_what_it_has_left(tmp_path: Path) -> None:
    with demo(tmp_path) as url:
        left = open_orders(url)
    assert left
    with demo(tmp_path) as url:
        wait_until(lambda: not left & open_orders(url), "the end of what the first run has left")
        wait_until(lambda: is_lively(url, "BTC-USDT"), "a lively market")


def test_reset_begins_with_an_empty_book(tmp_path: Path) -> None:
    with demo(tmp_path) as url:
        first = call(f"{url}/orders/1")
    with demo(tmp_path, "--reset") as url:
        again = call(f"{url}/orders/1")
        assert first and again and again["client_order_id"] != first["client_order_id"]
        assert (call(f"{url}/trades?symbol=BTC-USDT") or {})["trades"][0]["trade_id"] == "1"


def test_reset_never_empties_what_is_not_the_demos(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "journal").mkdir()
    (mine / "thesis.txt").write_text("years of work")
    assert run_in_vain(tmp_path, "--demo", "--reset", "--data-dir=mine") == (
        1,
        ["run: --reset: mine is not emptied: it holds thesis.txt, which is not a matcher's"],
    )
    status, lines = run_in_vain(tmp_path, "--demo", "--reset", MATCHER_DATA_DIR="mine")
    assert (status, len(lines)) == (2, 1)
    assert "never that of MATCHER_DATA_DIR" in lines[0]
    assert sorted(path.name for path in mine.iterdir()) == ["journal", "thesis.txt"]


def test_reset_never_empties_what_is_in_use(exchange: Exchange, tmp_path: Path) -> None:
    order = exchange.place("BTC-USDT", "limit", "buy", "1", "100")
    data = exchange.matcher.data
    status, lines = run_in_vain(tmp_path, "--demo", "--reset", f"--data-dir={data}")
    owner = exchange.matcher.running.pid
    assert (status, len(lines)) == (1, 1)
    assert lines[0].startswith(
        f"run: --reset: the data directory {data} is in use by the matcher with process id {owner}: stop it, "
    )
    exchange.matcher.kill()
    exchange.restart_matcher()
    assert exchange.get("/orders")["orders"] == [order]
