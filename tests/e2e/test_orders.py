"""Orders over HTTP: each type, looking up, listing, cancelling, client order ids. Each test has a symbol, and where it
matters an account, of its own."""

import json
import re
from itertools import count

import pytest

from tests.e2e.fields import ORDER, ORDER_TRADE, TIMESTAMP
from tests.exchange import Exchange, Json, good

_accounts = count(1)


@pytest.fixture
def account() -> str:
    return f"trader-{next(_accounts)}"


def brief(order: Json) -> tuple[str, bool, str, str, str | None]:
    return order["status"], order["resting"], order["filled_quantity"], order["remaining_quantity"], order["reason"]


def ids(orders: Json) -> list[str]:
    return [order["order_id"] for order in orders["orders"]]


def levels(exchange: Exchange, symbol: str) -> tuple[list[list[str]], list[list[str]]]:
    depth = exchange.get("/depth", symbol=symbol)
    return depth["bids"], depth["asks"]


# Each type


def test_limit_rests(shared_exchange: Exchange, symbol: str, account: str) -> None:
    order = shared_exchange.place(
        symbol, "limit", "buy", "0.50", "60000.10", account=account, client_order_id="my-order"
    )
    assert order.keys() == ORDER
    assert re.fullmatch(TIMESTAMP, order["timestamp"])
    assert isinstance(order["order_id"], str)
    assert isinstance(order["sequence"], int)
    told = {
        name: value
        for name, value in order.items()
        if name not in ("order_id", "sequence", "timestamp", "updated_sequence", "updated", "working_since")
    }
    assert told == {
        "client_order_id": "my-order",
        "account": account,
        "symbol": symbol,
        "side": "buy",
        "order_type": "limit",
        "price": "60000.1",
        "trigger_price": None,
        "status": "open",
        "resting": True,
        "quantity": "0.5",
        "filled_quantity": "0",
        "remaining_quantity": "0.5",
        "prevented_quantity": "0",
        "average_price": None,
        "trades": [],
        "reason": None,
        "reserved": None,
    }
    assert levels(shared_exchange, symbol) == ([["60000.1", "0.5"]], [])


def test_limit_takes_and_rests_the_remainder(shared_exchange: Exchange, symbol: str) -> None:
    first = shared_exchange.place(symbol, "limit", "sell", "1", "100")
    second = shared_exchange.place(symbol, "limit", "sell", "1", "100")
    third = shared_exchange.place(symbol, "limit", "sell", "2", "101")
    order = shared_exchange.place(symbol, "limit", "buy", "4.5", "101")
    assert brief(order) == ("partially_filled", True, "4", "0.5", None)
    assert [(trade["maker_order_id"], trade["price"], trade["quantity"]) for trade in order["trades"]] == [
        (first["order_id"], "100", "1"),
        (second["order_id"], "100", "1"),
        (third["order_id"], "101", "2"),
    ]
    assert {trade["taker_order_id"] for trade in order["trades"]} == {order["order_id"]}
    assert order["average_price"] == "100.5"
    assert levels(shared_exchange, symbol) == ([["101", "0.5"]], [])


def test_market_takes_the_best_prices(shared_exchange: Exchange, symbol: str) -> None:
    shared_exchange.place(symbol, "limit", "buy", "1", "99")
    shared_exchange.place(symbol, "limit", "buy", "1", "100")
    order = shared_exchange.place(symbol, "market", "sell", "1.5")
    assert brief(order) == ("filled", False, "1.5", "0", None)
    assert [(trade["price"], trade["quantity"], trade["aggressor_side"]) for trade in order["trades"]] == [
        ("100", "1", "sell"),
        ("99", "0.5", "sell"),
    ]
    # 149.5 / 1.5 has no end: twelve significant digits.
    assert order["average_price"] == "99.6666666667"


@pytest.mark.parametrize(
    ("order_type", "quantity", "price", "outcome"),
    [
        ("market", "3", None, ("canceled", False, "1", "0", "no_liquidity")),
        ("ioc", "3", "100", ("canceled", False, "1", "0", "ioc_remainder")),
        ("ioc", "1", "99.99", ("canceled", False, "0", "0", "ioc_remainder")),
        ("ioc", "1", "100", ("filled", False, "1", "0", None)),
        ("fok", "1.00001", "100", ("canceled", False, "0", "0", "fok_unfillable")),
        ("fok", "1", "99.99", ("canceled", False, "0", "0", "fok_unfillable")),
        ("fok", "1", "100", ("filled", False, "1", "0", None)),
    ],
)
def test_immediate_orders(
    shared_exchange: Exchange,
    symbol: str,
    order_type: str,
    quantity: str,
    price: str | None,
    outcome: tuple[str, bool, str, str, str | None],
) -> None:
    shared_exchange.place(symbol, "limit", "sell", "1", "100")
    order = shared_exchange.place(symbol, order_type, "buy", quantity, price)
    assert brief(order) == outcome
    assert brief(shared_exchange.get(f"/orders/{order['order_id']}")) == outcome
    assert levels(shared_exchange, symbol)[0] == []


