"""Order lists of the Binance dialect, each answer compared whole."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.binance_orders import ZERO, Market, Trader, amount
from tests.exchange import Exchange

NO_LIST = (400, -2018, "Order list does not exist.")
UNKNOWN_LIST = (400, -2011, "Unknown order list sent.")
RELATION = (400, -2010, "The relationship of the prices for the orders is not correct.")


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    directory = tmp_path_factory.mktemp("binance")
    with Exchange(directory, gateway_flags=(f"--key-file={directory / 'server.key'}",)) as exchange:
        yield exchange


@pytest.fixture
def bob(exchange: Exchange) -> Iterator[Trader]:
    """The last trade of his market is at 100."""
    market = Market(exchange)
    market.trade("100")
    yield Trader(market, "bob")
    exchange.delete("/orders", account="bob")


Sent = dict[str, str | int]

SELL: Sent = {
    "side": "SELL",
    "quantity": "2",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "110",
    "aboveClientOrderId": "limit",
    "belowType": "STOP_LOSS_LIMIT",
    "belowStopPrice": "90",
    "belowPrice": "89",
    "belowTimeInForce": "GTC",
    "belowClientOrderId": "stop",
    "listClientOrderId": "pair",
}
BUY: Sent = {
    "side": "BUY",
    "quantity": "2",
    "aboveType": "STOP_LOSS",
    "aboveStopPrice": "110",
    "belowType": "LIMIT_MAKER",
    "belowPrice": "90",
}


def oco(trader: Trader, sent: Sent, **more: str | int) -> Any:
    return trader.call("POST", "orderList/oco", **{**sent, **more})


def no_oco(trader: Trader, sent: Sent, **more: str | int) -> tuple[int, int, str]:
    return trader.refused("POST", "orderList/oco", **{**sent, **more})


def listed(trader: Trader, answer: Any, status: str = "EXECUTING") -> dict[str, Any]:
    """SELL without its reports, with the ids and the time of the answer."""
    order_id, symbol = answer["orders"][0]["orderId"], trader.market.joined
    return {
        "orderListId": order_id,
        "contingencyType": "OCO",
        "listStatusType": "EXEC_STARTED" if status == "EXECUTING" else status,
        "listOrderStatus": status,
        "listClientOrderId": "pair",
        "transactionTime": answer["transactionTime"],
        "symbol": symbol,
        "orders": [
            {"symbol": symbol, "orderId": order_id, "clientOrderId": "limit"},
            {"symbol": symbol, "orderId": order_id + 1, "clientOrderId": "stop"},
        ],
    }


def reports(trader: Trader, answer: Any) -> list[dict[str, Any]]:
    """The RESULT of both legs of SELL."""
    order_id, time = answer["orders"][0]["orderId"], answer["transactionTime"]
    both = {
        "symbol": trader.market.joined,
        "orderListId": order_id,
        "transactTime": time,
        "origQty": "2.00000000",
        "executedQty": ZERO,
        "origQuoteOrderQty": ZERO,
        "cummulativeQuoteQty": ZERO,
        "status": "NEW",
        "timeInForce": "GTC",
        "side": "SELL",
        "selfTradePreventionMode": "NONE",
    }
    return [
        {
            **both,
            "orderId": order_id,
            "clientOrderId": "limit",
            "price": "110.00000000",
            "type": "LIMIT_MAKER",
            "workingTime": time,
        },
        {
            **both,
            "orderId": order_id + 1,
            "clientOrderId": "stop",
            "price": "89.00000000",
            "stopPrice": "90.00000000",
            "type": "STOP_LOSS_LIMIT",
            "workingTime": -1,
        },
    ]


def statuses(trader: Trader, answer: Any) -> list[tuple[str, str | None]]:
    legs = [trader.order(each["orderId"]) for each in answer["orders"]]
    return [(leg["status"], leg.get("expiryReason")) for leg in legs]


def test_a_new_list(bob: Trader) -> None:
    answer = oco(bob, SELL)
    assert answer == {**listed(bob, answer), "orderReports": reports(bob, answer)}
    legs = [bob.order(each["orderId"]) for each in answer["orders"]]
    assert [leg["orderListId"] for leg in legs] == [answer["orderListId"]] * 2
    assert [leg["isWorking"] for leg in legs] == [True, False]


def test_the_other_answers_to_a_new_list(bob: Trader) -> None:
    ack = oco(bob, SELL, newOrderRespType="ACK")
    fields = ("symbol", "orderId", "orderListId", "clientOrderId", "transactTime")
    assert ack["orderReports"] == [{name: each[name] for name in fields} for each in reports(bob, ack)]
    bob.call("DELETE", "openOrders")
    full = oco(bob, SELL, newOrderRespType="FULL")
    assert full["orderReports"] == [{**each, "fills": []} for each in reports(bob, full)]


def test_the_old_form(bob: Trader) -> None:
    answer = bob.call(
        "POST",
        "order/oco",
        side="SELL",
        quantity="2",
        price="110",
        stopPrice="90",
        stopLimitPrice="89",
        stopLimitTimeInForce="GTC",
        limitClientOrderId="limit",
        stopClientOrderId="stop",
        listClientOrderId="pair",
    )
    assert answer == {**listed(bob, answer), "orderReports": reports(bob, answer)}
    bought = bob.call("POST", "order/oco", side="BUY", quantity="2", price="90", stopPrice="110")
    assert [each["type"] for each in bought["orderReports"]] == ["LIMIT_MAKER", "STOP_LOSS"]


def test_a_list_is_looked_up_and_listed(bob: Trader) -> None:
    answer = oco(bob, SELL)
    expected = listed(bob, answer)
    assert bob.call("GET", "orderList", orderListId=answer["orderListId"]) == expected
    assert bob.call("GET", "orderList", origClientOrderId="pair") == expected
    assert bob.call("GET", "openOrderList") == [expected]
    assert bob.call("GET", "allOrderList")[-1] == expected
    assert bob.call("GET", "allOrderList", fromId=answer["orderListId"]) == [expected]
    assert bob.call("GET", "allOrderList", limit=1) == [expected]


def test_a_canceled_list(bob: Trader) -> None:
    answer = oco(bob, SELL)
    canceled = bob.call("DELETE", "orderList", listClientOrderId="pair", newClientOrderId="my-cancel")
    time = canceled["transactionTime"]
    expected_reports = []
    for each in reports(bob, answer):
        report = {name: value for name, value in each.items() if name != "workingTime"}
        own = {"origClientOrderId": report["clientOrderId"], "clientOrderId": "my-cancel"}
        expected_reports.append({**report, **own, "transactTime": time, "status": "CANCELED"})
    expected = listed(bob, canceled, "ALL_DONE")
    assert canceled == {**expected, "orderReports": expected_reports}
    assert statuses(bob, answer) == [("CANCELED", None)] * 2
    done = {**expected, "transactionTime": answer["transactionTime"]}
    assert bob.call("GET", "orderList", origClientOrderId="pair") == done
    assert bob.call("GET", "openOrderList") == []
    assert bob.refused("DELETE", "orderList", listClientOrderId="pair") == UNKNOWN_LIST


@pytest.mark.parametrize("leg", [0, 1])
def test_the_cancel_of_a_leg_cancels_the_list(bob: Trader, leg: int) -> None:
    answer = oco(bob, SELL)
    canceled = bob.call("DELETE", "order", orderId=answer["orders"][leg]["orderId"])
    assert (canceled["listOrderStatus"], canceled["orderListId"]) == ("ALL_DONE", answer["orderListId"])
    assert [each["status"] for each in canceled["orderReports"]] == ["CANCELED"] * 2


def test_a_list_among_all_that_is_canceled(bob: Trader) -> None:
    order_id = bob.limit("BUY", "1", "50")["orderId"]
    answer = oco(bob, SELL)
    canceled = bob.call("DELETE", "openOrders")
    assert (canceled[0]["orderId"], canceled[1]["orderListId"], len(canceled)) == (order_id, answer["orderListId"], 2)
    assert len(canceled[1]["orderReports"]) == 2


def test_the_first_trade_of_the_limit_ends_the_stop(bob: Trader) -> None:
    answer = oco(bob, SELL)
    bob.market.take("buy", "0.5", "110")
    assert statuses(bob, answer) == [("PARTIALLY_FILLED", None), ("EXPIRED", "OCO_TRIGGER")]
    assert bob.call("GET", "openOrderList") == [listed(bob, {**answer})]


def test_a_stop_that_fires_ends_the_limit(bob: Trader) -> None:
    answer = oco(bob, SELL)
    bob.market.trade("90", "0.1")
    assert statuses(bob, answer) == [("EXPIRED", "OCO_TRIGGER"), ("NEW", None)]


def test_a_list_with_a_take_profit(bob: Trader) -> None:
    sent: Sent = {
        "side": "SELL",
        "quantity": "2",
        "aboveType": "TAKE_PROFIT_LIMIT",
        "aboveStopPrice": "110",
        "abovePrice": "109",
        "aboveTimeInForce": "IOC",
        "aboveStrategyId": 3,
        "belowType": "STOP_LOSS",
        "belowStopPrice": "90",
    }
    answer = oco(bob, sent)
    profit, stop = answer["orderReports"]
    assert (profit["type"], profit["timeInForce"], profit["stopPrice"], profit["strategyId"]) == (
        "TAKE_PROFIT_LIMIT",
        "IOC",
        amount("110"),
        3,
    )
    assert (stop["type"], stop["workingTime"], profit["workingTime"]) == ("STOP_LOSS", -1, -1)


def test_which_legs_make_no_list(bob: Trader) -> None:
    types = (400, -1158, "Order type not supported in OCO.")
    assert no_oco(bob, SELL, aboveType="MARKET") == types
    two = {**SELL, "belowType": "STOP_LOSS", "aboveType": "STOP_LOSS_LIMIT"}
    assert no_oco(bob, two) == types
    limits = {**SELL, "belowType": "LIMIT_MAKER"}
    assert no_oco(bob, limits) == (400, -1168, "At least one OCO order must be contingent.")
    assert no_oco(bob, {**BUY, "side": "SELL"}) == (400, -1166, "A limit order in a sell OCO must be above.")
    assert no_oco(bob, {**SELL, "side": "BUY"}) == (400, -1165, "A limit order in a buy OCO must be below.")
    profit: Sent = {
        "quantity": "2",
        "aboveType": "STOP_LOSS",
        "aboveStopPrice": "110",
        "belowType": "TAKE_PROFIT",
        "belowStopPrice": "90",
    }
    assert no_oco(bob, profit, side="SELL") == (400, -1197, "A stop loss order in a sell OCO must be below.")
    swapped: Sent = {
        "quantity": "2",
        "aboveType": "TAKE_PROFIT",
        "aboveStopPrice": "110",
        "belowType": "STOP_LOSS",
        "belowStopPrice": "90",
    }
    assert no_oco(bob, swapped, side="BUY") == (400, -1196, "A stop loss order in a buy OCO must be above.")


def test_what_legs_need(bob: Trader) -> None:
    def mandatory(name: str) -> tuple[int, int, str]:
        return 400, -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."

    for name in ("abovePrice", "belowStopPrice", "belowPrice", "belowTimeInForce", "quantity", "aboveType"):
        sent = {each: value for each, value in SELL.items() if each != name}
        assert no_oco(bob, sent) == mandatory(name)
    assert no_oco(bob, SELL, aboveTimeInForce="GTC") == (
        400,
        -1106,
        "Parameter 'aboveTimeInForce' sent when not required.",
    )
    assert no_oco(bob, SELL, belowTrailingDelta=100) == (400, -1014, "Unsupported order combination.")
    assert no_oco(bob, SELL, belowStrategyType=1) == (400, -1134, "strategyType was less than 1000000.")


def test_prices_on_the_wrong_side_of_the_last_trade(bob: Trader, exchange: Exchange) -> None:
    assert no_oco(bob, SELL, abovePrice="99") == RELATION
    assert no_oco(bob, SELL, belowStopPrice="101") == RELATION
    assert no_oco(bob, BUY, belowPrice="101") == RELATION
    assert no_oco(bob, BUY, aboveStopPrice="99") == RELATION
    untraded = Trader(Market(exchange), "bob")
    assert no_oco(untraded, SELL) == RELATION


def test_names_that_are_in_use(bob: Trader) -> None:
    duplicate = (400, -2010, "Duplicate order sent.")
    oco(bob, SELL)
    assert no_oco(bob, SELL) == duplicate
    others = {"aboveClientOrderId": "limit-2", "belowClientOrderId": "stop-2"}
    assert no_oco(bob, SELL, **others) == duplicate
    assert no_oco(bob, SELL, listClientOrderId="pair-2", aboveClientOrderId="limit-2") == duplicate
    oco(bob, SELL, listClientOrderId="pair-2", **others)
    bob.call("DELETE", "orderList", listClientOrderId="pair")
    oco(bob, SELL)


def test_lists_that_are_not_there(bob: Trader) -> None:
    assert bob.refused("GET", "orderList", orderListId=10**15) == NO_LIST
    assert bob.refused("GET", "orderList", origClientOrderId="nothing") == NO_LIST
    assert bob.refused("DELETE", "orderList", orderListId=10**15) == UNKNOWN_LIST
    single = bob.limit("BUY", "1", "50")["orderId"]
    assert bob.refused("GET", "orderList", orderListId=single) == NO_LIST
    both = "Param 'orderListId' or '{}' must be sent, but both were empty/null!"
    assert bob.refused("DELETE", "orderList") == (400, -1102, both.format("listClientOrderId"))
    assert bob.refused("GET", "orderList") == (400, -1102, both.format("origClientOrderId"))


@pytest.mark.parametrize("kind", ["oto", "otoco", "opo", "opoco"])
def test_lists_of_other_kinds(bob: Trader, kind: str) -> None:
    assert bob.refused("POST", f"orderList/{kind}") == (400, -1020, "This operation is not supported.")
