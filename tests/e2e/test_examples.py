"""The examples of the exchange's first description, called as they are written there: by curl, with its fields, units
and statuses."""

import json
import shutil
import subprocess
from collections.abc import Callable

import pytest

from tests.e2e.fields import DEPTH_UPDATE, MARKET_TRADE, ORDER, ORDER_TRADE
from tests.exchange import PATIENCE, Exchange, Json, good, receive, receive_until

Curl = Callable[..., Json]


@pytest.fixture(scope="module")
def untouched(shared_exchange: Exchange) -> Exchange:
    """The exchange, with an empty book of BTC-USDT saved."""
    shared_exchange.post("/admin/save", symbol="BTC-USDT")
    file = shared_exchange.matcher.data / "state" / "orderbook_BTC-USDT.json"
    shutil.copy(file, file.with_suffix(".empty"))
    return shared_exchange


@pytest.fixture
def exchange(untouched: Exchange) -> Exchange:
    """The exchange, with BTC-USDT as if nothing had happened there but for the numbers of orders and trades."""
    file = untouched.matcher.data / "state" / "orderbook_BTC-USDT.json"
    shutil.copy(file.with_suffix(".empty"), file)
    untouched.post("/admin/load", symbol="BTC-USDT")
    return untouched


@pytest.fixture
def curl(exchange: Exchange) -> Curl:
    """Posts a body to a path as the examples do, by curl where it is installed, and gives the answer of a call that
    must go well."""

    def by_curl(path: str, body: str | None = None) -> Json:
        data = [] if body is None else ["-H", "Content-Type: application/json", "-d", body]
        command = [
            "curl",
            "--silent",
            "--show-error",
            "--fail-with-body",
            "--noproxy",
            "*",
            "-X",
            "POST",
            exchange.url + path,
            *data,
        ]
        result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        assert result.returncode == 0, result.stdout + result.stderr
        answer: Json = json.loads(result.stdout)
        return answer

    def by_httpx(path: str, body: str | None = None) -> Json:
        return good(exchange.http.post(path, content=body, headers={"Content-Type": "application/json"}))

    return by_curl if shutil.which("curl") else by_httpx


def fills(order: Json) -> list[tuple[str, str]]:
    """Price and quantity of each of its trades."""
    assert all(trade.keys() == ORDER_TRADE for trade in order["trades"])
    return [(trade["price"], trade["quantity"]) for trade in order["trades"]]


def test_submit_order(exchange: Exchange, curl: Curl) -> None:
    ask = curl("/orders", '{"symbol":"BTC-USDT","order_type":"limit","side":"sell","quantity":"0.5","price":"60000"}')
    assert (ask["status"], ask["resting"], ask["trades"]) == ("open", True, [])
    order = curl(
        "/orders",
        """{
          "symbol": "BTC-USDT",
          "order_type": "limit",
          "side": "buy",
          "quantity": "0.5",
          "price": "60000"
        }""",
    )
    assert order.keys() == ORDER
    assert isinstance(order["order_id"], str)
    assert order["resting"] is False
    [trade] = order["trades"]
    assert {name: trade[name] for name in ("price", "quantity", "aggressor_side")} == {
        "price": "60000",
        "quantity": "0.5",
        "aggressor_side": "buy",
    }
    assert isinstance(trade["trade_id"], str)
    assert (trade["maker_order_id"], trade["taker_order_id"]) == (ask["order_id"], order["order_id"])


def test_market_data_feed(exchange: Exchange, curl: Curl) -> None:
    for side, price, quantity in (
        ("buy", 59990, "2.5"),
        ("buy", 59980, "1.0"),
        ("sell", 60010, "1.2"),
        ("sell", 60020, "0.8"),
    ):
        curl(
            "/orders",
            json.dumps(
                {"symbol": "BTC-USDT", "order_type": "limit", "side": side, "quantity": quantity, "price": price}
            ),
        )
    with exchange.stream("/ws/marketdata", "BTC-USDT") as stream:
        message = receive(stream)
    assert message.keys() == DEPTH_UPDATE
    assert message["symbol"] == "BTC-USDT"
    assert message["bids"] == [["59990", "2.5"], ["59980", "1"]]
    assert message["asks"] == [["60010", "1.2"], ["60020", "0.8"]]
    assert message["bbo"] == {"bid": ["59990", "2.5"], "ask": ["60010", "1.2"]}


