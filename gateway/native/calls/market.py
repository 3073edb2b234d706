"""Calls of market data."""

from typing import Final

from starlette.types import Receive, Scope

from gateway.exchange.exchange import Exchange
from gateway.http.responses import HttpResponse, json_response
from gateway.native.calls.parameters import query_parameters, required, whole_number
from gateway.native.json.market_schemas import TradeList
from gateway.native.json.translate import best_prices, depth_view, market_trade
from protocol.commands import DepthQuery, TradesQuery

MAX_LEVELS: Final = 1000
MAX_TRADES: Final = 1000


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
    parameters = query_parameters(scope, "symbol", "limit")
    symbol = required(parameters, "symbol")
    limit = whole_number(parameters, "limit", 100, 1, MAX_TRADES)
    instrument = await exchange.instruments.find(symbol)
    found = await exchange.markets.trades(TradesQuery(symbol, limit))
    return json_response(TradeList(symbol, [market_trade(trade, instrument) for trade in found]))
