"""Types of orders of the Binance dialect: what each is told as, and what becomes of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.binance_orders import ZERO, Market, Trader, amount, queried, result
from tests.exchange import Exchange


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    directory = tmp_path_factory.mktemp("binance")
    with Exchange(directory, gateway_flags=(f"--key-file={directory / 'server.key'}",)) as exchange:
        yield exchange


@pytest.fixture
def bob(exchange: Exchange) -> Iterator[Trader]:
    yield Trader(Market(exchange), "bob")
    exchange.delete("/orders", account="bob")


TYPES: list[tuple[str, str, dict[str, str | int], dict[str, str | int]]] = [
    ("BUY", "LIMIT", {"quantity": "2", "price": "90", "timeInForce": "GTC", "icebergQty": "0.5"}, {}),
    ("BUY", "LIMIT_MAKER", {"quantity": "2", "price": "90"}, {}),
    ("SELL", "LIMIT_MAKER", {"quantity": "2", "price": "120", "icebergQty": "0.5"}, {}),
    ("BUY", "STOP_LOSS", {"quantity": "2", "stopPrice": "110"}, {}),
    ("SELL", "STOP_LOSS", {"quantity": "2", "stopPrice": "90"}, {}),
    ("BUY", "TAKE_PROFIT", {"quantity": "2", "stopPrice": "90"}, {}),
    ("SELL", "TAKE_PROFIT", {"quantity": "2", "stopPrice": "110"}, {}),
    ("BUY", "STOP_LOSS_LIMIT", {"quantity": "2", "price": "111", "stopPrice": "110", "timeInForce": "GTC"}, {}),
    ("SELL", "STOP_LOSS_LIMIT", {"quantity": "2", "price": "89", "stopPrice": "90", "timeInForce": "IOC"}, {}),
    (
        "SELL",
        "TAKE_PROFIT_LIMIT",
        {"quantity": "2", "price": "109", "stopPrice": "110", "timeInForce": "GTC", "icebergQty": "0.5"},
        {},
    ),
    ("BUY", "TAKE_PROFIT_LIMIT", {"quantity": "2", "price": "91", "stopPrice": "90", "timeInForce": "FOK"}, {}),
    ("SELL", "STOP_LOSS", {"quantity": "2", "trailingDelta": 500}, {}),
    ("SELL", "TAKE_PROFIT", {"quantity": "2", "trailingDelta": 500, "stopPrice": "110"}, {"trailingTime": -1}),
    (
        "BUY",
        "STOP_LOSS_LIMIT",
        {"quantity": "2", "price": "130", "timeInForce": "GTC", "trailingDelta": 500, "stopPrice": "110"},
        {"trailingTime": -1},
    ),
    (
        "BUY",
        "TAKE_PROFIT_LIMIT",
        {"quantity": "2", "price": "130", "timeInForce": "GTC", "trailingDelta": 500},
        {},
    ),
]


@pytest.mark.parametrize(("side", "order_type", "sent", "more"), TYPES)
def test_each_type_is_told_as_it_was_sent(
    bob: Trader, side: str, order_type: str, sent: dict[str, str | int], more: dict[str, str | int]
) -> None:
    bob.market.trade("100")
    strategy: dict[str, str | int] = {"strategyId": 7, "strategyType": 1_000_000}
    answer = bob.place(
        side,
        order_type,
        newClientOrderId="mine-1",
        newOrderRespType="RESULT",
        selfTradePreventionMode="EXPIRE_BOTH",
        **sent,
        **strategy,
    )
    waits = order_type not in ("LIMIT", "LIMIT_MAKER")
    fields: dict[str, Any] = {"side": side, "type": order_type, "selfTradePreventionMode": "EXPIRE_BOTH", **strategy}
    fields["price"] = amount(str(sent.get("price", "0")))
    fields["timeInForce"] = sent.get("timeInForce", "GTC")
    fields |= {name: amount(str(sent[name])) for name in ("stopPrice", "icebergQty") if name in sent}
    if "trailingDelta" in sent:
        fields["trailingDelta"] = sent["trailingDelta"]
        fields["trailingTime"] = answer["transactTime"]
    if waits:
        fields["workingTime"] = -1
    fields |= more
    assert answer == result(bob, answer, **fields)
    expected = queried(bob, answer, **fields)
    if waits:
        expected["isWorking"] = False
    assert bob.order(answer["orderId"]) == expected
    canceled = bob.call("DELETE", "order", orderId=answer["orderId"])
    assert canceled["status"] == "CANCELED"
    assert (bob.order(answer["orderId"])["isWorking"], bob.order(answer["orderId"])["type"]) == (not waits, order_type)


def test_a_stop_that_fires_works(bob: Trader) -> None:
    bob.market.trade("100")
    sent: dict[str, str] = {"quantity": "2", "price": "89", "stopPrice": "95", "timeInForce": "GTC"}
    order_id = bob.place("SELL", "STOP_LOSS_LIMIT", **sent)["orderId"]
    assert bob.order(order_id)["workingTime"] == -1
    bob.market.trade("94")
    told = bob.order(order_id)
    assert (told["status"], told["isWorking"]) == ("NEW", True)
    assert told["workingTime"] >= told["time"]


def test_a_trailing_stop_tells_since_when_it_follows(bob: Trader) -> None:
    bob.market.trade("100")
    sent: dict[str, str | int] = {"quantity": "2", "trailingDelta": 500, "stopPrice": "110"}
    order_id = bob.place("SELL", "TAKE_PROFIT", **sent)["orderId"]
    bob.market.trade("109")
    assert bob.order(order_id)["trailingTime"] == -1
    bob.market.trade("110")
    since = bob.call("GET", "trades")[-1]["time"]
    bob.market.trade("120")
    told = bob.order(order_id)
    assert (told["isWorking"], told["stopPrice"], told["trailingTime"]) == (False, "110.00000000", since)
    assert since > told["time"]
    bob.market.trade("114")
    told = bob.order(order_id)
    assert (told["isWorking"], told["status"], told["trailingTime"]) == (True, "EXPIRED", since)


def test_a_market_order_by_quote_quantity(bob: Trader) -> None:
    bob.market.rest("sell", "1", "100")
    answer = bob.place("BUY", "MARKET", quoteOrderQty="50", newClientOrderId="mine-1")
    expected = result(
        bob,
        answer,
        price=ZERO,
        origQty="0.50000000",
        executedQty="0.50000000",
        origQuoteOrderQty="50.00000000",
        cummulativeQuoteQty="50.00000000",
        status="FILLED",
        type="MARKET",
    )
    assert len(answer.pop("fills")) == 1
    assert answer == expected


def test_a_market_order_by_quote_quantity_expires_where_liquidity_ends_before_its_money(bob: Trader) -> None:
    bob.market.rest("sell", "0.5", "100")
    answer = bob.place("BUY", "MARKET", quoteOrderQty="500", newClientOrderId="mine-1")
    expected = result(
        bob,
        answer,
        price=ZERO,
        origQty="0.50000000",
        executedQty="0.50000000",
        origQuoteOrderQty="500.00000000",
        cummulativeQuoteQty="50.00000000",
        status="EXPIRED",
        expiryReason="INSUFFICIENT_LIQUIDITY",
        type="MARKET",
    )
    assert len(answer.pop("fills")) == 1
    assert answer == expected
    told = bob.order(answer["orderId"])
    assert (told["status"], told["expiryReason"], told["executedQty"]) == (
        "EXPIRED",
        "INSUFFICIENT_LIQUIDITY",
        "0.50000000",
    )
    # The rest pays for no lot: its money has ended, although the book is empty too.
    bob.market.rest("sell", "0.5", "100")
    assert bob.place("BUY", "MARKET", quoteOrderQty="50.0005")["status"] == "FILLED"


def test_what_becomes_of_orders_that_do_not_rest(bob: Trader) -> None:
    def brief(answer: dict[str, Any]) -> tuple[str, str, str | None]:
        return answer["status"], answer["executedQty"], answer.get("expiryReason")

    assert brief(bob.place("BUY", "MARKET", quantity="1")) == ("EXPIRED", ZERO, "INSUFFICIENT_LIQUIDITY")
    bob.market.rest("sell", "1", "100")
    ioc = bob.limit("BUY", "2", "100", timeInForce="IOC")
    assert brief(ioc) == ("EXPIRED", "1.00000000", "UNFILLED_IOC_QUANTITY_EXPIRED")
    assert (ioc["timeInForce"], ioc["type"]) == ("IOC", "LIMIT")
    bob.market.rest("sell", "1", "100")
    fok = bob.limit("BUY", "2", "100", timeInForce="FOK")
    assert brief(fok) == ("EXPIRED", ZERO, "UNFILLED_FOK_ORDER_EXPIRED")
    assert brief(bob.order(fok["orderId"])) == brief(fok)
    assert brief(bob.limit("BUY", "1", "100", timeInForce="FOK")) == ("FILLED", "1.00000000", None)
