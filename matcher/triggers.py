"""One instrument's pending orders: stops, take-profits and trailing stops.

Each trade is compared with the trade before it: the orders whose trigger price lies between, the earlier price excluded
and the new one included, fire, nearest to the earlier price first, at one price first come first (contract, section 3,
rule 4). So every pending order waits strictly beyond the last trade, and only the nearest of each direction need a
look.

A trailing stop is first inactive, where it has an activation_price that no trade has reached, then unarmed until the
next trade, or armed by the very trade that reaches its activation_price. Armed, it follows the best price since, its
mark, at the distance of its trail, rounded to the tick away from the market; a trade fires it as it stood before, else
moves it.

Trades of one command that follow one another in one direction, a run, cannot fire those that they move. So only the
first trade of a command moves them at once; for the rest of its run they are `behind`, and move once, when it turns or
the command ends. The cost of a command is that of the stops that it moves, not that of stops times trades.
"""

from bisect import bisect_left, insort

from matcher.levels import Levels
from matcher.order import Order, Special
from protocol.units import OrderType, Side

BUY = Side.BUY
TRAILING_STOP = OrderType.TRAILING_STOP
TAKE_PROFITS = (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)

BASIS_POINTS = 10_000


class Armed:
    """One side's trailing stops that have a mark, by it. `sign` is 1 where a lower price betters a mark (orders that
    buy), -1 where a higher one does. The keys, marks times sign, ascend: those that a price betters are the last."""

    __slots__ = ("_by_key", "keys", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self._by_key: dict[int, dict[int, Order]] = {}

    def add(self, order: Order, mark: int) -> None:
        key = mark * self.sign
        orders = self._by_key.get(key)
        if orders is None:
            self._by_key[key] = {order.order_id: order}
            insort(self.keys, key)
        else:
            orders[order.order_id] = order

    def discard(self, order: Order, mark: int) -> None:
        """Let go of an order that is there."""
        key = mark * self.sign
        orders = self._by_key[key]
        del orders[order.order_id]
        if not orders:
            del self._by_key[key]
            del self.keys[bisect_left(self.keys, key)]

    def is_bettered_by(self, price: int) -> bool:
        """Whether the price betters any mark."""
        return bool(self.keys) and self.keys[-1] > price * self.sign

    def take_bettered(self, price: int) -> list[Order]:
        """Take out the orders whose marks the price betters."""
        taken: list[Order] = []
        while self.is_bettered_by(price):
            taken += self._by_key.pop(self.keys.pop()).values()
        return taken


class Triggers:
    """`pending` holds all orders in the order in which they joined their queues; `rises` and `falls` those that wait
    for a price at or above theirs, the lowest nearest, and at or below it, the highest nearest. `unpriced` is the queue
    of those that wait for no price yet, of which `unarmed` ones take the next trade's; `armed` are the trailing stops
    that have a mark, by side.

    `run` holds the prices of a run that those of the side `behind` have not followed yet, `moved_in_run` the others
    that it has moved, each with the place of its trade."""

    __slots__ = ("armed", "behind", "falls", "moved_in_run", "pending", "rises", "run", "unarmed", "unpriced")

    def __init__(self) -> None:
        self.pending: dict[int, Order] = {}
        self.rises = Levels(-1)
        self.falls = Levels(1)
        self.unpriced = Levels(1)
        self.unarmed: dict[int, Order] = {}
        self.armed = {Side.BUY: Armed(1), Side.SELL: Armed(-1)}
        self.run: list[int] = []
        self.behind = Side.BUY
        self.moved_in_run: dict[int, tuple[int, Order]] = {}

    @property
    def trailing(self) -> bool:
        """Whether there are trailing stops that a trade may move."""
        return bool(self.unarmed or self.armed[Side.BUY].keys or self.armed[Side.SELL].keys)

    def join(self, order: Order, last_price: int | None) -> None:
        """Let an order wait that does not fire at once, as its state says: a new one, one that was moved, or one that
        is brought back."""
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
            self.armed[order.side].add(order, special.mark)
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
        if order.order_type is TRAILING_STOP:
            self.unarmed.pop(order.order_id, None)
            mark = trailing(order).mark
            if mark is not None:
                self.armed[order.side].discard(order, mark)

    def take_reached(self, last_price: int | None, price: int) -> list[Order]:
        """Take out the orders that a trade at `price`, after one at `last_price`, reaches, in the order in which they
        fire. Inactive trailing stops among them go on waiting as unarmed."""
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
        """The orders that a trade at `price`, after one at `last_price`, reaches, in the order in which they fire.
        Before its first trade a symbol has no earlier price: whatever the price meets is reached, in the order of
        entry."""
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

    def follow(self, price: int, tick_size: int, behind: Side | None) -> list[Order]:
        """Let trailing stops take the trade's price for their mark, where it is their first or a better one; those
        whose trigger price has changed by it, in the order of their ids. Where the trade belongs to a run, armed ones
        of the side `behind` stay behind."""
        followers = list(self.unarmed.values())
        self.unarmed.clear()
        for side, armed in self.armed.items():
            if side is not behind:
                followers += armed.take_bettered(price)
        moved = []
        for order in sorted(followers, key=lambda order: order.order_id):
            trigger_price = self._mark(order, price, tick_size)
            if trigger_price != order.trigger_price:
                self._requeue(order, trigger_price)
                moved.append(order)
        if behind is not None:
            self.behind = behind
            self.moved_in_run.update((order.order_id, (len(self.run), order)) for order in moved)
            self.run.append(price)
        return moved

    def turns(self, price: int) -> bool:
        """Whether a trade at this price ends the run."""
        return price < self.run[-1] if self.behind is Side.SELL else price > self.run[-1]

    def follow_run(self, tick_size: int) -> list[Order]:
        """Let the trailing stops that are behind follow the run; those whose trigger price has changed, in the order in
        which its trades would have moved them one by one to where they are now. In that order they and those that moved
        in the run have joined."""
        prices, self.run = self.run, []
        moved_in_run, self.moved_in_run = self.moved_in_run, {}
        moves: list[tuple[int, int, Order, int]] = []
        for order in self.armed[self.behind].take_bettered(prices[-1]):
            trigger_price = self._mark(order, prices[-1], tick_size)
            if trigger_price != order.trigger_price:
                # The further the run, the further the trigger price: the first trade that led it there.
                trade = bisect_left(
                    prices, True, key=lambda price: _trigger_price(order, price, tick_size) == trigger_price
                )
                moves.append((trade, order.order_id, order, trigger_price))
                moved_in_run.pop(order.order_id, None)
        moved = [order for _, _, order, _ in sorted(moves)]
        for order_id, (trade, order) in moved_in_run.items():
            if order.level is not None and order.trigger_price is not None:
                moves.append((trade, order_id, order, order.trigger_price))
        for _, _, order, trigger_price in sorted(moves):
            self._requeue(order, trigger_price)
        return moved

    def _mark(self, order: Order, price: int, tick_size: int) -> int:
        """Let a trailing stop that stands with no mark take this one; the trigger price that follows from it."""
        trailing(order).mark = price
        self.armed[order.side].add(order, price)
        return _trigger_price(order, price, tick_size)

    def _requeue(self, order: Order, trigger_price: int) -> None:
        """Put a trailing stop at the back of the queue of another trigger price."""
        level = order.level
        assert level is not None, "a pending order stands in a queue"
        level.levels.remove(order, level)
        # It is now the last that has joined.
        del self.pending[order.order_id]
        self.pending[order.order_id] = order
        order.trigger_price = trigger_price
        (self.rises if order.side is BUY else self.falls).add(order, trigger_price)


def fires_on_rise(order: Order) -> bool:
    """Whether the trigger order fires at or above its trigger price (a stop that buys, a take-profit that sells), not
    at or below."""
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


def _trigger_price(order: Order, mark: int, tick_size: int) -> int:
    """The mark less the trail for an order that sells, plus it for one that buys, on the tick away from the market; at
    least one tick."""
    terms = order.terms
    amount, bps = terms.trailing_amount, terms.trailing_bps
    sign = 1 if order.side is BUY else -1
    if amount is not None:
        distance, unit = mark + sign * amount, tick_size
    else:
        assert bps is not None, "checked on entry"
        distance, unit = mark * (BASIS_POINTS + sign * bps), tick_size * BASIS_POINTS
    ticks = -(-distance // unit) if order.side is BUY else distance // unit
    return max(ticks, 1) * tick_size