@pytest.mark.parametrize(
    ("order_type", "side", "trigger_price", "quiet", "firing"),
    [
        ("stop_market", "buy", "105", "104.99", "105"),
        ("stop_market", "sell", "95", "95.01", "95"),
        ("stop_limit", "buy", "105", "104.99", "105.01"),
        ("stop_limit", "sell", "95", "95.01", "94.99"),
        ("take_profit", "buy", "95", "95.01", "95"),
        ("take_profit", "sell", "105", "104.99", "105"),
    ],
)
def test_trigger_orders(
    shared_exchange: Exchange, symbol: str, order_type: str, side: str, trigger_price: str, quiet: str, firing: str
) -> None:
    shared_exchange.trade(symbol, "100")
    price = "100" if order_type == "stop_limit" else None
    order = shared_exchange.place(symbol, order_type, side, "1", price, trigger_price=trigger_price)
    assert brief(order) == ("pending", False, "0", "1", None)
    assert (order["price"], order["trigger_price"]) == (price, trigger_price)
    shared_exchange.trade(symbol, quiet)
    assert shared_exchange.get(f"/orders/{order['order_id']}")["status"] == "pending"
    # A maker for it, out of the way of the trade that fires it.
    maker = shared_exchange.place(symbol, "limit", *(("sell", "1", "200") if side == "buy" else ("buy", "1", "50")))
    shared_exchange.trade(symbol, firing)
    now = shared_exchange.get(f"/orders/{order['order_id']}")
    if order_type == "stop_limit":
        assert brief(now) == ("open", True, "0", "1", None)
        assert shared_exchange.get(f"/orders/{maker['order_id']}")["status"] == "open"
    else:
        assert brief(now) == ("filled", False, "1", "0", None)
        assert [trade["maker_order_id"] for trade in now["trades"]] == [maker["order_id"]]
    assert (now["order_type"], now["trigger_price"]) == (order_type, trigger_price)


def test_trigger_that_is_met_already_fires_at_once(shared_exchange: Exchange, symbol: str) -> None:
    shared_exchange.trade(symbol, "100")
    shared_exchange.place(symbol, "limit", "sell", "1", "101")
    order = shared_exchange.place(symbol, "stop_market", "buy", "1", trigger_price="100")
    assert brief(order) == ("filled", False, "1", "0", None)
    assert [trade["price"] for trade in order["trades"]] == ["101"]


def test_numbers_are_taken_as_numbers_too_and_read_exactly(shared_exchange: Exchange, symbol: str) -> None:
    body = f'{{"symbol":"{symbol}","order_type":"limit","side":"buy","quantity":0.30000,"price":9999999.99}}'
    order = shared_exchange.http.post("/orders", content=body).json()
    assert (order["quantity"], order["price"]) == ("0.3", "9999999.99")
    body = f'{{"symbol":"{symbol}","order_type":"limit","side":"buy","quantity":1e-2,"price":1.5E+3}}'
    order = shared_exchange.http.post("/orders", content=body).json()
    assert (order["quantity"], order["price"]) == ("0.01", "1500")


def test_null_is_as_good_as_missing(shared_exchange: Exchange, symbol: str) -> None:
    body = {
        "symbol": symbol,
        "order_type": "limit",
        "side": "buy",
        "quantity": "1",
        "price": "1",
        "trigger_price": None,
        "client_order_id": None,
        "account": None,
    }
    order = shared_exchange.post("/orders", body)
    assert (order["client_order_id"], order["account"]) == (None, "default")


def test_fees_are_exact(shared_exchange: Exchange) -> None:
    symbol = shared_exchange.add_instrument(maker_fee_bps=7, taker_fee_bps=13, min_notional="0", max_quantity="100")
    order = shared_exchange.trade(symbol, "1234567.89", "0.00003")
    [trade] = order["trades"]
    assert trade.keys() == ORDER_TRADE
    # 37.0370367 x 7 and x 13 basis points
    assert (trade["maker_fee"], trade["taker_fee"]) == ("0.02592592569", "0.04814814771")


# Looking up


