"""What amends have changed that name a client_order_id: the last ones of all orders together, found by order."""

from collections import deque
from collections.abc import Iterator
from typing import Final

from matcher.core.order import Order
from protocol.events import Amendment

MAX_AMENDMENTS: Final = 100_000
"""Amends that are remembered; some 20 MB."""


class Amendments:
    """`_all` are oldest first. An order that is forgotten is not found, but its amends count until they are old."""

    __slots__ = ("_all", "_by_order", "_most")

    def __init__(self, most: int = MAX_AMENDMENTS) -> None:
        self._most = most
        self._all: deque[Amendment] = deque()
        self._by_order: dict[int, deque[Amendment]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Amendment]:
        """All, oldest first."""
        return iter(self._all)

    def of(self, order_id: int) -> list[Amendment]:
        """Those of an order, oldest first."""
        return list(self._by_order.get(order_id, ()))

    def add(self, amendment: Amendment) -> None:
        """Remember one that is newer than all others, and forget the oldest above the bound."""
        self._all.append(amendment)
        self._by_order.setdefault(amendment.order_id, deque()).append(amendment)
        if len(self._all) > self._most:
            oldest = self._all.popleft()
            known = self._by_order[oldest.order_id]
            known.popleft()
            if not known:
                del self._by_order[oldest.order_id]


def amendment_of(
    order: Order, quantity: int, price: int | None, trigger_price: int | None, client_order_id: str
) -> Amendment:
    """What the running command changes of the order, which stands as before it, to these values."""
    running = order.book.running
    return Amendment(
        order.order_id,
        running.sequence,
        running.time,
        quantity,
        order.quantity,
        price,
        order.price,
        trigger_price,
        order.trigger_price,
        client_order_id,
        order.client_order_id,
    )
