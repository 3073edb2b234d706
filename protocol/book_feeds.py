"""The public messages of the two feeds of a book: by levels, and order by order.

An update tells what one command has changed. `number` counts these commands: both topics of a symbol use the same
numbers. Numbers of two epochs do not compare.

A snapshot tells the whole book as of its `number`, in `parts` messages, of which `part` is one, from 1 on. It changes
nothing, so its `previous` is its `number`. A reader applies the updates whose numbers are above it, in order.
"""

from collections.abc import Iterator
from typing import TypeVar

from msgspec import Struct

from protocol.book_changes import OrderUpdate

Level = tuple[int, int]
"""Price and total shown quantity."""

RestingOrder = tuple[int, int, int]
"""order_id, price and shown quantity."""

PART_ENTRIES = 5_000
"""Levels or orders in one part of a snapshot, at most."""

Entry = TypeVar("Entry")


def parts_of(bids: list[Entry], asks: list[Entry]) -> Iterator[tuple[list[Entry], list[Entry]]]:
    """Both sides of a snapshot cut into parts, at least one. Bids come before asks."""
    for start in range(0, max(len(bids) + len(asks), 1), PART_ENTRIES):
        end = start + PART_ENTRIES
        yield bids[start:end], asks[max(start - len(bids), 0) : max(end - len(bids), 0)]


class BookMessage(Struct, frozen=True, tag_field="type", tag="book"):
    """The levels that one command has changed, best first, with their quantities now. A quantity of 0 removes a level.

    Both lists are empty if only single orders have changed.

    checksum: that of the book after the update (docs/market-data.md).
    """

    epoch: int
    sequence: int
    number: int
    previous: int
    timestamp: int
    symbol: str
    bids: list[Level]
    asks: list[Level]
    checksum: int


class BookSnapshotMessage(Struct, frozen=True, tag_field="type", tag="book_snapshot"):
    """All levels, best first; bids come before asks over all parts. `checksum` is that of the whole book."""

    epoch: int
    sequence: int
    number: int
    previous: int
    timestamp: int
    symbol: str
    part: int
    parts: int
    bids: list[Level]
    asks: list[Level]
    checksum: int


class OrdersMessage(Struct, frozen=True, tag_field="type", tag="orders"):
    """What one command has changed of the orders that rest, in the order in which it happened."""

    epoch: int
    sequence: int
    number: int
    previous: int
    timestamp: int
    symbol: str
    updates: list[OrderUpdate]


class OrdersSnapshotMessage(Struct, frozen=True, tag_field="type", tag="orders_snapshot"):
    """All orders that rest, best first, those of one price in the order of their queue. Bids come before asks over all
    parts."""

    epoch: int
    sequence: int
    number: int
    previous: int
    timestamp: int
    symbol: str
    part: int
    parts: int
    bids: list[RestingOrder]
    asks: list[RestingOrder]


BookFeedMessage = BookMessage | BookSnapshotMessage | OrdersMessage | OrdersSnapshotMessage