def test_look_up_shows_the_order_as_it_stands(shared_exchange: Exchange, symbol: str, account: str) -> None:
    order = shared_exchange.place(symbol, "limit", "sell", "2", "100", account=account, client_order_id="mine")
    order_id = order["order_id"]
    assert shared_exchange.get(f"/orders/{order_id}") == order
    taker = shared_exchange.place(symbol, "limit", "buy", "0.5", "100")
    now = shared_exchange.get(f"/orders/{order_id}")
    assert brief(now) == ("partially_filled", True, "0.5", "1.5", None)
    assert now["trades"] == taker["trades"]
    assert (now["sequence"], now["timestamp"]) == (order["sequence"], order["timestamp"])
    for path in (f"/orders/{order_id}", "/orders/client:mine"):
        assert shared_exchange.get(path, account=account) == now


def test_look_up_holds_the_last_hundred_fills(shared_exchange: Exchange, symbol: str) -> None:
    order = shared_exchange.place(symbol, "limit", "sell", "200", "100")
    for _ in range(103):
        last = shared_exchange.place(symbol, "market", "buy", "1")
    now = shared_exchange.get(f"/orders/{order['order_id']}")
    assert [trade["trade_id"] for trade in now["trades"]] == [str(number) for number in range(4, 104)]
    assert now["trades"][-1:] == last["trades"]
    assert (now["filled_quantity"], now["average_price"]) == ("103", "100")


def test_default_account(shared_exchange: Exchange, symbol: str) -> None:
    name = f"by-default-{symbol}"
    order = shared_exchange.place(symbol, "limit", "buy", "1", "100", client_order_id=name)
    assert order["account"] == "default"
    assert shared_exchange.get(f"/orders/client:{name}") == order
    assert shared_exchange.get(f"/orders/client:{name}", account="default") == order


# Lists


def test_list_pages_through_open_orders(shared_exchange: Exchange, symbol: str, account: str) -> None:
    placed = [
        shared_exchange.place(symbol, "limit", "buy", "1", str(100 + index), account=account) for index in range(7)
    ]
    pending = shared_exchange.place(symbol, "stop_market", "buy", "1", account=account, trigger_price="999")
    shared_exchange.delete(f"/orders/{placed[3]['order_id']}")
    wanted = [order["order_id"] for order in (*placed[:3], *placed[4:], pending)]
    pages: list[list[str]] = []
    after: dict[str, str] = {}
    while True:
        page = shared_exchange.get("/orders", account=account, limit=3, **after)
        assert page.keys() == {"orders", "next"}
        pages.append(ids(page))
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert [order_id for page_ids in pages for order_id in page_ids] == wanted
    assert [len(page_ids) for page_ids in pages[:2]] == [3, 3]
    assert ids(shared_exchange.get("/orders", account=account, status="open")) == wanted
    assert shared_exchange.get("/orders", account=account)["orders"][0] == placed[0]


def test_list_of_done_orders_is_newest_first(shared_exchange: Exchange, symbol: str, account: str) -> None:
    first, second, third = (
        shared_exchange.place(symbol, "limit", "buy", "1", "100", account=account) for _ in range(3)
    )
    shared_exchange.delete(f"/orders/{second['order_id']}")
    shared_exchange.place(symbol, "limit", "sell", "1", "100")
    page = shared_exchange.get("/orders", account=account, status="done", limit=1)
    assert ids(page) == [first["order_id"]]
    assert page["orders"][0]["status"] == "filled"
    rest = shared_exchange.get("/orders", account=account, status="done", after=page["next"])
    assert (ids(rest), rest["next"]) == ([second["order_id"]], None)
    assert ids(shared_exchange.get("/orders", account=account)) == [third["order_id"]]


def test_list_by_symbol_and_account(shared_exchange: Exchange, symbol: str, account: str) -> None:
    other = shared_exchange.add_instrument()
    mine = shared_exchange.place(symbol, "limit", "buy", "1", "100", account=account)
    mine_too = shared_exchange.place(other, "limit", "buy", "1", "100", account=account)
    theirs = shared_exchange.place(symbol, "limit", "buy", "1", "100", account=f"{account}-too")
    assert ids(shared_exchange.get("/orders", symbol=symbol)) == [mine["order_id"], theirs["order_id"]]
    assert ids(shared_exchange.get("/orders", account=account)) == [mine["order_id"], mine_too["order_id"]]
    assert ids(shared_exchange.get("/orders", account=account, symbol=other)) == [mine_too["order_id"]]
    assert shared_exchange.get("/orders", account="nobody") == {"orders": [], "next": None}


# Cancels


