"""Cancel-replace and amends of the Binance dialect, each answer compared whole."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.binance import now
from tests.e2e.binance_orders import ZERO, Market, Trader
from tests.e2e.binance_sockets import ApiSocket
from tests.exchange import Exchange, Json

UNKNOWN = {"code": -2011, "msg": "Unknown order sent."}
MODES = ("STOP_ON_FAILURE", "ALLOW_FAILURE")


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    directory = tmp_path_factory.mktemp("binance")
    with Exchange(directory, gateway_flags=(f"--key-file={directory / 'server.key'}",)) as exchange:
        yield exchange


@pytest.fixture
def bob(exchange: Exchange) -> Iterator[Trader]:
    yield Trader(Market(exchange), "bob")
    exchange.delete("/orders", account="bob")


def new_order(price: str = "99", **more: str | int) -> dict[str, str | int]:
    return {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": price, **more}


def replaced(trader: Trader, mode: str, **parameters: str | int) -> tuple[int, Any]:
    response = trader.send("POST", "order/cancelReplace", cancelReplaceMode=mode, **parameters)
    return response.status_code, response.json()


@pytest.mark.parametrize("mode", MODES)
def test_an_order_is_put_into_the_place_of_another(bob: Trader, mode: str) -> None:
    before = bob.limit("BUY", "2", "100", newClientOrderId="before")
    status, answer = replaced(
        bob,
        mode,
        cancelOrderId=before["orderId"],
        cancelNewClientOrderId="the-cancel",
        **new_order(newClientOrderId="after"),
    )
    time, order_id = answer["newOrderResponse"]["transactTime"], answer["newOrderResponse"]["orderId"]
    of_both = {
        "symbol": bob.market.joined,
        "orderListId": -1,
        "transactTime": time,
        "executedQty": ZERO,
        "origQuoteOrderQty": ZERO,
        "cummulativeQuoteQty": ZERO,
        "timeInForce": "GTC",
        "type": "LIMIT",
        "side": "BUY",
        "selfTradePreventionMode": "NONE",
    }
    assert (status, answer) == (
        200,
        {
            "cancelResult": "SUCCESS",
            "newOrderResult": "SUCCESS",
            "cancelResponse": {
                **of_both,
                "origClientOrderId": "before",
                "orderId": before["orderId"],
                "clientOrderId": "the-cancel",
                "price": "100.00000000",
                "origQty": "2.00000000",
                "status": "CANCELED",
            },
            "newOrderResponse": {
                **of_both,
                "orderId": order_id,
                "clientOrderId": "after",
                "price": "99.00000000",
                "origQty": "1.00000000",
                "status": "NEW",
                "workingTime": time,
                "fills": [],
            },
        },
    )
    assert [each["orderId"] for each in bob.call("GET", "openOrders")] == [order_id]


def test_the_cancel_fails(bob: Trader) -> None:
    assert replaced(bob, "STOP_ON_FAILURE", cancelOrigClientOrderId="nothing", **new_order()) == (
        400,
        {
            "code": -2022,
            "msg": "Order cancel-replace failed.",
            "data": {
                "cancelResult": "FAILURE",
                "newOrderResult": "NOT_ATTEMPTED",
                "cancelResponse": UNKNOWN,
                "newOrderResponse": None,
            },
        },
    )
    status, answer = replaced(bob, "ALLOW_FAILURE", cancelOrigClientOrderId="nothing", **new_order())
    placed = answer["data"].pop("newOrderResponse")
    assert (status, answer) == (
        409,
        {
            "code": -2021,
            "msg": "Order cancel-replace partially failed.",
            "data": {"cancelResult": "FAILURE", "newOrderResult": "SUCCESS", "cancelResponse": UNKNOWN},
        },
    )
    assert [each["orderId"] for each in bob.call("GET", "openOrders")] == [placed["orderId"]]


@pytest.mark.parametrize("mode", MODES)
def test_the_new_order_fails(bob: Trader, mode: str) -> None:
    bob.market.rest("sell", "1", "101")
    before = bob.limit("BUY", "2", "100")
    crosses = {"side": "BUY", "type": "LIMIT_MAKER", "quantity": "1", "price": "101"}
    status, answer = replaced(bob, mode, cancelOrderId=before["orderId"], **crosses)
    assert answer["data"].pop("cancelResponse")["status"] == "CANCELED"
    assert (status, answer) == (
        409,
        {
            "code": -2021,
            "msg": "Order cancel-replace partially failed.",
            "data": {
                "cancelResult": "SUCCESS",
                "newOrderResult": "FAILURE",
                "newOrderResponse": {"code": -2010, "msg": "Order would immediately match and take."},
            },
        },
    )
    assert bob.call("GET", "openOrders") == []


def test_both_fail(bob: Trader) -> None:
    bob.market.rest("sell", "1", "101")
    crosses = {"side": "BUY", "type": "LIMIT_MAKER", "quantity": "1", "price": "101"}
    status, answer = replaced(bob, "ALLOW_FAILURE", cancelOrderId=10**15, **crosses)
    assert (status, answer["code"], answer["data"]["cancelResult"], answer["data"]["newOrderResult"]) == (
        400,
        -2022,
        "FAILURE",
        "FAILURE",
    )


def test_a_new_order_that_no_filter_passes_cancels_nothing(bob: Trader) -> None:
    before = bob.limit("BUY", "2", "100")
    answer = replaced(bob, "STOP_ON_FAILURE", cancelOrderId=before["orderId"], **new_order(quantity="0.000001"))
    assert answer == (400, {"code": -1013, "msg": "Filter failure: LOT_SIZE"})
    answer = replaced(bob, "STOP_ON_FAILURE", cancelOrderId=before["orderId"], **new_order("0.5"))
    assert answer == (400, {"code": -1013, "msg": "Filter failure: NOTIONAL"})
    assert bob.status(before["orderId"]) == "NEW"


def test_an_order_of_another_symbol_is_not_canceled(bob: Trader, exchange: Exchange) -> None:
    elsewhere = Trader(Market(exchange), "bob")
    order_id = elsewhere.limit("BUY", "2", "100")["orderId"]
    status, answer = replaced(bob, "STOP_ON_FAILURE", cancelOrderId=order_id, **new_order())
    assert (status, answer["data"]["cancelResponse"]) == (400, UNKNOWN)
    assert elsewhere.status(order_id) == "NEW"


def test_restrictions_of_the_cancel(bob: Trader) -> None:
    before = bob.limit("BUY", "2", "100")
    status, answer = replaced(
        bob,
        "STOP_ON_FAILURE",
        cancelOrderId=before["orderId"],
        cancelRestrictions="ONLY_PARTIALLY_FILLED",
        **new_order(),
    )
    assert (status, answer["data"]["cancelResponse"]) == (
        400,
        {"code": -2011, "msg": "Order was not canceled due to cancel restrictions."},
    )


def test_the_new_order_may_have_the_client_id_of_the_canceled_one(bob: Trader) -> None:
    bob.limit("BUY", "2", "100", newClientOrderId="mine")
    sent = new_order(newClientOrderId="mine")
    status, answer = replaced(bob, "STOP_ON_FAILURE", cancelOrigClientOrderId="mine", **sent)
    assert (status, answer["newOrderResponse"]["clientOrderId"]) == (200, "mine")


def test_which_parameters_a_cancel_replace_needs(bob: Trader) -> None:
    assert replaced(bob, "STOP_ON_FAILURE", **new_order()) == (
        400,
        {
            "code": -1102,
            "msg": "Param 'cancelOrigClientOrderId' or 'cancelOrderId' must be sent, but both were empty/null!",
        },
    )
    assert replaced(bob, "SOMEHOW", cancelOrderId=1, **new_order()) == (
        400,
        {"code": -1130, "msg": "Data sent for parameter 'cancelReplaceMode' is not valid."},
    )


def test_an_amend(bob: Trader) -> None:
    order_id = bob.limit("BUY", "5", "100", newClientOrderId="before")["orderId"]
    bob.market.take("sell", "1", "100")
    entered = bob.order(order_id)["time"]
    answer = bob.call("PUT", "order/amend/keepPriority", orderId=order_id, newQty="4", newClientOrderId="after")
    time, execution_id = answer["transactTime"], answer["executionId"]
    assert answer == {
        "transactTime": time,
        "executionId": execution_id,
        "amendedOrder": {
            "symbol": bob.market.joined,
            "orderId": order_id,
            "orderListId": -1,
            "origClientOrderId": "before",
            "clientOrderId": "after",
            "price": "100.00000000",
            "qty": "4.00000000",
            "executedQty": "1.00000000",
            "preventedQty": ZERO,
            "quoteOrderQty": ZERO,
            "cumulativeQuoteQty": "100.00000000",
            "status": "PARTIALLY_FILLED",
            "timeInForce": "GTC",
            "type": "LIMIT",
            "side": "BUY",
            "workingTime": entered,
            "selfTradePreventionMode": "NONE",
        },
    }
    told = bob.call("GET", "order", origClientOrderId="after")
    assert (told["orderId"], told["origQty"], told["updateTime"]) == (order_id, "4.00000000", time)
    generated = bob.call("PUT", "order/amend/keepPriority", orderId=order_id, newQty="3")
    name = generated["amendedOrder"]["clientOrderId"]
    assert len(name) == 22 and name[0].islower()
    of_both = {"symbol": bob.market.joined, "orderId": order_id}
    listed = [
        {
            **of_both,
            "executionId": execution_id,
            "origClientOrderId": "before",
            "newClientOrderId": "after",
            "origQty": "5.00000000",
            "newQty": "4.00000000",
            "time": time,
        },
        {
            **of_both,
            "executionId": generated["executionId"],
            "origClientOrderId": "after",
            "newClientOrderId": name,
            "origQty": "4.00000000",
            "newQty": "3.00000000",
            "time": generated["transactTime"],
        },
    ]
    assert bob.call("GET", "order/amendments", orderId=order_id) == listed
    assert bob.call("GET", "order/amendments", orderId=order_id, limit=1) == listed[:1]
    assert bob.call("GET", "order/amendments", orderId=order_id, fromExecutionId=execution_id) == listed
    assert bob.call("GET", "order/amendments", orderId=order_id, fromExecutionId=execution_id + 1) == listed[1:]


def test_refused_amends(bob: Trader) -> None:
    order_id = bob.limit("BUY", "5", "100", newClientOrderId="mine")["orderId"]
    bob.market.take("sell", "2", "100")

    def refused(**parameters: str | int) -> tuple[int, int, str]:
        return bob.refused("PUT", "order/amend/keepPriority", **parameters)

    increase = (400, -2038, "Order amend (quantity increase) is not supported.")
    unknown = (400, -2038, "Unknown order sent.")
    assert refused(orderId=order_id, newQty="6") == increase
    assert refused(orderId=order_id, newQty="5") == (
        400,
        -2038,
        "The requested action would change no state; rejecting",
    )
    assert refused(orderId=order_id, newQty="2") == (
        400,
        -2038,
        "newQty must be greater than the executed quantity.",
    )
    assert refused(orderId=order_id, newQty="0") == (400, -1013, "Invalid quantity.")
    assert refused(orderId=order_id, newQty="4.000001") == (400, -1013, "Filter failure: LOT_SIZE")
    assert refused(origClientOrderId="nothing", newQty="4") == unknown
    bob.call("DELETE", "order", orderId=order_id)
    assert refused(orderId=order_id, newQty="4") == unknown
    assert bob.refused("GET", "order/amendments", orderId=10**15) == (400, -2013, "Order does not exist.")


def test_an_amended_order_keeps_its_id_if_that_is_asked_for(bob: Trader) -> None:
    bob.limit("BUY", "5", "100", newClientOrderId="mine")
    sent = {"origClientOrderId": "mine", "newClientOrderId": "mine", "newQty": "4"}
    assert bob.call("PUT", "order/amend/keepPriority", **sent)["amendedOrder"]["clientOrderId"] == "mine"
    bob.limit("BUY", "1", "90", newClientOrderId="other")
    taken = {"origClientOrderId": "mine", "newClientOrderId": "other", "newQty": "3"}
    assert bob.refused("PUT", "order/amend/keepPriority", **taken) == (400, -2010, "Duplicate order sent.")


def test_an_amend_of_a_leg_tells_its_list(bob: Trader) -> None:
    bob.market.trade("100")
    pair = bob.call(
        "POST",
        "orderList/oco",
        side="SELL",
        quantity="5",
        aboveType="LIMIT_MAKER",
        abovePrice="110",
        belowType="STOP_LOSS",
        belowStopPrice="90",
        listClientOrderId="pair",
        belowClientOrderId="stop",
    )
    limit = pair["orders"][0]["orderId"]
    answer = bob.call("PUT", "order/amend/keepPriority", orderId=limit, newQty="3", newClientOrderId="limit-2")
    assert answer["amendedOrder"]["orderListId"] == pair["orderListId"]
    assert answer["listStatus"] == {
        "orderListId": pair["orderListId"],
        "contingencyType": "OCO",
        "listOrderStatus": "EXECUTING",
        "listClientOrderId": "pair",
        "symbol": bob.market.joined,
        "orders": [
            {"symbol": bob.market.joined, "orderId": limit, "clientOrderId": "limit-2"},
            {"symbol": bob.market.joined, "orderId": limit + 1, "clientOrderId": "stop"},
        ],
    }
    assert bob.order(limit + 1)["origQty"] == "3.00000000"


def test_cancels_need_not_wait_for_answers(bob: Trader) -> None:
    """Nor does what comes behind them: an id that a cancel frees is good for the next order."""
    mine = {"symbol": bob.market.joined, "timestamp": now()}
    order = {**mine, **new_order("90", quantity="0.1")}
    pair = {
        "side": "SELL",
        "quantity": "0.1",
        "aboveType": "LIMIT_MAKER",
        "abovePrice": "120",
        "aboveClientOrderId": "above",
        "belowType": "STOP_LOSS",
        "belowStopPrice": "80",
    }
    bob.market.trade("100", "0.1")
    requests: list[tuple[str, str, Json]] = []
    for number in range(50):
        requests.append((f"p{number}", "order.place", {**order, "newClientOrderId": "again"}))
        if number % 2:
            requests.append((f"c{number}", "order.cancel", {**mine, "origClientOrderId": "again"}))
        else:
            replace = {"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrigClientOrderId": "again"}
            requests.append((f"r{number}", "order.cancelReplace", {**order, **replace, "newClientOrderId": "again"}))
            requests.append((f"c{number}", "order.cancel", {**mine, "origClientOrderId": "again"}))
        requests.append((f"l{number}", "orderList.place.oco", {**mine, **pair}))
        requests.append((f"d{number}", "order.cancel", {**mine, "origClientOrderId": "above"}))
    with ApiSocket(bob.market.exchange, bob.holder, "?returnRateLimits=false") as socket:
        assert socket.log_on()["status"] == 200
        for told, method, params in requests:
            socket.send({"id": told, "method": method, "params": params})
        answers = {answer["id"]: answer for answer in (socket.hear() for _ in requests)}
        assert {told: answer["status"] for told, answer in answers.items()} == {told: 200 for told, _, _ in requests}
        assert all(answers[f"c{number}"]["result"]["status"] == "CANCELED" for number in range(50))
        assert all(len(answers[f"d{number}"]["result"]["orderReports"]) == 2 for number in range(50))
        assert socket.call("openOrders.status") == []
