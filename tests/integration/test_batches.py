"""Batches over HTTP: many orders or cancels by one call, each as if it had been sent alone."""

from itertools import count
from typing import Any

import pytest

from tests.exchange import Exchange, Json
from tests.integration.order_calls import depth, look_up, order, outcome, place, problem, trades

_accounts = count(1)


@pytest.fixture
def account() -> str:
    return f"batches-{next(_accounts)}"


def place_all(exchange: Exchange, *orders: Any) -> list[Json]:
    results: list[Json] = exchange.post("/orders/batch", {"orders": list(orders)})["results"]
    assert len(results) == len(orders)
    return results


def cancel_all(exchange: Exchange, *order_ids: Any, **more: str) -> list[Json]:
    results: list[Json] = exchange.post("/orders/cancel-batch", {"order_ids": list(order_ids), **more})["results"]
    assert len(results) == len(order_ids)
    return results


def brief(result: Json) -> Any:
    """Status and reason of an order, or status, code and field of a problem."""
    if "order_id" in result:
        return result["status"], result["reason"]
    assert {"type", "title", "status", "detail", "code"} <= set(result)
    return result["status"], result["code"], result.get("field")


def test_a_hundred_orders_are_carried_out_in_their_order(shared_exchange: Exchange, symbol: str) -> None:
    results = place_all(shared_exchange, *(order(symbol, "limit", "buy", "1", f"{price}") for price in range(101, 201)))
    first = results[0]["sequence"]
    assert [result["sequence"] for result in results] == list(range(first, first + 100))
    assert [result["price"] for result in results] == [str(price) for price in range(101, 201)]
    assert results[-1] == look_up(shared_exchange, results[-1])
    assert shared_exchange.get("/orders", symbol=symbol, limit=1000)["orders"] == results


def test_orders_of_a_batch_meet_each_other(shared_exchange: Exchange, symbol: str) -> None:
    maker, taker, canceled = place_all(
        shared_exchange,
        order(symbol, "limit", "sell", "1", "100"),
        order(symbol, "limit", "buy", "0.4", "100"),
        order(symbol, "ioc", "buy", "2", "100"),
    )
    assert (maker["status"], maker["trades"]) == ("open", [])
    assert trades(taker) == [("100", "0.4")]
    assert outcome(canceled) == ("canceled", "ioc_remainder", "0.6", "0", "0")
    assert outcome(look_up(shared_exchange, maker)) == ("filled", None, "1", "0", "0")


def test_each_element_is_answered_in_its_place(shared_exchange: Exchange, symbol: str, account: str) -> None:
    results = place_all(
        shared_exchange,
        order(symbol, "limit", "buy", "1", "100", account=account, client_order_id="a", post_only=True),
        order(symbol, "limit", "buy", "1", "100.001"),
        order("NOPE-USDT", "limit", "buy", "1", "100"),
        5,
        order(symbol, "limit", "buy", "1", "100", leverage=5),
        order(symbol, "limit", "buy", "2", "100", account=account, client_order_id="a"),
        order(symbol, "limit", "buy", "1", "100", account=account, client_order_id="a", post_only=True),
        order(symbol, "limit", "sell", "1", "100", post_only=True),
        order(symbol, "limit", "buy", "0.001", "100"),
        order(symbol, "market", "sell", quote_quantity="25.5"),
        order(symbol, "limit", "buy", "1", "99", expire_time="2020-01-01T00:00:00Z"),
        order(symbol, "limit", "sell", "1", "101", display_quantity="0.1"),
    )
    assert [brief(result) for result in results] == [
        ("open", None),
        (422, "price_off_tick", "price"),
        (404, "unknown_symbol", "symbol"),
        (422, "invalid_json", None),
        (422, "unknown_field", "leverage"),
        (409, "client_order_id_conflict", "client_order_id"),
        ("open", None),
        ("rejected", "post_only_would_cross"),
        (422, "below_min_notional", "quantity"),
        ("filled", None),
        (422, "expire_time_past", "expire_time"),
        ("open", None),
    ]
    assert results[6] == {**results[0], "duplicate": True}
    assert depth(shared_exchange, symbol) == ([["100", "0.745"]], [["101", "0.1"]])


