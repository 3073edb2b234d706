"""Streams of books: what has changed, the best levels, the best prices."""

import asyncio
from abc import ABC, abstractmethod
from typing import Any

from gateway.binance.sockets.client import Told
from gateway.binance.streams.book import Book, Books, Changed
from gateway.binance.streams.channel import Reader, StreamChannel
from gateway.binance.symbols import joined
from gateway.binance.views.filters import price_text, quantity_text
from gateway.binance.views.market import levels_view
from gateway.http.closing import CloseFrame
from protocol.book_feeds import Level
from protocol.instrument import Instrument


class BookStream(StreamChannel, ABC):
    """book: already open."""

    def __init__(self, instrument: Instrument, book: Book, books: Books) -> None:
        super().__init__()
        self._instrument = instrument
        self._symbol = joined(instrument)
        self._book = book
        self._books = books
        book.clients.add(self)

    async def begun(self) -> None:
        await self._book.begun()

    def close(self) -> None:
        self._books.leave(self._instrument.symbol, self._book, self)

    @abstractmethod
    def hear_book(self, changed: Changed) -> None:
        """The next change of the book."""


class PacedStream(BookStream):
    """Tells something at most once in `speed` milliseconds."""

    def __init__(self, instrument: Instrument, book: Book, books: Books, speed: int) -> None:
        super().__init__(instrument, book, books)
        self._seconds = speed / 1000
        self._timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        super().close()
        if self._timer is not None:
            self._timer.cancel()

    def hear_book(self, changed: Changed) -> None:
        self._take(changed)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._due)

    def _due(self) -> None:
        self._timer = None
        self._tell_now()

    @abstractmethod
    def _take(self, changed: Changed) -> None:
        """Note what has changed."""

    @abstractmethod
    def _tell_now(self) -> None:
        """Tell what has changed since the last time."""


class DepthStream(PacedStream):
    """All levels that have changed. `_last` is the id of the last event, from which the next one goes on."""

    def __init__(self, instrument: Instrument, book: Book, books: Books, speed: int) -> None:
        super().__init__(instrument, book, books, speed)
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self._last: int | None = None

    async def begun(self) -> None:
        await super().begun()
        if self._last is None:
            self._last = self._book.sequence

    def end(self, frame: CloseFrame) -> None:
        super().end(frame)
        self._bids, self._asks = {}, {}
        self._last = self._book.sequence

    def _take(self, changed: Changed) -> None:
        # What came before the stream has begun, no event tells.
        if self._last is not None:
            self._bids.update(changed.bids)
            self._asks.update(changed.asks)

    def _tell_now(self) -> None:
        if self._last is None or not (self._bids or self._asks):
            return
        first, self._last, time = self._last + 1, self._book.sequence, self._book.time
        last = self._last
        bids, asks = sorted(self._bids.items(), reverse=True), sorted(self._asks.items())
        self._bids, self._asks = {}, {}
        self._tell(
            Told(
                lambda unit: {
                    "e": "depthUpdate",
                    "E": time // unit,
                    "s": self._symbol,
                    "U": first,
                    "u": last,
                    "b": levels_view(bids, self._instrument),
                    "a": levels_view(asks, self._instrument),
                }
            )
        )


class PartialDepthStream(PacedStream):
    """The best levels, where they have changed."""

    def __init__(self, instrument: Instrument, book: Book, books: Books, speed: int, levels: int) -> None:
        super().__init__(instrument, book, books, speed)
        self._count = levels
        self._last: tuple[list[Level], list[Level]] | None = None

    def begin(self, reader: Reader) -> None:
        reader.hear_state(self._told(self._book.top(self._count)))

    def _take(self, changed: Changed) -> None:
        """Only the book of the moment is told."""

    def _tell_now(self) -> None:
        levels = self._book.top(self._count)
        if levels != self._last:
            self._last = levels
            self._tell_state(self._told(levels))

    def _told(self, levels: tuple[list[Level], list[Level]]) -> Told:
        view = {
            "lastUpdateId": self._book.sequence,
            "bids": levels_view(levels[0], self._instrument),
            "asks": levels_view(levels[1], self._instrument),
        }
        return Told(lambda _: view)


class BestStream(BookStream):
    """The best prices and their quantities, at each change of them."""

    def __init__(self, instrument: Instrument, book: Book, books: Books) -> None:
        super().__init__(instrument, book, books)
        self._last: tuple[Level, Level] | None = None

    async def begun(self) -> None:
        await super().begun()
        if self._last is None:
            self._last = self._book.best

    def begin(self, reader: Reader) -> None:
        reader.hear_state(self._told())

    def hear_book(self, changed: Changed) -> None:
        if self._book.best != self._last:
            self._last = self._book.best
            self._tell_state(self._told())

    def _told(self) -> Told:
        (bid, bid_quantity), (ask, ask_quantity) = self._book.best
        view: dict[str, Any] = {
            "u": self._book.sequence,
            "s": self._symbol,
            "b": price_text(self._instrument, bid),
            "B": quantity_text(self._instrument, bid_quantity),
            "a": price_text(self._instrument, ask),
            "A": quantity_text(self._instrument, ask_quantity),
        }
        return Told(lambda _: view)