def test_trade_stream(exchange: Exchange, curl: Curl) -> None:
    with exchange.stream("/ws/trades", "BTC-USDT") as stream:
        curl("/orders", '{"symbol":"BTC-USDT","order_type":"limit","side":"sell","quantity":"0.5","price":"60100"}')
        taker = curl("/orders", '{"symbol":"BTC-USDT","order_type":"market","side":"buy","quantity":"0.5"}')
        message = receive(stream)
    assert message.keys() == MARKET_TRADE
    assert (message["symbol"], message["price"], message["quantity"]) == ("BTC-USDT", "60100", "0.5")
    assert message["aggressor_side"] == "buy"
    [trade] = taker["trades"]
    assert {name: message[name] for name in ORDER_TRADE} == trade
    assert (message["sequence"], message["timestamp"]) == (taker["sequence"], taker["timestamp"])


def test_limit_and_market_fill(curl: Curl) -> None:
    ask = curl("/orders", '{"symbol":"BTC-USDT","order_type":"limit","side":"sell","quantity":"1","price":"60000"}')
    taker = curl("/orders", '{"symbol":"BTC-USDT","order_type":"market","side":"buy","quantity":"1"}')
    assert (taker["status"], taker["resting"], taker["average_price"]) == ("filled", False, "60000")
    assert (taker["filled_quantity"], taker["remaining_quantity"], taker["reason"]) == ("1", "0", None)
    assert fills(taker) == [("60000", "1")]
    [trade] = taker["trades"]
    # 10 and 20 basis points of 60000.
    assert (trade["maker_fee"], trade["taker_fee"]) == ("60", "120")
    assert trade["maker_order_id"] == ask["order_id"]


def test_ioc_partial_fill(exchange: Exchange, curl: Curl) -> None:
    curl("/orders", '{"symbol":"BTC-USDT","order_type":"limit","side":"sell","quantity":"0.5","price":"60100"}')
    order = curl("/orders", '{"symbol":"BTC-USDT","order_type":"ioc","side":"buy","quantity":"2.0","price":"60100"}')
    assert fills(order) == [("60100", "0.5")]
    assert (order["status"], order["reason"], order["resting"]) == ("canceled", "ioc_remainder", False)
    assert (order["quantity"], order["filled_quantity"], order["remaining_quantity"]) == ("2", "0.5", "0")
    depth = exchange.get("/depth", symbol="BTC-USDT")
    assert (depth["bids"], depth["asks"]) == ([], [])


def test_fok_all_or_nothing(exchange: Exchange, curl: Curl) -> None:
    curl("/orders", '{"symbol":"BTC-USDT","order_type":"limit","side":"sell","quantity":"2","price":"59990"}')
    curl("/orders", '{"symbol":"BTC-USDT","order_type":"limit","side":"sell","quantity":"3","price":"60000"}')
    too_much = curl("/orders", '{"symbol":"BTC-USDT","order_type":"fok","side":"buy","quantity":"5.1","price":"60000"}')
    assert (too_much["status"], too_much["reason"], too_much["trades"]) == ("canceled", "fok_unfillable", [])
    assert exchange.get("/depth", symbol="BTC-USDT")["asks"] == [["59990", "2"], ["60000", "3"]]
    order = curl("/orders", '{"symbol":"BTC-USDT","order_type":"fok","side":"buy","quantity":"5.0","price":"60000"}')
    assert (order["status"], fills(order)) == ("filled", [("59990", "2"), ("60000", "3")])
    assert order["average_price"] == "59996"


