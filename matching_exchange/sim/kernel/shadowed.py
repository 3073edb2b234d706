"""The book of a recorded market, as own orders that stand beside it see it.

A ShadowedBook says what own takers may take of it, and where in its queues own orders stand. ShadowedOrders is one
whose orders are known; `shadowed_levels` has one of price levels. Nothing here changes what was recorded.
"""

from typing import Final

from matcher.core.levels import Levels as EngineLevels
from matcher.core.levels import shown_quantity
from matcher.core.order import Order
from matching_exchange.sim.kernel.values import Levels
from matching_exchange.sim.kernel.venue import EngineVenue
from protocol.commands import SetInstrument
from protocol.events import Event, Trade
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
    where those are known. before: the quantity before it until its level has lost what no trade has told yet.
    """

    __slots__ = ("ahead", "before", "front", "order", "order_id", "price", "quantity", "remaining", "shown", "side")

    def __init__(self, order: Order, price: int) -> None:
        self.order = order
        self.order_id = order.order_id
        self.side = order.side
        self.price = price
        self.quantity = order.quantity
        self.remaining = order.remaining
        self.shown = shown_quantity(order)
        self.front = 0
        self.before = 0
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
        # What recorded orders are about to lose by trades that are not heard yet: the engine has carried them out.
        self._coming: dict[int, int] = {}
        self._coming_at: dict[int, tuple[Side, int]] = {}

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
        for order_id, quantity in self._coming.items():
            if self._coming_at[order_id] == (waiting.side, waiting.price):
                self._stand_behind(waiting, order_id, quantity)
        order = None if level is None else level.head
        while order is not None:
            self._stand_behind(waiting, order.order_id, shown_quantity(order))
            order = order.next

    def expect(self, events: list[Event]) -> None:
        """Hear of all that a recorded command has caused, before each trade is told by `hit`."""
        self._coming.clear()
        self._coming_at.clear()
        for event in events:
            if type(event) is Trade:
                maker = event.maker_order_id
                self._coming[maker] = self._coming.get(maker, 0) + event.quantity
                self._coming_at[maker] = (BUY if event.aggressor_side is SELL else SELL, event.price)

    def _stand_behind(self, waiting: Waiting, order_id: int, quantity: int) -> None:
        waiting.front += quantity
        if order_id in waiting.ahead:
            waiting.ahead[order_id] += quantity
            return
        waiting.ahead[order_id] = quantity
        behind = self._behind.get(order_id)
        if behind is None:
            self._behind[order_id] = [waiting]
        else:
            behind.append(waiting)

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
        left = self._coming.get(maker, 0) - quantity
        if left > 0:
            self._coming[maker] = left
        else:
            self._coming.pop(maker, None)
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
        """A recorded order is done."""
        self._taken.pop(order_id, None)
        self._loses_place(order_id)

    def _loses_place(self, order_id: int) -> None:
        """A recorded order stands before no own order any more. What own orders took of it stays taken."""
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
                self._loses_place(order_id)
            else:
                self.lessen(order_id, left - shown)

    def digest(self) -> str:
        return self.venue.digest()

    def _side(self, side: Side) -> EngineLevels:
        book = self.venue.engine.registry.books[self.symbol]
        return book.bids if side is BUY else book.asks
