"""Market data of the Binance dialect, each call compared whole with what was sent."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.e2e.binance import failure, now
from tests.e2e.binance_market import Market, aggregate_views, get, trade, trade_views
from tests.exchange import Exchange

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


def test_exchange_info_of_one_symbol(exchange: Exchange) -> None:
    market = Market(exchange, max_open_orders=50)
    told = market.get("exchangeInfo")
    assert abs(told.pop("serverTime") - now()) < MINUTE
    sizes = {"minQty": "0.00001000", "maxQty": "9000.00000000", "stepSize": "0.00001000"}
    assert told == {
        "timezone": "UTC",
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
            {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200000},
            {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300000},
        ],
        "exchangeFilters": [],
        "symbols": [
            {
                "symbol": market.joined,
                "status": "TRADING",
                "baseAsset": market.base,
                "baseAssetPrecision": 8,
                "quoteAsset": "USDT",
                "quotePrecision": 8,
                "quoteAssetPrecision": 8,
                "baseCommissionPrecision": 8,
                "quoteCommissionPrecision": 8,
                "orderTypes": [
                    "LIMIT",
                    "LIMIT_MAKER",
                    "MARKET",
                    "STOP_LOSS",
                    "STOP_LOSS_LIMIT",
                    "TAKE_PROFIT",
                    "TAKE_PROFIT_LIMIT",
                ],
                "icebergAllowed": True,
                "ocoAllowed": True,
                "otoAllowed": False,
                "opoAllowed": False,
                "quoteOrderQtyMarketAllowed": True,
                "allowTrailingStop": True,
                "cancelReplaceAllowed": True,
                "amendAllowed": True,
                "pegInstructionsAllowed": False,
                "isSpotTradingAllowed": True,
                "isMarginTradingAllowed": False,
                "filters": [
                    {
                        "filterType": "PRICE_FILTER",
                        "minPrice": "0.01000000",
                        "maxPrice": "10000000.00000000",
                        "tickSize": "0.01000000",
                    },
                    {"filterType": "LOT_SIZE", **sizes},
                    {"filterType": "ICEBERG_PARTS", "limit": 1000},
                    {"filterType": "MARKET_LOT_SIZE", **sizes},
                    {
                        "filterType": "TRAILING_DELTA",
                        "minTrailingAboveDelta": 1,
                        "maxTrailingAboveDelta": 9999,
                        "minTrailingBelowDelta": 1,
                        "maxTrailingBelowDelta": 9999,
                    },
                    {
                        "filterType": "NOTIONAL",
                        "minNotional": "1.00000000",
                        "applyMinToMarket": False,
                        "maxNotional": "9000000000.00000000",
                        "applyMaxToMarket": False,
                        "avgPriceMins": 0,
                    },
                    {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 50},
                ],
                "permissions": [],
                "permissionSets": [["SPOT"]],
                "defaultSelfTradePreventionMode": "NONE",
                "allowedSelfTradePreventionModes": [
                    "NONE",
                    "EXPIRE_TAKER",
                    "EXPIRE_MAKER",
                    "EXPIRE_BOTH",
                    "DECREMENT",
                ],
            }
        ],
    }


def test_the_filters_follow_the_instrument(exchange: Exchange) -> None:
    market = Market(exchange, max_order_notional="5000", tick_size="0.0000000001", max_price="0.5", max_quantity="10")
    filters = {each["filterType"]: each for each in market.get("exchangeInfo")["symbols"][0]["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.0000000001"
    assert filters["PRICE_FILTER"]["maxPrice"] == "0.5000000000", "as many digits as the tick"
    assert filters["NOTIONAL"]["maxNotional"] == "5.00000000"
    assert "MAX_NUM_ORDERS" not in filters


def test_which_symbols_exchange_info_tells(exchange: Exchange) -> None:
    one, other = Market(exchange), Market(exchange)

    def told(**parameters: str) -> list[str]:
        return [each["symbol"] for each in get(exchange, "exchangeInfo", **parameters)["symbols"]]

    assert {one.joined, other.joined, "BTCUSDT"} <= set(told())
    assert told(symbols=f'["{one.joined}","{other.joined}"]') == [one.joined, other.joined]
    assert told(permissions="SPOT") == told()
    assert told(permissions='["MARGIN","SPOT"]') == told()
    assert told(permissions="MARGIN") == []
    exchange.post("/admin/instruments", {"symbol": one.symbol, "status": "halted"})
    assert one.joined in told(symbolStatus="HALT")
    assert one.joined not in told(symbolStatus="TRADING")
    assert one.refused("exchangeInfo", symbolStatus="TRADING") == (
        400,
        -1220,
        "The symbol's status does not match the requested symbolStatus.",
    )
    assert one.get("exchangeInfo", symbolStatus="HALT")["symbols"][0]["status"] == "HALT"
    exchange.post("/admin/instruments", {"symbol": one.symbol, "status": "cancel_only"})
    assert one.get("exchangeInfo")["symbols"][0]["status"] == "CANCEL_ONLY"
    assert one.get("exchangeInfo", showPermissionSets="false")["symbols"][0]["permissionSets"] == []
    assert one.refused("exchangeInfo", symbols='["BTCUSDT"]') == BOTH
    assert one.refused("exchangeInfo", permissions="SPOT") == BOTH


def test_the_default_self_trade_prevention_is_a_setting(tmp_path: Path) -> None:
    environment = {"GATEWAY_BINANCE_SELF_TRADE_PREVENTION": "EXPIRE_MAKER"}
    with Exchange(tmp_path, gateway_environment=environment) as other:
        told = get(other, "exchangeInfo", symbol="BTCUSDT")["symbols"][0]
    assert told["defaultSelfTradePreventionMode"] == "EXPIRE_MAKER"


def test_of_two_instruments_with_one_joined_name_the_first_keeps_it(exchange: Exchange) -> None:
    first = exchange.add_instrument(symbol="AB-CUSDT", base="AB", quote="CUSDT")
    exchange.add_instrument(symbol="ABC-USDT", base="ABC", quote="USDT")
    exchange.trade(first, "7")
    assert get(exchange, "ticker/price", symbol="ABCUSDT") == {"symbol": "ABCUSDT", "price": "7.00000000"}
    listed = get(exchange, "exchangeInfo")["symbols"]
    assert [each["baseAsset"] for each in listed if each["symbol"] == "ABCUSDT"] == ["AB"]
    records = exchange.gateway.records("the Binance dialect leaves an instrument out: another one has its joined name")
    assert [(each["symbol"], each["joined"], each["kept_by"]) for each in records] == [
        ("ABC-USDT", "ABCUSDT", "AB-CUSDT")
    ]


@pytest.mark.parametrize("name", ["NOPEUSDT", "BTC-USDT", "btcusdt", "BTC%2FUSDT", "%F0%9F%98%80"])
def test_a_symbol_that_does_not_exist(exchange: Exchange, name: str) -> None:
    assert failure(exchange.http.get(f"/api/v3/depth?symbol={name}")) == BAD_SYMBOL
    assert failure(exchange.http.get(f"/api/v3/ticker/price?symbols=[%22{name}%22]")) == BAD_SYMBOL


def test_parameters_that_are_missing_or_empty_or_malformed(exchange: Exchange) -> None:
    def refused(query: str) -> tuple[int, int, str]:
        return failure(exchange.http.get(f"/api/v3/{query}"))

    mandatory = "Mandatory parameter '%s' was not sent, was empty/null, or malformed."
    assert refused("depth") == (400, -1102, mandatory % "symbol")
    assert refused("klines?symbol=BTCUSDT") == (400, -1102, mandatory % "interval")
    assert refused("depth?symbol=") == (400, -1105, "Parameter 'symbol' was empty.")
    assert refused("depth?symbol=BTCUSDT&limit=") == (400, -1105, "Parameter 'limit' was empty.")
    for wrong in ("-1", "1.5", "x", "9223372036854775808", "1e3", "%C2%B2"):
        assert refused(f"depth?symbol=BTCUSDT&limit={wrong}") == (
            400,
            -1100,
            "Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'.",
        )
    assert refused("ticker") == (
        400,
        -1102,
        "Param 'symbol' or 'symbols' must be sent, but both were empty/null!",
    )
    assert refused("ticker/24hr?type=HALF") == (400, -1130, "Data sent for parameter 'type' is not valid.")
    for wrong in ("BTCUSDT", "[BTCUSDT]", "{}", '["BTCUSDT"', "[1]"):
        assert refused(f"ticker/price?symbols={wrong}")[1] == -1100
    assert get(exchange, "depth?symbol=BTCUSDT&unknown=1")["asks"] == []


def test_depth(market: Market) -> None:
    for price in ("99", "98.5", "97"):
        market.rest("buy", "1.5", price)
    market.rest("sell", "0.01001", "101.01")
    native = market.exchange.get("/depth", symbol=market.symbol)
    told = market.get("depth")
    assert told["lastUpdateId"] >= native["sequence"]
    assert told == {
        "lastUpdateId": told["lastUpdateId"],
        "bids": [["99.00000000", "1.50000000"], ["98.50000000", "1.50000000"], ["97.00000000", "1.50000000"]],
        "asks": [["101.01000000", "0.01001000"]],
    }
    assert market.get("depth", limit=1)["bids"] == [["99.00000000", "1.50000000"]]
    assert market.get("depth", limit=0)["bids"] == [["99.00000000", "1.50000000"]], "held to 1"
    assert market.get("depth", limit=999999)["bids"] == told["bids"], "held to 5000"
    assert market.get("depth", symbolStatus="TRADING")["bids"] == told["bids"]
    assert market.refused("depth", symbolStatus="HALT")[1] == -1220


def test_depth_weighs_by_its_limit(market: Market) -> None:
    def used(**parameters: int) -> int:
        response = market.exchange.http.get("/api/v3/depth", params={"symbol": market.joined, **parameters})
        return int(response.headers["x-mbx-used-weight"])

    def weights() -> list[int]:
        told = [used(), *(used(limit=limit) for limit in (100, 500, 1000, 5000))]
        return [later - earlier for earlier, later in pairwise(told)]

    # The count begins anew with each minute.
    assert [5, 25, 50, 250] in (weights(), weights())


def test_trades(traded: Market) -> None:
    assert traded.get("trades") == trade_views(traded)
    assert traded.get("trades", limit=2) == trade_views(traded)[2:]


def test_trades_in_microseconds(traded: Market) -> None:
    response = traded.exchange.http.get(
        "/api/v3/trades", params={"symbol": traded.joined}, headers={"X-MBX-TIME-UNIT": "microsecond"}
    )
    assert [trade["time"] // 1000 for trade in response.json()] == traded.times()


def test_historical_trades(traded: Market) -> None:
    assert traded.get("historicalTrades") == trade_views(traded)
    assert traded.get("historicalTrades", limit=1) == trade_views(traded)[3:]
    assert traded.get("historicalTrades", fromId=2, limit=2) == trade_views(traded)[1:3]
    assert traded.get("historicalTrades", fromId=0) == trade_views(traded)
    assert traded.get("historicalTrades", fromId=5) == []
    headers = {"X-MBX-APIKEY": "any"}
    response = traded.exchange.http.get(f"/api/v3/historicalTrades?symbol={traded.joined}", headers=headers)
    assert response.json() == trade_views(traded)


def test_aggregate_trades(traded: Market) -> None:
    views = aggregate_views(traded)
    first, last = views[0]["T"], views[-1]["T"]
    assert traded.get("aggTrades") == views
    assert traded.get("aggTrades", limit=2) == views[1:]
    assert traded.get("aggTrades", fromId=1, limit=1) == views[:1]
    assert traded.get("aggTrades", fromId=2) == views[1:], "an aggregate has the id of its first trade"
    assert traded.get("aggTrades", fromId=3) == views[1:]
    assert traded.get("aggTrades", fromId=9) == []
    assert traded.get("aggTrades", startTime=first) == views
    assert traded.get("aggTrades", startTime=first, limit=2) == views[:2], "the oldest from it"
    assert traded.get("aggTrades", endTime=last) == views
    assert traded.get("aggTrades", endTime=last, limit=1) == views[-1:], "the newest up to it"
    assert traded.get("aggTrades", startTime=first, endTime=last) == views
    assert traded.get("aggTrades", endTime=first - 1) == []
    assert traded.get("aggTrades", startTime=last + 1) == []
    assert traded.get("aggTrades", startTime=first * 1000, endTime=(last + 1) * 1000) == views, "in microseconds"
    assert traded.refused("aggTrades", fromId=1, startTime=first) == BOTH


def test_an_aggregate_of_more_trades_than_a_page(market: Market) -> None:
    for _ in range(3):
        market.rest("sell", "1", "100")
    market.take("buy", "3")
    market.rest("sell", "1", "100")
    market.take("buy", "1")
    told = market.get("aggTrades", limit=2)
    assert [(each["f"], each["l"], each["q"]) for each in told] == [(1, 3, "3.00000000"), (4, 4, "1.00000000")]


def test_rules_and_reference_prices(market: Market) -> None:
    assert market.get("executionRules") == {"symbolRules": []}
    assert market.refused("referencePrice") == (400, -2043, "This symbol doesn't have a reference price.")
