"""Injected faults, as clients meet them: over HTTP and WebSocket, in both dialects."""

import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from gateway.config import read_config
from tests.e2e.binance import Holder, Parameters
from tests.e2e.binance_sockets import ApiSocket
from tests.exchange import PATIENCE, Exchange, Json, ending, receive

_names = count(1)

LONG_MS = 150


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    directory = tmp_path_factory.mktemp("faults")
    flags = ("--faults=allow", f"--key-file={directory / 'server.key'}")
    with Exchange(directory, gateway_flags=flags) as exchange:
        yield exchange


@pytest.fixture
def exchange(shared: Exchange) -> Iterator[Exchange]:
    yield shared
    shared.delete("/admin/faults")


@pytest.fixture(scope="module")
def holder(shared: Exchange) -> Holder:
    return Holder(shared, "carol", deposit={"USDT": "1000000", "BTC": "100"})


def inject(exchange: Exchange, fault: str, **more: Any) -> str:
    response = exchange.http.post("/admin/faults", json={"fault": fault, **more})
    assert response.status_code == 201, response.text
    fault_id: str = response.json()["fault_id"]
    return fault_id


def order(**more: str) -> Json:
    return {
        "symbol": "BTC-USDT",
        "order_type": "limit",
        "side": "buy",
        "quantity": "0.1",
        "price": "100",
        "client_order_id": f"order-{next(_names)}",
        **more,
    }


def place(exchange: Exchange, **more: str) -> tuple[httpx.Response, bool]:
    """The answer to an order, and whether the order is there."""
    body = order(**more)
    response = exchange.http.post("/orders", json=body)
    return response, is_there(exchange, body)


def is_there(exchange: Exchange, body: Json) -> bool:
    path = f"/orders/client:{body['client_order_id']}"
    return exchange.http.get(path, params={"account": body.get("account", "default")}).status_code == 200


def open_stream(exchange: Exchange, path: str) -> ClientConnection:
    return connect(f"ws://127.0.0.1:{exchange.gateway.port}{path}", open_timeout=PATIENCE, proxy=None)


def test_a_gateway_injects_none_unless_it_is_allowed(shared_exchange: Exchange) -> None:
    for method, path in (("GET", ""), ("POST", ""), ("DELETE", ""), ("DELETE", "/1")):
        response = shared_exchange.http.request(method, f"/admin/faults{path}")
        assert (response.status_code, response.json()["code"]) == (403, "faults_off")
        assert "GATEWAY_FAULTS=allow" in response.json()["detail"]
    assert shared_exchange.get("/health")["faults"] is None


def test_faults_are_listed_counted_and_removed(exchange: Exchange) -> None:
    fault_id = inject(exchange, "unavailable", call="POST /orders", count=1)
    assert exchange.get("/health")["faults"] == 1
    response, there = place(exchange)
    assert (response.status_code, response.json()["code"], there) == (503, "overloaded", False)
    assert (response.headers["retry-after"], response.headers["x-injected-fault"]) == ("1", fault_id)
    assert place(exchange)[1]
    [listed] = exchange.get("/admin/faults")["faults"]
    assert (listed["fault_id"], listed["matched"], listed["struck"], listed["active"]) == (fault_id, 1, 1, False)
    assert exchange.http.delete(f"/admin/faults/{fault_id}").status_code == 200
    assert exchange.http.delete(f"/admin/faults/{fault_id}").json()["code"] == "unknown_fault"
    assert exchange.get("/health")["faults"] == 0


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "missing_field", "fault"),
        ({"fault": "earthquake"}, "invalid_value", "fault"),
        ({"fault": "latency"}, "missing_field", "delay_ms"),
        ({"fault": "latency", "delay_ms": 600_001}, "invalid_value", "delay_ms"),
        ({"fault": "unavailable", "delay_ms": 1}, "invalid_value", "delay_ms"),
        ({"fault": "unavailable", "moment": "after"}, "invalid_value", "moment"),
        ({"fault": "close", "code": 999}, "invalid_value", "code"),
        ({"fault": "disconnect", "code": 1012}, "invalid_value", "code"),
        ({"fault": "disconnect", "chance": "1.5"}, "invalid_value", "chance"),
        ({"fault": "disconnect", "chance": "0"}, "invalid_value", "chance"),
        ({"fault": "disconnect", "count": 0}, "invalid_value", "count"),
        ({"fault": "disconnect", "account": "no account"}, "invalid_name", "account"),
        ({"fault": "disconnect", "call": ""}, "invalid_value", "call"),
        ({"fault": "disconnect", "when": "now"}, "unknown_field", "when"),
    ],
)
def test_a_bad_fault_is_refused_with_its_field(exchange: Exchange, body: Json, code: str, field: str) -> None:
    response = exchange.http.post("/admin/faults", json=body)
    assert (response.status_code, response.json()["code"], response.json()["field"]) == (422, code, field)


