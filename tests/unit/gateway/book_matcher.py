"""The matcher's side of the streams of a book, and their clients."""

from typing import Any

from protocol import topics
from protocol.book_changes import OrderUpdate
from protocol.book_feeds import (
    BookFeedMessage,
    BookMessage,
    BookSnapshotMessage,
    OrdersMessage,
    OrdersSnapshotMessage,
    parts_of,
)
from protocol.codec import encode
from protocol.commands import BookUpdatesQuery
from protocol.events import BookUpdates
from tests.unit.gateway.fakes import TIMESTAMP, Gateway, eventually
from tests.unit.gateway.streams import StreamClient

SYMBOL = "BTC-USDT"
BOOK = topics.book(SYMBOL)
ORDERS = topics.orders(SYMBOL)
BOOK_PATH = "/ws/book?symbol=BTC-USDT"
ORDERS_PATH = "/ws/orders?symbol=BTC-USDT"
CHECKSUM = 123


class Matcher:
    """The matcher's side of a book's feed: publishes, loses, and keeps for queries what it is told to."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.epoch = 1
        self.number = 1
        self.kept: dict[int, bytes] = {}
        self.complete = True
        gateway.broker.results[BookUpdatesQuery] = self.answer

    @property
    def queries(self) -> list[BookUpdatesQuery]:
        return [query for query in self.gateway.broker.queries if isinstance(query, BookUpdatesQuery)]

    def answer(self, query: BookUpdatesQuery) -> BookUpdates:
        if not self.complete or query.epoch != self.epoch:
            return BookUpdates([], complete=False, more=False)
        missed = [payload for number, payload in self.kept.items() if number > query.after]
        return BookUpdates(missed, complete=True, more=False)

    def publish(self, topic: bytes, message: BookFeedMessage) -> None:
        self.gateway.feed.publish(topic, message)

    def snapshot(self, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> None:
        parts = list(parts_of(bids, asks))
        for part, sides in enumerate(parts, 1):
            self.publish(BOOK, self.part(part, len(parts), *sides))

    def part(self, part: int, parts: int, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> BookFeedMessage:
        number = self.number
        return BookSnapshotMessage(
            self.epoch, 100 + number, number, number, TIMESTAMP, SYMBOL, part, parts, bids, asks, CHECKSUM
        )

    def update(self, bids: list[tuple[int, int]], asks: list[tuple[int, int]], *, published: bool = True) -> None:
        self.number += 1
        number = self.number
        message = BookMessage(
            self.epoch, 100 + number, number, number - 1, TIMESTAMP, SYMBOL, bids, asks, CHECKSUM + number
        )
        self.kept[number] = encode(message)
        if published:
            self.publish(BOOK, message)

    def orders_snapshot(self, bids: list[tuple[int, int, int]], asks: list[tuple[int, int, int]]) -> None:
        number = self.number
        message = OrdersSnapshotMessage(self.epoch, 100 + number, number, number, TIMESTAMP, SYMBOL, 1, 1, bids, asks)
        self.publish(ORDERS, message)

    def change(self, *changes: OrderUpdate) -> None:
        self.number += 1
        number = self.number
        message = OrdersMessage(self.epoch, 100 + number, number, number - 1, TIMESTAMP, SYMBOL, list(changes))
        self.publish(ORDERS, message)


async def begun(matcher: Matcher, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> StreamClient:
    """A client that waits for its snapshot."""
    client = StreamClient(matcher.gateway, BOOK_PATH)
    await eventually(lambda: matcher.gateway.feed.subscribed(BOOK))
    matcher.snapshot(bids, asks)
    return await client.accepted()


def kind(message: Any) -> tuple[str, int, int]:
    """Type, first and last number of a message."""
    if message["type"] == "snapshot":
        return "snapshot", message["number"], message["number"]
    return message["type"], message["first"], message["last"]
