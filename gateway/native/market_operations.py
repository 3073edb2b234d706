"""The rows of the table of `operations` that are about market data."""

from typing import Final

from gateway.access.needs import PUBLIC
from gateway.native.calls import candles, market
from gateway.native.calls.candles import MAX_CANDLES, PREVIOUS
from gateway.native.calls.market import MAX_LEVELS, MAX_TRADE_ID, MAX_TRADES
from gateway.native.json import market_schemas
from gateway.native.operation import SYMBOL, Operation, Parameter, bounded, time_parameter
from history.candles.intervals import INTERVALS
from protocol.units import SYMBOL_PATTERN


def _trade_id(name: str, description: str) -> Parameter:
    return Parameter(name, {"type": "integer", "minimum": 0, "maximum": MAX_TRADE_ID}, description)


MARKET_OPERATIONS: Final = (
    Operation(
        PUBLIC,
        "get",
        "/depth",
        market.depth,
        "The best levels of a book",
        market_schemas.DepthView,
        (404, 422),
        (SYMBOL, bounded("levels", 1, MAX_LEVELS, 10, "Levels of each side at most.")),
    ),
    Operation(
        PUBLIC, "get", "/bbo", market.bbo, "The best bid and ask", market_schemas.BestPrices, (404, 422), (SYMBOL,)
    ),
    Operation(
        PUBLIC,
        "get",
        "/trades",
        market.trades,
        "Trades of all times, oldest first; the newest without `after`",
        market_schemas.TradeList,
        (404, 422),
        (
            SYMBOL,
            time_parameter("from", "Only trades at this time or later."),
            time_parameter("to", "Only trades before this time."),
            _trade_id("after", "A trade_id: the oldest trades after it. 0 begins with the first trade."),
            _trade_id("before", "A trade_id: the newest trades before it. Not with `after`."),
            bounded("limit", 1, MAX_TRADES, 100, "Trades at most."),
        ),
        csv=True,
    ),
    Operation(
        PUBLIC,
        "get",
        "/candles",
        candles.candles,
        "Candles, oldest first; the newest without `from`",
        market_schemas.CandleList,
        (404, 422),
        (
            SYMBOL,
            Parameter(
                "interval",
                {"enum": list(INTERVALS)},
                "The length of a period. All are those of UTC: days begin at midnight, weeks on Monday, months on "
                "their first day.",
                required=True,
            ),
            time_parameter("from", "Only candles that open at this time or later."),
            time_parameter("to", "Only candles that open before this time."),
            bounded("limit", 1, MAX_CANDLES, 100, "Candles at most."),
            Parameter(
                "fill",
                {"enum": [PREVIOUS]},
                "Periods without a trade get a candle too, at the price before them. Without it they are left out.",
            ),
        ),
        csv=True,
    ),
    Operation(
        PUBLIC,
        "get",
        "/ticker",
        candles.ticker,
        "The last 24 hours of one instrument, or of all",
        market_schemas.TickerView,
        (404, 422),
        (Parameter("symbol", {"type": "string", "pattern": f"^{SYMBOL_PATTERN.pattern}$"}, "Only this instrument."),),
        other_answer=market_schemas.TickerList,
    ),
)
