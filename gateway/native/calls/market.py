"""Calls of market data."""

from typing import Final

from starlette.types import Receive, Scope

from gateway.exchange.exchange import Exchange
from gateway.http.responses import HttpResponse, json_response
from gateway.native.calls.parameters import query_parameters, required, span, whole_number
from gateway.native.csv import listed
from gateway.native.json.market_schemas import MarketTrade, TradeList
from gateway.native.json.translate import best_prices, depth_view, market_trade
from gateway.native.problems import ProblemError
from history.reading.trades import Range
from protocol.commands import DepthQuery

MAX_LEVELS: Final = 1000
MAX_TRADES: Final = 1000
MAX_TRADE_ID: Final = 10**18 - 1


async def depth(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    parameters = query_parameters(scope, "symbol", "levels")
    symbol = required(parameters, "symbol")
    levels = whole_number(parameters, "levels", 10, 1, MAX_LEVELS)
    instrument = await exchange.instruments.find(symbol)
    answer = await exchange.markets.depth(DepthQuery(symbol, levels))
    return json_response(depth_view(answer.value, answer.sequence, answer.timestamp, instrument))


async def bbo(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    symbol = required(query_parameters(scope, "symbol"), "symbol")
    instrument = await exchange.instruments.find(symbol)
    answer = await exchange.markets.depth(DepthQuery(symbol, 1))
    return json_response(best_prices(answer.value, answer.sequence, answer.timestamp, instrument))


async def trades(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    parameters = query_parameters(scope, "symbol", "from", "to", "after", "before", "limit")
    symbol = required(parameters, "symbol")
    limit = whole_number(parameters, "limit", 100, 1, MAX_TRADES)
    begin, end = span(parameters)
    if "after" in parameters and "before" in parameters:
        raise ProblemError("invalid_value", "The call takes after or before, not both.", "before")
    after, before = (
        whole_number(parameters, name, 0, 0, MAX_TRADE_ID) if name in parameters else None
        for name in ("after", "before")
    )
    instrument = await exchange.instruments.find(symbol)
    found = await exchange.history.markets.trades(symbol, Range(after, before, begin, end), limit)
    views = [market_trade(trade, instrument) for trade in found]
    following = views[-1].trade_id if views and after is not None else None
    return listed(scope, TradeList(symbol, views), MarketTrade, views, following)
