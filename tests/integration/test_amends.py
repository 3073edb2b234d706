"""PATCH /orders/{order_id} over HTTP: an order is changed in place, or nothing is."""

from itertools import count
from typing import Any

import pytest

from tests.exchange import Exchange, Json, good
from tests.integration.order_calls import Problem, depth, look_up, outcome, place, problem, trades

_accounts = count(1)


@pytest.fixture
def account() -> str:
    return f"amends-{next(_accounts)}"


def amend(exchange: Exchange, placed: Json, **body: Any) -> Json:
    return good(exchange.http.patch(f"/orders/{placed['order_id']}", json=body))


def refused(exchange: Exchange, placed: Json, **body: Any) -> Problem:
    return problem(exchange.http.patch(f"/orders/{placed['order_id']}", json=body))


def first_maker(exchange: Exchange, symbol: str, side: str, price: str) -> str:
    """The order that is first in the queue: a small taker meets it."""
    taker = place(exchange, symbol, "ioc", side, "0.02", price)
    return str(taker["trades"][0]["maker_order_id"])


def test_less_quantity_keeps_the_place(shared_exchange: Exchange, symbol: str) -> None:
    first = place(shared_exchange, symbol, "limit", "sell", "2", "100")
    place(shared_exchange, symbol, "limit", "sell", "1", "100")
    amended = amend(shared_exchange, first, quantity="1.5")
    assert (amended["quantity"], *outcome(amended)) == ("1.5", "open", None, "0", "1.5", "0")
    assert (amended["sequence"], amended["timestamp"]) == (first["sequence"], first["timestamp"])
    assert depth(shared_exchange, symbol) == ([], [["100", "2.5"]])
    assert first_maker(shared_exchange, symbol, "buy", "100") == first["order_id"]


def test_an_amend_that_changes_nothing_keeps_the_place(shared_exchange: Exchange, symbol: str) -> None:
    first = place(shared_exchange, symbol, "limit", "sell", "2", "100")
    place(shared_exchange, symbol, "limit", "sell", "1", "100")
    same = amend(shared_exchange, first, quantity="2", price=100)
    assert {**same, "updated_sequence": first["updated_sequence"], "updated": first["updated"]} == first
    assert same["updated_sequence"] > same["sequence"] == first["updated_sequence"]
    assert first_maker(shared_exchange, symbol, "buy", "100") == first["order_id"]


@pytest.mark.parametrize("changes", [{"quantity": "3"}, {"price": "101"}])
def test_more_quantity_or_another_price_loses_the_place(shared_exchange: Exchange, symbol: str, changes: Json) -> None:
    first = place(shared_exchange, symbol, "limit", "sell", "2", "100")
    second = place(shared_exchange, symbol, "limit", "sell", "1", "100")
    amended = amend(shared_exchange, first, **changes)
    assert amended["status"] == "open"
    assert first_maker(shared_exchange, symbol, "buy", "100") == second["order_id"]


def test_another_price_matches_at_once(shared_exchange: Exchange, symbol: str) -> None:
    place(shared_exchange, symbol, "limit", "sell", "1", "100")
    bid = place(shared_exchange, symbol, "limit", "buy", "3", "99")
    amended = amend(shared_exchange, bid, price="100.5")
    assert trades(amended) == [("100", "1")]
    assert amended["trades"][0]["taker_order_id"] == bid["order_id"]
    assert outcome(amended) == ("partially_filled", None, "1", "2", "0")
    assert depth(shared_exchange, symbol) == ([["100.5", "2"]], [])
    less = amend(shared_exchange, bid, quantity="1.5")
    assert (less["quantity"], *outcome(less)) == ("1.5", "partially_filled", None, "1", "0.5", "0")
    assert less["trades"] == []


def test_an_amended_trigger_is_tested_at_once(shared_exchange: Exchange, symbol: str) -> None:
    shared_exchange.trade(symbol, "100")
    place(shared_exchange, symbol, "limit", "sell", "1", "105")
    stop = place(shared_exchange, symbol, "stop_market", "buy", "1", trigger_price="110")
    moved = amend(shared_exchange, stop, trigger_price="101")
    assert (moved["status"], moved["trigger_price"]) == ("pending", "101")
    fired = amend(shared_exchange, stop, trigger_price="100")
    assert trades(fired) == [("105", "1")]
    assert outcome(fired) == ("filled", None, "1", "0", "0")


def test_an_iceberg_keeps_its_display(shared_exchange: Exchange, symbol: str) -> None:
    iceberg = place(shared_exchange, symbol, "limit", "sell", "1", "100", display_quantity="0.3")
    assert amend(shared_exchange, iceberg, quantity="0.5")["display_quantity"] == "0.3"
    assert depth(shared_exchange, symbol) == ([], [["100", "0.3"]])
    assert refused(shared_exchange, iceberg, quantity="0.2") == (422, "display_quantity_too_large", "quantity")