def test_stop_and_take_profit_triggers(exchange: Exchange, curl: Curl) -> None:
    stop = curl(
        "/orders",
        '{"symbol":"BTC-USDT","order_type":"stop_market","side":"sell","quantity":"0.7","trigger_price":"59950"}',
    )
    profit = curl(
        "/orders",
        '{"symbol":"BTC-USDT","order_type":"take_profit","side":"sell","quantity":"0.3","trigger_price":"60500"}',
    )
    for order in (stop, profit):
        assert (order["status"], order["resting"], order["trades"]) == ("pending", False, [])
    assert (stop["trigger_price"], stop["price"]) == ("59950", None)
    exchange.trade("BTC-USDT", "60000")
    bid = exchange.place("BTC-USDT", "limit", "buy", "3", "59940")
    for price in ("60499.99", "59950.01"):
        exchange.trade("BTC-USDT", price)
    assert [order["status"] for order in exchange.get("/orders", symbol="BTC-USDT")["orders"]] == [
        "pending",
        "pending",
        "open",
    ]
    exchange.trade("BTC-USDT", "60500")
    assert fired(exchange, profit) == ("filled", [(bid["order_id"], "59940", "0.3")])
    # That trade was at 59940, which is below the stop's trigger.
    assert fired(exchange, stop) == ("filled", [(bid["order_id"], "59940", "0.7")])


def fired(exchange: Exchange, order: Json) -> tuple[str, list[tuple[str, str, str]]]:
    """The status of an order by now, and its trades: maker, price, quantity."""
    now = exchange.get(f"/orders/{order['order_id']}")
    return now["status"], [(trade["maker_order_id"], trade["price"], trade["quantity"]) for trade in now["trades"]]


def test_save_and_load_over_a_restart(exchange: Exchange, curl: Curl) -> None:
    first = exchange.place("BTC-USDT", "limit", "sell", "1", "60000")
    exchange.place("BTC-USDT", "limit", "sell", "2", "60000")
    exchange.place("BTC-USDT", "limit", "buy", "1", "59000")
    saved = curl("/admin/save?symbol=BTC-USDT")
    assert (saved["symbol"], saved["file"], saved["orders"]) == ("BTC-USDT", "state/orderbook_BTC-USDT.json", 3)
    assert json.loads((exchange.matcher.data / saved["file"]).read_text())["symbol"] == "BTC-USDT"
    depth = exchange.get("/depth", symbol="BTC-USDT")
    late = exchange.place("BTC-USDT", "limit", "buy", "5", "59500")

    exchange.matcher.stop()
    exchange.restart_matcher()

    loaded = curl("/admin/load?symbol=BTC-USDT")
    assert (loaded["symbol"], loaded["restored"], loaded["skipped"]) == ("BTC-USDT", 3, [])
    after = exchange.get("/depth", symbol="BTC-USDT")
    assert (after["bids"], after["asks"]) == (depth["bids"], depth["asks"])
    assert exchange.get(f"/orders/{late['order_id']}")["reason"] == "book_replaced"
    taker = curl("/orders", '{"symbol":"BTC-USDT","order_type":"market","side":"buy","quantity":"1"}')
    assert [trade["maker_order_id"] for trade in taker["trades"]] == [first["order_id"]]


def test_feeds_show_what_the_orders_do(exchange: Exchange, curl: Curl) -> None:
    """Scenario 1, watched on both streams."""
    with exchange.stream("/ws/marketdata", "BTC-USDT") as depth, exchange.stream("/ws/trades", "BTC-USDT") as trades:
        empty = receive(depth)
        assert (empty["bids"], empty["asks"], empty["bbo"]) == ([], [], {"bid": None, "ask": None})
        curl("/orders", '{"symbol":"BTC-USDT","order_type":"limit","side":"sell","quantity":"1","price":"60000"}')
        receive_until(depth, lambda message: message["asks"] == [["60000", "1"]])
        curl("/orders", '{"symbol":"BTC-USDT","order_type":"market","side":"buy","quantity":"1"}')
        receive_until(depth, lambda message: message["asks"] == [])
        assert receive(trades)["price"] == "60000"
