"""POST /orders/cancel-replace, open-only ids and cancels with names, against a whole exchange."""

from typing import Any

import pytest

from tests.exchange import Exchange, Json, good
from tests.integration.order_calls import depth, problem

NAMED = {"client_order_id": "quote", "open_only_client_order_id": True}


def new(symbol: str, account: str, price: str, **fields: Any) -> Json:
    return {
        "symbol": symbol,
        "account": account,
        "order_type": "limit",
        "side": "buy",
        "quantity": "1",
        "price": price,
        **fields,
    }


@pytest.fixture
def account(symbol: str) -> str:
    return f"{symbol}:replaces"


def test_a_quote_moves_under_one_name(shared_exchange: Exchange, symbol: str, account: str) -> None:
    http = shared_exchange.http
    first = good(http.post("/orders", json=new(symbol, account, "90", **NAMED)))
    assert problem(http.post("/orders", json=new(symbol, account, "90", **NAMED)))[:2] == (
        409,
        "client_order_id_in_use",
    )
    answer = good(
        http.post(
            "/orders/cancel-replace",
            json={"cancel": {"order_id": "client:quote"}, "place": new(symbol, account, "91", **NAMED)},
        )
    )
    cancel, place = answer["cancel"], answer["place"]
    assert (cancel["result"], cancel["order"]["order_id"]) == ("done", first["order_id"])
    assert (cancel["order"]["status"], cancel["order"]["reason"]) == ("canceled", "requested")
    assert (place["result"], place["order"]["status"]) == ("done", "open")
    assert cancel["order"]["updated_sequence"] == place["order"]["sequence"]
    assert depth(shared_exchange, symbol) == ([["91", "1"]], [])
    found = good(http.get(f"/orders/client:quote?account={account}"))
    assert found["order_id"] == place["order"]["order_id"]


def test_a_failed_part_is_told_and_nothing_else_happens(shared_exchange: Exchange, symbol: str, account: str) -> None:
    http = shared_exchange.http
    place = new(symbol, account, "90")
    answer = good(http.post("/orders/cancel-replace", json={"cancel": {"order_id": "client:none"}, "place": place}))
    assert (answer["cancel"]["result"], answer["cancel"]["problem"]["code"]) == ("failed", "unknown_order")
    assert answer["place"] == {"result": "not_attempted", "order": None, "problem": None}
    assert depth(shared_exchange, symbol) == ([], [])
    resting = good(http.post("/orders", json=place))
    bad = {"cancel": {"order_id": resting["order_id"]}, "place": new(symbol, account, "90", quantity="0")}
    assert problem(http.post("/orders/cancel-replace", json=bad))[0] == 422
    assert depth(shared_exchange, symbol) == ([["90", "1"]], [])


def test_an_order_gets_another_name_and_a_cancel_its_own(shared_exchange: Exchange, symbol: str, account: str) -> None:
    http = shared_exchange.http
    good(http.post("/orders", json=new(symbol, account, "90", **NAMED)))
    path = f"/orders/client:quote?account={account}"
    amended = good(http.patch(path, json={"new_client_order_id": "quote-2"}))
    assert (amended["client_order_id"], amended["previous_client_order_id"]) == ("quote-2", "quote")
    assert problem(http.get(path))[:2] == (404, "unknown_order")
    path = f"/orders/client:quote-2?account={account}"
    assert problem(http.delete(f"{path}&only_status=partially_filled"))[:2] == (409, "cancel_restricted")
    assert good(http.delete(f"{path}&only_status=new&cancel_client_order_id=c-1"))["status"] == "canceled"
