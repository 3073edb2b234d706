"""Candles and statistics of the Binance dialect over tables of the history, compared with the sums of the trades."""

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from history.schema.database import Database
from protocol import topics
from tests.history_tables import JOURNAL
from tests.unit.gateway.history_world import SECOND, START, World

HOUR = 3600 * SECOND
DAY = 24 * HOUR
MILLISECOND = 1_000_000


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    with World(database, binance="on") as world:
        yield world


@pytest.fixture
def traded(world: World) -> World:
    """Trades of nine days; the tables lack the last ones."""
    draw = Random(14)
    time = START
    for number in range(300):
        time += draw.randrange(SECOND, 2 * 9 * DAY // 300)
        world.trade(draw.randrange(90, 110), draw.randrange(1, 5), time=time)
        if number == 280:
            world.fill()
    return world


def summed(world: World, begin: int, end: int) -> tuple[int, int, int, int, int, int] | None:
    """First, highest, lowest and last price, volume and count of a period."""
    trades = [trade for trade in world.trades if begin <= trade.timestamp < end]
    if not trades:
        return None
    prices = [trade.price for trade in trades]
    return prices[0], max(prices), min(prices), prices[-1], sum(trade.quantity for trade in trades), len(trades)


def check_candles(world: World, candles: list[list[Any]]) -> None:
    before: str | None = None
    for candle in candles:
        total = summed(world, candle[0] * MILLISECOND, (candle[6] + 1) * MILLISECOND)
        if total is None:
            assert candle[1:6] == [before] * 4 + ["0.00000000"]
            assert candle[8] == 0
        else:
            assert candle[1:5] == [f"{price // 100}.00000000" for price in total[:4]]
            assert (candle[5], candle[8]) == (f"{total[4] // 100_000}.00000000", total[5])
        before = candle[4]
    assert all(later[0] == earlier[6] + 1 for earlier, later in pairwise(candles))


@pytest.mark.parametrize("zone", ["0", "8", "-3:30", "5:45"])
def test_candles_are_the_sums_of_their_trades(traded: World, zone: str) -> None:
    def told(interval: str, **more: int) -> list[list[Any]]:
        parameters = {"symbol": "BTCUSDT", "interval": interval, "timeZone": zone, "limit": 1000, **more}
        found: list[list[Any]] = traded.good("/api/v3/klines", **parameters)
        return found

    for interval in ("15m", "1h", "4h", "1d", "3d", "1w", "1M"):
        candles = told(interval)
        check_candles(traded, candles)
        if interval != "15m":
            assert sum(candle[8] for candle in candles) == 300
        if len(candles) > 2:
            assert told(interval, startTime=candles[1][0] - 5, limit=2) == candles[1:3], "the oldest from it"
            assert told(interval, endTime=candles[-2][0], limit=1) == [candles[-2]], "the newest up to it"
            assert told(interval, startTime=0, endTime=candles[-2][0]) == candles[:-1]


@pytest.mark.parametrize("size", ["1d", "7d", "5h", "59m"])
def test_windows_are_the_sums_of_their_trades(traded: World, size: str) -> None:
    told = traded.good("/api/v3/ticker", symbol="BTCUSDT", windowSize=size)
    total = summed(traded, told["openTime"] * MILLISECOND, traded.time + 1)
    assert total is not None
    names = ("openPrice", "highPrice", "lowPrice", "lastPrice")
    assert [told[name] for name in names] == [f"{price // 100}.00000000" for price in total[:4]]
    assert (told["volume"], told["count"]) == (f"{total[4] // 100_000}.00000000", total[5])
    assert (told["firstId"], told["lastId"]) == (300 - total[5] + 1, 300)


def test_statistics_of_the_day_know_the_price_before(traded: World) -> None:
    told = traded.good("/api/v3/ticker/24hr", symbol="BTCUSDT")
    before = [trade for trade in traded.trades if trade.trade_id == told["firstId"] - 1]
    assert told["prevClosePrice"] == f"{before[0].price // 100}.00000000"


def test_a_window_without_a_trade_shows_the_last_price(traded: World) -> None:
    last = f"{traded.trades[-1].price // 100}.00000000"
    traded.gateway.broker.time = traded.time + 2 * DAY
    told = traded.good("/api/v3/ticker/24hr", symbol="BTCUSDT")
    for name in ("openPrice", "highPrice", "lowPrice", "lastPrice", "prevClosePrice"):
        assert told[name] == last
    assert (told["volume"], told["priceChange"], told["weightedAvgPrice"]) == ("0.00000000",) * 3
    assert (told["firstId"], told["lastId"], told["count"]) == (-1, -1, 0)


def test_aggregates_of_all_times(traded: World) -> None:
    found: list[int] = []
    while page := traded.good("/api/v3/aggTrades", symbol="BTCUSDT", fromId=found[-1] + 1 if found else 1, limit=70):
        found += [each["a"] for each in page]
    assert found == list(range(1, 301))
    begin = traded.trades[99].timestamp // MILLISECOND
    page = traded.good("/api/v3/aggTrades", symbol="BTCUSDT", startTime=begin, limit=5)
    assert [each["a"] for each in page] == [100, 101, 102, 103, 104]


def test_without_tables_trades_are_followed_until_there_are_some(world: World) -> None:
    def counts() -> list[int]:
        return [candle[8] for candle in world.good("/api/v3/klines", symbol="BTCUSDT", interval="1d")]

    follows = partial(world.gateway.feed.subscribed, topics.trades("BTC-USDT"))
    world.trade(100)
    world.gateway.broker.journal = "another"
    assert (counts(), follows()) == ([1], True)
    world.trade(101)
    assert (counts(), follows()) == ([2], True)
    world.gateway.broker.journal = JOURNAL
    world.fill()
    assert (counts(), follows()) == ([2], False)
