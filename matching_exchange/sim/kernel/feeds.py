"""The public data of one symbol, and who hears of it, over which wire."""

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from matching_exchange.sim.kernel.values import Book, Levels, Trade
from matching_exchange.sim.kernel.venue import Venue
from matching_exchange.sim.kernel.wires import Wire
from protocol.events import Trade as TradeEvent
from protocol.instrument import Instrument

if TYPE_CHECKING:
    from matching_exchange.sim.kernel.desk import Desk

OLD: Final = 4_096
"""After so many changes, those that nobody can ask for any more are dropped."""


class Watch:
    """An agent that is told of a book.

    every: the least time between two of its tellings.
    next: when it may be told again.
    waiting: whether that is scheduled.
    known: the newest book that it was told.
    """

    __slots__ = ("desk", "every", "feed", "known", "levels", "next", "waiting")

    def __init__(self, desk: "Desk", feed: "Feed", levels: int, every: int) -> None:
        self.desk = desk
        self.feed = feed
        self.levels = levels
        self.every = every
        self.next = 0
        self.waiting = False
        self.known: Book | None = None


class Hearers:
    """Those who are told of the same thing over the same wire: trades of a symbol, or changes of its book."""

    __slots__ = ("desks", "watches", "wire")

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.desks: list[Desk] = []
        self.watches: list[Watch] = []


class Feed:
    """One symbol.

    levels: the most that anybody wants.
    captures: whether each change of the book is noted: somebody is told of it, or looks with a delay.
    to_tell: who hears of trades. books: who is told of each change. throttled: who is told now and then.
    """

    __slots__ = (
        "_kept",
        "_last_event",
        "_times",
        "_trade_times",
        "_trades",
        "book",
        "books",
        "captures",
        "index",
        "instrument",
        "last_price",
        "levels",
        "lookback",
        "next_quote",
        "quote_waits",
        "quoted",
        "symbol",
        "throttled",
        "to_tell",
    )

    def __init__(self, index: int, instrument: Instrument) -> None:
        self.index = index
        self.instrument = instrument
        self.symbol = instrument.symbol
        self.levels = 1
        self.lookback = 0
        self.captures = False
        self.book = Book(instrument, 0, (), ())
        self._last_event: TradeEvent | None = None
        self.last_price = 0
        self.to_tell: list[Hearers] = []
        self.books: list[Hearers] = []
        self.throttled: list[Watch] = []
        self.next_quote = 0
        self.quote_waits = False
        self.quoted: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
        self._times: list[int] = []
        self._kept: list[Book] = []
        self._trade_times: list[int] = []
        self._trades: list[TradeEvent] = []

    def change(self, venue: Venue, time: int) -> bool:
        """See how the book stands at that time. Returns whether it has changed."""
        bids, asks = venue.top(self.symbol, self.levels)
        book = self.book
        if bids == book.bids_units and asks == book.asks_units:
            return False
        self.book = Book(self.instrument, time, bids, asks)
        if self.lookback:
            _keep(self._times, self._kept, time, self.book, self.lookback)
        return True

    def traded(self, event: TradeEvent) -> None:
        """Note a trade."""
        self._last_event = event
        self.last_price = event.price
        if self.lookback:
            _keep(self._trade_times, self._trades, event.timestamp, event, self.lookback)

    def trade_of(self, event: TradeEvent) -> Trade:
        """The trade as agents see it."""
        return Trade(
            self.instrument, event.trade_id, event.timestamp, event.aggressor_side, event.price, event.quantity
        )

    def last_trade(self) -> Trade | None:
        """The last one, as of the exchange."""
        return None if self._last_event is None else self.trade_of(self._last_event)

    def book_at(self, time: int, levels: int) -> Book:
        """The book as of that time, which is at most `lookback` ago."""
        place = bisect_right(self._times, time)
        return first_levels(self._kept[place - 1], levels) if place else Book(self.instrument, 0, (), ())

    def trade_at(self, time: int) -> Trade | None:
        """The last trade up to that time, which is at most `lookback` ago."""
        place = bisect_right(self._trade_times, time)
        return self.trade_of(self._trades[place - 1]) if place else None


def first_levels(book: Book, levels: int) -> Book:
    """The book with at most so many levels on each side."""
    if len(book.bids_units) <= levels and len(book.asks_units) <= levels:
        return book
    bids: Levels = book.bids_units[:levels]
    asks: Levels = book.asks_units[:levels]
    return Book(book.instrument, book.time, bids, asks)


def _keep(times: list[int], items: list, time: int, item: object, lookback: int) -> None:  # type: ignore[type-arg]
    """Add what holds from that time on. Drop what is too old to be asked for."""
    times.append(time)
    items.append(item)
    if len(times) > OLD:
        # The last one before the lookback still held at its begin.
        old = bisect_right(times, time - lookback) - 1
        if old > OLD // 2:
            del times[:old]
            del items[:old]
