"""A book by levels, followed without a hole, by the rules of docs/market-data.md.

Updates that are lost are asked for. Where the matcher has them no more, has begun a new epoch, or the checksum says
that the book is another, a snapshot replaces all of it. A hole is told then.
"""

from collections import deque
from collections.abc import Callable
from itertools import chain

from matching_exchange.client.book import Book, BookUpdate
from matching_exchange.client.times import Time
from matching_exchange.client.zmq.followers import MESSAGES_WAITING, Desk, Follower, Tell
from matching_exchange.client.zmq.states import Hole
from matching_exchange.client.zmq.views.markets import levels
from protocol.book_feeds import BookMessage, BookSnapshotMessage, Level
from protocol.codec import decode_market_data
from protocol.commands import BookUpdatesQuery
from protocol.events import BookUpdates, QueryResult
from protocol.instrument import Instrument


class BookFollower(Follower):
    """`hear` takes each change of the book, with the book after it."""

    def __init__(self, instrument: Instrument, desk: Desk, hear: Callable[[BookUpdate], None], tell: Tell) -> None:
        super().__init__(desk, tell)
        self.symbol = instrument.symbol
        self._instrument = instrument
        self._hear = hear
        self._book = Book(self.symbol)
        self._epoch = 0
        # That of the book; None while a snapshot is waited for, which is not older than `_floor`.
        self._number: int | None = None
        self._floor = 0
        self._parts: list[BookSnapshotMessage] = []
        self._waiting: deque[BookMessage] = deque(maxlen=MESSAGES_WAITING)

    def receive(self, message: BookMessage | BookSnapshotMessage) -> None:
        """Take in a published message."""
        self.heard()
        if message.epoch < self._epoch:
            # It comes late, from an earlier matcher.
            return
        if message.epoch > self._epoch:
            self._lose("the matcher has started again")
            self._epoch, self._floor = message.epoch, 0
            self._parts.clear()
            self._waiting.clear()
        number = self._number
        if isinstance(message, BookSnapshotMessage):
            self._take_part(message)
        elif number is None or (self._waiting and message.number > number):
            self._waiting.append(message)
        elif message.previous == number:
            self._apply(message)
        elif message.number > number:
            self._waiting.append(message)
            self.check()

    def forget(self) -> None:
        self._lose("the exchange has another history than before")
        self._epoch = self._floor = 0
        self._parts.clear()
        self._waiting.clear()
        self.check()

    def _lose(self, detail: str) -> None:
        """Wait for a snapshot."""
        if self._number is not None:
            self._tell(Hole("book", self.symbol, self._number, None, detail))
        self._number = None

    def _take_part(self, part: BookSnapshotMessage) -> None:
        """Begin anew with a snapshot once it is whole, unless the book has what it tells."""
        if part.number < self._floor or (self._number is not None and part.number <= self._number):
            return
        before = self._parts[-1] if self._parts else None
        if part.part == 1:
            self._parts.clear()
        elif before is None or before.number != part.number or before.part != part.part - 1:
            self._parts.clear()
            return
        self._parts.append(part)
        if part.part < part.parts:
            return
        bids = list(chain.from_iterable(known.bids for known in self._parts))
        asks = list(chain.from_iterable(known.asks for known in self._parts))
        self._parts.clear()
        self._lose("a snapshot has come before what was asked for")
        self._book.clear(self._instrument.price_decimals, self._instrument.quantity_decimals)
        self._put(part, bids, asks, snapshot=True)
        self._has_begun()
        self._join()

    def _apply(self, update: BookMessage) -> None:
        self._put(update, update.bids, update.asks, snapshot=False)

    def _put(
        self, message: BookMessage | BookSnapshotMessage, bids: list[Level], asks: list[Level], *, snapshot: bool
    ) -> None:
        book, number, instrument = self._book, message.number, self._instrument
        book.apply_units(bids, asks)
        book.number, book.sequence, book.timestamp = number, message.sequence, Time(message.timestamp)
        self._number = number
        if book.checksum() != message.checksum:
            self._lose("the checksum says that the book is another")
            self._floor = number
            self.check()
            return
        changed = levels(bids, instrument), levels(asks, instrument)
        self._hear(BookUpdate(book, snapshot, number, book.sequence, book.timestamp, *changed))

    def _join(self) -> None:
        """Apply what waits, up to the first hole."""
        while self._waiting and self._number is not None:
            update = self._waiting[0]
            if update.previous > self._number:
                return
            self._waiting.popleft()
            if update.number > self._number:
                self._apply(update)

    def _ask(self) -> None:
        """Ask for what comes after the last update. Without a book, the question makes the matcher publish a
        snapshot."""
        asked = self._number
        epoch = 0 if asked is None else self._epoch

        def found(result: QueryResult) -> None:
            missed = result.result
            same = asked is not None and self._number is not None and epoch == self._epoch
            if isinstance(missed, BookUpdates) and same:
                self._take(missed)
            self._answered()

        self._desk.ask(BookUpdatesQuery(self.symbol, orders=False, epoch=epoch, after=asked or 0), found)

    def _take(self, missed: BookUpdates) -> None:
        """Take in what was missed. It may begin before the book's number: more may have come meanwhile."""
        before = self._number
        if not missed.complete:
            self._floor = before or 0
            self._lose("the matcher keeps no update so old")
            return
        for payload in missed.messages:
            update = decode_market_data(payload)
            if isinstance(update, BookMessage) and update.previous == self._number:
                self._apply(update)
        self._join()
        if missed.more or (self._waiting and self._number != before):
            self._ask_again = True
