"""Snapshots of a book: the messages that a reader begins with."""

from typing import Final

from matcher.core.book import Book
from matcher.core.levels import Levels, shown_quantity
from matcher.feeds.tracker import BookTracker, checksum_of
from protocol.book_feeds import BookSnapshotMessage, OrdersSnapshotMessage, parts_of
from protocol.codec import encode

LENGTH_BYTES: Final = 4
"""Before each message of `joined` stands its length, big-endian."""


class Stamp:
    """What the messages of a snapshot say of it. `number` is that of the last change that it has."""

    __slots__ = ("epoch", "number", "sequence", "time")

    def __init__(self, epoch: int, sequence: int, number: int, time: int) -> None:
        self.epoch = epoch
        self.sequence = sequence
        self.number = number
        self.time = time


def entries_of(tracker: BookTracker, *, orders: bool) -> int:
    """How many orders, or levels, a snapshot of the book has."""
    book = tracker.book
    return tracker.resting if orders else len(book.bids.keys) + len(book.asks.keys)


def level_messages(book: Book, stamp: Stamp) -> list[bytes]:
    """The level-2 snapshot of the book, encoded, part by part."""
    bids, asks = book.bids.top(len(book.bids.keys)), book.asks.top(len(book.asks.keys))
    parts = list(parts_of(bids, asks))
    symbol, checksum = book.rules.symbol, checksum_of(book)
    return [
        encode(
            BookSnapshotMessage(
                stamp.epoch,
                stamp.sequence,
                stamp.number,
                stamp.number,
                stamp.time,
                symbol,
                part,
                len(parts),
                bids,
                asks,
                checksum,
            )
        )
        for part, (bids, asks) in enumerate(parts, 1)
    ]


def order_messages(book: Book, stamp: Stamp) -> list[bytes]:
    """The order-by-order snapshot of the book, encoded, part by part."""
    parts = list(parts_of(_shown(book.bids), _shown(book.asks)))
    symbol = book.rules.symbol
    return [
        encode(
            OrdersSnapshotMessage(
                stamp.epoch,
                stamp.sequence,
                stamp.number,
                stamp.number,
                stamp.time,
                symbol,
                part,
                len(parts),
                bids,
                asks,
            )
        )
        for part, (bids, asks) in enumerate(parts, 1)
    ]


def joined(messages: list[bytes]) -> bytes:
    """All messages in one piece, each behind its length."""
    return b"".join([len(message).to_bytes(LENGTH_BYTES, "big") + message for message in messages])


def _shown(levels: Levels) -> list[tuple[int, int, int]]:
    """order_id, price and shown quantity of each order, best first, in the order of the queues."""
    shown: list[tuple[int, int, int]] = []
    for level in levels:
        order = level.head
        while order is not None:
            shown.append((order.order_id, level.price, shown_quantity(order)))
            order = order.next
    return shown
