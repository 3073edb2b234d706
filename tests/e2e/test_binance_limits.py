"""What a call of the Binance dialect beyond a limit tells, where limits are enforced."""

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.binance import failure, now
from tests.e2e.binance_orders import Market, Trader
from tests.e2e.binance_sockets import ApiSocket
from tests.exchange import PATIENCE, Exchange

DEADLINE = 2.0
"""Seconds for which an order may wait in the gateway."""

TOO_MANY = {"code": -1015, "msg": "Too many new orders; current limit is 100 orders per 10 SECOND."}
UNKNOWN = {"code": -2011, "msg": "Unknown order sent."}

ORDER: dict[str, str | int] = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "100"}


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    directory = tmp_path_factory.mktemp("limits")
    flags = (f"--key-file={directory / 'server.key'}", "--binance-limits=on", f"--deadline={1000 * DEADLINE:.0f}")
    with Exchange(directory, gateway_flags=flags) as exchange:
        yield exchange


@pytest.fixture
def bob(exchange: Exchange) -> Trader:
    return Trader(Market(exchange))


def beyond(trader: Trader) -> Any:
    """The answer to the first order beyond the limit."""
    while (response := trader.send("POST", "order", **ORDER)).status_code == 200:
        pass
    return response


def replaced(trader: Trader, **parameters: str | int) -> tuple[int, Any]:
    """The answer to a cancel-replace beyond the limit, of an open order unless another one is named."""
    while True:
        beyond(trader)
        live = trader.call("GET", "openOrders")[0]["orderId"]
        sent = {"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": live, **ORDER, **parameters}
        response = trader.send("POST", "order/cancelReplace", **sent)
        # Ten new seconds may have begun before it.
        if response.status_code != 200:
            return response.status_code, response.json()


def test_too_many_new_orders(bob: Trader) -> None:
    refused = beyond(bob)
    assert failure(refused) == (429, TOO_MANY["code"], TOO_MANY["msg"])
    assert 1 <= int(refused.headers["retry-after"]) <= 10
    live = bob.call("GET", "openOrders")[0]["orderId"]
    assert bob.call("DELETE", "order", orderId=live)["status"] == "CANCELED", "cancels are not counted"


def test_the_websocket_api_counts_the_same_orders(bob: Trader) -> None:
    with ApiSocket(bob.market.exchange, bob.holder) as api:
        assert api.log_on()["status"] == 200
        order = {**ORDER, "symbol": bob.market.joined, "timestamp": now()}
        first = api.ask("order.place", order)
        kinds = [(limit["rateLimitType"], limit["count"]) for limit in first["rateLimits"]]
        assert [kind for kind, _ in kinds] == ["ORDERS", "ORDERS", "REQUEST_WEIGHT"]
        assert kinds[:2] == [("ORDERS", 1), ("ORDERS", 1)]
        refused = None
        while refused is None:
            answer = api.ask("order.place", {**order, "timestamp": now()})
            refused = answer if answer["status"] != 200 else None
        data = refused["error"].pop("data")
        assert (refused["status"], refused["error"]) == (429, TOO_MANY)
        assert 0 <= data["retryAfter"] - data["serverTime"] <= 10_000


def test_a_cancel_replace_beyond_the_limit_does_nothing_unless_it_is_asked_to_cancel(bob: Trader) -> None:
    for mode in ({}, {"orderRateLimitExceededMode": "DO_NOTHING"}):
        assert replaced(bob, **mode) == (429, TOO_MANY)
    status, answer = replaced(bob, orderRateLimitExceededMode="CANCEL_ONLY", cancelNewClientOrderId="the-cancel")
    canceled = answer["data"].pop("cancelResponse")
    assert (status, answer) == (
        409,
        {
            "code": -2021,
            "msg": "Order cancel-replace partially failed.",
            "data": {"cancelResult": "SUCCESS", "newOrderResult": "FAILURE", "newOrderResponse": TOO_MANY},
        },
    )
    assert (canceled["status"], canceled["clientOrderId"]) == ("CANCELED", "the-cancel")
    assert bob.status(canceled["orderId"]) == "CANCELED"


@pytest.mark.parametrize(
    ("mode", "result", "response"), [("STOP_ON_FAILURE", "NOT_ATTEMPTED", None), ("ALLOW_FAILURE", "FAILURE", TOO_MANY)]
)
def test_both_parts_fail_beyond_the_limit(bob: Trader, mode: str, result: str, response: Any) -> None:
    only: dict[str, str | int] = {"cancelReplaceMode": mode, "orderRateLimitExceededMode": "CANCEL_ONLY"}
    assert replaced(bob, cancelOrigClientOrderId="nothing", **only) == (
        400,
        {
            "code": -2022,
            "msg": "Order cancel-replace failed.",
            "data": {
                "cancelResult": "FAILURE",
                "newOrderResult": result,
                "cancelResponse": UNKNOWN,
                "newOrderResponse": response,
            },
        },
    )
    # A new order that no filter lets pass leaves the other one alone.
    fault = {"code": -1013, "msg": "Filter failure: PRICE_FILTER"}
    assert replaced(bob, price="100.001", **only) == (400, fault)


def test_an_order_that_has_waited_too_long_in_the_gateway_is_not_taken(bob: Trader) -> None:
    """Its head comes in time for HTTP, and too late for its deadline."""
    query = bob.holder.signed({"symbol": bob.market.joined, **ORDER, "newClientOrderId": "late", "recvWindow": 60_000})
    head = f"POST /api/v3/order?{query} HTTP/1.1\r\nHost: localhost\r\nX-MBX-APIKEY: {bob.holder.api_key}\r\n"
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", bob.market.exchange.gateway.port), PATIENCE) as connection:
        connection.sendall(head.encode())
        while time.monotonic() < begun + 1.5 * DEADLINE:
            time.sleep(0.05)
        connection.sendall(b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65_536), b"")).decode()
    assert answer.startswith("HTTP/1.1 429 ")
    assert "retry-after: 1" in answer.lower()
    assert answer.endswith('{"code":-1003,"msg":"Too many requests queued."}')
    assert bob.refused("GET", "order", origClientOrderId="late") == (400, -2013, "Order does not exist.")
