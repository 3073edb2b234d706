"""The live orders of an account or a book, oldest first, in a list that forgets the done ones little by little.

Nobody tells the list when an order is done: that would cost each fill. It is cut into short chunks; whenever the last one is full, it
and another one in turn lose their done orders. So no order that joins waits for more than two chunks, however many the account has.
Looking at orders that nobody has touched for long is slow, so where few of them are done the others get their turn less often.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matcher.order import Order

CHUNK = 128
"""The most orders of one chunk."""

MOST_SKIPPED = 16
"""How often at most the last chunk is full before another one gets its turn."""


class OrderList:
    """Orders ascending by order_id, live ones between some that are done meanwhile."""

    __slots__ = ("_chunks", "_last", "_next", "_skip", "_skipped")

    def __init__(self) -> None:
        self._last: list[Order] = []
        self._chunks: list[list[Order]] = [self._last]
        self._next = 0
        self._skip = self._skipped = 0

    def __iter__(self) -> Iterator[Order]:
        """The live orders, oldest first."""
        for chunk in self._chunks:
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
        self._chunks = [every[start : start + CHUNK] for start in range(0, len(every), CHUNK)] or [[]]
        self._last = self._chunks[-1]
        self._next = 0

    def after(self, order_id: int) -> Iterator[Order]:
        """The live orders younger than order_id, oldest first. Nothing may join meanwhile. Chunks on the way whose orders are all done are
        forgotten, so that it costs little to pass them again."""
        chunks = self._chunks
        index = bisect_right(chunks, order_id, key=lambda chunk: chunk[-1].order_id if chunk else 0)
        while index < len(chunks):
            chunk = _live(chunks[index])
            if not chunk and index < len(chunks) - 1:
                del chunks[index]
                self._next -= index < self._next
                continue
            for order in chunk:
                if order.order_id > order_id:
                    yield order
            index += 1

    def clear(self) -> None:
        self._last = []
        self._chunks = [self._last]
        self._next = 0

    def _make_room(self) -> None:
        self._chunks[-1] = self._last = _live(self._last)
        if self._skipped < self._skip:
            self._skipped += 1
        else:
            self._skipped = 0
            self._tidy_next()
        if len(self._last) > CHUNK // 2:
            self._last = []
            self._chunks.append(self._last)

    def _tidy_next(self) -> None:
        """Take the done orders out of the next chunk in turn, but the last, and join it to the one before where both fit in one."""
        chunks = self._chunks
        index = self._next if self._next < len(chunks) - 1 else 0
        if index == len(chunks) - 1:
            return
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
