"""The exchange as containers: the compose file as it is, as a project of its own on free ports.

PYTHON_IMAGE names the base image where another one than the Dockerfile's is to be used.
"""

import json
import os
import re
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal

import msgspec
import pytest
import zmq
from websockets.sync.client import connect

from tests.compose.containers import (
    BUILD_PATIENCE,
    COMMANDS,
    HTTP,
    MARKET_DATA,
    OBSERVERS,
    PATIENCE,
    REPORTS,
    ROOT,
    SERVICES,
    SERVING,
    SETTINGS,
    Exchange,
    Object,
    compose_command,
    docker,
    free_ports,
    run,
)

pytestmark = pytest.mark.timeout(BUILD_PATIENCE + 4 * PATIENCE)

DEAF_MATCHER = f"""
import socket, time
kept = []
for port in ({COMMANDS}, {MARKET_DATA}, {REPORTS}):
    kept.append(socket.create_server(("0.0.0.0", port), backlog=0))
    for _ in range(2):
        kept.append(socket.socket())
        kept[-1].setblocking(False)
        kept[-1].connect_ex(("127.0.0.1", port))
time.sleep({PATIENCE * 2})
"""
"""A program whose full queues let every further connection attempt go unanswered, as an address does that is
nobody's."""

SYN_SENT = "02"
"""The state of a connection attempt in /proc/net/tcp."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """Built, not started."""
    command = compose_command()
    # Nor does a file .env of the checkout change what is tested.
    no_settings = tmp_path_factory.mktemp("compose") / "empty"
    no_settings.touch()
    name = f"exchange-test-{secrets.token_hex(4)}"
    command += ["--file", str(ROOT / "docker-compose.yml"), "--env-file", str(no_settings), "--project-name", name]
    environment = {variable: value for variable, value in os.environ.items() if not variable.startswith(SETTINGS)}
    # What is built is looked at, and not how fast it is.
    run(*command, "build", "--build-arg", "MYPYC_OPT_LEVEL=0", environment=environment, timeout=BUILD_PATIENCE)
    http_port, market_data_port = free_ports(2)
    environment |= {"HTTP_PORT": str(http_port), "MARKET_DATA_PORT": str(market_data_port)}
    exchange = Exchange(command, environment, name, http_port, market_data_port)
    try:
        yield exchange
    finally:
        exchange.compose("down", "--volumes", "--rmi", "local")


@pytest.fixture
def exchange(project: Exchange) -> Exchange:
    """Running and healthy, with whatever the tests before have left in it."""
    project.start()
    return project


def test_orders_trade_over_http(exchange: Exchange) -> None:
    maker = exchange.place("BTC-USDT", "sell", "60000.01", "0.5")
    taker = exchange.place("BTC-USDT", "buy", None, "0.5")

    (trade,) = taker["trades"]
    assert (trade["price"], trade["quantity"], trade["maker_order_id"]) == ("60000.01", "0.5", maker["order_id"])
    assert (
        exchange.request("GET", "/trades?symbol=BTC-USDT&limit=1").json()["trades"][0]["trade_id"] == trade["trade_id"]
    )


def test_a_subscriber_on_the_published_port_sees_instrument_depth_and_trade(exchange: Exchange) -> None:
    with zmq.Context() as context, closing(context.socket(zmq.SUB)) as subscriber:
        subscriber.linger = 0
        subscriber.connect(f"tcp://127.0.0.1:{exchange.market_data_port}")

        def read(wanted: Callable[[Object], bool]) -> Object:
            """The next message that is wanted."""
            deadline = time.monotonic() + PATIENCE
            while subscriber.poll(max(0, int((deadline - time.monotonic()) * 1000))):
                _, payload = subscriber.recv_multipart()
                message = msgspec.msgpack.decode(payload)
                if wanted(message):
                    assert isinstance(message, dict)
                    return message
            raise AssertionError(f"no such message within {PATIENCE:g} seconds")

        subscriber.subscribe("instruments/ETH-USDT/")
        instrument = read(lambda message: message["type"] == "instrument")
        # Each subscription stands before the order is sent: the current depth answers the second, and trades are asked
        # for before it.
        subscriber.subscribe("trades/ETH-USDT/")
        subscriber.subscribe("depth/ETH-USDT/")
        assert read(lambda message: message["type"] == "depth")["asks"] == []

        exchange.place("ETH-USDT", "sell", "3000.5", "2")
        depth = read(lambda message: message["type"] == "depth" and message["asks"] != [])
        taker = exchange.place("ETH-USDT", "buy", "3000.5", "2")
        trade = read(lambda message: message["type"] == "trade")

    price_unit, quantity_unit = (
        Decimal(1).scaleb(-instrument[name]) for name in ("price_decimals", "quantity_decimals")
    )
    ((price, quantity),) = depth["asks"]
    assert (price * price_unit, quantity * quantity_unit) == (Decimal("3000.5"), Decimal(2))
    assert (trade["price"] * price_unit, trade["quantity"] * quantity_unit) == (Decimal("3000.5"), Decimal(2))
    assert str(trade["taker_order_id"]) == taker["order_id"]


def test_http_and_market_data_are_published_on_loopback_and_nothing_else_is(exchange: Exchange) -> None:
    published = {service: exchange.inspect(service)["NetworkSettings"]["Ports"] for service in SERVING}

    assert published == {
        "matcher": {f"{MARKET_DATA}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(exchange.market_data_port)}]},
        "gateway": {f"{HTTP}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(exchange.http_port)}]},
    }


def test_the_file_bounds_what_each_service_takes() -> None:
    """As it stands, without an engine."""
    yaml = pytest.importorskip("yaml")
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert services.keys() == {"keys", "postgres", *SERVICES, *OBSERVERS}
    assert services["postgres"]["profiles"] == ["postgres"]
    for service in (services[name] for name in OBSERVERS):
        assert service["profiles"] == ["observe"]
        assert [port.partition(":")[0] for port in service["ports"]] == ["127.0.0.1"]
        assert (service["read_only"], service["cap_drop"], service["mem_limit"]) == (True, ["ALL"], "1g")
    for service in (services[name] for name in SERVICES):
        assert re.fullmatch(r"\$\{[A-Z_]+:-[0-9]+g\}", service["mem_limit"])
        assert service["pids_limit"] >= 64 * 8
        assert service["ulimits"]["nofile"] > 10_000
        assert service["logging"]["driver"] == "json-file"
        assert {"max-size", "max-file"} == service["logging"]["options"].keys()
    hosts = services["gateway"]["environment"]["GATEWAY_ALLOWED_HOSTS"]
    assert hosts == "${GATEWAY_ALLOWED_HOSTS:-localhost,127.0.0.1,gateway}"


def test_commands_and_reports_have_curve_and_each_service_sees_its_own_keys_only() -> None:
    """As it stands, without an engine."""
    yaml = pytest.importorskip("yaml")
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for service in SERVING:
        environment, prefix = services[service]["environment"], service.upper()
        assert environment[f"{prefix}_CURVE_SECRET_FILE"] == f"/keys/{service}/secret"
        assert environment[f"{prefix}_CURVE_MARKET_DATA"] == "off"
        assert f"{prefix}_CURVE" not in environment
        assert services[service]["depends_on"]["keys"] == {"condition": "service_completed_successfully"}
        mounted = [volume for volume in services[service]["volumes"] if "keys" in volume]
        server_key = ["server-key:/keys/server"] if service == "gateway" else []
        assert mounted == [f"{service}-keys:/keys/{service}:ro", *server_key]
    assert (services["keys"]["restart"], services["keys"]["network_mode"]) == ("no", "none")


def test_who_has_no_key_reaches_no_commands(exchange: Exchange) -> None:
    script = f"""from protocol.client import CommandClient, MatcherAwayError
