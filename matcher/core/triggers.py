"""One instrument's pending orders: stops, take-profits and trailing stops.

Each trade is compared with the trade before it. The orders whose trigger price lies between fire, the earlier price
excluded and the new one included: nearest to the earlier price first, at one price first come first. So the last trade
reaches no pending order's trigger price. Only the nearest order of each direction must be checked.

A trailing stop goes through three states.
- inactive: it has an activation_price, and no trade has reached it.
- starting: it takes the next trade's price for its best price. The trade that activates it may be that one.
- following: it follows the best price since, at the distance of its trail, rounded to the tick away from the market.
  A trade fires it as it stood before, or else moves it.

A run is a row of trades of one command in one direction. It cannot fire the trailing stops that it moves. So only the
first trade of a command moves them at once. For the rest of its run they are `behind`: they move once, when it turns or
the command ends. A command costs the stops that it moves, not stops times trades.
"""

from bisect import bisect_left, insort
from typing import Final

from matcher.core.levels import Levels
from matcher.core.order import Extra, Order
from protocol.order_types import ORDER_TYPES, TRAILS, Waits
from protocol.units import OrderType, Side

BUY: Final = Side.BUY
TAKES_PROFIT = (False, *(ORDER_TYPES[order_type].waits is Waits.PROFIT for order_type in OrderType))
"""Whether an order type waits for a price in its favour, by its number."""

BASIS_POINTS = 10_000


