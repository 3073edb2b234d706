"""Single orders of the Binance dialect: each call and each answer compared whole."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.binance import Holder, failure, now
from tests.e2e.binance_orders import ZERO, Market, Trader, queried, result
from tests.exchange import Exchange

NO_ORDER = (400, -2013, "Order does not exist.")
UNKNOWN = (400, -2011, "Unknown order sent.")


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    directory = tmp_path_factory.mktemp("binance")
    with Exchange(directory, gateway_flags=(f"--key-file={directory / 'server.key'}",)) as exchange:
        yield exchange


@pytest.fixture
def market(exchange: Exchange) -> Market:
    return Market(exchange)


@pytest.fixture
def bob(market: Market) -> Iterator[Trader]:
    yield Trader(market, "bob")
    market.exchange.delete("/orders", account="bob")


def test_the_three_answers_to_a_new_order(bob: Trader) -> None:
    ack = bob.limit("BUY", "2", "100", newClientOrderId="mine-1", newOrderRespType="ACK")
    assert ack == {
        name: result(bob, ack)[name] for name in ("symbol", "orderId", "orderListId", "clientOrderId", "transactTime")
    }
    bob.call("DELETE", "order", orderId=ack["orderId"])
    told = bob.limit("BUY", "2", "100", newClientOrderId="mine-1", newOrderRespType="RESULT")
    assert told == result(bob, told)
    bob.call("DELETE", "order", orderId=told["orderId"])
    full = bob.limit("BUY", "2", "100", newClientOrderId="mine-1")
    assert full == {**result(bob, full), "fills": []}


def test_the_answer_that_is_given_without_a_wish(bob: Trader) -> None:
    bob.market.trade("100")
    bob.market.rest("sell", "1", "101")
    market = bob.place("BUY", "MARKET", quantity="0.1")
    maker = bob.place("SELL", "LIMIT_MAKER", quantity="1", price="120")
    stop = bob.place("SELL", "STOP_LOSS", quantity="1", stopPrice="90")
    assert "fills" in market
    assert set(maker) == set(stop) == {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}


def test_the_fills_of_a_taker(bob: Trader) -> None:
    bob.market.rest("sell", "1", "100")
    bob.market.rest("sell", "0.5", "100.5")
    answer = bob.limit("BUY", "2", "101", newClientOrderId="mine-1")
    assert answer == {
        **result(bob, answer),
        "price": "101.00000000",
        "executedQty": "1.50000000",
        "cummulativeQuoteQty": "150.25000000",
        "status": "PARTIALLY_FILLED",
        "fills": [
            {
                "price": "100.00000000",
                "qty": "1.00000000",
                "commission": "0.20000000",
                "commissionAsset": "USDT",
                "tradeId": 1,
            },
            {
                "price": "100.50000000",
                "qty": "0.50000000",
                "commission": "0.10050000",
                "commissionAsset": "USDT",
                "tradeId": 2,
            },
        ],
    }


def test_a_generated_client_id_begins_with_a_small_letter(bob: Trader) -> None:
    ids = {bob.limit("BUY", "1", "50")["clientOrderId"] for _ in range(5)}
    assert len(ids) == 5
    assert all(len(each) == 22 and each.isalnum() and each[0].islower() for each in ids)


def test_an_order_is_looked_up_by_either_id(bob: Trader) -> None:
    answer = bob.limit("BUY", "2", "100", newClientOrderId="mine-1")
    expected = queried(bob, answer)
    assert bob.order(answer["orderId"]) == expected
    assert bob.call("GET", "order", origClientOrderId="mine-1") == expected
    assert bob.call("GET", "order", orderId=answer["orderId"], origClientOrderId="mine-1") == expected
    assert bob.call("GET", "openOrders") == [expected]
    assert bob.call("GET", "allOrders") == [expected]


def test_an_order_is_found_by_its_order_id_and_then_the_other_id_must_agree(bob: Trader) -> None:
    order_id = bob.limit("BUY", "2", "100", newClientOrderId="mine-1")["orderId"]
    other = bob.limit("BUY", "1", "100", newClientOrderId="mine-2")["orderId"]
    assert bob.refused("GET", "order", orderId=order_id, origClientOrderId="mine-2") == NO_ORDER
    assert bob.refused("DELETE", "order", orderId=other, origClientOrderId="mine-1") == UNKNOWN
    assert len(bob.call("GET", "openOrders")) == 2


def test_an_order_of_another_symbol_or_account_is_unknown(bob: Trader, exchange: Exchange) -> None:
    order_id = bob.limit("BUY", "2", "100", newClientOrderId="mine-1")["orderId"]
    elsewhere = Market(exchange).joined
    for ids in ({"orderId": order_id}, {"origClientOrderId": "mine-1"}):
        assert bob.refused("GET", "order", **{**ids, "symbol": elsewhere}) == NO_ORDER
        assert bob.refused("DELETE", "order", **{**ids, "symbol": elsewhere}) == UNKNOWN
        eve = Trader(bob.market, "eve")
        assert eve.refused("GET", "order", **ids) == NO_ORDER
        assert eve.refused("DELETE", "order", **ids) == UNKNOWN
    assert bob.status(order_id) == "NEW"


def test_neither_id(bob: Trader) -> None:
    both = (400, -1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
    assert bob.refused("GET", "order") == both
    assert bob.refused("DELETE", "order") == both


def test_a_cancel_has_an_id_of_its_own(bob: Trader) -> None:
    answer = bob.limit("BUY", "2", "100", newClientOrderId="mine-1")
    canceled = bob.call("DELETE", "order", origClientOrderId="mine-1", newClientOrderId="my-cancel")
    expected = result(bob, answer, status="CANCELED")
    del expected["workingTime"]
    expected |= {
        "origClientOrderId": "mine-1",
        "clientOrderId": "my-cancel",
        "transactTime": canceled["transactTime"],
    }
    assert canceled == expected
    again = bob.limit("BUY", "2", "100")
    generated = bob.call("DELETE", "order", orderId=again["orderId"])["clientOrderId"]
    assert len(generated) == 22 and generated[0].islower()
    assert generated != again["clientOrderId"]


def test_after_a_cancel_an_order_has_its_own_id(bob: Trader) -> None:
    answer = bob.limit("BUY", "2", "100", newClientOrderId="mine-1")
    canceled = bob.call("DELETE", "order", origClientOrderId="mine-1", newClientOrderId="my-cancel")
    expected = queried(bob, answer, status="CANCELED") | {"updateTime": canceled["transactTime"]}
    assert bob.call("GET", "order", origClientOrderId="mine-1") == expected
    assert bob.refused("GET", "order", origClientOrderId="my-cancel") == NO_ORDER
    assert bob.refused("DELETE", "order", origClientOrderId="mine-1") == UNKNOWN


def test_cancel_restrictions(bob: Trader) -> None:
    order_id = bob.limit("BUY", "2", "100")["orderId"]
    not_met = (400, -2011, "Order was not canceled due to cancel restrictions.")
    assert bob.refused("DELETE", "order", orderId=order_id, cancelRestrictions="NEW") == (
        400,
        -1145,
        "Invalid cancelRestrictions",
    )
    restricted = {"orderId": order_id, "cancelRestrictions": "ONLY_PARTIALLY_FILLED"}
    assert bob.refused("DELETE", "order", **restricted) == not_met
    bob.market.take("sell", "1", "100")
    assert bob.refused("DELETE", "order", orderId=order_id, cancelRestrictions="ONLY_NEW") == not_met
    assert bob.call("DELETE", "order", **restricted)["executedQty"] == "1.00000000"


def test_all_open_orders_of_a_symbol_are_canceled(bob: Trader) -> None:
    ids = [bob.limit("BUY", "1", price)["orderId"] for price in ("100", "101")]
    canceled = bob.call("DELETE", "openOrders")
    assert [(each["orderId"], each["status"]) for each in canceled] == [(each, "CANCELED") for each in ids]
    assert bob.call("GET", "openOrders") == []


def test_nothing_to_cancel_is_an_error(bob: Trader) -> None:
    assert bob.refused("DELETE", "openOrders") == UNKNOWN


def test_open_orders_of_all_symbols(market: Market, exchange: Exchange) -> None:
    bob = Trader(market)
    first = bob.limit("BUY", "1", "100")["orderId"]
    elsewhere = Market(exchange)
    second = bob.limit("BUY", "1", "100", symbol=elsewhere.joined)["orderId"]
    told = bob.holder.call("GET", "/api/v3/openOrders").json()
    assert [(each["symbol"], each["orderId"]) for each in told] == [
        (bob.market.joined, first),
        (elsewhere.joined, second),
    ]
    assert [each["orderId"] for each in bob.call("GET", "openOrders")] == [first]


def test_all_orders(bob: Trader) -> None:
    ids = [bob.limit("BUY", "1", "100")["orderId"] for _ in range(5)]
    for order_id in (ids[3], ids[1]):
        bob.call("DELETE", "order", orderId=order_id)

    def listed(**parameters: int) -> list[int]:
        return [each["orderId"] for each in bob.call("GET", "allOrders", **parameters)]

    assert listed() == ids
    assert listed(limit=2) == ids[3:]
    assert listed(orderId=ids[1], limit=3) == ids[1:4]
    times = {each["orderId"]: each["time"] for each in bob.call("GET", "allOrders")}
    begin = times[ids[2]]
    assert listed(startTime=begin) == [each for each in ids if times[each] >= begin]
    assert listed(endTime=begin) == [each for each in ids if times[each] <= begin]
    assert listed(startTime=begin + 60_000) == []
    day = 86_400_000
    assert bob.refused("GET", "allOrders", startTime=begin, endTime=begin + day + 1) == (
        400,
        -1127,
        "More than 24 hours between startTime and endTime.",
    )
    assert listed(startTime=begin, endTime=begin + day) == listed(startTime=begin)


def test_an_order_of_the_native_api(market: Market, exchange: Exchange) -> None:
    bob = Trader(market)
    native = exchange.place(
        bob.market.symbol,
        "limit",
        "buy",
        "1",
        "100",
        account=bob.account,
        expire_time="2099-01-01T00:00:00Z",
    )
    told = bob.order(int(native["order_id"]))
    assert (told["clientOrderId"], told["timeInForce"], told["status"]) == (
        f"native-{native['order_id']}",
        "GTC",
        "NEW",
    )
    exchange.post(f"/admin/accounts/{bob.account}/suspend")
    told = bob.order(int(native["order_id"]))
    assert (told["status"], told["expiryReason"]) == ("EXPIRED", "EXCHANGE_CANCELED")


def test_a_tested_order_is_not_placed(bob: Trader) -> None:
    order: dict[str, str | int] = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1"}
    assert bob.call("POST", "order/test", price="100", **order) == {}
    none = {"maker": ZERO, "taker": ZERO}
    assert bob.call("POST", "order/test", price="100", computeCommissionRates="true", **order) == {
        "standardCommissionForOrder": {"maker": "0.00100000", "taker": "0.00200000"},
        "specialCommissionForOrder": none,
        "taxCommissionForOrder": none,
        "discount": {
            "enabledForAccount": False,
            "enabledForSymbol": False,
            "discountAsset": "BNB",
            "discount": ZERO,
        },
    }
    price = (400, -1013, "Filter failure: PRICE_FILTER")
    assert bob.refused("POST", "order/test", price="100.001", **order) == price
    assert bob.refused("POST", "order/test", price="20000000", **order) == price
    assert bob.refused("POST", "order/test", price="0.5", **order) == (400, -1013, "Filter failure: NOTIONAL")
    lot = (400, -1013, "Filter failure: LOT_SIZE")
    assert bob.refused("POST", "order/test", price="100", **{**order, "quantity": "0.000001"}) == lot
    assert bob.refused("POST", "order/test", price="100", **{**order, "quantity": "9001"}) == lot
    assert bob.call("GET", "allOrders") == []


def test_orders_are_counted_and_those_that_trade_are_not(market: Market) -> None:
    bob = Trader(market)

    def counts() -> list[int]:
        return [each["count"] for each in bob.holder.call("GET", "/api/v3/rateLimit/order").json()]

    response = bob.send("POST", "order", side="BUY", type="LIMIT", timeInForce="GTC", quantity="1", price="100")
    assert response.headers["x-mbx-order-count-10s"] == "1"
    assert response.headers["x-mbx-order-count-1d"] == "1"
    bob.market.rest("sell", "1", "101")
    bob.place("BUY", "MARKET", quantity="1")
    assert counts()[1] == 1


def test_a_form_a_query_and_both(bob: Trader) -> None:
    text = f"symbol={bob.market.joined}&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=100&timestamp={now()}"
    signed = f"{text}&signature={bob.holder.sign(text)}"
    assert bob.holder.send("POST", "/api/v3/order", form=signed).status_code == 200
    query, form = f"symbol={bob.market.joined}&", f"timestamp={now()}"
    signature = bob.holder.sign(query + form)
    response = bob.holder.send("DELETE", "/api/v3/openOrders", query=query, form=f"{form}&signature={signature}")
    assert response.status_code == 200


def test_times_in_microseconds(bob: Trader) -> None:
    order_id = bob.limit("BUY", "1", "100")["orderId"]
    query = bob.holder.signed({"symbol": bob.market.joined, "orderId": order_id})
    told = bob.holder.send("GET", "/api/v3/order", query, **{"X-MBX-TIME-UNIT": "MICROSECOND"}).json()
    assert told["time"] // 1000 == bob.order(order_id)["time"]


def test_the_order_of_another_key_of_the_account(bob: Trader) -> None:
    order_id = bob.limit("BUY", "1", "100")["orderId"]
    reader = Trader(bob.market, "bob", Holder(bob.market.exchange, "bob", permissions=["user_data"]))
    assert reader.order(order_id)["status"] == "NEW"
    assert failure(reader.send("DELETE", "order", orderId=order_id)) == (
        401,
        -2015,
        "Invalid API-key, IP, or permissions for action.",
    )


def test_orders_are_found_after_a_restart_of_the_matcher(tmp_path: Path) -> None:
    with Exchange(tmp_path, gateway_flags=(f"--key-file={tmp_path / 'server.key'}",)) as exchange:
        bob = Trader(Market(exchange), "bob")
        answer = bob.limit("BUY", "2", "100", newClientOrderId="mine-1", strategyId=9)
        expected = queried(bob, answer, strategyId=9)
        exchange.matcher.stop()
        exchange.restart_matcher()
        assert bob.call("GET", "order", origClientOrderId="mine-1") == expected