try:
    CommandClient("tcp://matcher:{COMMANDS}", "tcp://matcher:{REPORTS}", 3).connect()
except MatcherAwayError as error:
    print(error.reason)"""
    assert exchange.execute("gateway", f"python -c '{script}'").startswith("one side has CURVE and the other has not")


@pytest.mark.parametrize("service", SERVICES)
def test_containers_are_bounded(exchange: Exchange, service: str) -> None:
    limits = exchange.inspect(service)["HostConfig"]

    assert limits["Memory"] == {"matcher": 4, "gateway": 2, "history": 4}[service] * 2**30
    assert limits["PidsLimit"] == 1024
    assert [(limit["Name"], limit["Soft"], limit["Hard"]) for limit in limits["Ulimits"]] == [
        ("nofile", 16_384, 16_384)
    ]
    assert limits["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "5"}}


@pytest.mark.parametrize(
    ("host", "status"), [("gateway:8000", 200), ("127.0.0.1:8000", 200), ("evil.example:8000", 421)]
)
def test_other_containers_call_the_gateway_by_its_name(exchange: Exchange, host: str, status: int) -> None:
    script = f"""from http.client import HTTPConnection
gateway = HTTPConnection("gateway", {HTTP}, timeout={PATIENCE})
gateway.request("GET", "/instruments", headers={{"Host": "{host}"}})
print(gateway.getresponse().status)"""
    assert exchange.execute("matcher", f"python -c '{script}'") == f"{status}\n"


@pytest.mark.parametrize("service", SERVICES)
def test_processes_have_no_privileges(exchange: Exchange, service: str) -> None:
    status = exchange.execute(service, "cat /proc/[0-9]*/status")

    users = {user for line in re.findall("^Uid:(.*)$", status, re.MULTILINE) for user in line.split()}
    assert users
    assert "0" not in users
    assert set(re.findall(r"^Cap(?:Prm|Eff|Bnd):\s*(\w+)$", status, re.MULTILINE)) == {"0" * 16}
    assert set(re.findall(r"^NoNewPrivs:\s*(\w+)$", status, re.MULTILINE)) == {"1"}


@pytest.mark.parametrize("service", SERVICES)
def test_containers_hold_no_compiler_and_write_to_nothing_but_the_volume(exchange: Exchange, service: str) -> None:
    assert exchange.execute(service, "command -v cc gcc c++ g++ clang || echo none") == "none\n"
    # Anybody may write to /tmp, were it not read-only.
    assert exchange.execute(service, "touch /tmp/file 2>/dev/null || echo refused") == "refused\n"
    volumes = [(mount["Type"], mount["Destination"]) for mount in exchange.inspect(service)["Mounts"]]
    own = {
        "matcher": ["/data", "/keys/matcher"],
        "gateway": ["/data", "/keys/gateway", "/keys/server"],
        "history": ["/data"],
    }[service]
    assert sorted(volumes) == sorted(("volume", path) for path in own)


def test_the_core_is_compiled_where_the_build_had_a_compiler(exchange: Exchange) -> None:
    built = exchange.execute("matcher", "test -e matcher/compiled.json && echo compiled || echo interpreted")

    assert exchange.request("GET", "/health").json()["core"] == built.strip()


def test_a_book_is_saved_on_the_volume(exchange: Exchange) -> None:
    order = exchange.place("SOL-USDT", "buy", "150")

    saved = exchange.request("POST", "/admin/save?symbol=SOL-USDT")

    assert saved.status_code == 200, saved.text
    book = json.loads(exchange.execute("matcher", f"cat /data/{saved.json()['file']}"))
    assert book["symbol"] == "SOL-USDT"
    assert [str(bid["order_id"]) for bid in book["bids"]] == [order["order_id"]]
    exchange.request("DELETE", f"/orders/{order['order_id']}")


def test_the_history_has_its_tables_on_the_volume(exchange: Exchange) -> None:
    exchange.place("SOL-USDT", "sell", "150")
    exchange.place("SOL-USDT", "buy", "150")
    script = """import sqlite3
