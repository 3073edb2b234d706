"""Trades and books of a running exchange, told to the strategy."""

import asyncio
from typing import TYPE_CHECKING, Final

from matching_exchange.client.book import BookUpdate
from matching_exchange.client.http.async_client import AsyncClient
from matching_exchange.client.types import markets
from matching_exchange.client.types.streams import Restarted
from matching_exchange.client.types.words import Side as SideWord
from matching_exchange.sim.durations import SECOND
from matching_exchange.sim.kernel.values import Book, Levels, Trade
from matching_exchange.sim.live.desk import LiveDesk
from matching_exchange.sim.live.instruments import whole
from matching_exchange.sim.live.recorder import Recorder
from matching_exchange.sim.strategy import Strategy, overrides
from protocol.instrument import Instrument
from protocol.units import Side

if TYPE_CHECKING:
    from matching_exchange.client.http.async_stream import AsyncStream

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
        self._strategy = strategy
        self._desk = desk
        self._recorder = recorder
        self._instrument = instrument
        self._hears_trades = overrides(strategy, "on_trade")
        self.hears_books = overrides(strategy, "on_book")
        self._news = asyncio.Event()
        self._is_known = False
        symbol = instrument.symbol
        self._trades = client.stream_trades(symbol)
        self._books: AsyncStream[markets.Depth | Restarted] | AsyncStream[BookUpdate] = (
            client.stream_depth(symbol) if strategy.book_levels <= BEST_LEVELS else client.stream_book(symbol)
        )

    async def open(self) -> None:
        """Connect, and bring the first book: nothing is missed from now on."""
        await self._trades.open()
        while not self._is_known:
            self._changed(await self._books.receive())

    async def trades(self) -> None:
        """Tell each trade, once, in order."""
        async for told in self._trades:
            if isinstance(told, markets.Trade):
                self._traded(told)

    async def books(self) -> None:
        """Tell the best levels whenever they have changed."""
        async for told in self._books:
            self._changed(told)

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

    def _changed(self, told: markets.Depth | BookUpdate | Restarted) -> None:
        levels = self._strategy.book_levels
        match told:
            case markets.Depth():
                bids, asks = list(told.bids[:levels]), list(told.asks[:levels])
            case BookUpdate():
                bids, asks = told.book.bids(levels), told.book.asks(levels)
            case Restarted():
                return
        book = Book(self._instrument, int(told.timestamp), self._units(bids), self._units(asks))
        before = self._desk.books[book.symbol]
        self._desk.books[book.symbol] = book
        self._recorder.quoted(book)
        if self._is_known and (book.bids_units, book.asks_units) != (before.bids_units, before.asks_units):
            self._news.set()
        self._is_known = True

    def _units(self, levels: list[markets.Level]) -> Levels:
        prices, quantities = self._instrument.price_decimals, self._instrument.quantity_decimals
        return tuple([(whole(price, prices), whole(quantity, quantities)) for price, quantity in levels])
