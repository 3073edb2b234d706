"""One instrument's pending orders: stops, take-profits and trailing stops.

Each trade is compared with the trade before it: the orders whose trigger price lies between, the earlier price excluded and the new one
included, fire, nearest to the earlier price first, at one price first come first (contract, section 3, rule 4). So every pending order
waits strictly beyond the last trade, and only the nearest of each direction need a look.

A trailing stop is first inactive, where it has an activation_price that no trade has reached, then unarmed until the next trade, or
armed by the very trade that reaches its activation_price. Armed, it follows the best price since, its mark, at the distance of its trail,
rounded to the tick away from the market; a trade fires it as it stood before, else moves it.
"""

from matcher.levels import Levels
from matcher.order import Order, Special
from protocol.units import OrderType, Side

BUY = Side.BUY
TRAILING_STOP = OrderType.TRAILING_STOP
TAKE_PROFITS = (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)

BASIS_POINTS = 10_000


class Triggers:
    """`pending` holds all orders in the order in which they joined their queues; `rises` and `falls` those that wait for a price at or
    above theirs, the lowest nearest, and at or below it, the highest nearest. `unpriced` is the queue of those that wait for no price
    yet, of which `unarmed` ones take the next trade's; `armed` are the trailing stops that have a mark."""

    __slots__ = ("armed", "falls", "pending", "rises", "unarmed", "unpriced")

    def __init__(self) -> None:
        self.pending: dict[int, Order] = {}
        self.rises = Levels(-1)
        self.falls = Levels(1)
        self.unpriced = Levels(1)
        self.unarmed: dict[int, Order] = {}
        self.armed: dict[int, Order] = {}

    def join(self, order: Order, last_price: int | None) -> None:
        """Let an order wait that does not fire at once, as its state says: a new one, one that was moved, or one that is brought back."""
        self.pending[order.order_id] = order
        if order.order_type is not TRAILING_STOP:
            assert order.trigger_price is not None, "checked on entry"
            (self.rises if fires_on_rise(order) else self.falls).add(order, order.trigger_price)
            return
        special = trailing(order)
        activation_price = special.terms.activation_price
        if not special.active and (activation_price is None or activation_price == last_price):
            special.active = True
        if special.mark is not None:
            assert order.trigger_price is not None, "who has a mark has a trigger price"
            self.armed[order.order_id] = order
            (self.rises if order.side is BUY else self.falls).add(order, order.trigger_price)
        elif special.active:
            self.unarmed[order.order_id] = order
            self.unpriced.add(order, 0)
        elif last_price is None:
            self.unpriced.add(order, 0)
        else:
            assert activation_price is not None, "else it would be active"
            (self.rises if activation_price > last_price else self.falls).add(order, activation_price)

    def leave(self, order: Order) -> None:
        """Take an order out, wherever it waits."""
        level = order.level
        assert level is not None, "a pending order stands in a queue"
        level.levels.remove(order, level)
        del self.pending[order.order_id]
        self.unarmed.pop(order.order_id, None)
        self.armed.pop(order.order_id, None)

    def take_reached(self, last_price: int | None, price: int) -> list[Order]:
        """Take out the orders that a trade at `price`, after one at `last_price`, reaches, in the order in which they fire. Inactive
        trailing stops among them go on waiting as unarmed."""
        if last_price is None:
            self._take_sides(price)
        fired = []
        for order in self.reached(last_price, price):
            self.leave(order)
            if order.order_type is TRAILING_STOP and not trailing(order).active:
                trailing(order).active = True
                self.join(order, price)
            else:
                fired.append(order)
        return fired

    def reached(self, last_price: int | None, price: int) -> list[Order]:
        """The orders that a trade at `price`, after one at `last_price`, reaches, in the order in which they fire. Before its first trade a
        symbol has no earlier price: whatever the price meets is reached, in the order of entry."""
        if last_price is None:
            return [order for order in self.pending.values() if _meets_first(order, price)]
        if price == last_price:
            return []
        levels = self.rises if price > last_price else self.falls
        limit = price * levels.sign
        reached: list[Order] = []
        for level in levels:
            if level.key < limit:
                break
            reached.extend(level)
        return reached

    def _take_sides(self, price: int) -> None:
        """With the first trade, inactive trailing stops that it does not reach learn on which side of it they wait."""
        for order in list(self.pending.values()):
            if order.order_type is TRAILING_STOP and not trailing(order).active and not _meets_first(order, price):
                self.leave(order)
                self.join(order, price)

    def follow(self, price: int, tick_size: int) -> list[Order]:
        """Let the trailing stops take the trade's price for their mark, where it is their first or a better one; those whose trigger price
        has changed by it, in the order of their ids."""
        better = [order for order in self.armed.values() if _is_better(order, price)]
        moved = []
        for order in sorted([*self.unarmed.values(), *better], key=lambda order: order.order_id):
            special = trailing(order)
            special.mark = price
            trigger_price = _trigger_price(order, special, price, tick_size)
            if trigger_price != order.trigger_price:
                self.leave(order)
                order.trigger_price = trigger_price
                self.join(order, price)
                moved.append(order)
        return moved


def fires_on_rise(order: Order) -> bool:
    """Whether the trigger order fires at or above its trigger price (a stop that buys, a take-profit that sells), not at or below."""
    return (order.side is BUY) is not (order.order_type in TAKE_PROFITS)


def is_met(order: Order, price: int) -> bool:
    """Whether a trade at this price fires the order."""
    trigger_price = order.trigger_price
    assert trigger_price is not None, "checked on entry"
    return price >= trigger_price if fires_on_rise(order) else price <= trigger_price


def _meets_first(order: Order, price: int) -> bool:
    """Whether a symbol's first trade, at this price, reaches the order."""
    if order.order_type is not TRAILING_STOP:
        return is_met(order, price)
    return not trailing(order).active and trailing(order).terms.activation_price == price


def trailing(order: Order) -> Special:
    """What a trailing stop has beyond other orders."""
    assert order.special is not None, "a trailing stop has terms"
    return order.special


def _is_better(order: Order, price: int) -> bool:
    mark = trailing(order).mark
    assert mark is not None, "an armed order has one"
    return price < mark if order.side is BUY else price > mark


def _trigger_price(order: Order, special: Special, mark: int, tick_size: int) -> int:
    """The mark less the trail for an order that sells, plus it for one that buys, on the tick away from the market; at least one tick."""
    amount, bps = special.terms.trailing_amount, special.terms.trailing_bps
    sign = 1 if order.side is BUY else -1
    if amount is not None:
        distance, unit = mark + sign * amount, tick_size
    else:
        assert bps is not None, "checked on entry"
        distance, unit = mark * (BASIS_POINTS + sign * bps), tick_size * BASIS_POINTS
    ticks = -(-distance // unit) if order.side is BUY else distance // unit
    return max(ticks, 1) * tick_size
