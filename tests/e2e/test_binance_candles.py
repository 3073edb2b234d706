"""Candles, prices and statistics of the Binance dialect, each call compared whole with what was sent."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from tests.e2e.binance import failure, now
from tests.e2e.binance_market import Market, get, trade
from tests.exchange import Exchange, Json

MINUTE = 60_000
DAY = 86_400_000

BAD_SYMBOL = (400, -1121, "Invalid symbol.")
BOTH = (400, -1128, "Combination of optional parameters invalid.")


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    with Exchange(tmp_path_factory.mktemp("binance")) as exchange:
        yield exchange


@pytest.fixture
def market(exchange: Exchange) -> Market:
    return Market(exchange)


@pytest.fixture
def traded(market: Market) -> Market:
    trade(market)
    return market


@pytest.mark.parametrize("path", ["klines", "uiKlines"])
def test_candles(traded: Market, path: str) -> None:
    opened = traded.times()[0] // DAY * DAY
    candle = [
        opened,
        "101.00000000",
        "102.00000000",
        "99.50000000",
        "99.50000000",
        "2.25000000",
        opened + DAY - 1,
        "227.37500000",
        4,
        "2.00000000",
        "202.50000000",
        "0",
    ]
    assert traded.get(path, interval="1d") == [candle]


def test_candles_of_every_interval(traded: Market) -> None:
    lengths = {"1s": 1, "1m": 60, "3m": 180, "5m": 300, "15m": 900, "30m": 1800, "1h": 3600, "2h": 7200, "4h": 14400}
    lengths |= {"6h": 21600, "8h": 28800, "12h": 43200, "1d": 86400, "3d": 259200, "1w": 604800, "1M": 0}
    for interval, seconds in lengths.items():
        candles = traded.get("klines", interval=interval)
        assert sum(candle[8] for candle in candles) == 4, interval
        opened, closed = (datetime.fromtimestamp(time // 1000, UTC) for time in (candles[-1][0], candles[-1][6] + 1))
        if seconds:
            assert (closed - opened).total_seconds() == seconds
        else:
            assert (opened.day, closed.day) == (1, 1)
    for wrong in ("1D", "1mo", "60m", "2m", "1S"):
        assert traded.refused("klines", interval=wrong) == (400, -1120, "Invalid interval.")


def test_candles_by_the_clock_of_another_zone(traded: Market) -> None:
    [candle] = traded.get("klines", interval="1d", timeZone="8")
    assert (candle[0] + 8 * 3_600_000) % DAY == 0
    assert (candle[8], candle[7]) == (4, "227.37500000")
    [candle] = traded.get("klines", interval="1d", timeZone="-3:30")
    assert (candle[0] - 3.5 * 3_600_000) % DAY == 0
    [candle] = traded.get("klines", interval="1w", timeZone="+05:45")
    assert (candle[0] - 4 * DAY + 5.75 * 3_600_000) % (7 * DAY) == 0
    for wrong in ("15", "-12:15", "x", "8:60", "0:01"):
        assert traded.refused("klines", interval="1d", timeZone=wrong)[1:] == (
            -1130,
            "Data sent for parameter 'timeZone' is not valid.",
        )


def test_candles_of_a_range(traded: Market) -> None:
    seconds = traded.get("klines", interval="1s")
    assert [later[0] - earlier[0] for earlier, later in pairwise(seconds)] == [1000] * (len(seconds) - 1), (
        "without a gap"
    )
    first = seconds[0][0]
    assert traded.get("klines", interval="1s", startTime=first, endTime=first) == seconds[:1]
    assert traded.get("klines", interval="1s", startTime=first - 5000, limit=1) == seconds[:1]
    assert traded.get("klines", interval="1s", endTime=first - 1) == []
    assert traded.get("klines", interval="1s", startTime=first + DAY) == []


def test_average_price(traded: Market) -> None:
    assert traded.get("avgPrice") == {"mins": 5, "price": "101.05555556", "closeTime": traded.times()[-1]}


def test_statistics_of_a_day(traded: Market) -> None:
    traded.rest("sell", "2", "103")
    told = traded.get("ticker/24hr")
    assert abs(told["closeTime"] - now()) < MINUTE
    assert told["openTime"] == (told["closeTime"] - DAY) // MINUTE * MINUTE
    full = {
        "symbol": traded.joined,
        "priceChange": "-1.50000000",
        "priceChangePercent": "-1.485",
        "weightedAvgPrice": "101.05555556",
        "prevClosePrice": "101.00000000",
        "lastPrice": "99.50000000",
        "lastQty": "0.25000000",
        "bidPrice": "99.50000000",
        "bidQty": "2.75000000",
        "askPrice": "102.00000000",
        "askQty": "0.50000000",
        "openPrice": "101.00000000",
        "highPrice": "102.00000000",
        "lowPrice": "99.50000000",
        "volume": "2.25000000",
        "quoteVolume": "227.37500000",
        "openTime": told["openTime"],
        "closeTime": told["closeTime"],
        "firstId": 1,
        "lastId": 4,
        "count": 4,
    }
    assert told == full
    mini = traded.get("ticker/24hr", type="MINI")
    left_out = {"priceChange", "priceChangePercent", "weightedAvgPrice", "prevClosePrice", "lastQty"}
    left_out |= {"bidPrice", "bidQty", "askPrice", "askQty"}
    assert mini == {**{name: full[name] for name in full.keys() - left_out}, **moment(mini)}


def moment(told: Json) -> Json:
    return {"openTime": told["openTime"], "closeTime": told["closeTime"]}


def test_statistics_of_a_window_and_of_a_trading_day(traded: Market) -> None:
    expected = {
        "symbol": traded.joined,
        "priceChange": "-1.50000000",
        "priceChangePercent": "-1.485",
        "weightedAvgPrice": "101.05555556",
        "openPrice": "101.00000000",
        "highPrice": "102.00000000",
        "lowPrice": "99.50000000",
        "lastPrice": "99.50000000",
        "volume": "2.25000000",
        "quoteVolume": "227.37500000",
        "firstId": 1,
        "lastId": 4,
        "count": 4,
    }
    for size, length in (("", DAY), ("2m", 2 * MINUTE), ("23h", 23 * 60 * MINUTE), ("7d", 7 * DAY)):
        told = traded.get("ticker", **({"windowSize": size} if size else {}))
        assert told == {**expected, **moment(told)}
        assert told["openTime"] == (told["closeTime"] - length) // MINUTE * MINUTE
    for wrong in ("0m", "60m", "24h", "8d", "1s", "1"):
        assert traded.refused("ticker", windowSize=wrong)[1] == -1130
    told = traded.get("ticker/tradingDay")
    assert told == {**expected, **moment(told)}
    assert (told["openTime"] % DAY, told["closeTime"] - told["openTime"]) == (0, DAY - 1)
    told = traded.get("ticker/tradingDay", timeZone="3", type="MINI")
    assert (told["openTime"] + 3 * 60 * MINUTE) % DAY == 0
    names = ("priceChange", "priceChangePercent", "weightedAvgPrice")
    assert told == {**{name: expected[name] for name in expected.keys() - names}, **moment(told)}


def test_statistics_without_a_trade(market: Market) -> None:
    zero = "0.00000000"
    told = market.get("ticker/24hr")
    assert told == {
        "symbol": market.joined,
        "priceChange": zero,
        "priceChangePercent": "0.000",
        "weightedAvgPrice": zero,
        "prevClosePrice": zero,
        "lastPrice": zero,
        "lastQty": zero,
        "bidPrice": zero,
        "bidQty": zero,
        "askPrice": zero,
        "askQty": zero,
        "openPrice": zero,
        "highPrice": zero,
        "lowPrice": zero,
        "volume": zero,
        "quoteVolume": zero,
        **moment(told),
        "firstId": -1,
        "lastId": -1,
        "count": 0,
    }
    assert market.get("klines", interval="1m") == []
    assert market.get("avgPrice") == {"mins": 5, "price": zero, "closeTime": 0}
    assert market.get("ticker/price") == {"symbol": market.joined, "price": zero}
    assert market.get("trades") == market.get("aggTrades") == market.get("historicalTrades") == []


def test_last_and_best_prices(traded: Market) -> None:
    price = {"symbol": traded.joined, "price": "99.50000000"}
    book = {
        "symbol": traded.joined,
        "bidPrice": "99.50000000",
        "bidQty": "2.75000000",
        "askPrice": "102.00000000",
        "askQty": "0.50000000",
    }
    assert traded.get("ticker/price") == price
    assert traded.get("ticker/bookTicker") == book
    exchange = traded.exchange
    symbols = f'["{traded.joined}"]'
    assert get(exchange, "ticker/price", symbols=symbols) == [price]
    assert get(exchange, "ticker/bookTicker", symbols=symbols) == [book]
    assert price in get(exchange, "ticker/price")
    assert book in get(exchange, "ticker/bookTicker")
    assert [each["symbol"] for each in get(exchange, "ticker/24hr")] == [
        each["symbol"] for each in get(exchange, "exchangeInfo")["symbols"]
    ]
    assert len(get(exchange, "ticker", symbols=symbols)) == 1


def test_candles_go_on_over_a_restart_of_the_matcher(traded: Market) -> None:
    traded.exchange.matcher.stop()
    assert failure(traded.exchange.http.get(f"/api/v3/depth?symbol={traded.joined}")) == (
        503,
        -1001,
        "Internal error; unable to process your request. Please try again.",
    )
    traded.exchange.restart_matcher()
    traded.take("sell", "0.5")
    candles = traded.get("klines", interval="1s")
    assert (sum(candle[8] for candle in candles), candles[-1][5]) == (5, "0.50000000")


def test_the_log_says_once_that_candles_do_not_last(exchange: Exchange) -> None:
    [record] = exchange.gateway.records(
        "no history: candles and statistics of the Binance dialect begin with this gateway"
    )
    assert record["reason"] == "neither HISTORY_DATABASE nor MATCHER_DATA_DIR is set"
