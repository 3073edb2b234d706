"""Every error that an order of the Binance dialect meets, by its exact text, and which one is looked for first."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.binance import Holder, failure, now
from tests.e2e.binance_orders import Market, Trader
from tests.exchange import Exchange, wait_until

DUPLICATE = (400, -2010, "Duplicate order sent.")
BALANCE = (400, -2010, "Account has insufficient balance for requested action.")
TAKES = (400, -2010, "Order would immediately match and take.")
TRIGGERS = (400, -2010, "Order would trigger immediately.")
CLOSED = (400, -1013, "Market is closed.")
SUSPENDED = (400, -2010, "This account may not place or cancel orders.")
UNSUPPORTED = (400, -1014, "Unsupported order combination.")
SYMBOL = (400, -1121, "Invalid symbol.")


def filter_failure(name: str) -> tuple[int, int, str]:
    return 400, -1013, f"Filter failure: {name}"


def mandatory(name: str) -> tuple[int, int, str]:
    return 400, -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."


def not_required(name: str) -> tuple[int, int, str]:
    return 400, -1106, f"Parameter '{name}' sent when not required."


def illegal(name: str, legal: str) -> tuple[int, int, str]:
    return 400, -1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."


DECIMAL = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    directory = tmp_path_factory.mktemp("binance")
    with Exchange(directory, gateway_flags=(f"--key-file={directory / 'server.key'}",)) as exchange:
        yield exchange


@pytest.fixture
def bob(exchange: Exchange) -> Iterator[Trader]:
    yield Trader(Market(exchange), "bob")
    exchange.delete("/orders", account="bob")


def test_words_that_no_order_has(bob: Trader) -> None:
    assert bob.no_limit("HOLD", "1", "100") == (400, -1117, "Invalid side.")
    assert bob.not_placed("BUY", "ICEBERG", quantity="1") == (400, -1116, "Invalid orderType.")
    assert bob.no_limit("BUY", "1", "100", timeInForce="GTX") == (400, -1115, "Invalid timeInForce.")
    assert bob.no_limit("BUY", "1", "100", selfTradePreventionMode="TRANSFER") == (
        400,
        -1013,
        "This symbol does not allow the specified self-trade prevention mode.",
    )
    assert bob.no_limit("BUY", "1", "100", newOrderRespType="ALL") == (
        400,
        -1130,
        "Data sent for parameter 'newOrderRespType' is not valid.",
    )


NEEDS: list[tuple[str, dict[str, str | int], str]] = [
    ("LIMIT", {"quantity": "1", "price": "100"}, "timeInForce"),
    ("LIMIT", {"quantity": "1", "timeInForce": "GTC"}, "price"),
    ("LIMIT", {"price": "100", "timeInForce": "GTC"}, "quantity"),
    ("LIMIT_MAKER", {"quantity": "1"}, "price"),
    ("MARKET", {}, "quantity"),
    ("STOP_LOSS", {"stopPrice": "90"}, "quantity"),
    ("STOP_LOSS_LIMIT", {"quantity": "1", "price": "90", "stopPrice": "90"}, "timeInForce"),
    ("TAKE_PROFIT_LIMIT", {"quantity": "1", "stopPrice": "90", "timeInForce": "GTC"}, "price"),
]


@pytest.mark.parametrize(("order_type", "sent", "name"), NEEDS)
def test_what_a_type_needs(bob: Trader, order_type: str, sent: dict[str, str | int], name: str) -> None:
    assert bob.not_placed("SELL", order_type, **sent) == mandatory(name)


@pytest.mark.parametrize("order_type", ["STOP_LOSS", "TAKE_PROFIT"])
def test_a_condition_is_needed(bob: Trader, order_type: str) -> None:
    assert bob.not_placed("SELL", order_type, quantity="1") == (
        400,
        -1102,
        "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!",
    )


TAKES_NOT: list[tuple[str, dict[str, str | int], str]] = [
    ("LIMIT", {"quantity": "1", "price": "100", "timeInForce": "GTC", "stopPrice": "90"}, "stopPrice"),
    ("LIMIT", {"quantity": "1", "price": "100", "timeInForce": "GTC", "quoteOrderQty": "90"}, "quoteOrderQty"),
    ("LIMIT_MAKER", {"quantity": "1", "price": "100", "timeInForce": "GTC"}, "timeInForce"),
    ("MARKET", {"quantity": "1", "price": "100"}, "price"),
    ("MARKET", {"quantity": "1", "timeInForce": "GTC"}, "timeInForce"),
    ("MARKET", {"quantity": "1", "quoteOrderQty": "100"}, "quoteOrderQty"),
    ("MARKET", {"quantity": "1", "icebergQty": "1"}, "icebergQty"),
    ("STOP_LOSS", {"quantity": "1", "stopPrice": "90", "price": "90"}, "price"),
    ("TAKE_PROFIT", {"quantity": "1", "stopPrice": "90", "icebergQty": "1"}, "icebergQty"),
    ("LIMIT", {"quantity": "1", "price": "100", "timeInForce": "GTC", "pegPriceType": "PRIMARY_PEG"}, "pegPriceType"),
]


@pytest.mark.parametrize(("order_type", "sent", "name"), TAKES_NOT)
def test_what_a_type_does_not_take(bob: Trader, order_type: str, sent: dict[str, str | int], name: str) -> None:
    assert bob.not_placed("SELL", order_type, **sent) == not_required(name)


def test_numbers_that_cannot_be_read(bob: Trader) -> None:
    assert bob.no_limit("BUY", "1e3", "100") == illegal("quantity", DECIMAL)
    assert bob.no_limit("BUY", "1", "-100") == illegal("price", DECIMAL)
    assert bob.no_limit("BUY", "1", "100", strategyId="x") == illegal("strategyId", "^[0-9]{1,20}$")
    assert bob.no_limit("BUY", "0", "100") == (400, -1013, "Invalid quantity.")
    assert bob.no_limit("BUY", "1", "0.00") == (400, -1013, "Invalid price.")
    assert bob.no_limit("BUY", "1", "100", strategyType=999_999) == (
        400,
        -1134,
        "strategyType was less than 1000000.",
    )
    assert bob.no_limit("BUY", "1", "") == (400, -1105, "Parameter 'price' was empty.")


def test_client_ids_that_cannot_be(bob: Trader) -> None:
    legal = illegal("newClientOrderId", "^[a-zA-Z0-9-_.:]{1,36}$")
    for name in ("a b", "a/b", "x" * 37):
        assert bob.no_limit("BUY", "1", "100", newClientOrderId=name) == legal
    assert bob.limit("BUY", "1", "100", newClientOrderId="x" * 36)["clientOrderId"] == "x" * 36


def test_a_parameter_that_no_order_has(bob: Trader) -> None:
    response = bob.send("POST", "order", side="BUY", type="MARKET", quantity="1", colour="red")
    assert failure(response) == (
        400,
        -1104,
        "Not all sent parameters were read; read '6' parameter(s) but was sent '7'.",
    )
    assert bob.send("GET", "openOrders", colour="red").status_code == 200


def test_an_iceberg_of_more_than_its_quantity(bob: Trader) -> None:
    assert bob.no_limit("BUY", "1", "100", icebergQty="2") == (400, -2010, "IcebergQty exceeds QTY.")
    assert bob.no_limit("BUY", "1", "100", icebergQty="0.5", timeInForce="IOC") == UNSUPPORTED
    assert bob.no_limit("BUY", "1", "100", icebergQty="0.0005") == filter_failure("ICEBERG_PARTS")
    assert bob.no_limit("BUY", "1", "100", icebergQty="0.100001") == filter_failure("LOT_SIZE")


def test_filters(exchange: Exchange) -> None:
    market = Market(exchange, max_open_orders=3, max_order_notional="1000", price_band_bps=1000)
    market.trade("100", "0.1")
    carol = Trader(market)
    lot, price = filter_failure("LOT_SIZE"), filter_failure("PRICE_FILTER")
    assert carol.no_limit("BUY", "1.000001", "100") == lot
    assert carol.no_limit("BUY", "9001", "100") == lot
    assert carol.no_limit("BUY", "99999999999999999999", "100") == lot
    assert carol.not_placed("BUY", "MARKET", quantity="0.000001") == lot
    assert carol.no_limit("BUY", "1", "100.001") == price
    assert carol.no_limit("BUY", "1", "10000001") == price
    assert carol.no_limit("BUY", "1", "99999999999999999999") == price
    assert carol.not_placed("SELL", "STOP_LOSS", quantity="1", stopPrice="90.001") == price
    assert carol.not_placed("SELL", "STOP_LOSS", quantity="1", stopPrice="90.001", trailingDelta=100) == price
    assert carol.no_limit("BUY", "0.001", "100") == filter_failure("NOTIONAL")
    assert carol.no_limit("BUY", "11", "100") == filter_failure("NOTIONAL")
    assert carol.no_limit("BUY", "1", "50") == filter_failure("PERCENT_PRICE_BY_SIDE")
    assert carol.not_placed("SELL", "STOP_LOSS", quantity="1", trailingDelta=0) == filter_failure("TRAILING_DELTA")
    assert carol.not_placed("SELL", "STOP_LOSS", quantity="1", trailingDelta=10_000) == filter_failure("TRAILING_DELTA")
    for _ in range(3):
        carol.limit("BUY", "1", "95")
    assert carol.no_limit("BUY", "1", "95") == filter_failure("MAX_NUM_ORDERS")


def test_the_largest_value_of_an_order(exchange: Exchange) -> None:
    carol = Trader(Market(exchange), "carol")
    assert carol.no_limit("BUY", "9000", "1000000.01") == filter_failure("NOTIONAL")
    assert carol.limit("BUY", "9000", "1000000")["status"] == "NEW"
    carol.call("DELETE", "openOrders")


def test_a_quote_quantity_that_buys_no_lot(bob: Trader) -> None:
    bob.market.rest("sell", "1", "1000000")
    assert bob.not_placed("BUY", "MARKET", quoteOrderQty="0.01") == filter_failure("LOT_SIZE")
    assert bob.not_placed("BUY", "MARKET", quoteOrderQty="0.0000000001") == filter_failure("LOT_SIZE")
    assert bob.not_placed("SELL", "MARKET", quoteOrderQty="100") == (
        400,
        -2010,
        "Order book liquidity is less than symbol minimum quantity.",
    )
    assert bob.call("GET", "allOrders") == []


def test_what_the_market_forbids(bob: Trader) -> None:
    bob.market.trade("100")
    bob.market.rest("sell", "1", "101")
    assert bob.not_placed("BUY", "LIMIT_MAKER", quantity="1", price="101") == TAKES
    for side, order_type, stop_price in (
        ("BUY", "STOP_LOSS", "100"),
        ("SELL", "STOP_LOSS", "100"),
        ("BUY", "TAKE_PROFIT", "101"),
        ("SELL", "TAKE_PROFIT", "99"),
    ):
        assert bob.not_placed(side, order_type, quantity="1", stopPrice=stop_price) == TRIGGERS
    assert bob.not_placed("SELL", "STOP_LOSS", quantity="1", stopPrice="100", trailingDelta=100) == TRIGGERS
    assert bob.call("GET", "allOrders") == []


def test_a_stop_before_the_first_trade_waits(bob: Trader) -> None:
    order_id = bob.place("SELL", "STOP_LOSS", quantity="1", stopPrice="100")["orderId"]
    assert bob.order(order_id)["isWorking"] is False


def test_a_client_id_is_unique_among_open_orders_only(bob: Trader) -> None:
    first = bob.limit("BUY", "1", "100", newClientOrderId="mine")["orderId"]
    assert bob.no_limit("BUY", "1", "100", newClientOrderId="mine") == DUPLICATE
    assert bob.no_limit("SELL", "2", "200", newClientOrderId="mine") == DUPLICATE
    bob.call("DELETE", "order", orderId=first)
    second = bob.limit("BUY", "1", "100", newClientOrderId="mine")["orderId"]
    assert bob.call("GET", "order", origClientOrderId="mine")["orderId"] == second
    assert bob.status(first) == "CANCELED"


def test_a_refused_order_does_not_use_up_its_client_id(bob: Trader) -> None:
    bob.market.rest("sell", "1", "101")
    for _ in range(2):
        assert bob.not_placed("BUY", "LIMIT_MAKER", quantity="1", price="101", newClientOrderId="mine") == TAKES
    assert bob.refused("GET", "order", origClientOrderId="mine") == (400, -2013, "Order does not exist.")
    bob.limit("BUY", "1", "100", newClientOrderId="mine")


def test_a_client_id_of_an_open_native_order(bob: Trader, exchange: Exchange) -> None:
    exchange.place(bob.market.symbol, "limit", "buy", "1", "100", account="bob", client_order_id="mine")
    assert bob.no_limit("BUY", "1", "100", newClientOrderId="mine") == DUPLICATE
    assert bob.call("GET", "order", origClientOrderId="mine")["status"] == "NEW"


def test_money(exchange: Exchange) -> None:
    market = Market(exchange)
    carol = Trader(market)
    exchange.post(f"/admin/accounts/{carol.account}/deposit", {"asset": "USDT", "amount": "100", "transfer_id": "1"})
    assert carol.no_limit("BUY", "1", "100") == BALANCE
    assert carol.no_limit("SELL", "1", "100") == BALANCE
    assert carol.limit("BUY", "0.9", "100")["status"] == "NEW"
    market.rest("sell", "1", "200")
    assert carol.not_placed("BUY", "MARKET", quantity="1") == BALANCE


def test_a_suspended_account(exchange: Exchange) -> None:
    carol = Trader(Market(exchange))
    exchange.post(f"/admin/accounts/{carol.account}/suspend")
    assert carol.no_limit("BUY", "1", "100") == SUSPENDED


def test_a_closed_market(exchange: Exchange) -> None:
    for status in ("halted", "cancel_only"):
        bob = Trader(Market(exchange), "bob")
        exchange.post("/admin/instruments", {"symbol": bob.market.symbol, "status": status})
        assert bob.no_limit("BUY", "1", "100") == CLOSED


def test_a_call_that_is_late_for_the_matcher(bob: Trader) -> None:
    outside = (400, -1021, "Timestamp for this request is outside of the recvWindow.")
    text = (
        f"symbol={bob.market.joined}&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=100"
        f"&recvWindow=10&timestamp={now() - 20}"
    )
    assert failure(bob.holder.send("POST", "/api/v3/order", f"{text}&signature={bob.holder.sign(text)}")) == outside


def test_the_order_in_which_faults_are_looked_for(exchange: Exchange) -> None:
    """Key, signature, time, parameters, symbol, filters, account, then the market."""
    market = Market(exchange)
    market.trade("100")
    market.rest("sell", "1", "101")
    carol = Trader(market)
    exchange.post(f"/admin/accounts/{carol.account}/deposit", {"asset": "USDT", "amount": "1", "transfer_id": "1"})
    exchange.post(f"/admin/accounts/{carol.account}/suspend")
    worst: dict[str, Any] = {
        "symbol": "NOTHING",
        "side": "BUY",
        "type": "LIMIT_MAKER",
        "quantity": "1.000001",
        "price": "101",
        "timeInForce": "GTC",
    }
    stranger = {"X-MBX-APIKEY": "A" * 64}
    found = exchange.http.post("/api/v3/order", params=worst, headers=stranger)
    assert failure(found)[:2] == (401, -2015)
    text = "&".join(f"{name}={value}" for name, value in worst.items())
    late = f"{text}&timestamp={now() - 60_000}"
    assert failure(carol.holder.send("POST", "/api/v3/order", f"{late}&signature=00"))[1] == -1021
    assert failure(carol.holder.send("POST", "/api/v3/order", f"{text}&timestamp={now()}&signature=00"))[1] == -1022
    assert carol.refused("POST", "order", **worst) == not_required("timeInForce")
    del worst["timeInForce"]
    assert carol.refused("POST", "order", **worst) == SYMBOL
    del worst["symbol"]
    assert carol.refused("POST", "order", **worst) == filter_failure("LOT_SIZE")
    worst["quantity"] = "1"
    assert carol.refused("POST", "order", **worst) == SUSPENDED
    exchange.post(f"/admin/accounts/{carol.account}/resume")
    assert carol.refused("POST", "order", **worst) == TAKES
    worst["price"] = "100"
    assert carol.refused("POST", "order", **worst) == BALANCE


def test_without_a_matcher(tmp_path: Path) -> None:
    """Nothing was taken where a look-up finds nothing."""
    with Exchange(tmp_path, gateway_flags=(f"--key-file={tmp_path / 'server.key'}",)) as exchange:
        holder = Holder(exchange, "bob")
        bob = Trader(Market(exchange), "bob", holder)
        exchange.matcher.stop()
        wait_until(lambda: bob.send("GET", "openOrders").status_code != 200, "an answer that tells of no matcher")
        order = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "100"}
        refused = bob.refused("POST", "order", newClientOrderId="mine", **order)
        assert refused == (503, -1001, "Internal error; unable to process your request. Please try again.")
        exchange.restart_matcher()
        wait_until(lambda: bob.send("GET", "openOrders").status_code == 200, "an answer of the matcher")
        assert bob.refused("GET", "order", origClientOrderId="mine") == (400, -2013, "Order does not exist.")


def test_an_unknown_outcome(tmp_path: Path) -> None:
    """It is 504, and is found by its client id."""
    with Exchange(tmp_path, gateway_flags=(f"--key-file={tmp_path / 'server.key'}",)) as exchange:
        bob = Trader(Market(exchange), "bob", Holder(exchange, "bob"))
        bob.limit("BUY", "1", "99")
        with exchange.matcher.paused():
            order = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "100"}
            unknown = bob.refused("POST", "order", newClientOrderId="mine", recvWindow=60_000, **order)
        assert unknown == (
            504,
            -1007,
            "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
        )
        # It has reached the matcher after its deadline.
        assert bob.refused("GET", "order", origClientOrderId="mine") == (400, -2013, "Order does not exist.")
