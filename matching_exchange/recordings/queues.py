"""What a venue tells of its orders, one by one, as the steps of a recording. It knows the queue of each price.

The rules:

- An execution becomes an incoming order of the other side. It takes this quantity at this price, and must hit the
  order that the venue names.
- An order that the venue executes although others are before it was executed out of turn. So was one that traded at
  another price than its own. It is canceled to that extent, so the book stays that of the venue.
- An order that crosses the other side is held back until it crosses no more. Venues have such books while they halt.
"""

from bisect import bisect_left, insort
from typing import Final

from msgspec import Struct

from matching_exchange.recordings.recording import Cancel, OutOfTurn, Place, Reduce, Step, Take, VenueTrade
from protocol.units import Side

OTHER: Final = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}


class OrderEventError(ValueError):
    """The event does not fit what is known of its order. The message says why."""


class Known(Struct):
    """An order of the venue that rests. `held`: it crosses the other side, and is not placed yet."""

    side: Side
    price: int
    left: int
    held: bool = False


class SideQueues:
    """The queues of one side by key. The largest key is best: the price of a bid, the negative price of an ask."""

    def __init__(self, side: Side) -> None:
        self.sign = 1 if side is Side.BUY else -1
        self.keys: list[int] = []
        self.queues: dict[int, dict[str, None]] = {}

    def add(self, order: str, price: int) -> None:
        key = price * self.sign
        if key not in self.queues:
            insort(self.keys, key)
            self.queues[key] = {}
        self.queues[key][order] = None

    def remove(self, order: str, price: int) -> None:
        key = price * self.sign
        queue = self.queues[key]
        del queue[order]
        if not queue:
            del self.queues[key]
            del self.keys[bisect_left(self.keys, key)]

    def is_first(self, order: str) -> bool:
        """Whether the order is the first of the best price."""
        return next(iter(self.queues[self.keys[-1]])) == order

    def is_reached(self, price: int) -> bool:
        """Whether an order of the other side with this limit trades."""
        return bool(self.keys) and self.keys[-1] >= price * self.sign


class RecordedQueues:
    """Takes the events of one instrument in order. Each call returns its steps, or raises OrderEventError."""

    def __init__(self) -> None:
        self.orders: dict[str, Known] = {}
        self._sides = {side: SideQueues(side) for side in Side}
        self._held: dict[str, Known] = {}

    def add(
        self, time: int, order: str, side: Side, price: int, quantity: int, replaces: str | None = None
    ) -> list[Step]:
        """A new order, last in the queue of its price. It may replace one that is deleted right before."""
        if order in self.orders:
            raise OrderEventError(f"order {order} is there already")
        self.orders[order] = known = Known(side, price, quantity)
        if self._sides[OTHER[side]].is_reached(price):
            known.held = True
            self._held[order] = known
            return []
        self._sides[side].add(order, price)
        return [Place(time, order, side, price, quantity, replaces=replaces)]

    def reduce(self, time: int, order: str, quantity: int) -> list[Step]:
        """So much of the order is canceled. It keeps its place."""
        known = self._find(order)
        if quantity > known.left:
            raise OrderEventError(f"order {order} has {known.left} left, and is to lose {quantity}")
        if quantity == known.left:
            return self.delete(time, order)
        known.left -= quantity
        return [] if known.held else [Reduce(time, order, quantity)]

    def delete(self, time: int, order: str) -> list[Step]:
        """What is left of the order is canceled."""
        known = self._find(order)
        steps: list[Step] = [] if known.held else [Cancel(time, order, known.left)]
        return steps + self._remove(time, order, known)

    def execute(self, time: int, order: str, quantity: int, price: int | None = None) -> list[Step]:
        """So much of the order has traded, at its own price or at another one."""
        known = self._find(order)
        if quantity > known.left:
            raise OrderEventError(f"order {order} has {known.left} left, and is to trade {quantity}")
        steps: list[Step] = [VenueTrade(time, known.price if price is None else price, quantity)]
        if not known.held:
            if price in (None, known.price) and self._sides[known.side].is_first(order):
                steps.append(Take(time, OTHER[known.side], known.price, quantity, order))
            else:
                steps.append(OutOfTurn(order))
                whole = quantity == known.left
                steps.append(Cancel(time, order, known.left) if whole else Reduce(time, order, quantity))
        known.left -= quantity
        return steps if known.left else steps + self._remove(time, order, known)

    def change(self, time: int, order: str, price: int, quantity: int, *, loses_place: bool) -> list[Step]:
        """The order has this price and so much is left. It keeps its place, or is the last of its price."""
        known = self._find(order)
        if not loses_place and price == known.price and quantity <= known.left:
            return self.reduce(time, order, known.left - quantity) if quantity < known.left else []
        return self.delete(time, order) + self.add(time, order, known.side, price, quantity, order)

    def clear(self, time: int) -> list[Step]:
        """The book is empty."""
        self._held.clear()
        steps: list[Step] = [Cancel(time, order, known.left) for order, known in self.orders.items() if not known.held]
        self.orders.clear()
        self._sides = {side: SideQueues(side) for side in Side}
        return steps

    def _find(self, order: str) -> Known:
        known = self.orders.get(order)
        if known is None:
            raise OrderEventError(f"order {order} is not known: the recording does not show its entry")
        return known

    def _remove(self, time: int, order: str, known: Known) -> list[Step]:
        del self.orders[order]
        if known.held:
            del self._held[order]
            return []
        self._sides[known.side].remove(order, known.price)
        return self._release(time) if self._held else []

    def _release(self, time: int) -> list[Step]:
        """Place what crosses no more."""
        steps: list[Step] = []
        for order, known in list(self._held.items()):
            if not self._sides[OTHER[known.side]].is_reached(known.price):
                known.held = False
                del self._held[order]
                self._sides[known.side].add(order, known.price)
                steps.append(Place(time, order, known.side, known.price, known.left))
        return steps
