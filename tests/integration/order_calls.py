"""What the tests of orders over HTTP share: sending orders with any fields, and reading answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.exchange import Exchange, Json

Problem = tuple[int, str, str | None]


def order(
    symbol: str,
    order_type: str,
    side: str,
    quantity: str | int | None = None,
    price: str | int | None = None,
    **more: Any,
) -> Json:
    """The body of an order; what is None is left out."""
    fields = {"symbol": symbol, "order_type": order_type, "side": side, "quantity": quantity, "price": price, **more}
    return {name: value for name, value in fields.items() if value is not None}


def place(exchange: Exchange, *arguments: Any, **more: Any) -> Json:
    """The answer to an order, with the arguments of `order`."""
    return exchange.post("/orders", order(*arguments, **more))


def problem(response: httpx.Response) -> Problem:
    """Status, code and field of a problem document."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    document = response.json()
    assert document["status"] == response.status_code
    return response.status_code, document["code"], document.get("field")


def refusal(exchange: Exchange, *arguments: Any, **more: Any) -> Problem:
    """Why an order is refused."""
    return problem(exchange.http.post("/orders", json=order(*arguments, **more)))


def look_up(exchange: Exchange, placed: Json) -> Json:
    return exchange.get(f"/orders/{placed['order_id']}")


def outcome(told: Json) -> tuple[str, str | None, str, str, str]:
    """Status, reason, filled, remaining and prevented quantity."""
    return (
        told["status"],
        told["reason"],
        told["filled_quantity"],
        told["remaining_quantity"],
        told["prevented_quantity"],
    )


def trades(told: Json) -> list[tuple[str, str]]:
    """Price and quantity of each trade of an answer."""
    return [(trade["price"], trade["quantity"]) for trade in told["trades"]]


def depth(exchange: Exchange, symbol: str) -> tuple[list[list[str]], list[list[str]]]:
    levels = exchange.get("/depth", symbol=symbol)
    return levels["bids"], levels["asks"]


def in_time(**delta: float) -> str:
    """The time that is so far from now, as a client may write it."""
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()
