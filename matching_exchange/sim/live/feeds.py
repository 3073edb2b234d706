"""Trades and books of a running exchange, told to the strategy."""

import asyncio
from collections.abc import Iterable
from typing import Final

from matching_exchange.client.http.async_client import AsyncClient
from matching_exchange.client.times import Time
from matching_exchange.client.types import markets
from matching_exchange.client.types.words import Side as SideWord
from matching_exchange.sim.durations import SECOND
from matching_exchange.sim.kernel.values import Book, Levels, Trade
from matching_exchange.sim.live.desk import LiveDesk
from matching_exchange.sim.live.instruments import whole
from matching_exchange.sim.live.recorder import Recorder
from matching_exchange.sim.strategy import Strategy, overrides
from protocol.instrument import Instrument
from protocol.units import Side

BEST_LEVELS: Final = 10
"""Levels of the stream of best levels; a strategy that wants more hears the whole book."""


class Feed:
    """The market data of one symbol. `trades`, `books` and `tell_books` run until they are canceled.

    What is lost for good (a Gap, a Restarted) leaves no trace but the hole: trades are told by their trade_ids, and a
    book is always whole.
    """

    def __init__(
        self, client: AsyncClient, strategy: Strategy, desk: LiveDesk, recorder: Recorder, instrument: Instrument
    ) -> None:
        self.has_book = asyncio.Event()
        self._client = client
        self._strategy = strategy
        self._desk = desk
        self._recorder = recorder
        self._instrument = instrument
        self._hears_trades = overrides(strategy, "on_trade")
        self.hears_books = overrides(strategy, "on_book")
        self._news = asyncio.Event()

    async def trades(self) -> None:
        """Tell each trade from now on, once, in order."""
        async for told in self._client.stream_trades(self._instrument.symbol):
            if isinstance(told, markets.Trade):
                self._traded(told)

    async def books(self) -> None:
        """Tell the best levels whenever they have changed."""
        symbol, levels = self._instrument.symbol, self._strategy.book_levels
        if levels <= BEST_LEVELS:
            async for depth in self._client.stream_depth(symbol):
                if isinstance(depth, markets.Depth):
                    self._changed(depth.timestamp, depth.bids[:levels], depth.asks[:levels])
        else:
            async for update in self._client.stream_book(symbol):
                self._changed(update.timestamp, update.book.bids(levels), update.book.asks(levels))

    async def tell_books(self) -> None:
        """Tell the strategy of the newest book, at most once in `book_every`."""
        every = self._strategy.book_every / SECOND
        while True:
            await self._news.wait()
            self._news.clear()
            self._strategy.on_book(self._desk, self._desk.books[self._instrument.symbol])
            if every:
                await asyncio.sleep(every)

    def _traded(self, told: markets.Trade) -> None:
        instrument = self._instrument
        trade = Trade(
            instrument,
            told.trade_id,
            int(told.timestamp),
            Side.BUY if told.aggressor_side is SideWord.BUY else Side.SELL,
            whole(told.price, instrument.price_decimals),
            whole(told.quantity, instrument.quantity_decimals),
        )
        self._desk.last_trades[instrument.symbol] = trade
        self._recorder.traded(trade)
        if self._hears_trades:
            self._strategy.on_trade(self._desk, trade)

    def _changed(self, time: Time, bids: Iterable[markets.Level], asks: Iterable[markets.Level]) -> None:
        book = Book(self._instrument, int(time), self._units(bids), self._units(asks))
        before = self._desk.books[book.symbol]
        self._desk.books[book.symbol] = book
        self._recorder.quoted(book)
        self.has_book.set()
        if self.hears_books and (book.bids_units, book.asks_units) != (before.bids_units, before.asks_units):
            self._news.set()

    def _units(self, levels: Iterable[markets.Level]) -> Levels:
        prices, quantities = self._instrument.price_decimals, self._instrument.quantity_decimals
        return tuple([(whole(price, prices), whole(quantity, quantities)) for price, quantity in levels])
