"""The administrator's calls: instruments at run time, saved books, the digest, the token."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.e2e.fields import INSTRUMENT
from tests.exchange import Exchange, Json, good, receive, receive_until, wait_until

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "a-long-and-secret-word"

BUILT_IN: dict[str, Json] = {
    "BTC-USDT": {
        "base": "BTC",
        "tick_size": "0.01",
        "lot_size": "0.00001",
        "min_quantity": "0.00001",
        "max_quantity": "9000",
        "max_price": "10000000",
    },
    "ETH-USDT": {
        "base": "ETH",
        "tick_size": "0.01",
        "lot_size": "0.0001",
        "min_quantity": "0.0001",
        "max_quantity": "90000",
        "max_price": "1000000",
    },
    "SOL-USDT": {
        "base": "SOL",
        "tick_size": "0.01",
        "lot_size": "0.001",
        "min_quantity": "0.001",
        "max_quantity": "900000",
        "max_price": "100000",
    },
}


UNPROTECTED = dict.fromkeys(
    (
        *("price_band_bps", "reference_price", "max_open_orders", "max_order_notional"),
        *("halt_bps", "halt_window_ms", "halt_ms", "halted_until"),
    )
)
"""What shows that nothing protects an instrument's price."""


def instrument(exchange: Exchange, symbol: str) -> Json:
    """The instrument as the list shows it."""
    found: list[Json] = [shown for shown in exchange.get("/instruments")["instruments"] if shown["symbol"] == symbol]
    [only] = found
    return only


def brief(order: Json) -> tuple[str, str | None]:
    return order["status"], order["reason"]


# Instruments


def test_built_in_instruments(shared_exchange: Exchange) -> None:
    for symbol, fields in BUILT_IN.items():
        common = {"quote": "USDT", "min_notional": "1", "maker_fee_bps": 10, "taker_fee_bps": 20, "status": "trading"}
        assert instrument(shared_exchange, symbol) == {"symbol": symbol, **fields, **common, **UNPROTECTED}


def test_new_instrument_can_be_traded_at_once(shared_exchange: Exchange) -> None:
    fields = {
        "symbol": "NEW.1-EUR",
        "base": "NEW",
        "quote": "EUR",
        "tick_size": "0.005",
        "lot_size": 10,
        "max_quantity": "1e6",
        "max_price": "100.000",
    }
    added = shared_exchange.post("/admin/instruments", fields)
    assert added.keys() == INSTRUMENT
    assert added == {
        "symbol": "NEW.1-EUR",
        "base": "NEW",
        "quote": "EUR",
        "tick_size": "0.005",
        "lot_size": "10",
        "min_quantity": "10",
        "max_quantity": "1000000",
        "max_price": "100",
        "min_notional": "0",
        "maker_fee_bps": 0,
        "taker_fee_bps": 0,
        "status": "trading",
        **UNPROTECTED,
    }
    assert instrument(shared_exchange, "NEW.1-EUR") == added
    with shared_exchange.stream("/ws/trades", "NEW.1-EUR") as trades:
        [trade] = shared_exchange.trade("NEW.1-EUR", "0.015", "30")["trades"]
        assert (trade["price"], trade["quantity"], trade["maker_fee"], trade["taker_fee"]) == ("0.015", "30", "0", "0")
        assert receive(trades)["price"] == "0.015"


@pytest.mark.parametrize(
    ("status", "reason"), [("halted", "instrument_halted"), ("cancel_only", "instrument_cancel_only")]
)
def test_status_stops_orders_but_not_cancels(shared_exchange: Exchange, symbol: str, status: str, reason: str) -> None:
    resting = shared_exchange.place(symbol, "limit", "buy", "1", "100")
    stop = shared_exchange.place(symbol, "stop_market", "buy", "1", trigger_price="200")
    assert shared_exchange.post("/admin/instruments", {"symbol": symbol, "status": status})["status"] == status

    rejected = shared_exchange.place(symbol, "limit", "sell", "1", "100", client_order_id=f"{symbol}-rejected")
    assert brief(rejected) == ("rejected", reason)
    assert (rejected["remaining_quantity"], rejected["trades"], rejected["resting"]) == ("0", [], False)
    assert shared_exchange.get(f"/orders/{rejected['order_id']}") == rejected
    assert brief(shared_exchange.delete(f"/orders/{resting['order_id']}")) == ("canceled", "requested")

    shared_exchange.post("/admin/instruments", {"symbol": symbol, "status": "trading"})
    # A rejected order has used its client order id up.
    again = shared_exchange.place(symbol, "limit", "sell", "1", "100", client_order_id=f"{symbol}-rejected")
    assert again == {**rejected, "duplicate": True}
    assert shared_exchange.get(f"/orders/{stop['order_id']}")["status"] == "pending"
    assert shared_exchange.trade(symbol, "100")["status"] == "filled"


