"""Readers as a user would write them: each builds a book from what a feed says, and from nothing else."""

from protocol.book_changes import OrderAdded, OrderDeleted, OrderExecuted, OrderModified, OrderUpdate
from protocol.book_feeds import BookMessage, BookSnapshotMessage, OrdersMessage, OrdersSnapshotMessage
from protocol.market_data import MarketDataMessage

Update = BookMessage | OrdersMessage
Snapshot = BookSnapshotMessage | OrdersSnapshotMessage

Shown = tuple[int, int, int]
"""order_id, price and shown quantity of a resting order."""


class OrderReader:
    """Keeps the queues of both sides from single changes. What cannot be is an AssertionError."""

    def __init__(self) -> None:
        self.queues: dict[str, dict[int, dict[int, int]]] = {"buy": {}, "sell": {}}

    def load(self, side: str, orders: list[Shown]) -> None:
        """Take the orders of a snapshot, best first, in the order of their queues."""
        for order_id, price, quantity in orders:
            self._join(order_id, side, price, quantity)

    def apply(self, update: OrderUpdate) -> None:
        side = self.queues[update.side]
        queue = side.get(update.price, {})
        match update:
            case OrderAdded(order_id, name, price, quantity):
                assert all(order_id not in queue for queue in side.values())
                self._join(order_id, name, price, quantity)
            case OrderModified(order_id, name, price, quantity, True):
                for known in [queue_price for queue_price, orders in side.items() if order_id in orders]:
                    self._leave(order_id, name, known)
                self._join(order_id, name, price, quantity)
            case OrderModified(order_id, quantity=quantity):
                assert order_id in queue and quantity > 0
                queue[order_id] = quantity
            case OrderDeleted(order_id, name, price, quantity):
                assert queue[order_id] == quantity
                self._leave(order_id, name, price)
            case OrderExecuted(order_id, name, price, quantity, remaining):
                assert next(iter(queue)) == order_id and quantity > 0
                assert queue[order_id] - quantity == remaining
                queue[order_id] = remaining
                if not remaining:
                    self._leave(order_id, name, price)

    def orders(self, side: str) -> list[Shown]:
        """Best first, in the order of their queues."""
        return [
            (order_id, price, quantity)
            for price in sorted(self.queues[side], reverse=side == "buy")
            for order_id, quantity in self.queues[side][price].items()
        ]

    def _join(self, order_id: int, side: str, price: int, quantity: int) -> None:
        assert quantity > 0
        self.queues[side].setdefault(price, {})[order_id] = quantity

    def _leave(self, order_id: int, side: str, price: int) -> None:
        queue = self.queues[side][price]
        del queue[order_id]
        if not queue:
            del self.queues[side][price]


class LevelReader:
    """Keeps the levels of both sides."""

    def __init__(self) -> None:
        self.sides: dict[str, dict[int, int]] = {"buy": {}, "sell": {}}

    def apply(self, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> None:
        for side, changed in (("buy", bids), ("sell", asks)):
            for price, quantity in changed:
                if quantity:
                    self.sides[side][price] = quantity
                else:
                    del self.sides[side][price]

    def levels(self, side: str) -> list[tuple[int, int]]:
        """Best first."""
        return sorted(self.sides[side].items(), reverse=side == "buy")


class FeedReader:
    """Reads one topic of a book, as docs/market-data.md tells: parts of a snapshot, then updates, none of them twice.

    number: that of the book that it holds; None while it waits for a snapshot.
    missed: whether it must ask for what comes after its number, or for a snapshot.
    """

    def __init__(self) -> None:
        self.orders = OrderReader()
        self.levels = LevelReader()
        self.epoch = 0
        self.number: int | None = None
        self.missed = False
        self.checksum = 0
        self._parts: list[Snapshot] = []
        self._waiting: list[Update] = []

    def receive(self, message: MarketDataMessage) -> None:
        if message.epoch < self.epoch:
            return
        if message.epoch > self.epoch:
            self.epoch, self.number = message.epoch, None
            self._parts, self._waiting = [], []
        if isinstance(message, BookSnapshotMessage | OrdersSnapshotMessage):
            self._take_part(message)
        elif isinstance(message, BookMessage | OrdersMessage):
            self._waiting.append(message)
        self._join()

    def give_up(self) -> None:
        """What was missed is not there any more: wait for a snapshot."""
        self.number, self.missed = None, False

    def _take_part(self, part: Snapshot) -> None:
        if part.part == 1:
            self._parts = []
        self._parts.append(part)
        if [known.part for known in self._parts] != list(range(1, part.parts + 1)):
            return
        if {known.number for known in self._parts} == {part.number} and part.number > (self.number or 0):
            self.orders, self.levels = OrderReader(), LevelReader()
            for known in self._parts:
                if isinstance(known, BookSnapshotMessage):
                    self.levels.apply(known.bids, known.asks)
                    self.checksum = known.checksum
                else:
                    self.orders.load("buy", known.bids)
                    self.orders.load("sell", known.asks)
            self.number, self.missed = part.number, False
        self._parts = []

    def _join(self) -> None:
        """Apply what waits, up to the first hole."""
        while self.number is not None and self._waiting:
            update = self._waiting[0]
            if update.previous > self.number:
                self.missed = True
                return
            del self._waiting[0]
            if update.number > self.number:
                self.number = update.number
                if isinstance(update, BookMessage):
                    self.levels.apply(update.bids, update.asks)
                    self.checksum = update.checksum
                else:
                    for change in update.updates:
                        self.orders.apply(change)
        self.missed = False

    def catch_up(self, messages: list[MarketDataMessage]) -> None:
        """Take in the missed messages; those that wait come behind them."""
        waiting, self._waiting = self._waiting, []
        for message in messages:
            self.receive(message)
        self._waiting += waiting
        self._join()