class Following:
    """One side's trailing stops that follow a best price, by that price.

    `sign` is 1 for orders that buy: a lower price is better for them. It is -1 for orders that sell. The keys, best
    prices times sign, ascend: those that a price betters are the last.
    """

    __slots__ = ("_by_key", "keys", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self._by_key: dict[int, dict[int, Order]] = {}

    def add(self, order: Order, best_price: int) -> None:
        key = best_price * self.sign
        orders = self._by_key.get(key)
        if orders is None:
            self._by_key[key] = {order.order_id: order}
            insort(self.keys, key)
        else:
            orders[order.order_id] = order

    def discard(self, order: Order, best_price: int) -> None:
        """Remove an order that is present."""
        key = best_price * self.sign
        orders = self._by_key[key]
        del orders[order.order_id]
        if not orders:
            del self._by_key[key]
            del self.keys[bisect_left(self.keys, key)]

    def is_bettered_by(self, price: int) -> bool:
        """Whether the price is better than the best price of any."""
        return bool(self.keys) and self.keys[-1] > price * self.sign

    def take_bettered(self, price: int) -> list[Order]:
        """Take out the orders for which the price is better than their best price."""
        taken: list[Order] = []
        while self.is_bettered_by(price):
            taken += self._by_key.pop(self.keys.pop()).values()
        return taken


class Triggers:
    """All pending orders of a book, and where each of them waits.

    pending: all of them, in the order in which they joined their queues.
    rises: those that wait for a price at or above theirs, the lowest nearest.
    falls: those that wait for a price at or below theirs, the highest nearest.
    without_price: the queue of trailing stops that wait for no price yet. `starting` ones take the next trade's.
    following: the trailing stops that have a best price, by side.
    run: the prices of a run that those of the side `behind` have not followed yet.
    moved_in_run: the others that the run has moved, each with the place of its trade.
    """

    __slots__ = ("behind", "falls", "following", "moved_in_run", "pending", "rises", "run", "starting", "without_price")

    def __init__(self) -> None:
        self.pending: dict[int, Order] = {}
        self.rises = Levels(-1)
        self.falls = Levels(1)
        self.without_price = Levels(1)
        self.starting: dict[int, Order] = {}
        self.following = {Side.BUY: Following(1), Side.SELL: Following(-1)}
        self.run: list[int] = []
        self.behind = Side.BUY
        self.moved_in_run: dict[int, tuple[int, Order]] = {}

    @property
    def wants_any_trade(self) -> bool:
        """Whether a trade at any price moves something, also at that of the last one."""
        return bool(self.starting)

    @property
    def trailing(self) -> bool:
        """Whether there are trailing stops that a trade may move."""
        return bool(self.starting or self.following[Side.BUY].keys or self.following[Side.SELL].keys)

    def join(self, order: Order, last_price: int | None) -> None:
        """Let an order wait that does not fire at once, as its state says. It is new, was moved, or is brought back."""
        self.pending[order.order_id] = order
        if not TRAILS[order.order_type]:
            assert order.trigger_price is not None, "checked on entry"
            (self.rises if fires_on_rise(order) else self.falls).add(order, order.trigger_price)
            return
        extra = trailing(order)
        activation_price = extra.terms.activation_price
        if not extra.active and (activation_price is None or activation_price == last_price):
            _activate(order)
        if extra.best_price is not None:
            assert order.trigger_price is not None, "with a best price comes a trigger price"
            self.following[order.side].add(order, extra.best_price)
            (self.rises if order.side is BUY else self.falls).add(order, order.trigger_price)
        elif extra.active:
            self.starting[order.order_id] = order
            self.without_price.add(order, 0)
        elif last_price is None:
            self.without_price.add(order, 0)
        else:
            assert activation_price is not None, "else it would be active"
            (self.rises if activation_price > last_price else self.falls).add(order, activation_price)

    def leave(self, order: Order) -> None:
        """Take an order out, wherever it waits."""
        level = order.level
        assert level is not None, "a pending order stands in a queue"
        level.levels.remove(order, level)
        del self.pending[order.order_id]
        if TRAILS[order.order_type]:
            self.starting.pop(order.order_id, None)
            best_price = trailing(order).best_price
            if best_price is not None:
                self.following[order.side].discard(order, best_price)

    def take_reached(self, last_price: int | None, price: int) -> list[Order]:
        """Take out the orders that a trade at `price`, after one at `last_price`, reaches. Returns those that fire, in
        their order. Inactive trailing stops among them become starting ones and keep waiting."""
        if last_price is None:
            self._take_sides(price)
        fired = []
        for order in self.reached(last_price, price):
            self.leave(order)
            if TRAILS[order.order_type] and not trailing(order).active:
                _activate(order)
                self.join(order, price)
            else:
                fired.append(order)
        return fired

    def reached(self, last_price: int | None, price: int) -> list[Order]:
        """The orders that a trade at `price`, after one at `last_price`, reaches, in the order in which they fire.

        Before its first trade a symbol has no earlier price: all orders that the price reaches fire, in order of entry.
        """
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
        """Sort inactive trailing stops that the first trade does not reach: it says on which side of it they wait."""
        for order in list(self.pending.values()):
            if TRAILS[order.order_type] and not trailing(order).active and not _meets_first(order, price):
                self.leave(order)
                self.join(order, price)

    def follow(self, price: int, tick_size: int, behind: Side | None) -> list[Order]:
        """Let trailing stops take the trade's price for their best price, if it is their first or a better one.

        Returns those whose trigger price it has changed, in the order of their ids. In a run, those of the side
        `behind` stay behind.
        """
        followers = list(self.starting.values())
        self.starting.clear()
        for side, following in self.following.items():
            if side is not behind:
                followers += following.take_bettered(price)
        moved = []
        for order in sorted(followers, key=lambda order: order.order_id):
            trigger_price = self._follow(order, price, tick_size)
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
        """Let the trailing stops that are behind follow the run.

        Returns those whose trigger price has changed, in the order in which single trades would have moved them. In
        that order they, and those that moved in the run, have joined.
        """
        prices, self.run = self.run, []
        moved_in_run, self.moved_in_run = self.moved_in_run, {}
        moves: list[tuple[int, int, Order, int]] = []
        for order in self.following[self.behind].take_bettered(prices[-1]):
            trigger_price = self._follow(order, prices[-1], tick_size)
            if trigger_price != order.trigger_price:
                # The further the run, the further the trigger price: the first trade that led it there.
                trade = bisect_left(
                    prices,
                    True,  # noqa: FBT003  the key's value
                    key=lambda price: _trigger_price(order, price, tick_size) == trigger_price,
                )
                moves.append((trade, order.order_id, order, trigger_price))
                moved_in_run.pop(order.order_id, None)
        moved = [order for _, _, order, _ in sorted(moves)]
        for order_id, (trade, order) in moved_in_run.items():
            # It may have fired meanwhile, and rest by its limit price.
            if order_id in self.pending and order.trigger_price is not None:
                moves.append((trade, order_id, order, order.trigger_price))
        for _, _, order, trigger_price in sorted(moves):
            self._requeue(order, trigger_price)
        return moved

    def _follow(self, order: Order, price: int, tick_size: int) -> int:
        """Give a trailing stop this best price. Returns the trigger price that follows from it."""
        trailing(order).best_price = price
        self.following[order.side].add(order, price)
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
    """Whether the order fires at or above its trigger price: a stop that buys, a take-profit that sells."""
    return (order.side is BUY) is not TAKES_PROFIT[order.order_type]


def is_met(order: Order, price: int) -> bool:
    """Whether a trade at this price fires the order."""
    return meets(order, order.trigger_price, price)


def meets(order: Order, trigger_price: int | None, price: int) -> bool:
    """Whether a trade at this price would fire the order if it had that trigger price."""
    assert trigger_price is not None, "checked on entry"
    return price >= trigger_price if fires_on_rise(order) else price <= trigger_price


def would_fire(order: Order, last_price: int | None) -> bool:
    """Whether the last trade already meets what a new order would wait for: its trigger price, or the activation price
    of a trailing stop. Before the first trade nothing does."""
    if last_price is None:
        return False
    return order.terms.activation_price == last_price if TRAILS[order.order_type] else is_met(order, last_price)


def _meets_first(order: Order, price: int) -> bool:
    """Whether a symbol's first trade, at this price, reaches the order."""
    if not TRAILS[order.order_type]:
        return is_met(order, price)
    return not trailing(order).active and trailing(order).terms.activation_price == price


def trailing(order: Order) -> Extra:
    """The extra of a trailing stop."""
    assert order.extra is not None, "a trailing stop has terms"
    return order.extra


def _activate(order: Order) -> None:
    """The trailing stop begins to follow: at its entry, or when a trade has reached its activation_price."""
    extra = trailing(order)
    extra.active = True
    if extra.terms.activation_price is not None:
        extra.active_since = order.book.running.time


def _trigger_price(order: Order, best_price: int, tick_size: int) -> int:
    """The best price less the trail to sell, plus it to buy, on the tick away from the market. At least one tick."""
    terms = order.terms
    amount, bps = terms.trailing_amount, terms.trailing_bps
    sign = 1 if order.side is BUY else -1
    if amount is not None:
        distance, unit = best_price + sign * amount, tick_size
    else:
        assert bps is not None, "checked on entry"
        distance, unit = best_price * (BASIS_POINTS + sign * bps), tick_size * BASIS_POINTS
    ticks = -(-distance // unit) if order.side is BUY else distance // unit
    return max(ticks, 1) * tick_size