def test_new_fees_are_those_of_the_next_trade(shared_exchange: Exchange, symbol: str) -> None:
    before = shared_exchange.trade(symbol, "100")
    changed = shared_exchange.post("/admin/instruments", {"symbol": symbol, "maker_fee_bps": 0, "taker_fee_bps": 40})
    assert (changed["maker_fee_bps"], changed["taker_fee_bps"]) == (0, 40)
    assert {**changed, "maker_fee_bps": 10, "taker_fee_bps": 20} == {
        **instrument(shared_exchange, "BTC-USDT"),
        "symbol": symbol,
    }
    after = shared_exchange.trade(symbol, "100")
    fees = [
        (trade["maker_fee"], trade["taker_fee"]) for trade in shared_exchange.get("/trades", symbol=symbol)["trades"]
    ]
    assert fees == [("0.1", "0.2"), ("0", "0.4")]
    for order, fee in ((before, "0.2"), (after, "0.4")):
        assert [trade["taker_fee"] for trade in shared_exchange.get(f"/orders/{order['order_id']}")["trades"]] == [fee]


def test_new_limits_are_those_of_the_next_order(shared_exchange: Exchange, symbol: str) -> None:
    kept = shared_exchange.place(symbol, "limit", "buy", "5", "100")
    shared_exchange.post("/admin/instruments", {"symbol": symbol, "max_quantity": "2", "min_notional": "150"})
    order = {"symbol": symbol, "order_type": "limit", "side": "buy", "price": "100"}
    for quantity, code in (("3", "quantity_too_large"), ("1", "below_min_notional")):
        response = shared_exchange.http.post("/orders", json={**order, "quantity": quantity})
        assert (response.status_code, response.json()["code"]) == (422, code)
    assert shared_exchange.get(f"/orders/{kept['order_id']}")["status"] == "open"
    assert shared_exchange.place(symbol, "limit", "buy", "2", "100")["status"] == "open"


def test_prices_and_sizes_are_protected(shared_exchange: Exchange, symbol: str) -> None:
    shared_exchange.trade(symbol, "100")
    shared_exchange.post(
        "/admin/instruments",
        {"symbol": symbol, "price_band_bps": 1_000, "max_order_notional": "1000", "max_open_orders": 2},
    )
    outside = shared_exchange.place(symbol, "limit", "sell", "1", "110.01")
    assert brief(outside) == ("rejected", "price_outside_band")
    resting = shared_exchange.place(symbol, "limit", "sell", "1", "110")
    assert brief(resting) == ("open", None)
    refused = shared_exchange.http.patch(f"/orders/{resting['order_id']}", json={"price": "110.01"})
    assert (refused.status_code, refused.json()["code"]) == (409, "price_outside_band")
    refused = shared_exchange.http.patch(f"/orders/{resting['order_id']}", json={"quantity": "9.1"})
    assert (refused.status_code, refused.json()["code"]) == (409, "notional_too_large")
    assert "at most 1000" in refused.json()["detail"]
    assert shared_exchange.get(f"/orders/{resting['order_id']}") == resting
    assert brief(shared_exchange.place(symbol, "limit", "buy", "11", "91")) == ("rejected", "notional_too_large")
    shared_exchange.place(symbol, "stop_market", "buy", "1", trigger_price="200", max_slippage_bps=50)
    assert brief(shared_exchange.place(symbol, "limit", "buy", "1", "95")) == ("rejected", "too_many_open_orders")
    shared_exchange.post("/admin/instruments", {"symbol": symbol, "max_open_orders": 0, "price_band_bps": 500})
    assert brief(shared_exchange.place(symbol, "market", "buy", "1")) == ("canceled", "price_band")
    shared_exchange.post("/admin/instruments", {"symbol": symbol, "price_band_bps": 0})
    slipping = shared_exchange.place(symbol, "market", "buy", "2", max_slippage_bps=1)
    assert (brief(slipping), slipping["max_slippage_bps"]) == (("canceled", "no_liquidity"), 1)