print(sqlite3.connect("/data/history/history.sqlite").execute("SELECT count(*) FROM trades").fetchone()[0])"""

    def trades(service: str) -> int:
        return int(exchange.execute(service, f"python -c '{script}'"))

    exchange.wait(lambda: trades("history") > 0, "a trade in the tables")
    assert trades("gateway") > 0


def test_the_gateway_lives_through_a_restart_of_the_matcher(exchange: Exchange) -> None:
    name = secrets.token_hex(8)
    exchange.place("BTC-USDT", "buy", "100", client_order_id=name)
    before = exchange.inspect("gateway")

    exchange.compose("stop", "matcher")
    exchange.wait(lambda: exchange.health() == 503, "an outage noticed")
    refused = exchange.request(
        "POST", "/orders", {"symbol": "BTC-USDT", "order_type": "market", "side": "sell", "quantity": "1"}
    )
    exchange.compose("start", "matcher")
    exchange.wait_until_healthy()

    assert refused.status_code == 503
    assert exchange.order_status(name) == "open"
    assert len(exchange.place("BTC-USDT", "sell", "100")["trades"]) == 1
    assert exchange.order_status(name) == "filled"
    after = exchange.inspect("gateway")
    assert (after["RestartCount"], after["State"]["StartedAt"]) == (
        before["RestartCount"],
        before["State"]["StartedAt"],
    )


def test_a_killed_matcher_is_started_again_and_has_kept_what_it_answered(exchange: Exchange) -> None:
    name = secrets.token_hex(8)
    exchange.place("BTC-USDT", "buy", "100", client_order_id=name)

    restarts = exchange.inspect("matcher")["RestartCount"]
    exchange.execute("matcher", "kill -KILL $(cat /proc/1/task/1/children)")
    exchange.wait(lambda: exchange.inspect("matcher")["RestartCount"] == restarts + 1, "a restarted matcher")
    exchange.wait_until_healthy()

    assert exchange.order_status(name) == "open"
    exchange.request("DELETE", f"/orders/client:{name}")


def test_the_gateway_gives_up_an_address_where_nobody_answers(exchange: Exchange) -> None:
    """A restarted matcher may have another address; what the gateway tries meanwhile may be nobody's, and stay silent
    for minutes."""
    (network,) = exchange.inspect("gateway")["NetworkSettings"]["Networks"]
    image = exchange.inspect("gateway")["Image"]

    def tried() -> set[int]:
        """The ports to which the gateway is trying to connect."""
        connections = [line.split() for line in exchange.execute("gateway", "tail -n +2 /proc/net/tcp").splitlines()]
        return {int(remote.rpartition(":")[2], 16) for _, _, remote, state, *_ in connections if state == SYN_SENT}

    exchange.compose("stop", "matcher")
    # The image may bear the project's label, but this container is none of the project's.
    options = ("--network", network, "--network-alias", "matcher", "--label", "com.docker.compose.project=none")
    deaf = docker("run", "--detach", *options, image, "python", "-c", DEAF_MATCHER).strip()
    try:
        exchange.wait(lambda: tried() == {COMMANDS, MARKET_DATA, REPORTS}, "connection attempts that hang")
        # It keeps an address, so that the matcher gets another one, but the name is the matcher's again.
        docker("network", "disconnect", network, deaf)
        docker("network", "connect", network, deaf)
        exchange.compose("start", "matcher")
        exchange.wait(lambda: exchange.health() == 200, "a matcher found")
    finally:
        docker("rm", "--force", deaf)


def test_down_ends_both_cleanly_and_up_has_kept_the_orders(exchange: Exchange) -> None:
    name = secrets.token_hex(8)
    exchange.place("BTC-USDT", "buy", "100", client_order_id=name)
    # An open dashboard must not hold the gateway up.
    stream_socket = socket.create_connection(("127.0.0.1", exchange.http_port))
    with connect(f"ws://127.0.0.1:{exchange.http_port}/ws/marketdata?symbol=BTC-USDT", sock=stream_socket) as stream:
        assert json.loads(stream.recv(PATIENCE))["symbol"] == "BTC-USDT"
        exchange.compose("stop")
    # A process that the engine had to kill has exit status 137.
    assert {service: exchange.inspect(service)["State"]["ExitCode"] for service in SERVICES} == {
        "matcher": 0,
        "gateway": 0,
        "history": 0,
    }

    exchange.compose("down")
    assert exchange.containers() == []
    exchange.start()
    assert exchange.order_status(name) == "open"
