"""An account's orders by names such as their client_order_ids, in parts that grow one at a time.

A dict copies itself each time it grows. With a million orders, that stops the matcher for tens of milliseconds. Here a
step of growth moves the orders of one part (linear hashing), in one or two milliseconds.
"""

from collections.abc import Iterator
from typing import Final

from mypy_extensions import mypyc_attr

from matcher.core.order import Order

PART_ORDERS: Final = 2_048
"""Orders of a part, on average, at which a further part is made."""


@mypyc_attr(acyclic=True)
class NamedOrders:
    """`_mask` + 1 is the largest power of two that is not above the number of parts.

    The last bits of an order's hash name its part. If there is no such part yet, one bit less names it. Most accounts
    have the `_first` part only, and no list of parts.
    """

    __slots__ = ("_count", "_first", "_mask", "_parts")

    def __init__(self) -> None:
        self._count = 0
        self._mask = 0
        self._first: dict[str, Order] = {}
        self._parts: list[dict[str, Order]] | None = None

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Order]:
        """The orders, in no order that a digest may depend on: a process has its own hashes."""
        for part in self._parts or [self._first]:
            yield from part.values()

    def items(self) -> Iterator[tuple[str, Order]]:
        """The names with their orders, in no order either."""
        for part in self._parts or [self._first]:
            yield from part.items()

    def get(self, name: str) -> Order | None:
        return self._part(name).get(name)

    def add(self, order: Order) -> None:
        """Take in an order whose name is not there."""
        name = order.client_order_id
        assert name is not None, "only an order with a name is found by it"
        self._part(name)[name] = order
        self._count += 1
        if self._count > PART_ORDERS * (1 if self._parts is None else len(self._parts)):
            self._grow()

    def put(self, name: str, order: Order) -> None:
        """Let a name lead to the order, also one that has led to another."""
        part = self._part(name)
        if name in part:
            part[name] = order
            return
        part[name] = order
        self._count += 1
        if self._count > PART_ORDERS * (1 if self._parts is None else len(self._parts)):
            self._grow()

    def remove(self, order: Order) -> None:
        """Remove an order that is present."""
        name = order.client_order_id
        assert name is not None, "it was added by its name"
        self.drop(name)

    def drop(self, name: str) -> None:
        """Remove a name that is present."""
        del self._part(name)[name]
        self._count -= 1

    def _part(self, name: str) -> dict[str, Order]:
        parts = self._parts
        if parts is None:
            return self._first
        number = hash(name) & (2 * self._mask + 1)
        return parts[number if number < len(parts) else number & self._mask]

    def _grow(self) -> None:
        """Divide the first part that is not divided yet in two."""
        if self._parts is None:
            self._parts = [self._first]
            self._first = {}
        parts, bits = self._parts, 2 * self._mask + 1
        divided = len(parts) - self._mask - 1
        kept: dict[str, Order] = {}
        moved: dict[str, Order] = {}
        for name, order in parts[divided].items():
            (kept if hash(name) & bits == divided else moved)[name] = order
        parts[divided] = kept
        parts.append(moved)
        if len(parts) == bits + 1:
            self._mask = bits
