"""Price levels, sorted, each a queue of orders: one side of a book, or the pending orders of one direction.

A level is found by its key: the price of a bid, the negative price of an ask. The largest key is best. The keys stand
in one ascending list, so the best is always the last. To join or leave a known level costs O(1). A new level costs a
bisection and a shift of the keys behind it. This is cheapest at the best price, where most levels are added.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Final

from matcher.core.order import Extra, Level, Order

ANY_PRICE: Final = -(2**63)
"""Below every key: the limit of an order that trades at any price."""


class Levels:
    """`sign` is 1 on a side whose highest price is best, -1 on the other."""

    __slots__ = ("by_key", "keys", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self.by_key: dict[int, Level] = {}

    def __iter__(self) -> Iterator[Level]:
        """The levels, best first."""
        by_key = self.by_key
        for key in reversed(self.keys):
            yield by_key[key]

    def add(self, order: Order, price: int) -> Level:
        """Put the order at the back of the queue at `price`. Returns the level."""
        key = price * self.sign
        level = self.by_key.get(key)
        if level is None:
            self.by_key[key] = level = Level(self, key, price)
            keys = self.keys
            if not keys or key > keys[-1]:
                keys.append(key)
            else:
                insort(keys, key)
            level.head = level.tail = order
        else:
            tail = level.tail
            assert tail is not None, "a level that is kept is never empty"
            tail.next = order
            order.previous = tail
            level.tail = order
        if order.extra is None:
            level.quantity += order.remaining
        else:
            _show(level, order)
        order.level = level
        return level

    def remove(self, order: Order, level: Level) -> None:
        """Take the order out of its queue, the level's. The level goes with its last order."""
        previous, following = order.previous, order.next
        order.level = None
        if previous is None:
            level.head = following
            if following is None:
                self.discard(level)
                return
        else:
            previous.next = following
            order.previous = None
        if following is None:
            level.tail = previous
        else:
            following.previous = previous
            order.next = None
        if order.extra is None:
            level.quantity -= order.remaining
        else:
            shown = shown_quantity(order)
            level.quantity -= shown
            level.hidden -= order.remaining - shown

    def discard(self, level: Level) -> None:
        """Forget an empty level."""
        keys, key = self.keys, level.key
        del self.by_key[key]
        if keys[-1] == key:
            keys.pop()
        else:
            del keys[bisect_left(keys, key)]

    def top(self, count: int) -> list[tuple[int, int]]:
        """Price and quantity of the best levels, at most `count`, best first."""
        by_key = self.by_key
        result = []
        for key in self.keys[: -count - 1 : -1]:
            level = by_key[key]
            result.append((level.price, level.quantity))
        return result


def shown_quantity(order: Order) -> int:
    """The quantity of a resting order that depth shows."""
    extra = order.extra
    return order.remaining if extra is None or extra.terms.display_quantity is None else extra.shown


def _show(level: Level, order: Order) -> None:
    """Count an order that joins the level. An iceberg shows a new part."""
    extra = order.extra
    assert extra is not None, "a plain order is counted where it joins"
    display = extra.terms.display_quantity
    if display is not None:
        extra.shown = min(display, order.remaining)
    shown = shown_quantity(order)
    level.quantity += shown
    level.hidden += order.remaining - shown


def change_remaining(order: Order, difference: int) -> None:
    """Change what remains of an order in a queue. It keeps its place. An iceberg's hidden part changes first."""
    level = order.level
    assert level is not None, "only an order that stands in a queue keeps a place"
    before = shown_quantity(order)
    hidden = order.remaining - before
    order.remaining += difference
    if order.extra is not None:
        order.extra.shown = min(order.extra.shown, order.remaining)
    after = shown_quantity(order)
    level.quantity += after - before
    level.hidden += order.remaining - after - hidden


def set_shown(order: Order, extra: Extra, shown: int) -> None:
    """Make a resting iceberg show this quantity."""
    level = order.level
    assert level is not None, "a resting order stands in a queue"
    level.quantity += shown - extra.shown
    level.hidden -= shown - extra.shown
    extra.shown = shown
