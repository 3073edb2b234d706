"""A book by levels, followed without a hole, by the rules of docs/market-data.md.

Updates that are lost are asked for. Where the matcher has them no more, has begun a new epoch, or the checksum says
that the book is another, a snapshot replaces all of it. A hole is told then.
"""

from collections import deque
from collections.abc import Callable
from itertools import chain

from msgspec import Struct

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


class BookChange(Struct, frozen=True):
    """The next change of a book, in integers: a whole snapshot, or what one command has changed."""

    message: BookMessage | BookSnapshotMessage
    bids: list[Level]
    asks: list[Level]

    @property
    def snapshot(self) -> bool:
        return isinstance(self.message, BookSnapshotMessage)


class Keeper:
    """The book of one reader. It takes each change when the reader does, so that both are at the same place.

    `distrust` hears the number at which the checksum is another.
    """

    def __init__(self, instrument: Instrument, distrust: Callable[[int], None]) -> None:
        self._instrument = instrument
        self._distrust = distrust
        self._book = Book(instrument.symbol)
        self._waits_for_snapshot = True

    def apply(self, change: BookChange) -> BookUpdate | None:
        """The book after it. None if it is not known: then a snapshot comes."""
        book, message, instrument = self._book, change.message, self._instrument
        if change.snapshot:
            book.clear(instrument.price_decimals, instrument.quantity_decimals)
        elif self._waits_for_snapshot:
            return None
        book.apply_units(change.bids, change.asks)
        book.number, book.sequence, book.timestamp = message.number, message.sequence, Time(message.timestamp)
        self._waits_for_snapshot = book.checksum() != message.checksum
        if self._waits_for_snapshot:
            self._distrust(message.number)
            return None
        bids, asks = levels(change.bids, instrument), levels(change.asks, instrument)
        return BookUpdate(book, change.snapshot, message.number, message.sequence, book.timestamp, bids, asks)


class BookFollower(Follower):
    """`hear` takes each change, without a hole between two snapshots."""

    def __init__(self, symbol: str, desk: Desk, hear: Callable[[BookChange], None], tell: Tell) -> None:
        super().__init__(desk, tell)
        self.symbol = symbol
        self._hear = hear
        self._epoch = 0
        # That of the last change; None while a snapshot is waited for, which is not older than `_floor`.
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

    def distrust(self, number: int) -> None:
        """The reader's book was another at this number: it needs a snapshot."""
        self._floor = number
        self._lose("the checksum says that the book is another")
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
        self._number = part.number
        self._hear(BookChange(part, bids, asks))
        self._has_begun()
        self._join()

    def _apply(self, update: BookMessage) -> None:
        self._number = update.number
        self._hear(BookChange(update, update.bids, update.asks))

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