def test_a_move_halts_an_instrument_and_it_trades_again(shared_exchange: Exchange, symbol: str) -> None:
    """Nobody sends anything for it."""
    shared_exchange.post(
        "/admin/instruments", {"symbol": symbol, "halt_bps": 1_000, "halt_window_ms": 600_000, "halt_ms": 1_500}
    )
    shared_exchange.trade(symbol, "100")
    assert shared_exchange.trade(symbol, "111")["status"] == "filled"
    halted = instrument(shared_exchange, symbol)
    assert halted["status"] == "halted" and halted["halted_until"] is not None
    assert brief(shared_exchange.place(symbol, "limit", "buy", "1", "100")) == ("rejected", "instrument_halted")
    wait_until(lambda: instrument(shared_exchange, symbol)["status"] == "trading", "the end of the halt")
    assert instrument(shared_exchange, symbol) == {**halted, "status": "trading", "halted_until": None}
    assert brief(shared_exchange.place(symbol, "limit", "buy", "1", "100")) == ("open", None)


def test_same_instrument_again_changes_nothing(shared_exchange: Exchange, symbol: str) -> None:
    before = instrument(shared_exchange, symbol)
    assert shared_exchange.post("/admin/instruments", before) == before
    assert shared_exchange.post("/admin/instruments", {"symbol": symbol}) == before


# Saved books


def test_save_and_load(shared_exchange: Exchange, symbol: str) -> None:
    kept = shared_exchange.place(symbol, "limit", "sell", "2", "100", client_order_id=f"{symbol}-kept")
    filled = shared_exchange.place(symbol, "limit", "buy", "1", "99")
    saved = shared_exchange.post("/admin/save", symbol=symbol)
    assert saved.keys() == {"symbol", "file", "orders", "sequence", "timestamp"}
    assert (saved["symbol"], saved["file"], saved["orders"]) == (symbol, f"state/orderbook_{symbol}.json", 2)
    first = (shared_exchange.matcher.data / saved["file"]).read_bytes()
    assert json.loads(first)["asks"][0]["order_id"] == kept["order_id"]

    shared_exchange.place(symbol, "limit", "sell", "1", "99")
    replaced = shared_exchange.place(symbol, "limit", "sell", "1", "150")
    shared_exchange.place(symbol, "limit", "buy", "0.5", "100")
    loaded = shared_exchange.post("/admin/load", symbol=symbol)
    assert loaded.keys() == {"symbol", "restored", "skipped", "sequence", "timestamp"}
    assert (loaded["symbol"], loaded["restored"], loaded["skipped"]) == (symbol, 1, [filled["order_id"]])
    assert brief(shared_exchange.get(f"/orders/{replaced['order_id']}")) == ("canceled", "book_replaced")
    assert shared_exchange.get("/depth", symbol=symbol)["asks"] == [["100", "1.5"]]


def test_load_is_seen_on_the_streams(shared_exchange: Exchange, symbol: str) -> None:
    shared_exchange.place(symbol, "limit", "sell", "2", "100")
    shared_exchange.post("/admin/save", symbol=symbol)
    shared_exchange.place(symbol, "limit", "sell", "2", "90")
    with shared_exchange.stream("/ws/marketdata", symbol) as stream:
        assert receive(stream)["asks"] == [["90", "2"], ["100", "2"]]
        shared_exchange.post("/admin/load", symbol=symbol)
        receive_until(stream, lambda message: message["asks"] == [["100", "2"]])


# The digest


def test_digest_tells_whether_anything_changed(shared_exchange: Exchange, symbol: str) -> None:
    before = shared_exchange.get("/admin/digest")
    assert before.keys() == {"sequence", "digest"}
    assert len(before["digest"]) == 64
    assert shared_exchange.get("/admin/digest") == before
    shared_exchange.place(symbol, "limit", "sell", "2", "100")
    after = shared_exchange.get("/admin/digest")
    assert after["sequence"] == before["sequence"] + 1
    assert after["digest"] != before["digest"]