def test_a_limit_of_rate_tells_when_to_try_again(exchange: Exchange) -> None:
    inject(exchange, "rate_limited", retry_after=7, count=1)
    response, there = place(exchange)
    assert (response.status_code, response.json()["code"], there) == (429, "rate_limited", False)
    assert response.headers["retry-after"] == "7"


@pytest.mark.parametrize(("moment", "placed"), [("before", False), ("after", True)])
def test_an_unknown_outcome_is_one(exchange: Exchange, moment: str, *, placed: bool) -> None:
    inject(exchange, "outcome_unknown", moment=moment, call="POST /orders")
    response, there = place(exchange)
    assert (response.status_code, response.json()["code"], there) == (504, "outcome_unknown", placed)


@pytest.mark.parametrize(("moment", "placed"), [("before", False), ("after", True), ("within", True)])
def test_a_connection_breaks(exchange: Exchange, moment: str, *, placed: bool) -> None:
    inject(exchange, "disconnect", moment=moment, call="POST /orders", count=1)
    body = order()
    with pytest.raises(httpx.TransportError):
        exchange.http.post("/orders", json=body)
    assert is_there(exchange, body) is placed


@pytest.mark.parametrize("moment", ["before", "after"])
def test_latency_delays_a_call(exchange: Exchange, moment: str) -> None:
    inject(exchange, "latency", delay_ms=LONG_MS, moment=moment, call="POST /orders")
    begun = time.monotonic()
    assert place(exchange)[1]
    assert time.monotonic() - begun >= LONG_MS / 1000


def test_a_fault_is_of_one_account(exchange: Exchange) -> None:
    inject(exchange, "unavailable", account="alice", call="POST /orders*")
    assert place(exchange, account="alice")[0].status_code == 503
    assert place(exchange, account="bob")[1]
    assert exchange.http.post("/orders/batch", json={"orders": [order(account="alice")]}).status_code == 503
    assert exchange.http.delete("/orders", params={"account": "alice"}).status_code == 200
    assert exchange.http.post("/orders", content=b" " * 100_000).json()["code"] == "body_too_large"


def test_what_administers_the_exchange_is_never_struck(exchange: Exchange) -> None:
    inject(exchange, "disconnect")
    for path in ("/health", "/admin/faults", "/metrics", "/openapi.json", "/"):
        assert exchange.http.get(path).status_code == 200
    with pytest.raises(httpx.TransportError):
        exchange.http.get("/instruments")


def test_the_same_seed_strikes_the_same_calls(exchange: Exchange) -> None:
    def drawn(seed: int) -> list[int]:
        fault_id = inject(exchange, "unavailable", call="GET /instruments", chance="0.5", seed=seed)
        statuses = [exchange.http.get("/instruments").status_code for _ in range(20)]
        exchange.http.delete(f"/admin/faults/{fault_id}")
        return statuses

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert set(drawn(1)) == {200, 503}


def test_faults_of_the_binance_dialect_are_told_in_its_words(exchange: Exchange, holder: Holder) -> None:
    parameters: Parameters = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "1",
        "price": "9",
    }
    for fault, status, code in (
        ("unavailable", 503, -1001),
        ("rate_limited", 429, -1003),
        ("outcome_unknown", 504, -1007),
    ):
        inject(exchange, fault, call="POST /api/v3/order", key=holder.api_key, count=1)
        response = holder.call("POST", "/api/v3/order", parameters)
        assert (response.status_code, response.json()["code"]) == (status, code), fault
    inject(exchange, "outcome_unknown", call="* /api/v3/*", account="carol", moment="after", count=1)
    named: Parameters = {**parameters, "newClientOrderId": "unknown-1"}
    assert holder.call("POST", "/api/v3/order", named).status_code == 504
    assert (
        holder.call("GET", "/api/v3/order", {"symbol": "BTCUSDT", "origClientOrderId": "unknown-1"}).status_code == 200
    )


