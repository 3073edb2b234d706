"""The book of a recorded market, as own orders that stand beside it see it.

A ShadowedBook says what own takers may take of it, and where in its queues own orders stand. ShadowedOrders is one
whose orders are known, ShadowedLevels one of price levels. Nothing here changes what was recorded.
"""

from bisect import bisect_left, insort
from typing import Final

from matcher.core.levels import Levels as EngineLevels
from matcher.core.levels import shown_quantity
from matcher.core.order import Order
from matching_exchange.sim.kernel.values import Levels
from matching_exchange.sim.kernel.venue import EngineVenue
from protocol.commands import SetInstrument
from protocol.units import Side

BUY: Final = Side.BUY
SELL: Final = Side.SELL


class Offer:
    """What a taker may take at a price. `key` names it to ShadowedBook.take."""

    __slots__ = ("key", "price", "quantity")

    def __init__(self, price: int, quantity: int, key: int) -> None:
        self.price = price
        self.quantity = quantity
        self.key = key


class Waiting:
    """An own order that rests beside the recorded book.

    quantity, remaining, shown: as known. front: the recorded quantity before it. ahead: the same by recorded order,
    where those are known.
    """

    __slots__ = ("ahead", "front", "order", "order_id", "price", "quantity", "remaining", "shown", "side")

    def __init__(self, order: Order, price: int) -> None:
        self.order = order
        self.order_id = order.order_id
        self.side = order.side
        self.price = price
        self.quantity = order.quantity
        self.remaining = order.remaining
        self.shown = shown_quantity(order)
        self.front = 0
        self.ahead: dict[int, int] = {}


class ShadowedBook:
    """A subclass must be compiled as well."""

    def set_instrument(self, time: int, command: SetInstrument) -> None:
        """Hear of the instrument, before anything else."""

    def top(self, levels: int) -> tuple[Levels, Levels]:
        """Bids and asks, best first, at most so many levels each."""
        raise NotImplementedError

    def best(self) -> tuple[int, int]:
        """The best bid and the best ask; 0 for an empty side."""
        raise NotImplementedError

    def is_reached(self, side: Side, limit: int) -> bool:
        """Whether the best price of the side has at least this key: the price of a bid, the negative one of an ask."""
        raise NotImplementedError

    def offers(self, side: Side, limit: int, quantity: int) -> list[Offer]:
        """What the side has left down to this key, the best first, until the quantity is reached."""
        raise NotImplementedError

    def take(self, key: int, quantity: int) -> None:
        """Note that an own order has traded with an offer. Nobody else may take it again."""
        raise NotImplementedError

    def join(self, waiting: Waiting) -> None:
        """Put an own order behind all that stands at its price now."""
        raise NotImplementedError

    def leave(self, waiting: Waiting) -> None:
        """Take an own order out of its place."""
        raise NotImplementedError

    def hit(self, waiting: list[Waiting], price: int, side: Side, quantity: int, budget: int, maker: int) -> int:
        """A recorded trade of the quantity at this price, with a resting order of the side. Moves the own orders there
        forward, in their order. Returns how much of the budget they get."""
        raise NotImplementedError

    def digest(self) -> str:
        """A hash or a text of all that it holds."""
        raise NotImplementedError


