"""CURVE on the matcher's sockets: who gets in, who hears why not, and what does not start without it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from msgspec import Struct

from matching_exchange.tools.keys.curve import write
from protocol.client import CommandClient, MarketDataReader, MatcherAwayError
from protocol.commands import OrdersQuery, PlaceOrder, StatusQuery
from protocol.curve import ClientKeys, new_keys, public_key
from protocol.events import MatcherStatus, OrderResult
from protocol.handshakes import KEY_REFUSED, NOT_CURVE
from protocol.units import OrderType, Side
from tests.exchange import PATIENCE, Exchange, Matcher, clean_environment, wait_until

REFUSED = "a key that MATCHER_CURVE_ALLOWED does not name is refused"
INSTRUMENT = [b"instruments/BTC-USDT/"]


class Closed(Struct):
    """A matcher with CURVE that allows one key."""

    matcher: Matcher
    server: str
    secret: str

    def client(self, keys: ClientKeys | None, timeout: float = PATIENCE) -> CommandClient:
        return CommandClient(self.matcher.commands, self.matcher.reports, timeout, keys)

    @property
    def keys(self) -> ClientKeys:
        return ClientKeys(self.server, self.secret)


def closed_settings(allowed: str, secret: str, **more: str) -> dict[str, str]:
    return {"MATCHER_CURVE_SECRET": secret, "MATCHER_CURVE_ALLOWED": allowed, **more}


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    (server, server_secret), (allowed, secret) = new_keys(), new_keys()
    matcher = Matcher(tmp_path_factory.mktemp("closed"))
    matcher.environment |= closed_settings(allowed, server_secret)
    matcher.start()
    yield Closed(matcher, server, secret)
    matcher.close()


def test_an_allowed_key_trades(closed: Closed) -> None:
    with closed.client(closed.keys) as client:
        order = PlaceOrder("BTC-USDT", "ann", Side.BUY, OrderType.LIMIT, 100_000, 6_000_000)
        assert isinstance(client.command(order), OrderResult)
        assert isinstance(client.query(StatusQuery()).result, MatcherStatus)


@pytest.mark.parametrize("case", ["another key", "a key of its own", "another server", "no key"])
def test_who_is_not_allowed_gets_no_session_and_hears_why(closed: Closed, case: str) -> None:
    keys = {
        "another key": ClientKeys(closed.server, new_keys()[1]),
        "a key of its own": ClientKeys(closed.server),
        "another server": ClientKeys(new_keys()[0], closed.secret),
        "no key": None,
    }[case]
    with pytest.raises(MatcherAwayError) as caught, closed.client(keys, timeout=4):
        pass
    assert caught.value.reason == (NOT_CURVE if case == "no key" else KEY_REFUSED)
    with closed.client(closed.keys) as client:
        assert client.query(OrdersQuery(account="nobody")).sequence >= 0


def test_the_log_names_the_key_that_is_refused(closed: Closed) -> None:
    public, secret = new_keys()
    with pytest.raises(MatcherAwayError), closed.client(ClientKeys(closed.server, secret), timeout=1):
        pass
    wait_until(lambda: public in [record["key"] for record in closed.matcher.records(REFUSED)], "a line with the key")


def test_market_data_takes_any_key_and_none_without(closed: Closed) -> None:
    for keys in (ClientKeys(closed.server), closed.keys):
        with MarketDataReader(INSTRUMENT, closed.matcher.market_data, keys) as reader:
            assert reader.read(PATIENCE) is not None
    for bad in (None, ClientKeys(new_keys()[0])):
        with MarketDataReader([b""], closed.matcher.market_data, bad) as reader:
            assert reader.read(1.5) is None


def test_the_health_check_knows_the_keys(closed: Closed) -> None:
    environment = clean_environment({name: closed.matcher.environment[name] for name in ("MATCHER_CURVE_SECRET",)})
    command = [sys.executable, "-m", "matcher", "--check", f"--market-data={closed.matcher.market_data}"]
    assert subprocess.run(command, env=environment, timeout=PATIENCE).returncode == 0


def test_an_exchange_with_files_of_keys_and_plain_market_data(tmp_path: Path) -> None:
    """As docker-compose.yml has it."""
    write(tmp_path)
    exchange = Exchange(tmp_path)
    matcher, gateway = tmp_path / "matcher", tmp_path / "gateway"
    exchange.matcher.environment |= {
        "MATCHER_CURVE_SECRET_FILE": str(matcher / "secret"),
        "MATCHER_CURVE_ALLOWED_FILE": str(matcher / "allowed"),
        "MATCHER_CURVE_MARKET_DATA": "off",
    }
    exchange.gateway.environment |= {
        "GATEWAY_CURVE_SECRET_FILE": str(gateway / "secret"),
        "GATEWAY_CURVE_SERVER_FILE": str(gateway / "server"),
        "GATEWAY_CURVE_MARKET_DATA": "off",
    }
    with exchange:
        assert exchange.place("BTC-USDT", "limit", "buy", "1", "100")["status"] == "open"
        with exchange.stream("/ws/marketdata", "BTC-USDT") as stream:
            assert "100" in str(stream.recv(PATIENCE))
        with MarketDataReader(INSTRUMENT, exchange.matcher.market_data) as reader:
            assert reader.read(PATIENCE) is not None
        exchange.matcher.stop()
        exchange.restart_matcher()


def test_a_gateway_whose_key_is_allowed_later_finds_the_matcher_by_itself(tmp_path: Path) -> None:
    (server, server_secret), (allowed, secret), (other, _) = new_keys(), new_keys(), new_keys()
    exchange = Exchange(tmp_path)
    exchange.matcher.environment |= closed_settings(other, server_secret)
    exchange.gateway.environment |= {"GATEWAY_CURVE_SERVER": server, "GATEWAY_CURVE_SECRET": secret}
    try:
        exchange.matcher.start()
        exchange.gateway.start()
        told = "no connection to the matcher"
        wait_until(lambda: exchange.gateway.log.exists() and exchange.gateway.records(told), "a line of the gateway")
        assert exchange.gateway.records(told)[0]["reason"] == KEY_REFUSED
        exchange.matcher.stop()
        exchange.matcher.environment["MATCHER_CURVE_ALLOWED"] = f"{other},{allowed}"
        exchange.matcher.start()
        exchange.gateway.wait_until_ready()
        assert len(exchange.gateway.records(told)) == 1, "said once"
    finally:
        exchange.close()


def ends_with(module: str, directory: Path, *flags: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", module, *flags],
        cwd=directory,
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("setting", ["commands", "market-data", "reports"])
@pytest.mark.parametrize("host", ["*", "0.0.0.0", "192.0.2.1", "[::]", "exchange.example"])
def test_an_endpoint_that_others_reach_needs_curve(tmp_path: Path, setting: str, host: str) -> None:
    status, told = ends_with("matcher", tmp_path, f"--{setting}=tcp://{host}:5999")
    assert (status, told.count("\n")) == (2, 1)
    for part in (f"(--{setting})", host, "MATCHER_CURVE_SECRET", "MATCHER_CURVE_ALLOWED", "MATCHER_CURVE=off"):
        assert part in told
    assert list(tmp_path.iterdir()) == []


def test_off_lets_it_start_and_is_said_at_every_start(tmp_path: Path) -> None:
    matcher = Matcher(tmp_path)
    matcher.environment["MATCHER_CURVE"] = "off"
    matcher.arguments[0] = matcher.arguments[0].replace("127.0.0.1", "*")
    for count in (1, 2):
        matcher.restart()
        matcher.stop()
        warned = [record for record in matcher.records() if record["level"] == "warning"]
        assert len(warned) == count
        assert "tcp://*" in warned[-1]["endpoints"][0]


A, B = new_keys()[1], new_keys()[0]


@pytest.mark.parametrize(
    ("module", "environment", "named"),
    [
        ("matcher", {"MATCHER_CURVE_SECRET": A}, "MATCHER_CURVE_ALLOWED"),
        ("matcher", {"MATCHER_CURVE_ALLOWED": B}, "MATCHER_CURVE_SECRET"),
        ("matcher", {"MATCHER_CURVE_SECRET": A, "MATCHER_CURVE_ALLOWED": "x"}, "MATCHER_CURVE_ALLOWED"),
        ("matcher", {"MATCHER_CURVE_SECRET": A[:-1] + "~"}, "MATCHER_CURVE_SECRET"),
        ("matcher", {"MATCHER_CURVE_SECRET": A, "MATCHER_CURVE_ALLOWED": B, "MATCHER_CURVE": "off"}, "takes one of"),
        ("matcher", {"MATCHER_CURVE_SECRET": A, "MATCHER_CURVE_SECRET_FILE": "key"}, "takes one of them"),
        ("matcher", {"MATCHER_CURVE_SECRET_FILE": "missing"}, "missing cannot be used: No such file"),
        ("matcher", {"MATCHER_CURVE_SECRET_FILE": "key"}, "chmod 600"),
        ("gateway", {"GATEWAY_CURVE_SECRET": A}, "GATEWAY_CURVE_SERVER"),
        ("gateway", {"GATEWAY_CURVE_SERVER": B}, "GATEWAY_CURVE_SECRET"),
        ("gateway", {"GATEWAY_CURVE_SERVER": "#" * 40, "GATEWAY_CURVE_SECRET": A}, "GATEWAY_CURVE_SERVER"),
    ],
)
def test_bad_keys_end_with_one_line_that_tells_no_secret(
    tmp_path: Path, module: str, environment: Mapping[str, str], named: str
) -> None:
    key = tmp_path / "key"
    key.write_text(A)
    key.chmod(0o640)
    status, told = ends_with(module, tmp_path, **environment)
    assert (status, told.count("\n")) == (2, 1), told
    assert named in told
    assert A[:-1] not in told


def test_a_secret_key_has_no_flag(tmp_path: Path) -> None:
    status, told = ends_with("matcher", tmp_path, f"--curve-secret={A}")
    assert status == 2
    assert "unrecognized" in told


def test_printed_keys_are_settings_that_fit(tmp_path: Path) -> None:
    status, told = ends_with("matching_exchange.tools.keys", tmp_path, "curve")
    lines = [line.removeprefix("export ").partition("=") for line in told.splitlines() if not line.startswith("#")]
    settings = {name: value.strip("'") for name, _, value in lines}
    assert status == 0
    assert public_key(settings["MATCHER_CURVE_SECRET"]) == settings["GATEWAY_CURVE_SERVER"]
    assert public_key(settings["GATEWAY_CURVE_SECRET"]) == settings["MATCHER_CURVE_ALLOWED"]


def test_files_of_keys_stay_and_are_private(tmp_path: Path) -> None:
    command = ("matching_exchange.tools.keys", tmp_path, "curve", "--files=keys")
    assert ends_with(*command) == (0, "")
    files = {path: path.read_text() for path in (tmp_path / "keys").rglob("*") if path.is_file()}
    assert len(files) == 4
    assert all(os.stat(path).st_mode & 0o077 == 0 for path in files)
    assert ends_with(*command) == (0, "")
    assert files == {path: path.read_text() for path in files}
