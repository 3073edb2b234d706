"""The book by levels, and the book order by order: a snapshot, then each change, verified."""

from decimal import Decimal

from msgspec import Struct

from matching_exchange.client.book import Book, BookUpdate, RawLevel
from matching_exchange.client.call import reader
from matching_exchange.client.streams.machine import Machine, StreamBrokenError
from matching_exchange.client.times import Time
from matching_exchange.client.types.markets import Level
from matching_exchange.client.types.streams import QueueChange, QueuedOrder, QueueSnapshot, QueueUpdate


class _Snapshot(Struct, frozen=True, tag_field="type", tag="snapshot"):
    timestamp: Time
    symbol: str
    sequence: int
    number: int
    part: int
    parts: int
    price_decimals: int
    quantity_decimals: int
    bids: list[RawLevel]
    asks: list[RawLevel]
    checksum: int


class _Update(Struct, frozen=True, tag_field="type", tag="update"):
    timestamp: Time
    symbol: str
    sequence: int
    first: int
    last: int
    bids: list[RawLevel]
    asks: list[RawLevel]
    checksum: int


class _OrdersSnapshot(Struct, frozen=True, tag_field="type", tag="snapshot"):
    timestamp: Time
    symbol: str
    sequence: int
    number: int
    part: int
    parts: int
    bids: tuple[QueuedOrder, ...]
    asks: tuple[QueuedOrder, ...]


class _OrdersUpdate(Struct, frozen=True, tag_field="type", tag="update"):
    timestamp: Time
    symbol: str
    sequence: int
    first: int
    last: int
    changes: tuple[QueueChange, ...]


_levels = reader(_Snapshot | _Update)
_orders = reader(_OrdersSnapshot | _OrdersUpdate)


class _Numbers:
    """Whether messages join on: snapshots by their parts, updates by their numbers."""

    def __init__(self) -> None:
        self.last: int | None = None
        """The number up to which all is known; None while a snapshot is awaited."""
        self._next_part = 1

    def begin(self) -> None:
        self.last = None
        self._next_part = 1

    def part(self, part: int, parts: int, number: int) -> bool:
        """Whether the snapshot is whole with this part."""
        if part == 1:
            self.begin()
        if part != self._next_part:
            raise StreamBrokenError(f"part {part} of a snapshot came, not part {self._next_part}")
        self._next_part += 1
        if part < parts:
            return False
        self.last = number
        self._next_part = 1
        return True

    def update(self, first: int, last: int) -> None:
        if self.last is None:
            raise StreamBrokenError(f"update {first} came before a whole snapshot")
        if first != self.last + 1:
            raise StreamBrokenError(f"update {first} came after {self.last}")
        self.last = last


class BookMachine(Machine[BookUpdate]):
    """The book by levels. After each connection a snapshot comes, which replaces all."""

    def __init__(self, symbol: str) -> None:
        super().__init__()
        self._symbol = symbol
        self._numbers = _Numbers()
        self._bids: list[RawLevel] = []
        self._asks: list[RawLevel] = []
        self.book = Book(symbol)

    def address(self) -> tuple[str, list[tuple[str, str]]]:
        return "/ws/book", [("symbol", self._symbol)]

    def opened(self) -> None:
        self._numbers.begin()

    def restarted(self, reason: str) -> None:
        # The next snapshot tells it.
        self._numbers.begin()

    def receive(self, text: str | bytes) -> None:
        message = _levels(text)
        if isinstance(message, _Update):
            self._numbers.update(message.first, message.last)
            self._apply(message, message.last, message.bids, message.asks, snapshot=False)
            return
        if message.part == 1:
            self._bids, self._asks = [], []
        self._bids.extend(message.bids)
        self._asks.extend(message.asks)
        if self._numbers.part(message.part, message.parts, message.number):
            bids, asks, self._bids, self._asks = self._bids, self._asks, [], []
            self.book.clear(message.price_decimals, message.quantity_decimals)
            self._apply(message, message.number, bids, asks, snapshot=True)

    def _apply(
        self, message: _Snapshot | _Update, number: int, bids: list[RawLevel], asks: list[RawLevel], *, snapshot: bool
    ) -> None:
        book = self.book
        try:
            book.apply(bids, asks)
        except ValueError as error:
            raise StreamBrokenError(str(error)) from error
        book.number, book.sequence, book.timestamp = number, message.sequence, message.timestamp
        if book.checksum() != message.checksum:
            raise StreamBrokenError(f"the checksum of the book differs at {number}")
        self.items.append(
            BookUpdate(book, snapshot, number, message.sequence, message.timestamp, _decimals(bids), _decimals(asks))
        )


class QueueMachine(Machine[QueueSnapshot | QueueUpdate]):
    """The book order by order. After each connection a snapshot comes, which replaces all."""

    def __init__(self, symbol: str) -> None:
        super().__init__()
        self._symbol = symbol
        self._numbers = _Numbers()
        self._bids: tuple[QueuedOrder, ...] = ()
        self._asks: tuple[QueuedOrder, ...] = ()

    def address(self) -> tuple[str, list[tuple[str, str]]]:
        return "/ws/orders", [("symbol", self._symbol)]

    def opened(self) -> None:
        self._numbers.begin()

    def restarted(self, reason: str) -> None:
        # The next snapshot tells it.
        self._numbers.begin()

    def receive(self, text: str | bytes) -> None:
        message = _orders(text)
        if isinstance(message, _OrdersUpdate):
            self._numbers.update(message.first, message.last)
            self.items.append(
                QueueUpdate(message.symbol, message.sequence, message.timestamp, message.last, message.changes)
            )
            return
        if message.part == 1:
            self._bids = self._asks = ()
        self._bids += message.bids
        self._asks += message.asks
        if self._numbers.part(message.part, message.parts, message.number):
            bids, asks, self._bids, self._asks = self._bids, self._asks, (), ()
            self.items.append(
                QueueSnapshot(message.symbol, message.sequence, message.timestamp, message.number, bids, asks)
            )


def _decimals(levels: list[RawLevel]) -> tuple[Level, ...]:
    return tuple([Level(Decimal(price), Decimal(quantity)) for price, quantity in levels])
