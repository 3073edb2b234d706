"""What an account reads of itself in the Binance dialect, each answer compared whole."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.binance import now
from tests.e2e.binance_orders import ZERO, Market, Trader
from tests.exchange import Exchange

NO_RATES = {"maker": ZERO, "taker": ZERO, "buyer": ZERO, "seller": ZERO}
RATES = {**NO_RATES, "maker": "0.00100000", "taker": "0.00200000"}


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    directory = tmp_path_factory.mktemp("binance")
    with Exchange(directory, gateway_flags=(f"--key-file={directory / 'server.key'}",)) as exchange:
        yield exchange


@pytest.fixture
def bob(exchange: Exchange) -> Iterator[Trader]:
    yield Trader(Market(exchange), "bob")
    exchange.delete("/orders", account="bob")


def read(trader: Trader, **parameters: str | int) -> Any:
    response = trader.holder.call("GET", "/api/v3/account", parameters)
    assert response.status_code == 200, response.text
    return response.json()


def test_an_account(exchange: Exchange) -> None:
    carol = Trader(Market(exchange))
    transfer = {"asset": "USDT", "amount": "1000.5", "transfer_id": "1"}
    exchange.post(f"/admin/accounts/{carol.account}/deposit", transfer)
    carol.limit("BUY", "2", "100")
    told = read(carol)
    balances = {each.pop("asset"): each for each in told.pop("balances")}
    assert balances["USDT"] == {"free": "800.10000000", "locked": "200.40000000"}
    assert balances[carol.market.base] == {"free": ZERO, "locked": ZERO}
    time, uid = told.pop("updateTime"), told.pop("uid")
    assert abs(time - now()) < 60_000
    assert told == {
        "makerCommission": 10,
        "takerCommission": 20,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": RATES,
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "accountType": "SPOT",
        "permissions": ["SPOT"],
    }
    assert read(carol)["uid"] == uid
    assert [each["asset"] for each in read(carol, omitZeroBalances="true")["balances"]] == ["USDT"]


def test_an_account_without_a_ledger_has_plenty(bob: Trader) -> None:
    balances = {each["asset"]: each for each in read(bob)["balances"]}
    for asset in ("USDT", bob.market.base):
        assert balances[asset] == {"asset": asset, "free": "1000000000.00000000", "locked": ZERO}


def test_rates_of_a_symbol(bob: Trader) -> None:
    assert bob.call("GET", "account/commission") == {
        "symbol": bob.market.joined,
        "standardCommission": RATES,
        "specialCommission": NO_RATES,
        "taxCommission": NO_RATES,
        "discount": {
            "enabledForAccount": False,
            "enabledForSymbol": False,
            "discountAsset": "BNB",
            "discount": ZERO,
        },
    }


def test_the_filters_of_a_symbol(bob: Trader, exchange: Exchange) -> None:
    info = exchange.get("/api/v3/exchangeInfo", symbol=bob.market.joined)
    assert bob.call("GET", "myFilters") == {
        "exchangeFilters": [],
        "symbolFilters": info["symbols"][0]["filters"],
        "assetFilters": [],
    }


def test_lists_of_what_does_not_exist_here(bob: Trader) -> None:
    assert bob.call("GET", "myPreventedMatches") == []
    assert bob.call("GET", "myPreventedMatches", orderId=1) == []
    for name in ("orderId", "preventedMatchId", "fromPreventedMatchId"):
        assert [bob.call("GET", "myPreventedMatches", **{name: number}) for number in (0, 2**63 - 1)] == [[], []]
    assert bob.call("GET", "myAllocations") == []


def trade(trader: Trader, order_id: int, **fields: Any) -> dict[str, Any]:
    """A trade of 1 at 100 in which the trader was the taker and bought."""
    return {
        "symbol": trader.market.joined,
        "orderId": order_id,
        "orderListId": -1,
        "price": "100.00000000",
        "qty": "1.00000000",
        "quoteQty": "100.00000000",
        "commission": "0.20000000",
        "commissionAsset": "USDT",
        "isBuyer": True,
        "isMaker": False,
        "isBestMatch": True,
        **fields,
    }


def without_time(trades: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in each.items() if name != "time"} for each in trades]


def test_trades_of_an_account(bob: Trader) -> None:
    bob.market.rest("sell", "1", "100")
    taker = bob.limit("BUY", "1", "100")["orderId"]
    bob.market.trade("100")
    maker = bob.limit("SELL", "2", "101")["orderId"]
    bob.market.take("buy", "0.5", "101")
    told = bob.call("GET", "myTrades")
    assert all(abs(each["time"] - now()) < 60_000 for each in told)
    assert without_time(told) == [
        trade(bob, taker, id=1),
        trade(
            bob,
            maker,
            id=3,
            price="101.00000000",
            qty="0.50000000",
            quoteQty="50.50000000",
            commission="0.05050000",
            isBuyer=False,
            isMaker=True,
        ),
    ]
    assert bob.order(taker)["executedQty"] == "1.00000000"


def test_a_trade_with_oneself_is_two(bob: Trader) -> None:
    bob.limit("SELL", "1", "100")
    bob.limit("BUY", "1", "100")
    told = bob.call("GET", "myTrades")
    assert [(each["id"], each["isBuyer"], each["isMaker"]) for each in told] == [(1, False, True), (1, True, False)]


def test_which_trades_are_told(bob: Trader) -> None:
    orders = []
    for _ in range(4):
        bob.market.rest("sell", "1", "100")
        orders.append(bob.limit("BUY", "1", "100")["orderId"])
        bob.market.trade("100")
    bob.market.rest("sell", "1", "100")
    bob.market.rest("sell", "1", "100")
    swept = bob.limit("BUY", "2", "100")["orderId"]

    def ids(**parameters: int) -> list[int]:
        return [each["id"] for each in bob.call("GET", "myTrades", **parameters)]

    times = {each["id"]: each["time"] for each in bob.call("GET", "myTrades")}
    assert ids() == [1, 3, 5, 7, 9, 10]
    assert ids(limit=2) == [9, 10]
    assert ids(fromId=3) == [3, 5, 7, 9, 10]
    assert ids(fromId=4, limit=2) == [5, 7]
    assert ids(fromId=11) == []
    assert ids(orderId=orders[1]) == [3]
    assert ids(orderId=swept) == [9, 10]
    assert ids(orderId=swept, fromId=10) == [10]
    begin, end = times[3], times[5]
    assert ids(startTime=begin) == [each for each, time in times.items() if time >= begin]
    assert ids(endTime=begin) == [each for each, time in times.items() if time <= begin]
    assert ids(endTime=begin, limit=1) == [max(each for each, time in times.items() if time <= begin)]
    assert ids(startTime=begin, endTime=end) == [each for each, time in times.items() if begin <= time <= end]
    assert ids(startTime=begin + 60_000) == []


def test_combinations_that_are_not_taken(bob: Trader) -> None:
    bad = (400, -1128, "Combination of optional parameters invalid.")
    assert bob.refused("GET", "myTrades", orderId=1, startTime=1) == bad
    assert bob.refused("GET", "myTrades", fromId=1, endTime=1) == bad
    assert bob.refused("GET", "myTrades", fromId=1, startTime=1, endTime=2) == bad


def test_trades_of_the_legs_of_a_list(bob: Trader) -> None:
    bob.market.trade("100")
    pair = bob.call(
        "POST",
        "orderList/oco",
        side="SELL",
        quantity="1",
        aboveType="LIMIT_MAKER",
        abovePrice="110",
        belowType="STOP_LOSS",
        belowStopPrice="90",
    )
    bob.market.take("buy", "1", "110")
    assert [each["orderListId"] for each in bob.call("GET", "myTrades")] == [pair["orderListId"]]
