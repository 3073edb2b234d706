"""The matcher's endpoints: which it takes, and the one line that it ends with where it cannot have one."""

import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from matching_exchange.tools.processes import free_ports
from protocol.client import CommandClient, MarketDataReader
from protocol.commands import StatusQuery
from protocol.events import MatcherStatus
from tests.exchange import PATIENCE, Exchange, Matcher, clean_environment

NAMES = ("commands", "market-data", "reports")

Outcome = tuple[int, str, str]
"""Exit status, standard output, standard error."""


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


def start(directory: Path, **endpoints: str) -> Outcome:
    """What becomes of a matcher with these endpoints, and others of its own, on a data directory that it has had
    before."""
    named = dict(zip(NAMES, own_endpoints(), strict=True)) | {
        name.replace("_", "-"): endpoint for name, endpoint in endpoints.items()
    }
    command = [
        sys.executable,
        "-m",
        "matcher",
        "--data-dir=data",
        *(f"--{name}={endpoint}" for name, endpoint in named.items()),
    ]
    environment = clean_environment({"MATCHER_CURVE": "off"})
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    return done.returncode, done.stdout, done.stderr


def own_endpoints() -> list[str]:
    return [f"tcp://127.0.0.1:{port}" for port in free_ports(3)]


def variable(name: str) -> str:
    return f"MATCHER_{name.upper().replace('-', '_')} (--{name})"


@contextmanager
def matcher_at(directory: Path, *endpoints: str) -> Iterator[Matcher]:
    """A matcher that binds these endpoints, started."""
    matcher = Matcher(directory)
    own = [f"--{name}={endpoint}" for name, endpoint in zip(NAMES, endpoints, strict=True)]
    matcher.arguments = [*own, f"--data-dir={directory / 'data'}", "--curve=off"]
    matcher.start()
    try:
        yield matcher
    finally:
        matcher.close()


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A directory below which a matcher has worked: each later start has something to log."""
    with matcher_at(tmp_path, *own_endpoints()) as matcher:
        matcher.commands, _, matcher.reports = (argument.partition("=")[2] for argument in matcher.arguments[:3])
        matcher.wait_until_ready()
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_taken_port_is_the_only_line_and_names_its_setting(used: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        outcome = start(used, **{name: endpoint})
    assert outcome == (1, "", f"matcher: {variable(name)}: {endpoint} cannot be bound: another process has it\n")


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        ("tcp://192.0.2.1:5555", "Cannot assign requested address"),
        ("tcp://no-such-host.invalid:5555", ""),
        ("tcp://no-such-interface:5555", ""),
        ("ipc://no/such/directory", "No such file or directory"),
        ("ipc://data", "a file is there that is no socket"),
        ("ipc://data/lock", "a file is there that is no socket"),
    ],
)
def test_endpoint_that_cannot_be_bound_is_the_only_line(used: Path, endpoint: str, reason: str) -> None:
    status, output, error = start(used, reports=endpoint)
    assert (status, output, error.count("\n")) == (1, "", 1), error
    assert error.startswith(f"matcher: MATCHER_REPORTS (--reports): {endpoint} cannot be bound: {reason}")


def test_a_file_is_never_removed_for_a_socket(used: Path) -> None:
    file = used / "notes"
    file.write_text("mine")
    assert start(used, commands="ipc://notes")[0] == 1
    assert file.read_text() == "mine"


def test_socket_of_a_living_process_stays_its_own(used: Path, short_path: Path) -> None:
    path = str(short_path / "socket")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path)
        other.listen()
        status, output, error = start(used, commands=f"ipc://{path}")
        assert (status, output) == (1, "")
        assert (
            error == f"matcher: MATCHER_COMMANDS (--commands): ipc://{path} cannot be bound: another process has it\n"
        )
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)


def test_socket_that_a_killed_process_has_left_is_taken_over(short_path: Path) -> None:
    for name in "cmr":
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(short_path / name))
    with (
        matcher_at(short_path, "ipc://c", "ipc://m", "ipc://r"),
        CommandClient(f"ipc://{short_path}/c", f"ipc://{short_path}/r", PATIENCE) as client,
    ):
        assert isinstance(client.query(StatusQuery()).result, MatcherStatus)
        # No other user of the machine can connect.
        modes = [(short_path / name).stat().st_mode for name in "cmr"]
        assert [(stat.S_ISSOCK(mode), stat.S_IMODE(mode) & 0o077) for mode in modes] == [(True, 0)] * 3


@pytest.mark.parametrize(
    ("first", "second", "endpoints"),
    [
        ("commands", "reports", {"commands": "tcp://127.0.0.1:5557"}),
        ("commands", "market-data", {"commands": "tcp://*:5555", "market-data": "tcp://127.0.0.1:5555"}),
        ("market-data", "reports", {"market-data": "ipc://same", "reports": "ipc://same"}),
    ],
)
def test_one_endpoint_for_two_sockets_ends_with_one_line(
    tmp_path: Path, first: str, second: str, endpoints: dict[str, str]
) -> None:
    named = {
        "commands": "tcp://127.0.0.1:5555",
        "market-data": "tcp://127.0.0.1:5556",
        "reports": "tcp://127.0.0.1:5557",
    } | endpoints
    status, output, error = start(tmp_path, **named)
    assert (status, output) == (2, "")
    assert (
        error
        == f"matcher: {variable(first)} and {variable(second)}: {named[second]}: each takes an endpoint of its own\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_all_addresses_are_bound_by_a_star(tmp_path: Path) -> None:
    ports = free_ports(3)
    with matcher_at(tmp_path, *(f"tcp://*:{port}" for port in ports)) as matcher:
        commands, market_data, reports = (f"tcp://127.0.0.1:{port}" for port in ports)
        with CommandClient(commands, reports, PATIENCE), MarketDataReader([b"heartbeat/"], market_data) as reader:
            assert reader.read(PATIENCE) is not None
        check = [sys.executable, "-m", "matcher", "--check", matcher.arguments[1]]
        assert subprocess.run(check, cwd=tmp_path, env=clean_environment(), timeout=PATIENCE).returncode == 0


@needs_ipv6
@pytest.mark.parametrize("bound", ["[::1]", "[::]"])
def test_an_exchange_over_ipv6(tmp_path: Path, bound: str) -> None:
    exchange = Exchange(tmp_path, gateway_flags=("--host=::1",))
    arguments = [argument.replace("127.0.0.1", bound) for argument in exchange.matcher.arguments]
    exchange.matcher.arguments = [*arguments, "--curve=off"]
    exchange.gateway.arguments = [argument.replace("127.0.0.1", "[::1]") for argument in exchange.gateway.arguments]
    exchange.gateway.http.base_url = f"http://[::1]:{exchange.gateway.port}"
    with exchange:
        assert exchange.place("BTC-USDT", "limit", "buy", "1", "100")["status"] == "open"
        market_data = exchange.matcher.market_data.replace("127.0.0.1", "[::1]")
        with MarketDataReader([b"depth/BTC-USDT/"], market_data) as reader:
            assert reader.read(PATIENCE) is not None
        check = [sys.executable, "-m", "matcher", "--check", arguments[1]]
        assert subprocess.run(check, cwd=tmp_path, env=clean_environment(), timeout=PATIENCE).returncode == 0
