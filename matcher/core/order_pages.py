"""Orders by order_id, in pages of consecutive ids.

A dict copies itself each time it grows. With a million orders, that stops the matcher for tens of milliseconds. Here
nothing is ever moved. An order takes 8 bytes. Orders of similar age are neighbours in memory. A page goes with the
last of its orders. It is short, since one old order that rests keeps all of it.
"""

from collections.abc import Iterator
from typing import Final

from mypy_extensions import mypyc_attr

from matcher.core.order import Order

PAGE_BITS: Final = 6
PAGE_ORDERS: Final = 1 << PAGE_BITS
PLACE: Final = PAGE_ORDERS - 1
"""The bits of an order_id that say where in its page the order stands."""


@mypyc_attr(acyclic=True)
class _Page:
    __slots__ = ("kept", "orders")

    def __init__(self) -> None:
        self.kept = 0
        self.orders: list[Order | None] = [None] * PAGE_ORDERS


class OrderPages:
    """All orders that an engine holds. Adding, finding and removing one takes the same time however many there are."""

    __slots__ = ("_pages",)

    def __init__(self) -> None:
        self._pages: dict[int, _Page] = {}

    def __len__(self) -> int:
        return sum(page.kept for page in self._pages.values())

    def __iter__(self) -> Iterator[Order]:
        """The orders, page by page."""
        for page in self._pages.values():
            yield from (order for order in page.orders if order is not None)

    def __getitem__(self, order_id: int) -> Order:
        """The order of this id. Raises KeyError if there is none."""
        order = self.get(order_id)
        if order is None:
            raise KeyError(order_id)
        return order

    def get(self, order_id: int) -> Order | None:
        page = self._pages.get(order_id >> PAGE_BITS)
        return None if page is None else page.orders[order_id & PLACE]

    def add(self, order: Order) -> None:
        """Take in an order whose id is not there."""
        order_id = order.order_id
        page = self._pages.get(order_id >> PAGE_BITS)
        if page is None:
            page = self._pages[order_id >> PAGE_BITS] = _Page()
        page.orders[order_id & PLACE] = order
        page.kept += 1

    def remove(self, order: Order) -> None:
        """Remove an order that is present."""
        number = order.order_id >> PAGE_BITS
        page = self._pages[number]
        page.orders[order.order_id & PLACE] = None
        page.kept -= 1
        if not page.kept:
            del self._pages[number]
