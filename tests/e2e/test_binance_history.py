"""The Binance dialect where a history is kept: candles, trades and orders beyond the matcher's memory, page after page."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.binance import Holder
from tests.e2e.binance_orders import Market, Trader
from tests.exchange import Exchange, Json, wait_until
from tests.history_process import HistoryProcess

TRADES = 1_200
"""More than the matcher remembers of a symbol, and of an account."""

BATCH = 100
PAGE = 500


class World:
    """An exchange with a history. Its account has bought often, before and after a restart of the matcher."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.market = Market(exchange)
        self.bob = Trader(self.market, "bob", Holder(exchange, "bob"))
        self.fills: list[Json] = []
        """Of each order the client id and the trade, oldest first."""
        self.buy(TRADES // 2)
        exchange.matcher.kill()
        exchange.restart_matcher()
        self.buy(TRADES // 2)

    def buy(self, count: int) -> None:
        exchange, symbol = self.exchange, self.market.symbol
        exchange.place(symbol, "limit", "sell", "100", "60000", account="maker")
        order = {"symbol": symbol, "order_type": "limit", "side": "buy", "quantity": "0.01", "price": "60000"}
        for _ in range(count // BATCH):
            first = len(self.fills)
            names = [{"client_order_id": f"n{first + number}", "account": "bob"} for number in range(BATCH)]
            results = exchange.post("/orders/batch", {"orders": [{**order, **name} for name in names]})["results"]
            self.fills += results

    def order_ids(self) -> list[int]:
        return [int(each["order_id"]) for each in self.fills]

    def trade_ids(self) -> list[int]:
        return [int(each["trades"][0]["trade_id"]) for each in self.fills]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("history")
    flags = (f"--data-dir={directory / 'data'}", f"--key-file={directory / 'server.key'}")
    with Exchange(directory, gateway_flags=flags) as exchange:
        history = HistoryProcess(directory, exchange.matcher.data)
        history.start()
        try:
            world = World(exchange)
            history.wait_until_at(exchange.get("/health")["sequence"])
            wait_until(lambda: exchange.get("/health")["history"]["status"] == "ok", "a history that is read")
            yield world
        finally:
            history.close()


def paged(read: Callable[[int], list[Json]], name: str, limit: int) -> list[Json]:
    """All pages: each begins behind the last one's end."""
    found: list[Json] = []
    first = 1
    while page := read(first):
        assert len(page) <= limit
        found += page
        first = page[-1][name] + 1
    return found


def test_candles_and_statistics_outlast_the_gateway(world: World) -> None:
    exchange = world.exchange

    def told() -> tuple[Any, Json]:
        return world.bob.call("GET", "klines", interval="1M"), world.bob.call("GET", "ticker/24hr")

    candles, day = told()
    assert [(candle[5], candle[8]) for candle in candles] == [("12.00000000", TRADES)]
    assert (day["count"], day["firstId"], day["lastId"]) == (TRADES, 1, TRADES)
    exchange.gateway.stop()
    exchange.gateway.restart()
    wait_until(lambda: exchange.get("/health")["history"]["status"] == "ok", "a history that is read")
    assert told()[0] == candles


def test_candles_by_their_times(world: World) -> None:
    """All seconds hold all trades. Each page begins where the one before ended."""
    begin = world.bob.call("GET", "historicalTrades", fromId=1, limit=1)[0]["time"]
    end = world.bob.call("GET", "trades", limit=1)[0]["time"]
    candles: list[list[Any]] = []
    start = begin // 1_000 * 1_000
    while start <= end:
        page = world.bob.call("GET", "klines", interval="1s", startTime=start, endTime=end, limit=3)
        assert 1 <= len(page) <= 3
        candles += page
        start = page[-1][6] + 1
    assert [candle[0] for candle in candles] == list(range(begin // 1_000 * 1_000, end + 1, 1_000))
    assert sum(candle[8] for candle in candles) == TRADES


def _history_of(world: World) -> Callable[[int], list[Json]]:
    def read(first: int) -> list[Json]:
        page: list[Json] = world.bob.call("GET", "historicalTrades", fromId=first, limit=1_000)
        return page

    return read


def test_trades_of_the_market_by_their_ids(world: World) -> None:
    assert [each["id"] for each in paged(_history_of(world), "id", 1_000)] == list(range(1, TRADES + 1))
    aggregates = paged(lambda first: world.bob.call("GET", "aggTrades", fromId=first, limit=1_000), "a", 1_000)
    assert [(each["f"], each["l"]) for each in aggregates] == [(number, number) for number in range(1, TRADES + 1)]


def test_trades_of_the_account_by_their_ids(world: World) -> None:
    def read(first: int) -> list[Json]:
        page: list[Json] = world.bob.call("GET", "myTrades", fromId=first, limit=PAGE)
        return page

    trades = paged(read, "id", PAGE)
    assert [(each["id"], each["orderId"]) for each in trades] == list(
        zip(world.trade_ids(), world.order_ids(), strict=True)
    )
    assert {(each["price"], each["qty"], each["isBuyer"], each["isMaker"]) for each in trades} == {
        ("60000.00000000", "0.01000000", True, False)
    }
    assert world.bob.call("GET", "myTrades") == trades[-500:]
    assert world.bob.call("GET", "myTrades", orderId=world.order_ids()[0]) == trades[:1]
    assert world.bob.call("GET", "myTrades", orderId=world.order_ids()[0], fromId=2) == []


def test_trades_of_the_account_by_their_times(world: World) -> None:
    trades = world.bob.call("GET", "myTrades", fromId=1, limit=1_000)
    begin, end = trades[100]["time"], trades[899]["time"]
    wanted = [each for each in trades if begin <= each["time"] <= end]
    assert world.bob.call("GET", "myTrades", startTime=begin, endTime=end, limit=1_000) == wanted
    assert world.bob.call("GET", "myTrades", startTime=begin, limit=100) == wanted[:100]
    assert world.bob.call("GET", "myTrades", endTime=end, limit=100) == wanted[-100:]


def test_orders_of_all_times_by_their_ids(world: World) -> None:
    def read(first: int) -> list[Json]:
        page: list[Json] = world.bob.call("GET", "allOrders", orderId=first, limit=PAGE)
        return page

    orders = paged(read, "orderId", PAGE)
    assert [each["orderId"] for each in orders] == world.order_ids()
    assert [each["clientOrderId"] for each in orders] == [f"n{number}" for number in range(TRADES)]
    assert {(each["status"], each["executedQty"]) for each in orders} == {("FILLED", "0.01000000")}
    assert world.bob.call("GET", "allOrders") == orders[-500:]
    assert [world.bob.order(world.order_ids()[place]) for place in (0, TRADES - 1)] == [orders[0], orders[-1]]


def test_orders_of_all_times_by_their_times(world: World) -> None:
    orders = world.bob.call("GET", "allOrders", orderId=1, limit=1_000)
    begin, end = orders[100]["time"], orders[899]["time"]
    wanted = [each for each in orders if begin <= each["time"] <= end]
    assert world.bob.call("GET", "allOrders", startTime=begin, endTime=end, limit=1_000) == wanted
    assert world.bob.call("GET", "allOrders", startTime=begin, limit=100) == wanted[:100]
    assert world.bob.call("GET", "allOrders", endTime=end, limit=100) == wanted[-100:]
