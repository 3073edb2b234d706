"""The book of a recorded market of price levels, as own orders that stand beside it see it."""

from bisect import bisect_left, insort
from typing import Final

from matcher.core.levels import shown_quantity
from matching_exchange.sim.kernel.shadowed import Offer, ShadowedBook, Waiting
from matching_exchange.sim.kernel.values import Levels
from protocol.units import Side

BUY: Final = Side.BUY
SELL: Final = Side.SELL


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

    trades_follow: whether the venue tells a level first, and then the trades that have changed it. What the level lost
        moves own orders then as those trades tell, and not once more.

    What an own order took of a level stays taken until the venue tells the level anew.
    """

    def __init__(self, power: int, *, trades_follow: bool = False) -> None:
        self._power = power
        self._trades_follow = trades_follow
        # What a level lost when it was told last, and no trade has told yet.
        self._early: dict[int, int] = {}
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
        waiting.before = waiting.front
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
        early = min(quantity, self._early.get(key, 0))
        if early:
            self._early[key] -= early
        late = quantity - early
        if late:
            self._traded[key] = self._traded.get(key, 0) + late
        left = budget
        for each in waiting:
            front = each.front
            if early:
                # The level has told of it: it counts from where the order stood then.
                before = max(each.before, front)
                each.before = max(0, before - early)
                each.front = min(front, each.before)
                front = early + each.front if before >= early else before
            if left > front:
                left -= min(left - front, shown_quantity(each.order))
            each.front = max(0, each.front - late)
        return budget - left

    def set(self, side: Side, price: int, quantity: int) -> None:
        """The venue tells a level."""
        levels = self._side(side)
        key = price * levels.sign
        before = levels.set(key, quantity)
        traded = self._traded.pop(key, 0)
        self._taken.pop(key, None)
        if self._trades_follow:
            lost = before - traded - quantity
            if lost > 0:
                self._early[key] = lost
            else:
                self._early.pop(key, None)
        there = self._waiting.get(key)
        if there is None:
            return
        behind = -1
        for place in range(len(there) - 1, -1, -1):
            waiting = there[place]
            waiting.before = waiting.front
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

    def hide(self, side: Side, price: int) -> None:
        """The venue tells no more of a level: it is too deep. Own orders keep their places."""
        levels = self._side(side)
        key = price * levels.sign
        levels.set(key, 0)
        self._taken.pop(key, None)
        self._traded.pop(key, None)
        self._early.pop(key, None)

    def clear(self) -> None:
        """Nothing is known of the book. Own orders keep their places till it is."""
        self.bids = LevelSide(1)
        self.asks = LevelSide(-1)
        self._taken.clear()
        self._traded.clear()
        self._early.clear()

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
