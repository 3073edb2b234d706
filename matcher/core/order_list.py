"""The live orders of an account or a book, oldest first, in a list that drops done ones a few at a time.

Nobody tells the list when an order is done: that would cost each fill. The list is cut into short chunks. When the
last chunk is full, it and another one in turn drop their done orders. An order that joins waits for two chunks at
most. Orders that were not used for long are slow to read. While few of them are done, their chunks get fewer turns.
"""

from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from mypy_extensions import mypyc_attr

from matcher.core.order import Order

CHUNK: Final = 128
"""Orders of one chunk at most."""

MOST_SKIPPED: Final = 16
"""How often at most the last chunk is full before another one gets its turn."""

NO_CHUNKS: Final[list[list[Order]]] = []
"""Shared by all short lists. Never changed."""


@mypyc_attr(acyclic=True)
class OrderList:
    """Orders ascending by order_id: the live ones, and some that are done meanwhile.

    `_last` is the chunk that orders join, `_chunks` are those before it, none of them empty. Every account has a list,
    so it takes few bytes.
    """

    __slots__ = ("_chunks", "_last", "_next", "_skip", "_skipped")

    def __init__(self) -> None:
        self._chunks = NO_CHUNKS
        self._last: list[Order] = []
        self._next = 0
        self._skip = 0
        self._skipped = 0

    def __iter__(self) -> Iterator[Order]:
        """The live orders, oldest first."""
        for chunk in (*self._chunks, self._last):
            for order in chunk:
                if order.level is not None:
                    yield order

    def add(self, order: Order) -> None:
        """Take in a live order younger than all others."""
        if len(self._last) >= CHUNK:
            self._make_room()
        self._last.append(order)

    def insert(self, orders: list[Order]) -> None:
        """Take in live orders of any age."""
        every = sorted([*self, *orders], key=lambda order: order.order_id)
        *self._chunks, self._last = [every[start : start + CHUNK] for start in range(0, len(every), CHUNK)] or [[]]
        self._next = 0

    def after(self, order_id: int) -> Iterator[Order]:
        """The live orders younger than order_id, oldest first. Nothing may join meanwhile. Chunks on the way whose
        orders are all done are forgotten, so that it costs little to pass them again."""
        chunks = self._chunks
        index = bisect_right(chunks, order_id, key=lambda chunk: chunk[-1].order_id)
        while index < len(chunks):
            chunk = _live(chunks[index])
            if not chunk:
                del chunks[index]
                self._next -= index < self._next
                continue
            yield from _younger(chunk, order_id)
            index += 1
        yield from _younger(_live(self._last), order_id)

    def clear(self) -> None:
        self._chunks = NO_CHUNKS
        self._last = []
        self._next = 0

    def _make_room(self) -> None:
        last = self._last = _live(self._last)
        if self._skipped < self._skip:
            self._skipped += 1
        else:
            self._skipped = 0
            self._tidy_next()
        if len(last) > CHUNK // 2:
            if self._chunks is NO_CHUNKS:
                self._chunks = []
            self._chunks.append(last)
            self._last = []

    def _tidy_next(self) -> None:
        """Drop the done orders of the next chunk in turn. Join it to the one before if both fit in one."""
        chunks = self._chunks
        if not chunks:
            return
        index = self._next if self._next < len(chunks) else 0
        chunk = _live(chunks[index])
        few_are_done = 4 * len(chunk) > 3 * len(chunks[index])
        self._skip = min(2 * self._skip + 1, MOST_SKIPPED) if few_are_done else 0
        if not chunk or (index and len(chunks[index - 1]) + len(chunk) <= CHUNK):
            del chunks[index]
            if chunk:
                chunks[index - 1].extend(chunk)
            self._next = index
        else:
            chunks[index] = chunk
            self._next = index + 1


def _live(chunk: list[Order]) -> list[Order]:
    return [order for order in chunk if order.level is not None]


def _younger(chunk: list[Order], order_id: int) -> Iterator[Order]:
    return (order for order in chunk if order.order_id > order_id)
