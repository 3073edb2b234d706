"""User events of the Binance dialect: every change of an order once, in order, with running totals."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.binance import failure
from tests.e2e.binance_ears import Ears, Trader
from tests.exchange import Exchange, Json

ZERO = "0.00000000"


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    directory = tmp_path_factory.mktemp("events")
    with Exchange(directory, gateway_flags=(f"--key-file={directory / 'server.key'}",)) as exchange:
        yield exchange


@pytest.fixture
def trader(exchange: Exchange) -> Trader:
    return Trader(exchange)


def brief(report: Json) -> tuple[Any, ...]:
    return report["x"], report["X"], report["i"], report["l"], report["z"]


def test_an_order_rests_trades_and_is_canceled(trader: Trader) -> None:
    with Ears(trader) as ears:
        placed = trader.limit("BUY", "2", "100", newClientOrderId="mine", strategyId=7, strategyType=1000001)
        order = placed["orderId"]
        trader.other("sell", "0.5", "99")
        trader.call("DELETE", "order", orderId=order, newClientOrderId="gone")
        found = ears.events(6)
        shown = trader.call("GET", "order", orderId=order)
        trade = trader.call("GET", "myTrades")[0]
    new, position, traded, _, canceled, last_position = found
    common = {
        "e": "executionReport",
        "s": trader.joined,
        "S": "BUY",
        "o": "LIMIT",
        "f": "GTC",
        "q": "2.00000000",
        "p": "100.00000000",
        "P": ZERO,
        "F": ZERO,
        "g": -1,
        "r": "NONE",
        "i": order,
        "M": False,
        "O": shown["time"],
        "Q": ZERO,
        "V": "NONE",
        "W": shown["workingTime"],
        "j": 7,
        "J": 1000001,
    }
    nothing = {"l": ZERO, "L": ZERO, "n": "0", "N": None, "t": -1, "m": False, "Y": ZERO}
    sequence = new["I"] >> 20
    assert new == {
        **common,
        **nothing,
        "E": placed["transactTime"],
        "T": placed["transactTime"],
        "c": "mine",
        "C": "",
        "x": "NEW",
        "X": "NEW",
        "z": ZERO,
        "Z": ZERO,
        "I": sequence << 20,
        "w": True,
    }
    assert position == {
        "e": "outboundAccountPosition",
        "E": placed["transactTime"],
        "u": placed["transactTime"],
        "B": [{"a": "USDT", "f": "99799.60000000", "l": "200.40000000"}],
    }
    assert traded == {
        **common,
        "E": trade["time"],
        "T": trade["time"],
        "c": "mine",
        "C": "",
        "x": "TRADE",
        "X": "PARTIALLY_FILLED",
        "l": "0.50000000",
        "z": "0.50000000",
        "L": "100.00000000",
        "n": "0.05000000",
        "N": "USDT",
        "t": trade["id"],
        "I": traded["I"],
        "w": True,
        "m": True,
        "Z": "50.00000000",
        "Y": "50.00000000",
    }
    assert (trade["commission"], trade["qty"]) == ("0.05000000", "0.50000000")
    assert canceled == {
        **common,
        **nothing,
        "E": shown["updateTime"],
        "T": shown["updateTime"],
        "c": "gone",
        "C": "mine",
        "x": "CANCELED",
        "X": "CANCELED",
        "z": "0.50000000",
        "Z": "50.00000000",
        "I": canceled["I"],
        "w": False,
    }
    assert new["I"] < traded["I"] < canceled["I"]
    assert last_position["B"] == [{"a": "USDT", "f": "99949.95000000", "l": ZERO}]


def test_one_command_makes_a_report_for_each_change(trader: Trader) -> None:
    trader.other("sell", "1", "100")
    trader.other("sell", "1", "101")
    with Ears(trader) as ears:
        placed = trader.order("BUY", "LIMIT", timeInForce="IOC", quantity="3", price="101", newOrderRespType="FULL")
        found = ears.events(5)
    reports, position = found[:4], found[4]
    order = placed["orderId"]
    assert [brief(report) for report in reports] == [
        ("NEW", "NEW", order, ZERO, ZERO),
        ("TRADE", "PARTIALLY_FILLED", order, "1.00000000", "1.00000000"),
        ("TRADE", "PARTIALLY_FILLED", order, "1.00000000", "2.00000000"),
        ("EXPIRED", "EXPIRED", order, ZERO, "2.00000000"),
    ]
    assert [report["Z"] for report in reports] == [ZERO, "100.00000000", "201.00000000", "201.00000000"]
    assert [(report["t"], report["n"]) for report in reports[1:3]] == [
        (fill["tradeId"], fill["commission"]) for fill in placed["fills"]
    ]
    assert reports[3]["eR"] == "UNFILLED_IOC_QUANTITY_EXPIRED" == placed["expiryReason"]
    assert [report["I"] - reports[0]["I"] for report in reports] == [0, 1, 2, 3]
    assert position["e"] == "outboundAccountPosition"
    assert [balance["a"] for balance in position["B"]] == [trader.base, "USDT"]


def test_a_market_order_for_an_amount_of_money(trader: Trader) -> None:
    trader.other("sell", "5", "100")
    with Ears(trader) as ears:
        trader.order("BUY", "MARKET", quoteOrderQty="150")
        new, traded = ears.reports(2)
    assert (new["q"], new["Q"], new["X"]) == (ZERO, "150.00000000", "NEW")
    assert (traded["q"], traded["z"], traded["X"], traded["Q"]) == (
        "1.50000000",
        "1.50000000",
        "FILLED",
        "150.00000000",
    )
    assert traded["w"] is False


def test_a_market_order_for_more_money_than_there_are_orders(trader: Trader) -> None:
    trader.other("sell", "5", "100")
    with Ears(trader) as ears:
        order_id = trader.order("BUY", "MARKET", quoteOrderQty="600")["orderId"]
        reports = ears.reports(3)
    assert [brief(report) for report in reports] == [
        ("NEW", "NEW", order_id, ZERO, ZERO),
        ("TRADE", "PARTIALLY_FILLED", order_id, "5.00000000", "5.00000000"),
        ("EXPIRED", "EXPIRED", order_id, ZERO, "5.00000000"),
    ]
    assert reports[2]["eR"] == "INSUFFICIENT_LIQUIDITY"


def test_a_stop_waits_and_fires(trader: Trader) -> None:
    trader.exchange.trade(trader.symbol, "100", "0.1")
    with Ears(trader) as ears:
        stop = trader.order("BUY", "STOP_LOSS_LIMIT", timeInForce="GTC", quantity="1", price="112", stopPrice="110")
        waiting = ears.reports(1)[0]
        trader.exchange.trade(trader.symbol, "110", "0.1")
        fired = ears.reports(1)[0]
    assert brief(waiting) == brief(fired) == ("NEW", "NEW", stop["orderId"], ZERO, ZERO)
    assert (waiting["w"], "W" in waiting, waiting["P"]) == (False, False, "110.00000000")
    assert (fired["w"], fired["W"]) == (True, fired["T"])


def test_both_legs_of_a_list(trader: Trader) -> None:
    trader.exchange.trade(trader.symbol, "100", "0.1")
    with Ears(trader) as ears:
        listed = trader.call(
            "POST",
            "orderList/oco",
            side="SELL",
            quantity="1",
            aboveType="LIMIT_MAKER",
            abovePrice="120",
            aboveClientOrderId="above",
            belowType="STOP_LOSS",
            belowStopPrice="80",
            belowClientOrderId="below",
            listClientOrderId="list",
        )
        begun = ears.events(4)
        trader.other("buy", "1", "120")
        ended = ears.events(4)
    number, first, second = listed["orderListId"], *(order["orderId"] for order in listed["orders"])
    assert [brief(report) for report in begun[:2]] == [
        ("NEW", "NEW", first, ZERO, ZERO),
        ("NEW", "NEW", second, ZERO, ZERO),
    ]
    assert [report["g"] for report in begun[:2]] == [number, number]
    status = {
        "e": "listStatus",
        "E": listed["transactionTime"],
        "s": trader.joined,
        "g": number,
        "c": "OCO",
        "l": "EXEC_STARTED",
        "L": "EXECUTING",
        "r": "NONE",
        "C": "list",
        "T": listed["transactionTime"],
        "O": [{"s": trader.joined, "i": order["orderId"], "c": order["clientOrderId"]} for order in listed["orders"]],
    }
    assert begun[2] == status
    assert begun[3]["e"] == "outboundAccountPosition"
    by_order = {report["i"]: report for report in ended[:2]}
    assert brief(by_order[first])[:2] == ("TRADE", "FILLED")
    assert (by_order[second]["x"], by_order[second]["eR"]) == ("EXPIRED", "OCO_TRIGGER")
    time = ended[2]["E"]
    assert ended[2] == {**status, "E": time, "T": time, "l": "ALL_DONE", "L": "ALL_DONE"}


def test_a_list_tells_a_leg_that_has_ended_before_anybody_listened(trader: Trader) -> None:
    trader.exchange.trade(trader.symbol, "100", "0.1")
    listed = trader.call(
        "POST",
        "orderList/oco",
        side="SELL",
        quantity="1",
        aboveType="LIMIT_MAKER",
        abovePrice="120",
        belowType="STOP_LOSS",
        belowStopPrice="80",
    )
    trader.other("buy", "0.4", "120")
    with Ears(trader) as ears:
        trader.call("DELETE", "order", orderId=listed["orders"][0]["orderId"])
        canceled, status = ears.events(2)
    assert brief(canceled)[:2] == ("CANCELED", "CANCELED")
    assert (status["l"], status["L"]) == ("ALL_DONE", "ALL_DONE")
    assert status["O"] == [
        {"s": trader.joined, "i": order["orderId"], "c": order["clientOrderId"]} for order in listed["orders"]
    ]


def test_an_amend_gives_a_new_name(trader: Trader) -> None:
    with Ears(trader) as ears:
        order = trader.limit("BUY", "2", "100", newClientOrderId="before")["orderId"]
        trader.call("PUT", "order/amend/keepPriority", orderId=order, newQty="1", newClientOrderId="after")
        replaced = ears.reports(2)[1]
    assert (replaced["x"], replaced["X"], replaced["c"], replaced["C"], replaced["q"]) == (
        "REPLACED",
        "NEW",
        "after",
        "before",
        "1.00000000",
    )


def test_self_trades_are_prevented(trader: Trader) -> None:
    with Ears(trader) as ears:
        maker = trader.limit("BUY", "1", "100")["orderId"]
        taker = trader.limit("SELL", "0.4", "100", selfTradePreventionMode="EXPIRE_TAKER")["orderId"]
        found = ears.reports(3)
    assert [(report["x"], report["X"], report["i"]) for report in found[1:]] == [
        ("NEW", "NEW", taker),
        ("TRADE_PREVENTION", "EXPIRED_IN_MATCH", taker),
    ]
    prevented = {name: found[2][name] for name in ("A", "B", "u", "U", "pl", "pL", "pY")}
    assert prevented == {
        "A": "0.40000000",
        "B": "0.40000000",
        "u": -1,
        "U": maker,
        "pl": "0.40000000",
        "pL": "100.00000000",
        "pY": "40.00000000",
    }
    [match] = trader.call("GET", "myPreventedMatches", orderId=maker, fromPreventedMatchId=found[2]["v"])
    assert (match["preventedMatchId"], match["takerOrderId"]) == (found[2]["v"], taker)


def test_both_sides_of_a_self_trade_are_reported(trader: Trader) -> None:
    with Ears(trader) as ears:
        maker = trader.limit("BUY", "1", "100")["orderId"]
        taker = trader.limit("SELL", "1", "100")["orderId"]
        found = ears.reports(4)
    assert [(report["x"], report["i"], report["m"]) for report in found] == [
        ("NEW", maker, False),
        ("NEW", taker, False),
        ("TRADE", maker, True),
        ("TRADE", taker, False),
    ]


def test_a_refused_order_makes_no_event(trader: Trader) -> None:
    trader.other("sell", "1", "100")
    with Ears(trader) as ears:
        refused = trader.holder.call(
            "POST",
            "/api/v3/order",
            {"symbol": trader.joined, "side": "BUY", "type": "LIMIT_MAKER", "quantity": "1", "price": "100"},
        )
        assert failure(refused) == (400, -2010, "Order would immediately match and take.")
        order = trader.limit("BUY", "1", "90")["orderId"]
        assert ears.event()["i"] == order


def test_money_that_comes_and_goes(trader: Trader) -> None:
    path = f"/admin/accounts/{trader.account}"
    with Ears(trader) as ears:
        trader.exchange.post(f"{path}/deposit", {"asset": "USDT", "amount": "12.5", "transfer_id": "in"})
        come = ears.events(2)
        trader.exchange.post(f"{path}/withdraw", {"asset": "USDT", "amount": "100000", "transfer_id": "out"})
        gone = ears.events(2)
    for (update, position), delta, free in (
        (come, "12.50000000", "100012.50000000"),
        (gone, "-100000.00000000", "12.50000000"),
    ):
        time = update["E"]
        assert update == {"e": "balanceUpdate", "E": time, "a": "USDT", "d": delta, "T": time}
        assert position == {
            "e": "outboundAccountPosition",
            "E": time,
            "u": time,
            "B": [{"a": "USDT", "f": free, "l": ZERO}],
        }


def test_an_account_without_balances_hears_of_them_too(exchange: Exchange) -> None:
    trader = Trader(exchange, deposit={})
    with Ears(trader) as ears:
        trader.limit("BUY", "1", "100")
        report, position = ears.events(2)
    assert report["x"] == "NEW"
    unlimited = {"f": "1000000000.00000000", "l": ZERO}
    assert position["B"] == [{"a": trader.base, **unlimited}, {"a": "USDT", **unlimited}]


def test_orders_of_the_native_api_are_told_too(trader: Trader) -> None:
    with Ears(trader) as ears:
        placed = trader.exchange.place(trader.symbol, "limit", "buy", "1", "100", account=trader.account)
        trader.exchange.delete(f"/orders/{placed['order_id']}")
        new, canceled = ears.reports(2)
    order = int(placed["order_id"])
    assert (new["i"], new["c"], new["C"]) == (order, f"native-{order}", "")
    assert (canceled["c"], canceled["C"]) == (f"cancel-{canceled['I']}", f"native-{order}")


def test_every_change_is_told_once_over_restarts(tmp_path: Path) -> None:
    """Of the matcher the socket notices nothing. After one of the gateway, look-ups tell what it has missed."""
    flags = (f"--key-file={tmp_path / 'server.key'}",)
    with Exchange(tmp_path, gateway_flags=flags) as exchange:
        trader = Trader(exchange)
        trades: list[Json] = []

        def trade(count: int) -> None:
            for _ in range(count):
                trader.other("sell", "0.1", "100")
                trader.order("BUY", "MARKET", quantity="0.1")

        with Ears(trader) as ears:
            trade(5)
            exchange.matcher.kill()
            exchange.restart_matcher()
            trade(5)
            reports = ears.reports(20)
            trades += [report for report in reports if report["x"] == "TRADE"]
            exchange.gateway.kill()
        exchange.gateway.restart()
        trade(3)
        with Ears(trader) as ears:
            missed = trader.call("GET", "myTrades", fromId=trades[-1]["t"] + 1)
            trade(2)
            later = [report for report in ears.reports(4) if report["x"] == "TRADE"]
        told = [report["t"] for report in trades] + [row["id"] for row in missed] + [report["t"] for report in later]
        assert told == [row["id"] for row in trader.call("GET", "myTrades")] == list(range(1, 16))
        executions = [report["I"] for report in reports]
        assert executions == sorted(set(executions))


def test_listen_keys_are_retired(trader: Trader) -> None:
    text = "This service is no longer available."
    for method in ("POST", "PUT", "DELETE"):
        assert failure(trader.holder.send(method, "/api/v3/userDataStream")) == (410, -1016, text)
