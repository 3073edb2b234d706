"""What cannot be taken, over HTTP: the status, the problem document, its code and field; and that nothing has
changed."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.exchange import PATIENCE, Exchange, Json

LIMIT: Json = {"symbol": "BTC-USDT", "order_type": "limit", "side": "buy", "quantity": "1", "price": "100"}
MAX_BODY = 64 * 1024


def assert_problem(response: httpx.Response, status: int, code: str, field: str | None = None) -> Json:
    """The response is this problem, and a proper problem document."""
    assert response.headers["content-type"] == "application/problem+json"
    problem: Json = response.json()
    assert (response.status_code, problem["code"], problem.get("field")) == (status, code, field), problem
    assert problem["status"] == status
    assert problem.keys() == {"type", "title", "status", "detail", "code", *(["field"] if field else [])}
    assert all(isinstance(problem[name], str) and problem[name] for name in ("type", "title", "detail"))
    assert "Traceback" not in response.text
    return problem


@pytest.fixture
def unchanged(shared_exchange: Exchange) -> Iterator[None]:
    """Nothing that the test sends is an order, or changes one, and the matcher never sees a frame that it refuses."""

    def state() -> list[Json]:
        shown = [shared_exchange.get("/depth", symbol="BTC-USDT"), shared_exchange.get("/health")]
        for answer in shown:
            for name in ("timestamp", "uptime", "sequence", "clock_difference_ms"):
                answer.pop(name, None)
        return [
            *shown,
            shared_exchange.get("/orders"),
            shared_exchange.get("/orders", status="done"),
            shared_exchange.get("/instruments"),
        ]

    before = state()
    yield
    assert state() == before


def order(**changes: Any) -> Json:
    """A sound limit order with other fields; None leaves one out."""
    return {name: value for name, value in {**LIMIT, **changes}.items() if value is not None}


BAD_ORDERS: dict[str, tuple[Json, int, str, str]] = {
    "no symbol": (order(symbol=None), 422, "missing_field", "symbol"),
    "no order_type": (order(order_type=None), 422, "missing_field", "order_type"),
    "no side": (order(side=None), 422, "missing_field", "side"),
    "no quantity": (order(quantity=None), 422, "quantity_required", "quantity"),
    "unknown field": (order(leverage=5), 422, "unknown_field", "leverage"),
    "field in another case": (order(Price="1"), 422, "unknown_field", "Price"),
    "unknown order_type": (order(order_type="iceberg"), 422, "invalid_value", "order_type"),
    "order_type in capitals": (order(order_type="LIMIT"), 422, "invalid_value", "order_type"),
    "unknown side": (order(side="up"), 422, "invalid_value", "side"),
    "symbol as number": (order(symbol=1), 422, "invalid_value", "symbol"),
    "side as list": (order(side=["buy"]), 422, "invalid_value", "side"),
    "quantity as word": (order(quantity="much"), 422, "invalid_value", "quantity"),
    "quantity as list": (order(quantity=["1"]), 422, "invalid_value", "quantity"),
    "quantity true": (order(quantity=True), 422, "invalid_value", "quantity"),
    "quantity empty": (order(quantity=""), 422, "invalid_value", "quantity"),
    "quantity with spaces": (order(quantity=" 1 "), 422, "invalid_value", "quantity"),
    "quantity with a plus": (order(quantity="+1"), 422, "invalid_value", "quantity"),
    "quantity with a comma": (order(quantity="1,5"), 422, "invalid_value", "quantity"),
    "quantity hexadecimal": (order(quantity="0x10"), 422, "invalid_value", "quantity"),
    "quantity in other digits": (order(quantity="١"), 422, "invalid_value", "quantity"),
    "quantity NaN": (order(quantity="NaN"), 422, "invalid_value", "quantity"),
    "quantity infinite": (order(quantity="Infinity"), 422, "invalid_value", "quantity"),
    "quantity zero": (order(quantity="0"), 422, "invalid_value", "quantity"),
    "quantity zero in decimals": (order(quantity="0.00000000"), 422, "invalid_value", "quantity"),
    "quantity negative": (order(quantity="-1"), 422, "invalid_value", "quantity"),
    "quantity negative number": (order(quantity=-1), 422, "invalid_value", "quantity"),
    "quantity of 100 digits": (order(quantity="9" * 100), 422, "invalid_value", "quantity"),
    "quantity with an endless exponent": (order(quantity="1e9999"), 422, "invalid_value", "quantity"),
    "quantity 2**63": (order(quantity=str(2**63)), 422, "quantity_too_large", "quantity"),
    "quantity 2**64": (order(quantity=2**64), 422, "quantity_too_large", "quantity"),
    "quantity too large": (order(quantity="9000.00001"), 422, "quantity_too_large", "quantity"),
    "quantity off the lot": (order(quantity="1.000001"), 422, "quantity_off_lot", "quantity"),
    "quantity far off the lot": (order(quantity="1e-30"), 422, "quantity_off_lot", "quantity"),
    "price zero": (order(price="0"), 422, "invalid_value", "price"),
    "price negative": (order(price="-100"), 422, "invalid_value", "price"),
    "price as word": (order(price="cheap"), 422, "invalid_value", "price"),
    "price as map": (order(price={"amount": 1}), 422, "invalid_value", "price"),
    "price off the tick": (order(price="100.001"), 422, "price_off_tick", "price"),
    "price too large": (order(price="10000000.01"), 422, "price_too_large", "price"),
    "price 2**63": (order(price=str(2**63)), 422, "price_too_large", "price"),
    "below the least value": (order(quantity="0.00001", price="100"), 422, "below_min_notional", "quantity"),
    "client_order_id with a space": (order(client_order_id="a b"), 422, "invalid_name", "client_order_id"),
    "client_order_id empty": (order(client_order_id=""), 422, "invalid_name", "client_order_id"),
    "client_order_id too long": (order(client_order_id="x" * 65), 422, "invalid_name", "client_order_id"),
    "client_order_id as number": (order(client_order_id=5), 422, "invalid_value", "client_order_id"),
    "account with a slash": (order(account="a/b"), 422, "invalid_name", "account"),
    "account with a line": (order(account="a\n"), 422, "invalid_name", "account"),
    "account empty": (order(account=""), 422, "invalid_name", "account"),
    "market with a price": (order(order_type="market"), 422, "price_not_allowed", "price"),
    "market with a trigger": (
        order(order_type="market", price=None, trigger_price="1"),
        422,
        "trigger_price_not_allowed",
        "trigger_price",
    ),
    "stop_market with a price": (order(order_type="stop_market", trigger_price="1"), 422, "price_not_allowed", "price"),
    "stop_market without a trigger": (
        order(order_type="stop_market", price=None),
        422,
        "trigger_price_required",
        "trigger_price",
    ),
    "take_profit with a price": (order(order_type="take_profit", trigger_price="1"), 422, "price_not_allowed", "price"),
    "take_profit without a trigger": (
        order(order_type="take_profit", price=None),
        422,
        "trigger_price_required",
        "trigger_price",
    ),
    "stop_limit without a price": (
        order(order_type="stop_limit", price=None, trigger_price="1"),
        422,
        "price_required",
        "price",
    ),
    "stop_limit without a trigger": (order(order_type="stop_limit"), 422, "trigger_price_required", "trigger_price"),
    "trigger off the tick": (
        order(order_type="stop_limit", trigger_price="1.001"),
        422,
        "trigger_price_off_tick",
        "trigger_price",
    ),
    "trigger negative": (order(order_type="stop_limit", trigger_price="-1"), 422, "invalid_value", "trigger_price"),
    "trigger too large": (
        order(order_type="stop_limit", trigger_price="10000000.01"),
        422,
        "trigger_price_too_large",
        "trigger_price",
    ),
    "unknown symbol": (order(symbol="DOGE-USDT"), 404, "unknown_symbol", "symbol"),
    "symbol in small letters": (order(symbol="btc-usdt"), 404, "unknown_symbol", "symbol"),
    "symbol as path": (order(symbol="../../etc/passwd"), 404, "unknown_symbol", "symbol"),
    "symbol empty": (order(symbol=""), 404, "unknown_symbol", "symbol"),
    "symbol of many letters": (order(symbol="A" * 10_000), 404, "unknown_symbol", "symbol"),
    **{
        f"{order_type} without a price": (order(order_type=order_type, price=None), 422, "price_required", "price")
        for order_type in ("limit", "ioc", "fok")
    },
    **{
        f"{order_type} with a trigger": (
            order(order_type=order_type, trigger_price="1"),
            422,
            "trigger_price_not_allowed",
            "trigger_price",
        )
        for order_type in ("limit", "ioc", "fok")
    },
}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("body", "status", "code", "field"), [pytest.param(*case, id=name) for name, case in BAD_ORDERS.items()]
)
def test_bad_order(shared_exchange: Exchange, body: Json, status: int, code: str, field: str) -> None:
    assert_problem(shared_exchange.http.post("/orders", json=body), status, code, field)


def test_least_quantity_has_a_name(shared_exchange: Exchange) -> None:
    symbol = shared_exchange.add_instrument(min_quantity="0.5")
    response = shared_exchange.http.post("/orders", json=order(symbol=symbol, quantity="0.49999"))
    assert_problem(response, 422, "quantity_too_small", "quantity")


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"null",
        b"[]",
        b'"limit"',
        b"[" * 30_000,
        b'{"a":' * 10_000,
        b"{}{}",
        json.dumps(LIMIT).encode()[:-1],
        json.dumps(LIMIT).encode() + b"x",
        b"\xff\xfe" + json.dumps(LIMIT).encode("utf-16-le"),
        json.dumps(LIMIT).replace('"', "'").encode(),
        b'{"symbol":"BTC-USDT","quantity":01}',
        b'{"symbol":"BTC-USDT","quantity":NaN}',
        b"symbol=BTC-USDT&side=buy",
    ],
)
def test_body_that_is_no_json_object(shared_exchange: Exchange, body: bytes) -> None:
    response = shared_exchange.http.post("/orders", content=body, headers={"Content-Type": "application/json"})
    assert_problem(response, 422, "invalid_json")


@pytest.mark.usefixtures("unchanged")
def test_body_that_is_no_unicode(shared_exchange: Exchange) -> None:
    body = json.dumps(order(client_order_id="NAME")).encode().replace(b"NAME", b"\xff\xfe")
    assert_problem(shared_exchange.http.post("/orders", content=body), 422, "invalid_json", "client_order_id")


# Large bodies


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("path", ["/orders", "/admin/instruments"])
@pytest.mark.parametrize("size", [MAX_BODY + 1, 10 * 1024 * 1024])
def test_large_body(shared_exchange: Exchange, path: str, size: int) -> None:
    body = b" " * (size - 2) + b"{}"
    assert_problem(shared_exchange.http.post(path, content=body), 413, "body_too_large")


@pytest.mark.usefixtures("unchanged")
def test_large_body_in_chunks(shared_exchange: Exchange) -> None:
    chunks = (b" " * 1000 for _ in range(1000))
    assert_problem(shared_exchange.http.post("/orders", content=chunks), 413, "body_too_large")


@pytest.mark.usefixtures("unchanged")
def test_large_body_that_never_comes_is_refused_by_its_length(shared_exchange: Exchange) -> None:
    with socket.create_connection(("127.0.0.1", shared_exchange.gateway.port), PATIENCE) as connection:
        connection.sendall(
            b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n" + b" " * (MAX_BODY + 1)
        )
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_largest_body_is_read(shared_exchange: Exchange, symbol: str) -> None:
    body = json.dumps(order(symbol=symbol)).encode()
    response = shared_exchange.http.post("/orders", content=body + b" " * (MAX_BODY - len(body)))
    assert response.status_code == 200


# Paths, methods, parameters


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("method", "path", "status", "code", "field"),
    [
        ("GET", "/nowhere", 404, "not_found", None),
        ("GET", "/orders/", 404, "not_found", None),
        ("GET", "/admin", 404, "not_found", None),
        ("GET", "/static/no-such-file.js", 404, "not_found", None),
        ("GET", "/static/../app.py", 404, "not_found", None),
        ("GET", "/static/%2e%2e/app.py", 404, "not_found", None),
        ("GET", "/static/..%2f..%2fpyproject.toml", 404, "not_found", None),
        ("PUT", "/orders", 405, "method_not_allowed", None),
        ("POST", "/orders/1", 405, "method_not_allowed", None),
        ("POST", "/depth", 405, "method_not_allowed", None),
        ("GET", "/admin/save", 405, "method_not_allowed", None),
        ("POST", "/", 405, "method_not_allowed", None),
        ("GET", "/depth", 422, "missing_field", "symbol"),
        ("GET", "/bbo", 422, "missing_field", "symbol"),
        ("GET", "/trades", 422, "missing_field", "symbol"),
        ("GET", "/depth?symbol=DOGE-USDT", 404, "unknown_symbol", "symbol"),
        ("GET", "/bbo?symbol=DOGE-USDT", 404, "unknown_symbol", "symbol"),
        ("GET", "/trades?symbol=", 404, "unknown_symbol", "symbol"),
        ("GET", "/orders?symbol=DOGE-USDT", 404, "unknown_symbol", "symbol"),
        ("DELETE", "/orders?symbol=DOGE-USDT", 404, "unknown_symbol", "symbol"),
        ("POST", "/admin/save?symbol=DOGE-USDT", 404, "unknown_symbol", "symbol"),
        ("POST", "/admin/load?symbol=../../x", 404, "unknown_symbol", "symbol"),
        ("POST", "/admin/save", 422, "missing_field", "symbol"),
        ("POST", "/admin/load", 422, "missing_field", "symbol"),
        ("GET", "/depth?symbol=BTC-USDT&levels=0", 422, "invalid_value", "levels"),
        ("GET", "/depth?symbol=BTC-USDT&levels=1001", 422, "invalid_value", "levels"),
        ("GET", "/depth?symbol=BTC-USDT&levels=ten", 422, "invalid_value", "levels"),
        ("GET", "/depth?symbol=BTC-USDT&levels=-1", 422, "invalid_value", "levels"),
        ("GET", "/depth?symbol=BTC-USDT&depth=5", 422, "unknown_field", "depth"),
        ("GET", "/depth?symbol=BTC-USDT&symbol=ETH-USDT", 422, "invalid_value", "symbol"),
        ("GET", "/trades?symbol=BTC-USDT&limit=0", 422, "invalid_value", "limit"),
        ("GET", "/trades?symbol=BTC-USDT&limit=1001", 422, "invalid_value", "limit"),
        ("GET", "/orders?limit=0", 422, "invalid_value", "limit"),
        ("GET", "/orders?limit=1001", 422, "invalid_value", "limit"),
        ("GET", "/orders?after=x", 422, "invalid_value", "after"),
        ("GET", "/orders?after=99999999999999999999", 422, "invalid_value", "after"),
        ("GET", "/orders?status=filled", 422, "invalid_value", "status"),
        ("GET", "/orders?account=a%20b", 422, "invalid_name", "account"),
        ("GET", "/orders?page=2", 422, "unknown_field", "page"),
        ("DELETE", "/orders?account=", 422, "invalid_name", "account"),
        ("DELETE", "/orders?limit=5", 422, "unknown_field", "limit"),
        ("GET", "/instruments?symbol=BTC-USDT", 422, "unknown_field", "symbol"),
        ("GET", "/orders/0", 404, "unknown_order", None),
        ("GET", "/orders/999999999", 404, "unknown_order", None),
        ("GET", "/orders/9223372036854775807", 404, "unknown_order", None),
        ("GET", "/orders/9223372036854775808", 404, "unknown_order", None),
        ("GET", "/orders/01", 404, "unknown_order", None),
        ("GET", "/orders/-1", 404, "unknown_order", None),
        ("GET", "/orders/f11c2460-de0b-46cc-9500-4f585ab36a9d", 404, "unknown_order", None),
        ("GET", "/orders/client:", 404, "unknown_order", None),
        ("GET", "/orders/client:never-sent", 404, "unknown_order", None),
        ("DELETE", "/orders/999999999", 404, "unknown_order", None),
        ("DELETE", "/orders/client:never-sent", 404, "unknown_order", None),
        ("DELETE", "/orders/1?symbol=BTC-USDT", 422, "unknown_field", "symbol"),
    ],
)
def test_bad_call(shared_exchange: Exchange, method: str, path: str, status: int, code: str, field: str | None) -> None:
    response = shared_exchange.http.request(method, httpx.URL(shared_exchange.url + path))
    assert_problem(response, status, code, field)
    if status == 405:
        assert response.headers["allow"]


def test_order_of_another_account_is_unknown(shared_exchange: Exchange, symbol: str) -> None:
    placed = shared_exchange.place(
        symbol, "limit", "buy", "1", "100", account="owner", client_order_id=f"{symbol}-order"
    )
    for method in ("GET", "DELETE"):
        for path in (
            f"/orders/{placed['order_id']}?account=thief",
            f"/orders/client:{symbol}-order",
            f"/orders/client:{symbol}-order?account=thief",
        ):
            assert_problem(shared_exchange.http.request(method, path), 404, "unknown_order")
    assert shared_exchange.get(f"/orders/{placed['order_id']}") == placed


def test_done_order_cannot_be_canceled(shared_exchange: Exchange, symbol: str) -> None:
    filled = shared_exchange.trade(symbol, "100")
    canceled = shared_exchange.delete(
        f"/orders/{shared_exchange.place(symbol, 'limit', 'buy', '1', '100')['order_id']}"
    )
    for done in (filled, canceled):
        assert_problem(shared_exchange.http.delete(f"/orders/{done['order_id']}"), 409, "order_not_open")
        assert shared_exchange.get(f"/orders/{done['order_id']}")["status"] == done["status"]


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": "2"},
        {"price": "101"},
        {"side": "sell", "price": "100"},
        {"order_type": "ioc"},
        {"order_type": "stop_limit", "trigger_price": "200"},
    ],
)
def test_client_order_id_of_another_order(shared_exchange: Exchange, symbol: str, change: Json) -> None:
    name = f"{symbol}-order"
    first = shared_exchange.post("/orders", order(symbol=symbol, client_order_id=name))
    response = shared_exchange.http.post("/orders", json=order(symbol=symbol, client_order_id=name, **change))
    assert_problem(response, 409, "client_order_id_conflict", "client_order_id")
    assert shared_exchange.get(f"/orders/client:{name}") == first


def test_refused_order_does_not_use_its_client_order_id_up(shared_exchange: Exchange, symbol: str) -> None:
    name = f"{symbol}-order"
    response = shared_exchange.http.post("/orders", json=order(symbol=symbol, client_order_id=name, price="100.001"))
    assert_problem(response, 422, "price_off_tick", "price")
    assert "duplicate" not in shared_exchange.post("/orders", order(symbol=symbol, client_order_id=name))


# Instruments


NEW: Json = {
    "symbol": "NEW-USDT",
    "base": "NEW",
    "quote": "USDT",
    "tick_size": "0.01",
    "lot_size": "0.001",
    "max_quantity": "1000",
    "max_price": "1000",
}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"symbol": ".NEW"}, 422, "invalid_value", "symbol"),
        ({"symbol": "new"}, 422, "invalid_value", "symbol"),
        ({"symbol": "X" * 33}, 422, "invalid_value", "symbol"),
        ({"symbol": 5}, 422, "invalid_value", "symbol"),
        ({"tick_size": None}, 422, "missing_field", "tick_size"),
        ({"tick_size": "0"}, 422, "invalid_value", "tick_size"),
        ({"tick_size": "-0.01"}, 422, "invalid_value", "tick_size"),
        ({"tick_size": "1e-20"}, 422, "invalid_value", "tick_size"),
        ({"lot_size": "many"}, 422, "invalid_value", "lot_size"),
        ({"base": None}, 422, "invalid_instrument", "base"),
        ({"quote": "us dollar"}, 422, "invalid_instrument", "quote"),
        ({"max_price": "1000.001"}, 422, "invalid_value", "max_price"),
        ({"max_price": None}, 422, "invalid_instrument", "max_price"),
        ({"max_quantity": "1e30"}, 422, "invalid_value", "max_quantity"),
        (
            {"max_quantity": "10000000000", "max_price": "10000000", "maker_fee_bps": 7},
            422,
            "invalid_instrument",
            "max_quantity",
        ),
        ({"min_quantity": "1001"}, 422, "invalid_instrument", "min_quantity"),
        ({"min_notional": "-1"}, 422, "invalid_value", "min_notional"),
        ({"maker_fee_bps": -1}, 422, "invalid_value", "maker_fee_bps"),
        ({"maker_fee_bps": 10_001}, 422, "invalid_value", "maker_fee_bps"),
        ({"taker_fee_bps": "20"}, 422, "invalid_value", "taker_fee_bps"),
        ({"taker_fee_bps": 2.5}, 422, "invalid_value", "taker_fee_bps"),
        ({"status": "closed"}, 422, "invalid_value", "status"),
        ({"ticks": "0.01"}, 422, "unknown_field", "ticks"),
        ({"symbol": "BTC-USDT"}, 409, "instrument_fixed", "base"),
        (
            {"symbol": "BTC-USDT", "base": "BTC", "lot_size": "0.00001", "tick_size": "0.05"},
            409,
            "instrument_fixed",
            "tick_size",
        ),
        ({"symbol": "BTC-USDT", "base": "BTC", "lot_size": "0.000001"}, 409, "instrument_fixed", "lot_size"),
    ],
)
def test_bad_instrument(shared_exchange: Exchange, change: Json, status: int, code: str, field: str) -> None:
    body = {name: value for name, value in {**NEW, **change}.items() if value is not None}
    assert_problem(shared_exchange.http.post("/admin/instruments", json=body), status, code, field)


# Saved books


def test_load_without_a_saved_book(shared_exchange: Exchange, symbol: str) -> None:
    placed = shared_exchange.place(symbol, "limit", "buy", "1", "100")
    assert_problem(shared_exchange.http.post("/admin/load", params={"symbol": symbol}), 409, "no_saved_book")
    assert shared_exchange.get(f"/orders/{placed['order_id']}") == placed


@pytest.mark.parametrize("content", [b"", b"garbage", b"{}", b"[" * 100_000, b'{"format": 1, "symbol": "OTHER"}'])
def test_load_of_a_bad_book(shared_exchange: Exchange, symbol: str, content: bytes) -> None:
    saved = shared_exchange.post("/admin/save", symbol=symbol)
    placed = shared_exchange.place(symbol, "limit", "buy", "1", "100")
    (shared_exchange.matcher.data / saved["file"]).write_bytes(content)
    assert_problem(shared_exchange.http.post("/admin/load", params={"symbol": symbol}), 409, "invalid_saved_book")
    assert shared_exchange.get(f"/orders/{placed['order_id']}") == placed


def test_save_that_fails(shared_exchange: Exchange, symbol: str) -> None:
    saved = shared_exchange.post("/admin/save", symbol=symbol)
    file = shared_exchange.matcher.data / saved["file"]
    file.unlink()
    file.mkdir()
    assert_problem(shared_exchange.http.post("/admin/save", params={"symbol": symbol}), 500, "save_failed")


# Broken HTTP


def raw(exchange: Exchange, request: bytes) -> bytes:
    """What is answered before the connection is closed."""
    with socket.create_connection(("127.0.0.1", exchange.gateway.port), PATIENCE) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        parts = []
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "request_bytes",
    [
        b"hello\r\n\r\n",
        b"\x00" * 1000,
        b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"POST /orders HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ],
)
def test_broken_http(shared_exchange: Exchange, request_bytes: bytes) -> None:
    answer = raw(shared_exchange, request_bytes)
    assert not answer or answer.split()[1].startswith(b"4")


@pytest.mark.usefixtures("unchanged")
def test_client_that_goes_away_in_the_middle(shared_exchange: Exchange) -> None:
    for _ in range(20):
        raw(shared_exchange, b'POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{"symbol":')
    assert shared_exchange.gateway.failures() == []


def test_answers_are_not_sniffed_or_cached(shared_exchange: Exchange) -> None:
    for path in ("/health", "/depth?symbol=BTC-USDT", "/orders", "/nowhere"):
        assert shared_exchange.http.get(path).headers["x-content-type-options"] == "nosniff"
    assert shared_exchange.http.get("/depth?symbol=BTC-USDT").headers["cache-control"] == "no-store"
