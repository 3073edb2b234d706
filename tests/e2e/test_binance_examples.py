"""Worked examples that the venue publishes, sent through the dialect.

Facts from the repository binance/binance-spot-api-docs on GitHub, as of 2026-07-21:
faqs/stp_faq.md, faqs/trailing-stop-faq.md, faqs/order_amend_keep_priority.md.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.binance_orders import ZERO, Market, Trader, amount
from tests.exchange import Exchange


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    directory = tmp_path_factory.mktemp("binance")
    with Exchange(directory, gateway_flags=(f"--key-file={directory / 'server.key'}",)) as exchange:
        yield exchange


@pytest.fixture
def bob(exchange: Exchange) -> Iterator[Trader]:
    yield Trader(Market(exchange, min_notional="0"), "bob")
    exchange.delete("/orders", account="bob")


Ending = tuple[str, str, str | None]
"""Status, executed quantity, prevented quantity."""

THREE = (("1.2", "1.2"), ("1.3", "1.1"), ("8.1", "1"))
"""Quantity and price of the makers of scenarios B and C."""

UNTOUCHED: Ending = ("NEW", ZERO, None)


def prevented(quantity: str) -> Ending:
    return "EXPIRED_IN_MATCH", ZERO, amount(quantity)


SCENARIOS: dict[str, tuple[tuple[tuple[str, str], ...], str, tuple[str, str, str], list[Ending], Ending]] = {
    "A: none": (
        (("1", "1"),),
        "NONE",
        ("1", "1", "NONE"),
        [("FILLED", amount("1"), None)],
        ("FILLED", amount("1"), None),
    ),
    "B: expire maker": (
        THREE,
        "NONE",
        ("3", "1", "EXPIRE_MAKER"),
        [prevented("1.2"), prevented("1.3"), prevented("8.1")],
        UNTOUCHED,
    ),
    "C: expire taker": (THREE, "NONE", ("3", "1", "EXPIRE_TAKER"), [UNTOUCHED] * 3, prevented("3")),
    "D: expire both": ((("1", "1"),), "NONE", ("3", "1", "EXPIRE_BOTH"), [prevented("1")], prevented("3")),
    "E: the taker's mode": (
        (("1", "1"),),
        "EXPIRE_MAKER",
        ("1", "1", "EXPIRE_TAKER"),
        [UNTOUCHED],
        prevented("1"),
    ),
    "F: a market order": (
        (("1", "1"),),
        "NONE",
        ("1", "", "EXPIRE_MAKER"),
        [prevented("1")],
        ("EXPIRED", ZERO, None),
    ),
    "G: decrement": (
        (("6", "2"),),
        "NONE",
        ("2", "2", "DECREMENT"),
        [("NEW", ZERO, amount("2"))],
        prevented("2"),
    ),
}


def ending(order: dict[str, Any]) -> Ending:
    return order["status"], order["executedQty"], order.get("preventedQuantity")


@pytest.mark.parametrize("name", SCENARIOS)
def test_self_trade_prevention(bob: Trader, name: str) -> None:
    """faqs/stp_faq.md, scenarios A to G."""
    makers, maker_mode, (quantity, price, mode), makers_end, taker_end = SCENARIOS[name]
    ids = [
        bob.limit("BUY", maker_quantity, maker_price, selfTradePreventionMode=maker_mode)["orderId"]
        for maker_quantity, maker_price in makers
    ]
    if price:
        taker = bob.limit("SELL", quantity, price, selfTradePreventionMode=mode)
    else:
        taker = bob.place("SELL", "MARKET", quantity=quantity, selfTradePreventionMode=mode)
    assert ending(taker) == taker_end
    assert ending(bob.order(taker["orderId"])) == taker_end
    assert [ending(bob.order(order_id)) for order_id in ids] == makers_end
    assert bob.order(taker["orderId"])["selfTradePreventionMode"] == mode
    found = bob.call("GET", "myPreventedMatches", orderId=taker["orderId"])
    met = [] if mode == "NONE" else range(1 if mode == "EXPIRE_TAKER" else len(ids))
    from_taker = amount(quantity) if mode in ("EXPIRE_TAKER", "EXPIRE_BOTH", "DECREMENT") else ZERO
    assert found == [
        {
            "symbol": bob.market.joined,
            "preventedMatchId": found[place]["preventedMatchId"],
            "takerOrderId": taker["orderId"],
            "makerOrderId": ids[place],
            "tradeGroupId": -1,
            "selfTradePreventionMode": mode,
            "price": amount(makers[place][1]),
            "takerPreventedQuantity": from_taker,
            "makerPreventedQuantity": makers_end[place][2] or ZERO,
            "transactTime": taker["transactTime"],
        }
        for place in met
    ]
    last = {each["makerOrderId"]: each["preventedMatchId"] for each in found if makers_end[0][2]}
    assert [bob.order(order_id).get("preventedMatchId") for order_id in ids] == [last.get(order_id) for order_id in ids]
    assert taker.get("preventedMatchId") == (None if taker_end[2] is None else found[-1]["preventedMatchId"])
    for each in found:
        assert bob.call("GET", "myPreventedMatches", preventedMatchId=each["preventedMatchId"]) == [each]


Trail = tuple[str, str, str, int, str, tuple[str, ...], str]
"""Type, side, stop price, distance, price; trades at which it waits, and the one that fires it."""

TRAILS: dict[str, Trail] = {
    "A": (
        "STOP_LOSS_LIMIT",
        "BUY",
        "44000",
        500,
        "45000",
        ("37000", "44000", "45000", "46000", "42000"),
        "44100",
    ),
    "B": ("STOP_LOSS_LIMIT", "SELL", "39000", 1000, "38000", ("41500", "39000", "37000", "41000"), "36900"),
    "C": (
        "TAKE_PROFIT_LIMIT",
        "BUY",
        "38000",
        850,
        "38500",
        ("42000", "38000", "37000", "39000", "38000"),
        "40145",
    ),
    "D": (
        "TAKE_PROFIT_LIMIT",
        "SELL",
        "42000",
        750,
        "41000",
        ("41500", "39000", "42000", "45000", "44000", "46500"),
        "43012.5",
    ),
    "E": ("STOP_LOSS_LIMIT", "SELL", "", 700, "39000", ("42000", "39500", "45500"), "42315"),
}


@pytest.mark.parametrize("name", TRAILS)
def test_trailing_stops(bob: Trader, name: str) -> None:
    """faqs/trailing-stop-faq.md, scenarios A to E."""
    order_type, side, stop_price, delta, price, waits, fires = TRAILS[name]
    bob.market.trade("40000")
    sent: dict[str, str | int] = {"stopPrice": stop_price} if stop_price else {}
    order_id = bob.place(
        side, order_type, quantity="0.01", price=price, timeInForce="GTC", trailingDelta=delta, **sent
    )["orderId"]
    for trade in waits:
        bob.market.trade(trade)
        assert bob.order(order_id)["isWorking"] is False, trade
    bob.market.trade(fires)
    told = bob.order(order_id)
    assert (told["isWorking"], told["type"], told["price"]) == (True, order_type, amount(price))


def test_a_smaller_quantity_keeps_the_place_and_a_replacement_loses_it(exchange: Exchange) -> None:
    """faqs/order_amend_keep_priority.md: an order book of four orders, of which ours is the second at its price."""
    for amends in (True, False):
        market = Market(exchange)
        you = Trader(market, "you")
        before = market.rest("buy", "1", "87000")["order_id"]
        order_id = you.limit("BUY", "5.5", "87000")["orderId"]
        behind = market.rest("buy", "4", "87000")["order_id"]
        market.rest("buy", "2", "86999")
        if amends:
            told = you.call("PUT", "order/amend/keepPriority", orderId=order_id, newQty="5")
            assert told["amendedOrder"]["orderId"] == order_id
        else:
            order_id = you.call(
                "POST",
                "order/cancelReplace",
                cancelReplaceMode="STOP_ON_FAILURE",
                cancelOrderId=order_id,
                side="BUY",
                type="LIMIT",
                timeInForce="GTC",
                quantity="5",
                price="87000",
            )["newOrderResponse"]["orderId"]
        market.take("sell", "5", "87000")
        assert exchange.get(f"/orders/{before}")["status"] == "filled"
        assert exchange.get(f"/orders/{behind}")["status"] == ("open" if amends else "filled")
        assert you.order(order_id)["executedQty"] == (amount("4") if amends else ZERO)
