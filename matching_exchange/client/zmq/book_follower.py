"""A book by levels, followed without a hole, by the rules of docs/market-data.md.

Updates that are lost are asked for. Where the matcher has them no more, has begun a new epoch, or the checksum says
that the book is another, a snapshot replaces all of it. A gap is told then.
"""

from collections import deque
from collections.abc import Callable

from matching_exchange.client.zmq.followers import MESSAGES_WAITING, Desk, Follower, Tell
from matching_exchange.client.zmq.levels import Levels
from matching_exchange.client.zmq.states import Gap
from protocol.book_feeds import BookMessage, BookSnapshotMessage
from protocol.codec import decode_market_data
from protocol.commands import BookUpdatesQuery
from protocol.events import BookUpdates, QueryResult

Hear = Callable[[Levels, BookMessage | None], None]
"""Takes the book, and what the last command has changed of it; None after a snapshot."""


class BookFollower(Follower):
    """`hear` takes the book after each change."""

    def __init__(self, symbol: str, desk: Desk, hear: Hear, tell: Tell) -> None:
        super().__init__(desk, tell)
        self.symbol = symbol
        self._hear = hear
        self._epoch = 0
        # None while a snapshot is waited for, which is not older than `_floor`.
        self._book: Levels | None = None
        self._floor = 0
        self._coming = Levels()
        self._part: BookSnapshotMessage | None = None
        self._waiting: deque[BookMessage] = deque(maxlen=MESSAGES_WAITING)

    def receive(self, message: BookMessage | BookSnapshotMessage) -> None:
        """Take in a published message."""
        self.heard()
        if message.epoch < self._epoch:
            # It comes late, from an earlier matcher.
            return
        if message.epoch > self._epoch:
            if self._book is not None:
                self._lose("the matcher has started again")
            self._epoch, self._floor, self._part = message.epoch, 0, None
            self._waiting.clear()
        if isinstance(message, BookSnapshotMessage):
            self._take_part(message)
        elif self._book is None or (self._waiting and message.number > self._book.number):
            self._waiting.append(message)
        elif message.previous == self._book.number:
            self._apply(message)
        elif message.number > self._book.number:
            self._waiting.append(message)
            self.check()

    def forget(self) -> None:
        if self._book is not None:
            self._lose("the exchange has another history than before")
        self._epoch = self._floor = 0
        self._waiting.clear()
        self.check()

    def _lose(self, detail: str) -> None:
        assert self._book is not None
        self._tell(Gap("book", self.symbol, self._book.number, None, detail))
        self._book = None

    def _take_part(self, part: BookSnapshotMessage) -> None:
        """Begin anew with a snapshot once it is whole, unless the book has what it tells."""
        if part.number < self._floor or (self._book is not None and part.number <= self._book.number):
            return
        before = self._part
        if part.part == 1:
            self._coming = Levels()
        elif before is None or before.number != part.number or before.part != part.part - 1:
            self._part = None
            return
        self._part = part
        self._coming.bids.load(part.bids)
        self._coming.asks.load(part.asks)
        if part.part < part.parts:
            return
        self._part = None
        if self._book is not None:
            self._lose("a snapshot has come before what was asked for")
        self._set(self._coming, part)
        self._book, self._coming = self._coming, Levels()
        if self._is_right(part.checksum):
            self._hear(self._book, None)
            self._join()

    def _apply(self, update: BookMessage) -> None:
        book = self._book
        assert book is not None
        book.bids.change(update.bids)
        book.asks.change(update.asks)
        self._set(book, update)
        if self._is_right(update.checksum):
            self._hear(book, update)

    def _set(self, book: Levels, message: BookMessage | BookSnapshotMessage) -> None:
        book.number, book.sequence, book.timestamp = message.number, message.sequence, message.timestamp

    def _is_right(self, checksum: int) -> bool:
        """Whether the book has this checksum. If not, wait for a snapshot."""
        book = self._book
        assert book is not None
        if book.checksum() == checksum:
            return True
        self._lose("the checksum says that the book is another")
        self._floor = book.number
        self.check()
        return False

    def _join(self) -> None:
        """Apply what waits, up to the first hole."""
        while self._waiting and self._book is not None:
            update = self._waiting[0]
            if update.previous > self._book.number:
                return
            self._waiting.popleft()
            if update.number > self._book.number:
                self._apply(update)

    def _ask(self) -> None:
        """Ask for what comes after the last update. Without a book, the question makes the matcher publish a
        snapshot."""
        epoch, number = (0, 0) if self._book is None else (self._epoch, self._book.number)
        asked = self._book

        def found(result: QueryResult) -> None:
            missed = result.result
            if isinstance(missed, BookUpdates) and asked is not None and asked is self._book and epoch == self._epoch:
                self._take(missed)
            self._answered(more=bool(self._waiting) and self._book is not None)

        self._desk.ask(BookUpdatesQuery(self.symbol, orders=False, epoch=epoch, after=number), found)

    def _take(self, missed: BookUpdates) -> None:
        if not missed.complete:
            assert self._book is not None
            self._floor = self._book.number
            self._lose("the matcher keeps no update so old")
            return
        for payload in missed.messages:
            update = decode_market_data(payload)
            if isinstance(update, BookMessage) and self._book is not None and update.previous == self._book.number:
                self._apply(update)
        self._join()
        if missed.more:
            self._ask_again = True