class ShadowedOrders(ShadowedBook):
    """Recorded orders in an engine of their own. Positions are exact.

    What an own order took of a recorded one stays taken for as long as that rests.
    """

    def __init__(self, symbol: str, venue: EngineVenue | None = None) -> None:
        self.symbol = symbol
        self.venue = EngineVenue() if venue is None else venue
        self._taken: dict[int, int] = {}
        self._behind: dict[int, list[Waiting]] = {}

    def set_instrument(self, time: int, command: SetInstrument) -> None:
        if command.symbol == self.symbol:
            self.venue.apply(time, command)

    def top(self, levels: int) -> tuple[Levels, Levels]:
        return self.venue.top(self.symbol, levels)

    def best(self) -> tuple[int, int]:
        return self.venue.best(self.symbol)

    def is_reached(self, side: Side, limit: int) -> bool:
        keys = self._side(side).keys
        return bool(keys) and keys[-1] >= limit

    def offers(self, side: Side, limit: int, quantity: int) -> list[Offer]:
        found: list[Offer] = []
        levels = self._side(side)
        keys = levels.keys
        place = len(keys) - 1
        while place >= 0 and keys[place] >= limit and quantity > 0:
            level = levels.by_key[keys[place]]
            order = level.head
            while order is not None and quantity > 0:
                left = shown_quantity(order) - self._taken.get(order.order_id, 0)
                if left > 0:
                    found.append(Offer(level.price, left, order.order_id))
                    quantity -= left
                order = order.next
            place -= 1
        return found

    def take(self, key: int, quantity: int) -> None:
        self._taken[key] = self._taken.get(key, 0) + quantity

    def join(self, waiting: Waiting) -> None:
        levels = self._side(waiting.side)
        level = levels.by_key.get(waiting.price * levels.sign)
        waiting.front = 0
        waiting.ahead = {}
        if level is None:
            return
        order = level.head
        while order is not None:
            shown = shown_quantity(order)
            waiting.ahead[order.order_id] = shown
            waiting.front += shown
            behind = self._behind.get(order.order_id)
            if behind is None:
                self._behind[order.order_id] = [waiting]
            else:
                behind.append(waiting)
            order = order.next

    def leave(self, waiting: Waiting) -> None:
        for order_id in waiting.ahead:
            behind = self._behind[order_id]
            if len(behind) == 1:
                del self._behind[order_id]
            else:
                behind.remove(waiting)
        waiting.ahead = {}
        waiting.front = 0

    def hit(self, waiting: list[Waiting], price: int, side: Side, quantity: int, budget: int, maker: int) -> int:
        reached = 0
        for each in waiting:
            if maker not in each.ahead:
                reached += shown_quantity(each.order)
        self.lessen(maker, quantity)
        return min(budget, reached)

    def lessen(self, order_id: int, quantity: int) -> None:
        """A recorded order has lost so much, in its place."""
        behind = self._behind.get(order_id)
        if behind is None:
            return
        for waiting in behind:
            left = waiting.ahead[order_id]
            lost = quantity if quantity < left else left
            waiting.front -= lost
            waiting.ahead[order_id] = left - lost
        if not behind[0].ahead[order_id]:
            self.leaves(order_id)

    def leaves(self, order_id: int) -> None:
        """A recorded order stands before no own order any more: it is done, or has lost its place."""
        self._taken.pop(order_id, None)
        behind = self._behind.pop(order_id, None)
        if behind is not None:
            for waiting in behind:
                waiting.front -= waiting.ahead.pop(order_id)

    def amended(self, order_id: int) -> None:
        """A recorded order has other values now."""
        order = self.venue.engine.registry.orders.get(order_id)
        behind = self._behind.get(order_id)
        if order is None or order.level is None:
            self.leaves(order_id)
        elif behind is not None:
            first = behind[0]
            left, shown = first.ahead[order_id], shown_quantity(order)
            if order.price != first.price or shown > left:
                self.leaves(order_id)
            else:
                self.lessen(order_id, left - shown)

    def digest(self) -> str:
        return self.venue.digest()

    def _side(self, side: Side) -> EngineLevels:
        book = self.venue.engine.registry.books[self.symbol]
        return book.bids if side is BUY else book.asks