def test_an_order_is_named_by_its_client_order_id(shared_exchange: Exchange, symbol: str, account: str) -> None:
    placed = place(shared_exchange, symbol, "limit", "buy", "1", "100", account=account, client_order_id="mine")
    url = "/orders/client:mine"
    amended = good(shared_exchange.http.patch(url, params={"account": account}, json={"price": "101"}))
    assert (amended["order_id"], amended["price"]) == (placed["order_id"], "101")
    assert problem(shared_exchange.http.patch(url, json={"price": "101"})) == (404, "unknown_order", None)
    by_id = f"/orders/{placed['order_id']}"
    assert problem(shared_exchange.http.patch(by_id, params={"account": "someone"}, json={"price": "101"})) == (
        404,
        "unknown_order",
        None,
    )
    assert look_up(shared_exchange, placed)["price"] == "101"


def test_the_same_order_sent_again_is_told_as_amended(shared_exchange: Exchange, symbol: str, account: str) -> None:
    terms = {"account": account, "client_order_id": "mine"}
    placed = place(shared_exchange, symbol, "limit", "buy", "1", "100", **terms)
    amend(shared_exchange, placed, price="90", quantity="2")
    again = place(shared_exchange, symbol, "limit", "buy", "1", "100", **terms)
    assert (again["order_id"], again["duplicate"], again["price"], again["quantity"]) == (
        placed["order_id"],
        True,
        "90",
        "2",
    )


REFUSALS: list[tuple[Json, Json, Problem]] = [
    ({}, {"quantity": "0.5"}, (409, "quantity_below_filled", "quantity")),
    ({}, {"quantity": "0.4", "price": "98"}, (409, "quantity_below_filled", "quantity")),
    ({}, {"quantity": "0.000001"}, (422, "quantity_off_lot", "quantity")),
    ({}, {"quantity": "9001"}, (422, "quantity_too_large", "quantity")),
    ({}, {"price": "99.001"}, (422, "price_off_tick", "price")),
    ({}, {"price": "10000001"}, (422, "price_too_large", "price")),
    ({}, {"price": "0.01"}, (422, "below_min_notional", "quantity")),
    ({}, {"trigger_price": "99"}, (422, "trigger_price_not_allowed", "trigger_price")),
    ({"post_only": True}, {"price": "100"}, (409, "post_only_would_cross", "price")),
]


@pytest.mark.parametrize(
    ("terms", "body", "expected"), REFUSALS, ids=[f"{number}-{case[2][1]}" for number, case in enumerate(REFUSALS)]
)
def test_a_refused_amend_leaves_the_order_as_it_is(
    shared_exchange: Exchange, symbol: str, terms: Json, body: Json, expected: Problem
) -> None:
    place(shared_exchange, symbol, "limit", "sell", "1", "100")
    bid = place(shared_exchange, symbol, "limit", "buy", "1", "99", **terms)
    place(shared_exchange, symbol, "limit", "buy", "1", "99")
    place(shared_exchange, symbol, "limit", "sell", "0.5", "99")
    before = look_up(shared_exchange, bid)
    assert before["filled_quantity"] == "0.5"
    assert refused(shared_exchange, bid, **body) == expected
    assert look_up(shared_exchange, bid) == before
    assert first_maker(shared_exchange, symbol, "sell", "99") == bid["order_id"]


def test_what_has_no_price_takes_none(shared_exchange: Exchange, symbol: str) -> None:
    stop = place(shared_exchange, symbol, "stop_market", "buy", "1", trigger_price="110")
    assert refused(shared_exchange, stop, price="100") == (422, "price_not_allowed", "price")
    trailing = place(shared_exchange, symbol, "trailing_stop", "buy", "1", trailing_bps=10)
    assert refused(shared_exchange, trailing, trigger_price="100") == (
        422,
        "trigger_price_not_allowed",
        "trigger_price",
    )
    assert amend(shared_exchange, trailing, quantity="2")["quantity"] == "2"


def test_what_is_done_cannot_be_amended(shared_exchange: Exchange, symbol: str) -> None:
    placed = place(shared_exchange, symbol, "limit", "buy", "1", "100")
    shared_exchange.delete(f"/orders/{placed['order_id']}")
    assert refused(shared_exchange, placed, quantity="2") == (409, "order_not_open", None)


@pytest.mark.parametrize("status", ["halted", "cancel_only"])
def test_a_market_that_is_not_open_takes_no_amends(shared_exchange: Exchange, symbol: str, status: str) -> None:
    placed = place(shared_exchange, symbol, "limit", "buy", "1", "100")
    shared_exchange.post("/admin/instruments", {"symbol": symbol, "status": status})
    assert refused(shared_exchange, placed, quantity="0.5") == (409, f"instrument_{status}", None)


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/orders/999999999", {"price": "1"}, (404, "unknown_order", None)),
        ("/orders/client:nobody", {"price": "1"}, (404, "unknown_order", None)),
        ("/orders/abc", {"price": "1"}, (404, "unknown_order", None)),
        ("/orders/1", {}, (422, "missing_field", "quantity")),
        ("/orders/1", {"side": "buy"}, (422, "unknown_field", "side")),
        ("/orders/1", {"price": {}}, (422, "invalid_value", "price")),
    ],
)
def test_what_is_no_amend_is_refused(
    shared_exchange: Exchange, symbol: str, path: str, body: Json, expected: Problem
) -> None:
    place(shared_exchange, symbol, "limit", "buy", "1", "100")
    assert problem(shared_exchange.http.patch(path, json=body)) == expected
