"""The WebSockets of candles and tickers, of one symbol or of all."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from starlette.websockets import WebSocket

from gateway.exchange.exchange import Exchange
from gateway.exchange.market_history import Shown, Ticker
from gateway.http.closing import Closing
from gateway.http.responses import encode
from gateway.link.feed import Feed
from gateway.link.matcher_link import MatcherLink
from gateway.native.calls.candles import read_interval
from gateway.native.calls.parameters import query_parameters, required
from gateway.native.json.candle_views import candle_view, ticker_view
from gateway.native.json.market_schemas import CandleUpdate
from gateway.streams.candle_source import CandleSource
from gateway.streams.serve import OpenChannels, StreamCount, serve_stream
from gateway.streams.source import Listener
from gateway.streams.summary_channel import ALL, Summaries, SummaryChannel
from gateway.streams.ticker_source import TickerSource
from history.candles.intervals import Interval
from protocol.instrument import Instrument

_ONLY: Final = 0
"""The key of a ticker: a symbol has one."""


class SummaryStreams:
    """`/ws/candles` and `/ws/ticker`."""

    def __init__(
        self, exchange: Exchange, broker: MatcherLink, feed: Feed, count: StreamCount, closing: Closing
    ) -> None:
        self._instruments = exchange.instruments
        self._history = exchange.history.markets
        self._broker = broker
        self._feed = feed
        self._count = count
        self._closing = closing
        self._channels: OpenChannels[SummaryChannel[Any]] = OpenChannels(broker)

    async def candles(self, websocket: WebSocket) -> None:
        await serve_stream(websocket, self._count, self._closing, self._candles)

    async def ticker(self, websocket: WebSocket) -> None:
        await serve_stream(websocket, self._count, self._closing, self._ticker)

    async def _candles(self, websocket: WebSocket) -> None:
        parameters = query_parameters(websocket.scope, "symbol", "interval")
        symbol = required(parameters, "symbol")
        interval = read_interval(required(parameters, "interval"))
        await self._attend(websocket, symbol, f"{symbol} {interval.name}", partial(self._candles_of, interval))

    async def _ticker(self, websocket: WebSocket) -> None:
        symbol = required(query_parameters(websocket.scope, "symbol"), "symbol")
        await self._attend(websocket, symbol, symbol, self._tickers)

    async def _attend(
        self, websocket: WebSocket, symbol: str, name: str, summaries: Callable[[], Summaries[Any]]
    ) -> None:
        everything = symbol == ALL
        instruments = self._instruments
        beginning = await instruments.all() if everything else [await instruments.find(symbol)]

        def open_channel() -> SummaryChannel[Any]:
            return SummaryChannel(instruments, beginning, summaries(), self._closing, everything=everything)

        await self._channels.attend(websocket, name, open_channel, lambda channel: channel.new_client())

    def _candles_of(self, interval: Interval) -> Summaries[CandleSource]:
        def opened(instrument: Instrument, loads: asyncio.Semaphore, listener: Listener) -> CandleSource:
            return CandleSource(
                instrument,
                interval,
                self._broker.of(instrument.symbol),
                self._feed,
                self._history,
                loads,
                listener,
            )

        def text(symbol: str, candles: list[Shown]) -> str:
            instrument = self._instruments.known[symbol]
            views = [candle_view(shown, instrument) for shown in candles]
            return encode(CandleUpdate(symbol, interval.name, views)).decode()

        return Summaries(opened, CandleSource.take_news, _recent, text)

    def _tickers(self) -> Summaries[TickerSource]:
        def opened(instrument: Instrument, loads: asyncio.Semaphore, listener: Listener) -> TickerSource:
            return TickerSource(
                instrument, self._broker.of(instrument.symbol), self._feed, self._history, loads, listener
            )

        def text(symbol: str, tickers: list[Ticker]) -> str:
            return encode(ticker_view(tickers[-1], self._instruments.known[symbol])).decode()

        return Summaries(opened, _now, _now, text)


def _recent(source: CandleSource) -> dict[int, Shown]:
    return {shown.candle.open_time: shown for shown in source.recent}


def _now(source: TickerSource) -> dict[int, Ticker]:
    ticker = source.now()
    return {} if ticker is None else {_ONLY: ticker}