class LevelSide:
    """One side's quantities by key. The largest key is best: the price of a bid, the negative price of an ask."""

    __slots__ = ("keys", "quantities", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self.quantities: dict[int, int] = {}

    def set(self, key: int, quantity: int) -> int:
        """Make the level so large; zero takes it away. Returns what it was before."""
        before = self.quantities.get(key, 0)
        if quantity:
            if not before:
                insort(self.keys, key)
            self.quantities[key] = quantity
        elif before:
            del self.quantities[key]
            del self.keys[bisect_left(self.keys, key)]
        return before

    def top(self, count: int) -> Levels:
        return tuple([(key * self.sign, self.quantities[key]) for key in self.keys[: -count - 1 : -1]])


class ShadowedLevels(ShadowedBook):
    """Recorded price levels. Where an own order stands is a model: `power` says how what leaves a level without a trade
    is shared.

    power: 0 takes all of it from behind first. From 1 on, the part before an own order loses
        front^power / (front^power + back^power) of it, rounded down: 1 shares in proportion.

    What an own order took of a level stays taken until the venue tells the level anew.
    """

    def __init__(self, power: int) -> None:
        self._power = power
        self.bids = LevelSide(1)
        self.asks = LevelSide(-1)
        self._taken: dict[int, int] = {}
        self._traded: dict[int, int] = {}
        self._waiting: dict[int, list[Waiting]] = {}

    def top(self, levels: int) -> tuple[Levels, Levels]:
        return self.bids.top(levels), self.asks.top(levels)

    def best(self) -> tuple[int, int]:
        bids, asks = self.bids.keys, self.asks.keys
        return bids[-1] if bids else 0, -asks[-1] if asks else 0

    def is_reached(self, side: Side, limit: int) -> bool:
        keys = self._side(side).keys
        return bool(keys) and keys[-1] >= limit

    def offers(self, side: Side, limit: int, quantity: int) -> list[Offer]:
        found: list[Offer] = []
        levels = self._side(side)
        keys = levels.keys
        place = len(keys) - 1
        while place >= 0 and keys[place] >= limit and quantity > 0:
            key = keys[place]
            left = levels.quantities[key] - self._taken.get(key, 0)
            if left > 0:
                found.append(Offer(key * levels.sign, left, key))
                quantity -= left
            place -= 1
        return found

    def take(self, key: int, quantity: int) -> None:
        self._taken[key] = self._taken.get(key, 0) + quantity

    def join(self, waiting: Waiting) -> None:
        levels = self._side(waiting.side)
        key = waiting.price * levels.sign
        waiting.front = levels.quantities.get(key, 0)
        there = self._waiting.get(key)
        if there is None:
            self._waiting[key] = [waiting]
        else:
            there.append(waiting)

    def leave(self, waiting: Waiting) -> None:
        key = waiting.price * self._side(waiting.side).sign
        there = self._waiting[key]
        there.remove(waiting)
        if not there:
            del self._waiting[key]
        waiting.front = 0

    def hit(self, waiting: list[Waiting], price: int, side: Side, quantity: int, budget: int, maker: int) -> int:
        key = price * self._side(side).sign
        self._traded[key] = self._traded.get(key, 0) + quantity
        left = budget
        for each in waiting:
            if left > each.front:
                left -= min(left - each.front, shown_quantity(each.order))
            each.front = max(0, each.front - quantity)
        return budget - left

    def set(self, side: Side, price: int, quantity: int) -> None:
        """The venue tells a level."""
        levels = self._side(side)
        key = price * levels.sign
        before = levels.set(key, quantity)
        traded = self._traded.pop(key, 0)
        self._taken.pop(key, None)
        there = self._waiting.get(key)
        if there is None:
            return
        behind = -1
        for place in range(len(there) - 1, -1, -1):
            waiting = there[place]
            front = self._front(waiting.front, max(0, before - traded), quantity)
            # Nobody overtakes.
            waiting.front = behind = front if behind < 0 or front < behind else behind

    def replace(self, bids: Levels, asks: Levels) -> None:
        """The venue tells the whole book."""
        for side, told in ((BUY, bids), (SELL, asks)):
            levels = self._side(side)
            kept = {price * levels.sign for price, _ in told}
            for key in list(levels.keys):
                if key not in kept:
                    self.set(side, key * levels.sign, 0)
            for price, quantity in told:
                self.set(side, price, quantity)

    def clear(self) -> None:
        """Nothing is known of the book. Own orders keep their places till it is."""
        self.bids = LevelSide(1)
        self.asks = LevelSide(-1)
        self._taken.clear()
        self._traded.clear()

    def digest(self) -> str:
        return f"{self.bids.top(len(self.bids.keys))}{self.asks.top(len(self.asks.keys))}"

    def _side(self, side: Side) -> LevelSide:
        return self.bids if side is BUY else self.asks

    def _front(self, front: int, before: int, after: int) -> int:
        gone = before - after
        if gone > 0 and self._power > 0 and front > 0:
            back = max(0, before - front)
            weight, other = 1, 1
            for _ in range(self._power):
                weight *= front
                other *= back
            lost = gone * weight // (weight + other)
            # What is not behind was before it.
            front = max(0, front - max(lost, gone - back))
        return min(front, after)
