"""Readers as a user would write them: each builds a book from what a feed says, and from nothing else."""

from protocol.book_changes import OrderAdded, OrderDeleted, OrderExecuted, OrderModified, OrderUpdate

Shown = tuple[int, int, int]
"""order_id, price and shown quantity of a resting order."""


class OrderReader:
    """Keeps the queues of both sides from single changes. What cannot be is an AssertionError."""

    def __init__(self) -> None:
        self.queues: dict[str, dict[int, dict[int, int]]] = {"buy": {}, "sell": {}}

    def load(self, side: str, orders: list[Shown]) -> None:
        """Take the orders of a snapshot, best first, in the order of their queues."""
        for order_id, price, quantity in orders:
            self._join(order_id, side, price, quantity)

    def apply(self, update: OrderUpdate) -> None:
        side = self.queues[update.side]
        queue = side.get(update.price, {})
        match update:
            case OrderAdded(order_id, name, price, quantity):
                assert all(order_id not in queue for queue in side.values())
                self._join(order_id, name, price, quantity)
            case OrderModified(order_id, name, price, quantity, True):
                for known in [queue_price for queue_price, orders in side.items() if order_id in orders]:
                    self._leave(order_id, name, known)
                self._join(order_id, name, price, quantity)
            case OrderModified(order_id, quantity=quantity):
                assert order_id in queue and quantity > 0
                queue[order_id] = quantity
            case OrderDeleted(order_id, name, price, quantity):
                assert queue[order_id] == quantity
                self._leave(order_id, name, price)
            case OrderExecuted(order_id, name, price, quantity, remaining):
                assert next(iter(queue)) == order_id and quantity > 0
                assert queue[order_id] - quantity == remaining
                queue[order_id] = remaining
                if not remaining:
                    self._leave(order_id, name, price)

    def orders(self, side: str) -> list[Shown]:
        """Best first, in the order of their queues."""
        return [
            (order_id, price, quantity)
            for price in sorted(self.queues[side], reverse=side == "buy")
            for order_id, quantity in self.queues[side][price].items()
        ]

    def _join(self, order_id: int, side: str, price: int, quantity: int) -> None:
        assert quantity > 0
        self.queues[side].setdefault(price, {})[order_id] = quantity

    def _leave(self, order_id: int, side: str, price: int) -> None:
        queue = self.queues[side][price]
        del queue[order_id]
        if not queue:
            del self.queues[side][price]


class LevelReader:
    """Keeps the levels of both sides."""

    def __init__(self) -> None:
        self.sides: dict[str, dict[int, int]] = {"buy": {}, "sell": {}}

    def apply(self, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> None:
        for side, changed in (("buy", bids), ("sell", asks)):
            for price, quantity in changed:
                if quantity:
                    self.sides[side][price] = quantity
                else:
                    del self.sides[side][price]

    def levels(self, side: str) -> list[tuple[int, int]]:
        """Best first."""
        return sorted(self.sides[side].items(), reverse=side == "buy")