def test_faults_of_the_websocket_api(exchange: Exchange, holder: Holder) -> None:
    with ApiSocket(exchange) as socket:
        for fault, status in (("unavailable", 503), ("rate_limited", 429), ("outcome_unknown", 504)):
            inject(exchange, fault, call="time", count=1)
            assert socket.ask("time")["status"] == status, fault
        inject(exchange, "outcome_unknown", call="time", moment="after", count=1)
        assert socket.ask("time")["status"] == 504
        assert socket.ask("ping")["status"] == 200
        inject(exchange, "latency", delay_ms=LONG_MS, call="ping", moment="after", count=1)
        begun = time.monotonic()
        assert socket.ask("ping")["status"] == 200
        assert time.monotonic() - begun >= LONG_MS / 1000
        inject(exchange, "disconnect", call="ping")
        with pytest.raises(ConnectionClosed):
            socket.ask("ping")


@pytest.mark.parametrize(
    ("path", "limited", "unavailable"),
    [("/ws/user?account=alice", 4429, 4503), ("/ws-api/v3", 1013, 1013), ("/ws/btcusdt@trade", 1013, 1013)],
)
def test_a_websocket_is_refused(exchange: Exchange, path: str, limited: int, unavailable: int) -> None:
    for fault, code in (("rate_limited", limited), ("unavailable", unavailable)):
        inject(exchange, fault, call=f"WS {path.partition('?')[0]}", count=1)
        with open_stream(exchange, path) as stream:
            assert ending(stream)[0] == code
    inject(exchange, "disconnect", call="WS *", count=1)
    with pytest.raises((InvalidHandshake, EOFError, OSError)):
        open_stream(exchange, path)


def test_an_open_websocket_is_closed_and_broken_in_mid_stream(exchange: Exchange) -> None:
    call, symbol = "WS /ws/trades", exchange.add_instrument()
    for fault, more in (
        ("close", {"code": 1011}),
        ("disconnect", {"moment": "within"}),
        ("disconnect", {"moment": "after"}),
    ):
        with open_stream(exchange, f"/ws/trades?symbol={symbol}") as stream:
            exchange.trade(symbol, "10")
            assert receive(stream)["price"] == "10"
            inject(exchange, fault, call=call, count=1, skip=1, **more)
            for price in ("11", "12"):
                exchange.trade(symbol, price)
            assert receive(stream)["price"] == "11"
            if more.get("moment") == "after":
                assert receive(stream)["price"] == "12"
            if fault == "close":
                assert ending(stream) == (1011, "an injected fault")
            else:
                with pytest.raises(ConnectionClosed) as closed:
                    stream.recv(timeout=PATIENCE)
                assert closed.value.rcvd is None


def test_messages_of_a_stream_come_late_and_in_order(exchange: Exchange) -> None:
    symbol = exchange.add_instrument()
    with open_stream(exchange, f"/ws/trades?symbol={symbol}") as stream:
        exchange.trade(symbol, "9")
        assert receive(stream)["price"] == "9"
        inject(exchange, "latency", delay_ms=LONG_MS, jitter_ms=20, call="WS /ws/*")
        begun = time.monotonic()
        for price in ("10", "11", "12"):
            exchange.trade(symbol, price)
        assert [receive(stream)["price"] for _ in range(3)] == ["10", "11", "12"]
        assert time.monotonic() - begun >= LONG_MS / 1000


def test_faults_take_one_worker(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_config(["--faults=allow", "--workers=2"], {})
    assert capsys.readouterr().err == "gateway: GATEWAY_FAULTS (--faults): allow takes GATEWAY_WORKERS=1, not 2\n"
    assert read_config(["--faults=allow"], {}).faults == "allow"
