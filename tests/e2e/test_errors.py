"""Calls, instruments and saved books that cannot be taken, over HTTP.

Each gets its status and a problem document with its code and field, and nothing has changed.
"""

import httpx
import pytest

from tests.e2e.problems import assert_problem
from tests.exchange import Exchange, Json

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
        ("DELETE", "/orders/1?side=buy", 422, "unknown_field", "side"),
    ],
)
def test_bad_call(shared_exchange: Exchange, method: str, path: str, status: int, code: str, field: str | None) -> None:
    response = shared_exchange.http.request(method, httpx.URL(shared_exchange.url + path))
    assert_problem(response, status, code, field)
    if status == 405:
        assert response.headers["allow"]


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