def test_digest_survives_a_kill(exchange: Exchange) -> None:
    symbol = exchange.add_instrument()
    exchange.trade(symbol, "100")
    exchange.place(symbol, "limit", "buy", "1", "99", client_order_id="kept")
    exchange.place(symbol, "take_profit", "sell", "1", trigger_price="200")
    before = exchange.get("/admin/digest")["digest"]
    exchange.matcher.kill()
    exchange.restart_matcher()
    assert exchange.get("/admin/digest")["digest"] == before


# The token


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """An exchange with a token, given by the environment as one would, and one origin that may call."""
    directory: Path = tmp_path_factory.mktemp("guarded")
    exchange = Exchange(directory, gateway_flags=("--cors-origins=https://trade.example.org",))
    exchange.gateway.environment["GATEWAY_ADMIN_TOKEN"] = TOKEN
    with exchange:
        yield exchange


ADMIN_CALLS = [
    ("POST", "/admin/instruments"),
    ("POST", "/admin/save?symbol=BTC-USDT"),
    ("POST", "/admin/load?symbol=BTC-USDT"),
    ("GET", "/admin/digest"),
    ("GET", "/admin/sessions"),
    ("DELETE", "/admin/instruments"),
]


@pytest.mark.parametrize(
    ("header", "method", "path"),
    [
        *((f"Bearer {TOKEN}x", *call) for call in ADMIN_CALLS),
        *((header, *call) for header in (None, "", "Bearer", f"Basic {TOKEN}", TOKEN) for call in ADMIN_CALLS),
        # All wrong tokens together are fewer than the brake on guesses takes.
        (f"Bearer {TOKEN[:-1]}", *ADMIN_CALLS[0]),
        (f"Bearer {TOKEN.upper()}", *ADMIN_CALLS[0]),
    ],
)
def test_call_without_the_token_is_refused(guarded: Exchange, method: str, path: str, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = guarded.http.request(method, path, json={"symbol": "BTC-USDT", "status": "halted"}, headers=headers)
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["code"] == "unauthorized"
    assert instrument(guarded, "BTC-USDT")["status"] == "trading"


def test_call_with_the_token_is_taken(guarded: Exchange) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    body = {"symbol": "SOL-USDT", "taker_fee_bps": 5}
    assert good(guarded.http.post("/admin/instruments", json=body, headers=headers))["taker_fee_bps"] == 5
    assert good(guarded.http.post("/admin/save", params={"symbol": "SOL-USDT"}, headers=headers))["orders"] == 0
    assert good(guarded.http.post("/admin/load", params={"symbol": "SOL-USDT"}, headers=headers))["restored"] == 0
    assert "digest" in good(guarded.http.get("/admin/digest", headers=headers))


def test_other_calls_need_no_token(guarded: Exchange) -> None:
    assert guarded.place("ETH-USDT", "limit", "buy", "1", "100")["status"] == "open"
    assert guarded.get("/depth", symbol="ETH-USDT")["bids"] == [["100", "1"]]


def test_token_is_not_in_the_log(guarded: Exchange) -> None:
    assert TOKEN not in guarded.gateway.text()


# Pages of other origins


def test_only_pages_of_allowed_origins_may_change_anything(guarded: Exchange) -> None:
    order = {"symbol": "ETH-USDT", "order_type": "limit", "side": "buy", "quantity": "1", "price": "50"}

    def answer(origin: str) -> httpx.Response:
        return guarded.http.post("/orders", json=order, headers={"Origin": origin})

    for origin in ("https://evil.example.org", "https://trade.example.org.evil.org", "null"):
        response = answer(origin)
        assert (response.status_code, response.json()["code"]) == (403, "origin_not_allowed")
    assert answer("https://trade.example.org").headers["access-control-allow-origin"] == "https://trade.example.org"
    assert answer(guarded.url).status_code == 200
    preflight = guarded.http.options(
        "/orders",
        headers={
            "Origin": "https://trade.example.org",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )
    assert preflight.status_code == 200
    assert "POST" in preflight.headers["access-control-allow-methods"]