def test_a_batch_sent_again_makes_no_second_orders(shared_exchange: Exchange, symbol: str, account: str) -> None:
    orders = [
        order(symbol, "limit", "buy", "1", "100", account=account, client_order_id=f"n-{number}")
        for number in range(100)
    ]
    first = place_all(shared_exchange, *orders)
    assert place_all(shared_exchange, *orders) == [{**result, "duplicate": True} for result in first]
    assert depth(shared_exchange, symbol) == ([["100", "100"]], [])


def test_orders_are_canceled_together(shared_exchange: Exchange, symbol: str, account: str) -> None:
    placed = place_all(
        shared_exchange,
        *(
            order(symbol, "limit", "buy", "1", "100", account=account, client_order_id=f"n-{number}")
            for number in range(4)
        ),
    )
    ids = [result["order_id"] for result in placed]
    results = cancel_all(
        shared_exchange, ids[0], "client:n-1", ids[1], "999999999", "x", 7, "client:nobody", ids[3], account=account
    )
    assert [brief(result) for result in results] == [
        ("canceled", "requested"),
        ("canceled", "requested"),
        (409, "order_not_open", None),
        (404, "unknown_order", None),
        (404, "unknown_order", None),
        (422, "invalid_value", "order_ids"),
        (404, "unknown_order", None),
        ("canceled", "requested"),
    ]
    assert [result["order_id"] for result in results if "order_id" in result] == [ids[0], ids[1], ids[3]]
    assert depth(shared_exchange, symbol) == ([["100", "1"]], [])


def test_another_accounts_orders_are_not_canceled(shared_exchange: Exchange, symbol: str, account: str) -> None:
    placed = place(shared_exchange, symbol, "limit", "buy", "1", "100", account=account, client_order_id="mine")
    assert [
        brief(result) for result in cancel_all(shared_exchange, placed["order_id"], "client:mine", account="someone")
    ] == [
        (404, "unknown_order", None),
        (404, "unknown_order", None),
    ]
    assert brief(cancel_all(shared_exchange, "client:mine")[0]) == (404, "unknown_order", None)
    assert look_up(shared_exchange, placed)["status"] == "open"


@pytest.mark.parametrize(
    ("path", "name", "element"), [("/orders/batch", "orders", {}), ("/orders/cancel-batch", "order_ids", "1")]
)
def test_what_is_no_list_of_up_to_a_hundred_is_refused(
    shared_exchange: Exchange, path: str, name: str, element: Any
) -> None:
    for body, field in (
        ({}, name),
        ({name: []}, name),
        ({name: [element] * 101}, name),
        ({name: "1"}, name),
        ({name: [element], "x": 1}, "x"),
    ):
        status, _, told = problem(shared_exchange.http.post(path, json=body))
        assert (status, told) == (422, field)
    assert problem(shared_exchange.http.post(path, content=b" " * 65_537)) == (413, "body_too_large", None)


def test_without_a_matcher_the_whole_call_is_refused(exchange: Exchange) -> None:
    sound = order("BTC-USDT", "limit", "buy", "1", "100")
    placed = exchange.post("/orders", sound)
    exchange.matcher.stop()
    exchange.gateway.wait_until_answers(503)
    for path, body in (
        ("/orders/batch", {"orders": [{}, sound]}),
        ("/orders/cancel-batch", {"order_ids": ["x", placed["order_id"]]}),
    ):
        response = exchange.http.post(path, json=body)
        assert problem(response) == (503, "matcher_unavailable", None)
        assert response.headers["retry-after"] == "1"
    exchange.restart_matcher()
    assert exchange.get("/orders")["orders"] == [{**placed, "trades": []}]
