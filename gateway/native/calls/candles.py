"""Calls of candles and tickers."""

import asyncio
from typing import Final

from starlette.types import Receive, Scope

from gateway.exchange.exchange import Exchange
from gateway.exchange.market_history import Wanted
from gateway.http.responses import HttpResponse, json_response
from gateway.native.calls.parameters import query_parameters, required, span, whole_number
from gateway.native.csv import listed
from gateway.native.json.candle_views import candle_view, ticker_view
from gateway.native.json.market_schemas import CandleList, CandleView, TickerList, TickerView
from gateway.native.json.names import not_a_word
from gateway.native.json.times import format_timestamp
from gateway.native.problems import ProblemError
from history.candles.intervals import INTERVALS, Interval
from protocol.instrument import Instrument

MAX_CANDLES: Final = 1000

PREVIOUS: Final = "previous"
"""The only way to fill periods without a trade."""

TICKERS_AT_ONCE: Final = 16
"""Tickers of one call that are made at the same time."""


async def candles(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    parameters = query_parameters(scope, "symbol", "interval", "from", "to", "limit", "fill")
    symbol = required(parameters, "symbol")
    interval = read_interval(required(parameters, "interval"))
    begin, end = span(parameters)
    limit = whole_number(parameters, "limit", 100, 1, MAX_CANDLES)
    if parameters.get("fill", PREVIOUS) != PREVIOUS:
        raise ProblemError("invalid_value", f"fill takes {PREVIOUS}.", "fill")
    instrument = await exchange.instruments.find(symbol)
    wanted = Wanted(symbol, interval, begin, end, limit, "fill" in parameters)
    found = await exchange.history.markets.candles(wanted)
    views = [candle_view(shown, instrument) for shown in found.shown]
    following = None if found.next is None else format_timestamp(found.next)
    return listed(scope, CandleList(symbol, interval.name, views, following), CandleView, views, following, "from")


async def ticker(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    symbol = query_parameters(scope, "symbol").get("symbol")
    if symbol is not None:
        return json_response(await _ticker(exchange, await exchange.instruments.find(symbol)))
    free = asyncio.Semaphore(TICKERS_AT_ONCE)

    async def made(instrument: Instrument) -> TickerView:
        async with free:
            return await _ticker(exchange, instrument)

    tickers = await asyncio.gather(*(made(instrument) for instrument in await exchange.instruments.all()))
    return json_response(TickerList(tickers))


async def _ticker(exchange: Exchange, instrument: Instrument) -> TickerView:
    return ticker_view(await exchange.history.markets.ticker(instrument.symbol), instrument)


def read_interval(text: str) -> Interval:
    """The interval. ProblemError where there is none of that name."""
    interval = INTERVALS.get(text)
    if interval is None:
        raise not_a_word("interval", INTERVALS)
    return interval
