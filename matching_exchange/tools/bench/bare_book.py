"""A minimal order book in plain Python: what an engine is held against that only matches.

It has sorted prices, queues, orders by their ids, and a sum of what was filled. It has no accounts, no checks and no
records of trades, and remembers nothing that is done.
"""

from bisect import bisect_left, insort

from protocol.commands import CancelOrder, Command, PlaceOrder
from protocol.units import OrderType, Side


class _Side:
    """One side. A level's key is the price of a bid, and the negated price of an ask: the best key is the last."""

    __slots__ = ("keys", "levels")

    def __init__(self) -> None:
        self.keys: list[int] = []
        self.levels: dict[int, dict[int, _Order]] = {}


class _Order:
    """A live order. It waits in its level by its id, behind the earlier ones."""

    __slots__ = ("key", "remaining", "side")

    def __init__(self, side: _Side, key: int, remaining: int) -> None:
        self.side = side
        self.key = key
        self.remaining = remaining


class BareBook:
    """Numbers its orders from 1, as the engine does, and takes limit orders, market orders and cancels.

    orders: the live ones.
    filled: the sum of the quantities of all trades."""

    def __init__(self) -> None:
        self.orders: dict[int, _Order] = {}
        self.filled = 0
        self._bids = _Side()
        self._asks = _Side()
        self._last_id = 0

    def apply(self, _sequence: int, _time: int, command: Command) -> None:
        """Carry out one command."""
        if type(command) is PlaceOrder:
            self._place(command)
        elif type(command) is CancelOrder and command.order_id is not None:
            self._cancel(command.order_id)
        else:
            raise ValueError(command)

    def outcome(self) -> dict[str, int]:
        resting = sum(order.remaining for order in self.orders.values())
        return {"live orders": len(self.orders), "resting quantity": resting, "filled quantity": self.filled}

    def _place(self, command: PlaceOrder) -> None:
        self._last_id = order_id = self._last_id + 1
        price, remaining = command.price, command.quantity
        if command.side is Side.BUY:
            own, other, sign = self._bids, self._asks, 1
        else:
            own, other, sign = self._asks, self._bids, -1
        if command.order_type is OrderType.MARKET or price is None:
            self._take(other, None, remaining)
            return
        key = sign * price
        if other.keys and other.keys[-1] >= -key:
            remaining = self._take(other, -key, remaining)
            if not remaining:
                return
        level = own.levels.get(key)
        if level is None:
            level = own.levels[key] = {}
            insort(own.keys, key)
        level[order_id] = self.orders[order_id] = _Order(own, key, remaining)

    def _take(self, side: _Side, limit: int | None, remaining: int) -> int:
        """Trade with the side up to the limit. Returns what is left."""
        keys, levels, orders = side.keys, side.levels, self.orders
        wanted = remaining
        while remaining and keys and (limit is None or keys[-1] >= limit):
            level = levels[keys[-1]]
            while remaining and level:
                order_id = next(iter(level))
                order = level[order_id]
                if order.remaining > remaining:
                    order.remaining -= remaining
                    remaining = 0
                else:
                    remaining -= order.remaining
                    del level[order_id], orders[order_id]
            if not level:
                del levels[keys.pop()]
        self.filled += wanted - remaining
        return remaining

    def _cancel(self, order_id: int) -> None:
        order = self.orders.pop(order_id)
        side, key = order.side, order.key
        level = side.levels[key]
        del level[order_id]
        if not level:
            del side.levels[key]
            del side.keys[bisect_left(side.keys, key)]