def test_cancel(shared_exchange: Exchange, symbol: str) -> None:
    order = shared_exchange.place(symbol, "limit", "sell", "2", "100")
    shared_exchange.place(symbol, "market", "buy", "0.5")
    canceled = shared_exchange.delete(f"/orders/{order['order_id']}")
    assert canceled.keys() == ORDER
    assert brief(canceled) == ("canceled", False, "0.5", "0", "requested")
    assert levels(shared_exchange, symbol) == ([], [])


def test_cancel_by_client_order_id(shared_exchange: Exchange, symbol: str, account: str) -> None:
    order = shared_exchange.place(
        symbol, "stop_market", "buy", "1", account=account, client_order_id="stop:1", trigger_price="999"
    )
    canceled = shared_exchange.delete("/orders/client:stop:1", account=account)
    assert (canceled["order_id"], canceled["status"]) == (order["order_id"], "canceled")


def test_cancel_all(shared_exchange: Exchange, symbol: str, account: str) -> None:
    other = shared_exchange.add_instrument()
    here = [
        shared_exchange.place(symbol, "limit", "buy", "1", price, account=account)["order_id"]
        for price in ("100", "101")
    ]
    there = shared_exchange.place(other, "limit", "buy", "1", "100", account=account)["order_id"]
    foreign = shared_exchange.place(symbol, "limit", "buy", "1", "102", account=f"{account}-too")["order_id"]
    canceled = shared_exchange.delete("/orders", account=account, symbol=symbol)
    assert canceled.keys() == {"orders", "canceled"}
    assert ids(canceled) == here
    assert {order["reason"] for order in canceled["orders"]} == {"requested"}
    assert ids(shared_exchange.delete("/orders", account=account)) == [there]
    assert ids(shared_exchange.delete("/orders", account=account)) == []
    assert shared_exchange.get(f"/orders/{foreign}")["status"] == "open"


def test_cancel_all_without_an_account_is_of_the_default_one(
    shared_exchange: Exchange, symbol: str, account: str
) -> None:
    mine = shared_exchange.place(symbol, "limit", "buy", "1", "100")["order_id"]
    theirs = shared_exchange.place(symbol, "limit", "buy", "1", "100", account=account)["order_id"]
    assert ids(shared_exchange.delete("/orders", symbol=symbol)) == [mine]
    assert shared_exchange.get(f"/orders/{theirs}")["status"] == "open"


# Client order ids


def test_same_order_again_is_answered_and_not_made(shared_exchange: Exchange, symbol: str, account: str) -> None:
    first = shared_exchange.place(symbol, "limit", "buy", "1.0", "100", account=account, client_order_id="once")
    assert "duplicate" not in first
    shared_exchange.place(symbol, "limit", "sell", "0.4", "100")
    text = json.dumps(
        {"symbol": symbol, "side": "buy", "order_type": "limit", "account": account, "client_order_id": "once"}
    )
    order = good(
        shared_exchange.http.post(
            "/orders", content=text[:-1] + ', "quantity": 1, "price": 100.00, "trigger_price": null}'
        )
    )
    assert order["duplicate"] is True
    for name in ("order_id", "sequence", "timestamp"):
        assert order[name] == first[name]
    assert brief(order) == ("partially_filled", True, "0.4", "0.6", None)
    assert ids(shared_exchange.get("/orders", account=account)) == [first["order_id"]]


def test_same_order_again_after_it_is_done(shared_exchange: Exchange, symbol: str, account: str) -> None:
    first = shared_exchange.place(symbol, "ioc", "buy", "1", "100", account=account, client_order_id="once")
    again = shared_exchange.place(symbol, "ioc", "buy", "1", "100", account=account, client_order_id="once")
    assert again == {**first, "duplicate": True}


@pytest.mark.parametrize(
    "change", [{"status": "halted"}, {"max_quantity": "0.5"}, {"max_price": "50"}, {"min_notional": "5000"}]
)
def test_same_order_again_whatever_is_allowed_by_now(
    shared_exchange: Exchange, symbol: str, account: str, change: Json
) -> None:
    first = shared_exchange.place(symbol, "limit", "buy", "1", "100", account=account, client_order_id="once")
    shared_exchange.post("/admin/instruments", {"symbol": symbol, **change})
    again = shared_exchange.place(symbol, "limit", "buy", "1", "100", account=account, client_order_id="once")
    assert again == {**first, "duplicate": True}


def test_same_client_order_id_of_another_account_is_another_order(
    shared_exchange: Exchange, symbol: str, account: str
) -> None:
    orders = [
        shared_exchange.place(symbol, "limit", "buy", "1", "100", account=owner, client_order_id="once")
        for owner in (account, f"{account}-too")
    ]
    assert orders[0]["order_id"] != orders[1]["order_id"]
    assert "duplicate" not in orders[1]
