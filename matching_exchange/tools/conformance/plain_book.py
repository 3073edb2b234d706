"""A plain book that does what the benchmark's interface asks for, and gives the answers to the gate cases.

The benchmark publishes the hashes of its large workloads. It publishes no answers to its gate cases: it takes those
from other engines. This book has to reproduce the hashes first.
"""

from bisect import bisect_left, insort

from matching_exchange.tools.conformance.messages import (
    BUY,
    CANCEL,
    NEW,
    BookLevels,
    Message,
    cancel_ack,
    cancel_reject,
    modify_ack,
    modify_reject,
    order_ack,
    trade,
)


class _Side:
    """The orders of one side: by price, and at a price in the order of their arrival. `sign` makes the best price the
    smallest key: 1 for asks, -1 for bids."""

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self.queues: dict[int, dict[int, int]] = {}

    def add(self, order_id: int, price: int, quantity: int) -> None:
        key = price * self.sign
        if key not in self.queues:
            insort(self.keys, key)
            self.queues[key] = {}
        self.queues[key][order_id] = quantity

    def remove(self, order_id: int, price: int) -> None:
        key = price * self.sign
        del self.queues[key][order_id]
        if not self.queues[key]:
            del self.queues[key]
            del self.keys[bisect_left(self.keys, key)]

    def levels(self) -> list[tuple[int, int]]:
        return [(key * self.sign, sum(self.queues[key].values())) for key in self.keys]


class PlainBook:
    """Price-time priority. A modify takes the order out and puts it in again as a new one."""

    def __init__(self) -> None:
        self._bids = _Side(-1)
        self._asks = _Side(1)
        self._resting: dict[int, tuple[int, int]] = {}
        """Side and price of each resting order."""

    def take(self, message: Message) -> list[str]:
        if message.kind == NEW:
            trades, remaining = self._enter(message, rests=not message.ioc)
            left = [cancel_ack(message, message.side, message.price)] if message.ioc and remaining else []
            return [order_ack(message), *trades, *left]
        if message.order_id not in self._resting:
            return [cancel_reject(message) if message.kind == CANCEL else modify_reject(message)]
        side, price = self._resting.pop(message.order_id)
        self._side(side).remove(message.order_id, price)
        if message.kind == CANCEL:
            return [cancel_ack(message, side, price)]
        trades, _ = self._enter(message, rests=True)
        return [*trades, modify_ack(message)]

    def levels(self) -> BookLevels:
        return BookLevels(self._bids.levels(), self._asks.levels())

    def _side(self, side: int) -> _Side:
        return self._bids if side == BUY else self._asks

    def _enter(self, message: Message, *, rests: bool) -> tuple[list[str], int]:
        """The trades of an order that comes in, and what of it is left."""
        opposite = self._asks if message.side == BUY else self._bids
        remaining = message.quantity
        trades: list[str] = []
        while remaining and opposite.keys and opposite.keys[0] <= message.price * opposite.sign:
            price = opposite.keys[0] * opposite.sign
            queue = opposite.queues[opposite.keys[0]]
            maker, available = next(iter(queue.items()))
            quantity = min(remaining, available)
            trades.append(trade(message, price, quantity, maker))
            remaining -= quantity
            if quantity == available:
                opposite.remove(maker, price)
                del self._resting[maker]
            else:
                queue[maker] = available - quantity
        if remaining and rests:
            self._side(message.side).add(message.order_id, message.price, remaining)
            self._resting[message.order_id] = (message.side, message.price)
        return trades, remaining
