"""An order with terms that is sent again: the same one, or another one under its id."""

from itertools import count

import pytest

from tests.exchange import Exchange, Json, wait_until
from tests.integration.order_calls import in_time, look_up, order, place, problem, refusal

_accounts = count(1)


@pytest.fixture
def account() -> str:
    return f"again-{next(_accounts)}"


SAME: dict[str, tuple[Json, Json]] = {
    "post_only": (
        order("", "limit", "buy", "1", "100", post_only=True, expire_time="2100-01-01T00:00:00Z"),
        order("", "limit", "buy", "1.0", 100, post_only=True, expire_time="2100-01-01T02:00:00.000+02:00"),
    ),
    "nothing asked for": (
        order("", "limit", "buy", "1", "100"),
        {
            **order("", "limit", "buy", "1", "100", post_only=False, self_trade_prevention="none"),
            "display_quantity": None,
        },
    ),
    "iceberg": (
        order("", "limit", "buy", "1", "100", display_quantity="0.1", self_trade_prevention="decrement"),
        order("", "limit", "buy", 1, "1e2", display_quantity=0.10, self_trade_prevention="decrement"),
    ),
    "quote_quantity": (
        order("", "market", "buy", quote_quantity="25"),
        order("", "market", "buy", quote_quantity="25.000"),
    ),
    "trailing": (
        order("", "trailing_stop", "buy", "1", trailing_amount="5", activation_price="95"),
        order("", "trailing_stop", "buy", "1", trailing_amount=5, activation_price="95.00"),
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_order_sent_again_is_the_same_order(
    shared_exchange: Exchange, symbol: str, account: str, name: str
) -> None:
    first, second = ({**body, "symbol": symbol, "account": account, "client_order_id": "once"} for body in SAME[name])
    placed = shared_exchange.post("/orders", first)
    assert "duplicate" not in placed
    repeated = shared_exchange.post("/orders", second)
    assert repeated == {**placed, "duplicate": True, "trades": []}
    assert shared_exchange.get("/orders/client:once", account=account)["order_id"] == placed["order_id"]


OTHER: list[Json] = [
    {"post_only": None},
    {"expire_time": None},
    {"expire_time": "2100-01-01T00:00:00.000000001Z"},
    {"display_quantity": "0.2"},
    {"self_trade_prevention": "cancel_newest"},
    {"self_trade_prevention": None},
    {"quantity": "2"},
]


def test_another_order_under_the_same_id_is_refused(shared_exchange: Exchange, symbol: str, account: str) -> None:
    terms = {
        "post_only": True,
        "expire_time": "2100-01-01T00:00:00Z",
        "display_quantity": "0.1",
        "self_trade_prevention": "decrement",
        "account": account,
        "client_order_id": "once",
    }
    place(shared_exchange, symbol, "limit", "buy", "1", "100", **terms)
    for change in OTHER:
        body = {**order(symbol, "limit", "buy", "1", "100", **terms), **change}
        response = shared_exchange.http.post("/orders", json=body)
        assert problem(response) == (409, "client_order_id_conflict", "client_order_id"), change


def test_an_expired_order_sent_again_is_no_order_in_the_past(
    shared_exchange: Exchange, symbol: str, account: str
) -> None:
    body = order(
        symbol,
        "limit",
        "buy",
        "1",
        "100",
        expire_time=in_time(milliseconds=300),
        account=account,
        client_order_id="brief",
    )
    placed = shared_exchange.post("/orders", body)
    wait_until(lambda: look_up(shared_exchange, placed)["status"] == "canceled", "an order that expires")
    again = shared_exchange.post("/orders", body)
    assert (again["order_id"], again["status"], again["reason"], again["duplicate"]) == (
        placed["order_id"],
        "canceled",
        "expired",
        True,
    )


def test_a_rejected_post_only_order_uses_its_id_up(shared_exchange: Exchange, symbol: str, account: str) -> None:
    place(shared_exchange, symbol, "limit", "sell", "1", "100")
    terms = {"post_only": True, "account": account, "client_order_id": "maker"}
    rejected = place(shared_exchange, symbol, "limit", "buy", "1", "100", **terms)
    assert rejected["status"] == "rejected"
    shared_exchange.delete("/orders", symbol=symbol)
    assert place(shared_exchange, symbol, "limit", "buy", "1", "100", **terms) == {**rejected, "duplicate": True}
    assert refusal(shared_exchange, symbol, "limit", "buy", "1", "100", account=account, client_order_id="maker")[
        :2
    ] == (
        409,
        "client_order_id_conflict",
    )
