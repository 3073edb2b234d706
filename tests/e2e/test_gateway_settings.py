"""The gateway's settings and exit statuses."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.__main__ import main
from gateway.config import SETTINGS, read_config
from matching_exchange.tools.processes import free_ports
from tests.exchange import PATIENCE, Exchange, Gateway, Matcher, clean_environment

Outcome = tuple[int, str, str]
"""Exit status, standard output, standard error."""

RunHere = Callable[..., Outcome]

RATES = ("REQUESTS", "ORDERS", "CONNECTIONS", "SUBSCRIPTIONS")

BAD_SETTINGS = {
    "host": "not a host",
    "port": "65536",
    "workers": "0",
    "commands": "127.0.0.1:5555",
    "market-data": "http://127.0.0.1:5556",
    "reports": "tcp://127.0.0.1",
    "matchers": "tcp://a:5555,b:5555",
    "admin-token": "two words",
    "auth": "on",
    "cors-origins": "example.org",
    "allowed-hosts": "example.org:80",
    "root-path": "exchange/",
    "request-log": "yes",
    "deadline": "0",
    "faucet": "USDT",
    "faults": "on",
    "curve-server": "key",
    "curve-market-data": "no",
    "requests-per-address": "100",
    "requests-per-key": "100",
    "orders-per-address": "1/0",
    "orders-per-key": "1/0",
    "connections-per-address": "1/1:0",
    "connections-per-key": "1/1:0",
    "subscriptions-per-address": "100001/1",
    "subscriptions-per-key": "100001/1",
    "open-connections-per-address": "0",
    "open-streams-per-address": "1000001",
    "trusted-proxies": "10.0.0.1/8",
    "binance": "yes",
    "binance-limits": "1",
    "binance-listen-keys": "true",
    "binance-self-trade-prevention": "TRANSFER",
    "log-level": "loud",
    "log-format": "xml",
    "metrics": "9100",
    "metrics-access": "everyone",
}


def run(directory: Path, *arguments: str, **environment: str) -> Outcome:
    """What becomes of a gateway with these arguments and variables."""
    result = subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        cwd=directory,
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return result.returncode, result.stdout, result.stderr


@pytest.fixture
def run_here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[RunHere]:
    """As `run`, within this process, for gateways that end before they serve. Their end closes their sockets."""
    opened: list[socket.socket] = []

    class Recorded(socket.socket):
        def __init__(self, *arguments: Any, **more: Any) -> None:
            super().__init__(*arguments, **more)
            opened.append(self)

    monkeypatch.setattr("gateway.__main__.socket.socket", Recorded)
    for name in {*os.environ} - {*clean_environment()}:
        monkeypatch.delenv(name)
    monkeypatch.setattr("gateway.__main__.configure_worker_logs", lambda *_: None)
    monkeypatch.setattr("gateway.__main__.signal.signal", lambda *_: None)
    monkeypatch.setattr("gateway.__main__.Config", lambda *_, **__: pytest.fail("the settings were taken"))

    def run_here(*arguments: str, **environment: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["gateway", *arguments])
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return end.value.code, captured.out, captured.err

    yield run_here
    for each in opened:
        each.close()


def test_every_setting_has_a_bad_value() -> None:
    """Those without a flag are in test_curve.py and below. Files may have any name; test_config.py has bad maps."""
    files = {"key-file", "data-dir", "shards"}
    assert BAD_SETTINGS.keys() == {setting.name for setting in SETTINGS if setting.has_flag} - files


@pytest.mark.parametrize("name", BAD_SETTINGS)
@pytest.mark.parametrize("form", ["flag", "variable"])
def test_bad_value_ends_with_one_line(run_here: RunHere, form: str, name: str) -> None:
    value = BAD_SETTINGS[name]
    setting = next(setting for setting in SETTINGS if setting.name == name)
    variable = setting.variable("GATEWAY")
    outcome = run_here(f"--{name}={value}") if form == "flag" else run_here(**{variable: value})
    shown = f"--{name}" if form == "flag" else variable
    # A message never shows a token.
    named = shown if setting.secret else f"{shown}: {value!r}"
    assert outcome == (2, "", f"gateway: {named}: takes {setting.takes}\n")


def test_bad_tokens_are_not_shown(run_here: RunHere) -> None:
    setting = next(setting for setting in SETTINGS if setting.name == "admin-tokens")
    outcome = run_here(GATEWAY_ADMIN_TOKENS="a-token-without-a-name")
    assert outcome == (2, "", f"gateway: GATEWAY_ADMIN_TOKENS: takes {setting.takes}\n")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "-1"),
        ("port", "http"),
        ("port", "8000.0"),
        ("workers", "65"),
        ("workers", "two"),
        ("deadline", "5s"),
        ("requests-per-address", "/1"),
        ("requests-per-address", "1/"),
        ("requests-per-address", "1/1:"),
        ("requests-per-address", "1.5/1"),
        ("requests-per-address", "1/86401"),
        ("requests-per-address", "1/1:100001"),
        ("trusted-proxies", "localhost"),
        ("trusted-proxies", "10.0.0.1,"),
        ("deadline", "3600001"),
        ("cors-origins", "https://a.org/path"),
        ("cors-origins", "*"),
        ("host", ""),
        ("host", "a..b"),
        ("host", ".x"),
        ("host", "a" * 64),
        ("host", ".".join(["a" * 60] * 5)),
        ("host", "bücher"),
        ("host", "[::1]"),
        ("host", "127.0.0.1:80"),
        ("host", "*"),
        ("host", "\udcff"),
        ("commands", "tcp://*:5555"),
        ("commands", "tcp://a b:5555"),
        ("commands", "tcp://127.0.0.1:0"),
        ("reports", "tcp://[::1]"),
        ("reports", "tcp://::1:5557"),
        ("reports", "inproc://x"),
        ("market-data", f"ipc://{'a' * 200}"),
        ("market-data", "ipc://*"),
    ],
)
def test_more_bad_values(run_here: RunHere, name: str, value: str) -> None:
    status, output, error = run_here(f"--{name}={value}")
    assert (status, output, error.count("\n")) == (2, "", 1)
    assert error.startswith(f"gateway: --{name}: {value!r}: takes ")


@pytest.mark.parametrize("name", ["commands", "market-data"])
def test_one_endpoint_for_two_sockets_ends_with_one_line(run_here: RunHere, name: str) -> None:
    variable = f"GATEWAY_{name.upper().replace('-', '_')}"
    outcome = run_here(f"--{name}=tcp://[::1]:5557", GATEWAY_REPORTS="tcp://[::1]:5557")
    words = (
        f"{variable} (--{name}) and GATEWAY_REPORTS (--reports): tcp://[::1]:5557: each takes an endpoint of its own"
    )
    assert outcome == (2, "", f"gateway: {words}\n")


def test_what_is_no_socket_ends_with_one_line(run_here: RunHere, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for path in (tmp_path, file):
        outcome = run_here(f"--reports=ipc://{path}")
        words = f"GATEWAY_REPORTS (--reports): ipc://{path} cannot be connected to: a file is there that is no socket"
        assert outcome == (1, "", f"gateway: {words}\n")
    status, _, error = run_here(f"--reports=ipc://{file}/below")
    assert (status, error.count("\n")) == (1, 1)
    assert error.endswith(": Not a directory\n")


@pytest.mark.parametrize("arguments", [["--prot=1"], ["--port"], ["8000"], ["--two\nlines"]])
def test_command_line_that_cannot_be_read_ends_with_one_line(run_here: RunHere, arguments: list[str]) -> None:
    status, output, error = run_here(*arguments)
    assert (status, output, error.count("\n")) == (2, "", 1)
    assert error.startswith("gateway: ")
    assert arguments[0].split("=")[0].split()[0] in error


@pytest.mark.parametrize(
    ("variable", "value", "status"),
    [
        ("GATEWAY_WORKERS", "many", 2),
        ("GATEWAY_HOST", "a..b", 2),
        ("GATEWAY_HOST", "no-such-host.invalid", 1),
        ("GATEWAY_COMMANDS", "tcp://*:5555", 2),
    ],
)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_bad_setting_ends_a_process_before_it_says_anything_else(
    tmp_path: Path, workers: str, variable: str, value: str, status: int
) -> None:
    settings = {"GATEWAY_PORT": str(free_ports(1)[0]), "GATEWAY_WORKERS": workers, "GATEWAY_ALLOWED_HOSTS": "*"}
    found, output, error = run(tmp_path, **{**settings, variable: value})
    assert (found, output, error.count("\n")) == (status, "", 1), error
    assert error.startswith(f"gateway: {variable}")
    assert value in error


def test_help_names_every_setting(run_here: RunHere) -> None:
    status, output, error = run_here("--help")
    assert (status, error) == (0, "")
    words = output.split()
    contract = (
        "HOST",
        "PORT",
        "WORKERS",
        *("COMMANDS", "MARKET_DATA", "REPORTS", "MATCHERS", "SHARDS"),
        "ADMIN_TOKEN",
        "ADMIN_TOKENS",
        "AUTH",
        "KEY_FILE",
        "CORS_ORIGINS",
        "ALLOWED_HOSTS",
        "DEADLINE",
        "ROOT_PATH",
        "REQUEST_LOG",
        "FAUCET",
        "FAULTS",
        "CURVE_SERVER",
        "CURVE_SECRET",
        "CURVE_MARKET_DATA",
        *(f"{what}_PER_{holder}" for what in RATES for holder in ("ADDRESS", "KEY")),
        "OPEN_CONNECTIONS_PER_ADDRESS",
        "OPEN_STREAMS_PER_ADDRESS",
        "TRUSTED_PROXIES",
        "BINANCE",
        "BINANCE_LIMITS",
        "BINANCE_LISTEN_KEYS",
        "BINANCE_SELF_TRADE_PREVENTION",
        "METRICS",
        "METRICS_ACCESS",
        "LOG_LEVEL",
        "LOG_FORMAT",
    )
    shared = {"HISTORY_DATABASE", "MATCHER_DATA_DIR"}
    assert {setting.variable("GATEWAY") for setting in SETTINGS} == {f"GATEWAY_{name}" for name in contract} | shared
    assert all(any(name in word for word in words) for name in shared)
    for name in contract:
        assert any(f"GATEWAY_{name}" in word for word in words), name
        assert (f"--{name.lower().replace('_', '-')}" in words) is (name not in ("CURVE_SECRET", "ADMIN_TOKENS"))


def test_port_in_use_ends_with_one_line(run_here: RunHere) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, output, error = run_here(f"--port={port}")
    assert (status, output, error.count("\n")) == (1, "", 1)
    assert error == f"gateway: GATEWAY_PORT (--port): cannot listen on 127.0.0.1:{port}: another process has it\n"


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_address_of_another_machine_ends_with_one_line(run_here: RunHere, host: str) -> None:
    status, output, error = run_here(f"--host={host}")
    assert (status, output, error.count("\n")) == (1, "", 1)
    assert error.startswith(f"gateway: GATEWAY_HOST (--host): cannot listen on {host}:8000: ")


def test_settings_come_from_the_environment_and_flags_win(tmp_path: Path) -> None:
    matcher = Matcher(tmp_path)
    gateway = Gateway(tmp_path, matcher, "--host=localhost")
    [wrong] = free_ports(1)
    gateway.environment.update(
        GATEWAY_COMMANDS=matcher.commands,
        GATEWAY_MARKET_DATA=matcher.market_data,
        GATEWAY_REPORTS=matcher.reports,
        GATEWAY_PORT=str(wrong),
        GATEWAY_HOST="nowhere at all",
        GATEWAY_DEADLINE="2000",
        GATEWAY_WORKERS="1",
    )
    gateway.arguments = [argument for argument in gateway.arguments if argument.startswith(("--port", "--host"))]
    matcher.start()
    gateway.start()
    try:
        gateway.wait_until_ready()
        assert gateway.http.get("/health").json()["status"] == "ok"
    finally:
        gateway.close()
        matcher.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_an_address_that_others_reach_needs_the_hosts_that_are_served(run_here: RunHere, host: str) -> None:
    status, output, error = run_here(f"--host={host}", "--port=0")
    assert (status, output, error.count("\n")) == (2, "", 1)
    assert error.startswith(f"gateway: GATEWAY_HOST (--host): {host} is reached from other machines: ")
    [example, any_host] = [
        word.removesuffix(",") for word in error.split() if word.startswith("GATEWAY_ALLOWED_HOSTS=")
    ]
    assert any_host == "GATEWAY_ALLOWED_HOSTS=*"
    # Each of them is a setting to copy.
    for setting in (example, any_host):
        name, _, value = setting.partition("=")
        assert read_config([f"--host={host}"], {name: value}).allowed_hosts == (value,)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.2", "::1"])
def test_an_address_of_this_machine_needs_none(run_here: RunHere, host: str) -> None:
    with pytest.raises(pytest.fail.Exception, match="the settings were taken"):
        run_here(f"--host={host}", "--port=0")


def test_all_addresses_are_served_with_a_warning(exchange: Exchange, tmp_path: Path) -> None:
    gateway = Gateway(
        tmp_path, exchange.matcher, "--host=0.0.0.0", "--allowed-hosts=desk.example", "--auth=off", name="open"
    )
    gateway.restart()
    statuses = {
        host: gateway.http.get("/health", headers={"Host": host}).status_code
        for host in ("desk.example", "other.example")
    }
    gateway.close()
    assert statuses == {"desk.example": 200, "other.example": 421}
    warnings = [record["event"] for record in gateway.records() if record["level"] == "warning"]
    assert [setting for setting in ("GATEWAY_AUTH=off", "GATEWAY_ADMIN_TOKEN") if setting in " ".join(warnings)] == [
        "GATEWAY_AUTH=off",
        "GATEWAY_ADMIN_TOKEN",
    ]
    assert len(warnings) == 2


def test_all_addresses_without_a_word_about_keys_end_with_one_line(run_here: RunHere) -> None:
    status, output, error = run_here("--host=0.0.0.0", "--port=0", "--allowed-hosts=*")
    assert (status, output, error.count("\n")) == (2, "", 1)
    assert "GATEWAY_AUTH=keys" in error
    assert "GATEWAY_AUTH=off" in error


def test_keys_without_a_token_end_with_one_line(run_here: RunHere) -> None:
    status, output, error = run_here("--auth=keys", "--port=0")
    assert (status, output, error.count("\n")) == (2, "", 1)
    assert "GATEWAY_ADMIN_TOKEN=" in error
    assert "GATEWAY_ADMIN_TOKENS=" in error


@pytest.mark.parametrize(
    ("flags", "warned"), [(["--admin-token=secret"], True), (["--admin-token", "secret"], True), ([], False)]
)
def test_a_token_on_the_command_line_is_warned_of(tmp_path: Path, flags: list[str], *, warned: bool) -> None:
    gateway = Gateway(tmp_path, Matcher(tmp_path), *flags)
    gateway.environment["GATEWAY_ADMIN_TOKEN"] = "secret"
    gateway.start()
    gateway.wait_until_answers(503)
    gateway.close()
    warnings = [
        record["event"]
        for record in gateway.records()
        if record["level"] == "warning" and "--admin-token" in record["event"]
    ]
    assert len(warnings) == warned
    assert "secret" not in gateway.text()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_interrupt_stops_it_cleanly(tmp_path: Path, workers: str) -> None:
    """Also with connections that stay open, and without a matcher. SIGTERM ends every gateway of these tests."""
    gateway = Gateway(tmp_path, Matcher(tmp_path), f"--workers={workers}")
    gateway.start()
    gateway.wait_until_answers(503)
    with httpx.Client(base_url=gateway.url, trust_env=False, verify=False) as idle:
        assert idle.get("/openapi.json").status_code == 200
        gateway.stop(signal.SIGINT)
    gateway.close()
