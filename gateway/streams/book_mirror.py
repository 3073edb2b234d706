"""A book as its feed tells it: by levels, or order by order. Channels keep one, and make snapshots of it."""

from abc import ABC, abstractmethod
from typing import ClassVar, Final, Generic, TypeVar

from protocol.book_changes import OrderAdded, OrderDeleted, OrderExecuted, OrderModified
from protocol.book_feeds import (
    BookMessage,
    BookSnapshotMessage,
    Level,
    OrdersMessage,
    OrdersSnapshotMessage,
    RestingOrder,
)

Update = BookMessage | OrdersMessage
Snapshot = BookSnapshotMessage | OrdersSnapshotMessage

Entry = TypeVar("Entry", Level, RestingOrder)

BUY: Final = "buy"
SELL: Final = "sell"


class Mirror(ABC, Generic[Entry]):
    """`orders` tells whether it holds single orders; else it holds levels."""

    orders: ClassVar[bool]

    @abstractmethod
    def load(self, part: Snapshot) -> None:
        """Take in the next part of a snapshot. A new mirror is empty."""

    @abstractmethod
    def apply(self, update: Update) -> None:
        """Take in the next update."""

    @abstractmethod
    def sides(self) -> tuple[list[Entry], list[Entry]]:
        """Bids and asks, best first."""

    @property
    @abstractmethod
    def checksum(self) -> int:
        """That of the last message; zero where its feed has none."""


class LevelMirror(Mirror[Level]):
    """Levels by price: the quantity of each."""

    orders = False

    def __init__(self) -> None:
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self._checksum = 0

    def load(self, part: Snapshot) -> None:
        assert isinstance(part, BookSnapshotMessage)
        self.bids.update(part.bids)
        self.asks.update(part.asks)
        self._checksum = part.checksum

    def apply(self, update: Update) -> None:
        assert isinstance(update, BookMessage)
        for side, changed in ((self.bids, update.bids), (self.asks, update.asks)):
            for price, quantity in changed:
                if quantity:
                    side[price] = quantity
                else:
                    side.pop(price, None)
        self._checksum = update.checksum

    def sides(self) -> tuple[list[Level], list[Level]]:
        return sorted(self.bids.items(), reverse=True), sorted(self.asks.items())

    @property
    def checksum(self) -> int:
        return self._checksum


class OrderMirror(Mirror[RestingOrder]):
    """The shown quantities of orders by order_id, in the order of the queue of each price."""

    orders = True

    def __init__(self) -> None:
        self._sides: dict[str, dict[int, dict[int, int]]] = {BUY: {}, SELL: {}}
        self._prices: dict[int, int] = {}

    def load(self, part: Snapshot) -> None:
        assert isinstance(part, OrdersSnapshotMessage)
        for side, orders in ((BUY, part.bids), (SELL, part.asks)):
            for order_id, price, quantity in orders:
                self._join(side, order_id, price, quantity)

    def apply(self, update: Update) -> None:
        assert isinstance(update, OrdersMessage)
        for change in update.updates:
            match change:
                case OrderAdded(order_id, side, price, quantity):
                    self._join(side, order_id, price, quantity)
                case OrderModified(order_id, side, price, quantity, loses_priority):
                    if loses_priority:
                        self._leave(side, order_id)
                        self._join(side, order_id, price, quantity)
                    else:
                        self._sides[side][price][order_id] = quantity
                case OrderDeleted(order_id, side):
                    self._leave(side, order_id)
                case OrderExecuted(order_id, side, price, remaining=remaining):
                    if remaining:
                        self._sides[side][price][order_id] = remaining
                    else:
                        self._leave(side, order_id)

    def sides(self) -> tuple[list[RestingOrder], list[RestingOrder]]:
        return self._queues(BUY), self._queues(SELL)

    @property
    def checksum(self) -> int:
        return 0

    def _queues(self, side: str) -> list[RestingOrder]:
        return [
            (order_id, price, quantity)
            for price, queue in sorted(self._sides[side].items(), reverse=side == BUY)
            for order_id, quantity in queue.items()
        ]

    def _join(self, side: str, order_id: int, price: int, quantity: int) -> None:
        self._prices[order_id] = price
        self._sides[side].setdefault(price, {})[order_id] = quantity

    def _leave(self, side: str, order_id: int) -> None:
        """Take the order out of its queue, if it stands in one."""
        price = self._prices.pop(order_id, None)
        if price is not None:
            queues = self._sides[side]
            del queues[price][order_id]
            if not queues[price]:
                del queues[price]
