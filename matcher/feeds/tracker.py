"""Follows one book: says after each command which of its resting orders and levels have changed, and how.

Events name orders and not what they were. So a tracker holds a mirror of what rests. After each command it reads the
events, and the orders that they name, as they stand right after the command. Its work is that of the command's events.

Orders run one after another: first the command's own, then those that fire, in the order in which they fire. An order
that rests without a trade has no event of its own. It rests before the first event of an order that runs later.
"""

from collections import deque
from itertools import islice
from typing import Final

from matcher.core.book import Book
from matcher.core.levels import Levels, shown_quantity
from matcher.core.order import Order
from matcher.core.order_pages import OrderPages
from matcher.core.registry import Registry
from protocol.book_changes import OrderAdded, OrderDeleted, OrderExecuted, OrderModified, OrderUpdate, SideName
from protocol.book_checksum import CHECKED_LEVELS, book_checksum
from protocol.events import (
    BookLoaded,
    Event,
    OrderAmended,
    OrderCanceled,
    OrderDecremented,
    OrderPlaced,
    OrderReduced,
    OrderTriggered,
    Trade,
)
from protocol.order_types import WAITS
from protocol.units import OrderStatus, Side

BUY: Final = Side.BUY
OPEN: Final = OrderStatus.OPEN
ALL: Final = 2**62


class BookChange:
    """What one command has changed of a book.

    number: counts the changes of the symbol's book.
    orders: in the order in which it happened; empty if the book was replaced.
    bids, asks: levels whose total shown quantity is another, as (price, quantity), best first; a quantity of 0 removes
        one.
    checksum: that of the book after the command; zero unless the tracker makes checksums.
    replaced: a saved book was loaded. All that was known of the book is void.
    """

    __slots__ = ("asks", "bids", "checksum", "number", "orders", "replaced", "symbol")

    def __init__(
        self,
        symbol: str,
        number: int,
        orders: list[OrderUpdate],
        bids: list[tuple[int, int]],
        asks: list[tuple[int, int]],
        checksum: int = 0,
        replaced: bool = False,  # noqa: FBT001, FBT002  given by name
    ) -> None:
        self.symbol = symbol
        self.number = number
        self.orders = orders
        self.bids = bids
        self.asks = asks
        self.checksum = checksum
        self.replaced = replaced


class Resting:
    """A resting order as readers see it, and the hidden part of an iceberg."""

    __slots__ = ("hidden", "price", "shown", "side")

    def __init__(self, side: SideName, price: int, shown: int, hidden: int) -> None:
        self.side: SideName = side
        self.price = price
        self.shown = shown
        self.hidden = hidden


class Runner:
    """An order that runs in the command. `left` is what it has left of its quantity so far.

    deleted_at: the place of its OrderDeleted among the changes, if it has left its place to run; else -1.
    """

    __slots__ = ("deleted_at", "left", "order")

    def __init__(self, order: Order, left: int, deleted_at: int = -1) -> None:
        self.order = order
        self.left = left
        self.deleted_at = deleted_at


class BookTracker:
    """Holds a mirror of what rests in the book. `build` makes it; `take` keeps it, called after each command.

    number: that of the last change, or of the mirror's completion.
    complete: whether the mirror has all that rests.
    checks: whether each change gets a checksum.
    """

    __slots__ = (
        "_asks",
        "_bids",
        "_built_to",
        "_changes",
        "_orders",
        "_resting",
        "_runners",
        "book",
        "checks",
        "complete",
        "number",
    )

    def __init__(self, book: Book, orders: OrderPages, number: int = 0) -> None:
        """`orders` are those of the registry. The mirror is empty until it is built. Numbers go on from `number`."""
        self.book = book
        self.number = number
        self.complete = False
        self.checks = False
        self._orders = orders
        self._resting: dict[int, Resting] = {}
        self._built_to = 0
        self._changes: list[OrderUpdate] = []
        self._runners: deque[Runner] = deque()
        # Changes of the totals of levels, by price.
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}

    def build(self, most: int = ALL) -> int:
        """Take at most so many further orders into the mirror. Once it has all, it is complete, with a new number.
        Returns how many orders it has looked at."""
        count = 0
        for order in islice(self.book.orders.after(self._built_to), most):
            count += 1
            self._built_to = order.order_id
            if order.status is OPEN:
                shown = shown_quantity(order)
                price = order.price
                assert price is not None, "an order that rests has a price"
                self._resting[order.order_id] = Resting(side_of(order), price, shown, order.remaining - shown)
        if count < most:
            self.complete = True
            self.number += 1
        return count

    @property
    def resting(self) -> int:
        """How many orders rest; fewer while the mirror is not complete."""
        return len(self._resting)

    def take(self, events: list[Event]) -> BookChange | None:
        """Follow a command that has just run. `events` are those of this book, or of its command if it touches no
        other book. Returns None if nothing has changed, or while the mirror is not complete."""
        self._changes = []
        self._bids = {}
        self._asks = {}
        if not events:
            return None
        if len(events) == 1 and type(events[0]) is OrderPlaced:
            # Most orders just rest.
            order = self._order(events[0].order_id)
            if order.level is not None and order.status is OPEN:
                self._add(order, order.remaining)
        elif type(events[-1]) is BookLoaded:
            self._resting = {}
            self._built_to = 0
            if not self.complete:
                return None
            self.build()
            return BookChange(self.book.rules.symbol, self.number, [], [], [], replaced=True)
        else:
            self._follow(events)
        if not self._changes or not self.complete:
            return None
        self.number += 1
        book = self.book
        return BookChange(
            book.rules.symbol,
            self.number,
            self._changes,
            _totals(book.bids, self._bids),
            _totals(book.asks, self._asks),
            checksum_of(book) if self.checks else 0,
        )

    def _follow(self, events: list[Event]) -> None:
        runners = self._runners
        losses = _losses(events)
        for event in events:
            if type(event) is Trade:
                self._run(event.taker_order_id, event.quantity)
                self._execute(event)
            elif type(event) is OrderPlaced:
                order = self._order(event.order_id)
                if not WAITS[order.order_type]:
                    runners.append(Runner(order, _left(order, losses)))
            elif type(event) is OrderTriggered:
                order = self._order(event.order_id)
                runners.append(Runner(order, _left(order, losses)))
            elif type(event) is OrderCanceled:
                resting = self._resting.get(event.order_id)
                if resting is None:
                    # It ends before it has rested, or has never been seen.
                    self._run(event.order_id, ALL)
                else:
                    self._delete(event.order_id, resting)
            elif type(event) is OrderDecremented or type(event) is OrderReduced:
                resting = self._resting.get(event.order_id)
                if resting is None:
                    self._run(event.order_id, event.quantity)
                else:
                    self._shrink(event.order_id, resting, resting.shown + resting.hidden - event.quantity)
            elif type(event) is OrderAmended:
                self._amend(event, losses)
        while runners:
            self._rest(runners.popleft())

    def _order(self, order_id: int) -> Order:
        order = self._orders.get(order_id)
        assert order is not None, "an order is known right after a command that names it"
        return order

    def _run(self, order_id: int, taken: int) -> None:
        """The order loses a part of its quantity while it runs. Those that ran before it rest now. Nothing happens if
        it does not run."""
        runners = self._runners
        if runners and runners[0].order.order_id == order_id:
            runners[0].left -= taken
            return
        for runner in runners:
            if runner.order.order_id == order_id:
                break
        else:
            return
        while runners[0] is not runner:
            self._rest(runners.popleft())
        runner.left -= taken

    def _rest(self, runner: Runner) -> None:
        """The order has run. What it has left rests."""
        if runner.left <= 0:
            return
        changes = self._changes
        joins = runner.deleted_at >= 0 and runner.deleted_at == len(changes) - 1
        self._add(runner.order, runner.left)
        if joins:
            # Nothing has happened between: it has only been moved.
            added = changes.pop()
            changes[-1] = OrderModified(added.order_id, added.side, added.price, added.quantity, loses_priority=True)

    def _add(self, order: Order, remaining: int) -> None:
        price = order.price
        assert price is not None, "an order that rests has a price"
        shown = _part(order, remaining)
        side = side_of(order)
        self._resting[order.order_id] = Resting(side, price, shown, remaining - shown)
        self._note_level(side, price, shown)
        self._changes.append(OrderAdded(order.order_id, side, price, shown))

    def _delete(self, order_id: int, resting: Resting) -> None:
        del self._resting[order_id]
        self._note_level(resting.side, resting.price, -resting.shown)
        self._changes.append(OrderDeleted(order_id, resting.side, resting.price, resting.shown))

    def _execute(self, trade: Trade) -> None:
        order_id, quantity = trade.maker_order_id, trade.quantity
        resting = self._resting.get(order_id)
        if resting is None:
            # The mirror is not yet complete.
            return
        side, price = resting.side, resting.price
        resting.shown -= quantity
        self._note_level(side, price, -quantity)
        self._changes.append(OrderExecuted(order_id, side, price, quantity, resting.shown, trade.trade_id))
        if resting.shown:
            return
        if not resting.hidden:
            del self._resting[order_id]
            return
        shown = _part(self._order(order_id), resting.hidden)
        resting.shown = shown
        resting.hidden -= shown
        self._note_level(side, price, shown)
        self._changes.append(OrderModified(order_id, side, price, shown, loses_priority=True))

    def _shrink(self, order_id: int, resting: Resting, remaining: int) -> None:
        """The order keeps its place with less. The hidden part of an iceberg goes first."""
        shown = min(resting.shown, remaining)
        resting.hidden = remaining - shown
        if shown != resting.shown:
            self._note_level(resting.side, resting.price, shown - resting.shown)
            resting.shown = shown
            self._changes.append(OrderModified(order_id, resting.side, resting.price, shown, loses_priority=False))

    def _amend(self, event: OrderAmended, losses: dict[int, int]) -> None:
        resting = self._resting.get(event.order_id)
        if resting is None:
            return
        order = self._order(event.order_id)
        left = _left(order, losses)
        if event.price == resting.price and left <= resting.shown + resting.hidden:
            self._shrink(event.order_id, resting, left)
        else:
            self._runners.append(Runner(order, left, len(self._changes)))
            self._delete(event.order_id, resting)

    def _note_level(self, side: SideName, price: int, difference: int) -> None:
        changed = self._bids if side == "buy" else self._asks
        changed[price] = changed.get(price, 0) + difference


def begin(registry: Registry, symbol: str) -> BookTracker:
    """A tracker that knows the symbol's book as it stands now. KeyError if there is no such symbol."""
    tracker = BookTracker(registry.books[symbol], registry.orders)
    tracker.build()
    return tracker


def checksum_of(book: Book) -> int:
    """The checksum of the book as it stands."""
    return book_checksum(book.bids.top(CHECKED_LEVELS), book.asks.top(CHECKED_LEVELS))


def side_of(order: Order) -> SideName:
    return "buy" if order.side is BUY else "sell"


def _part(order: Order, remaining: int) -> int:
    """What an order shows that joins a queue with this quantity."""
    extra = order.extra
    if extra is None or extra.terms.display_quantity is None:
        return remaining
    return min(extra.terms.display_quantity, remaining)


def _losses(events: list[Event]) -> dict[int, int]:
    """What the events take off the quantity of each order."""
    losses: dict[int, int] = {}
    for event in events:
        if type(event) is Trade:
            losses[event.maker_order_id] = losses.get(event.maker_order_id, 0) + event.quantity
            losses[event.taker_order_id] = losses.get(event.taker_order_id, 0) + event.quantity
        elif type(event) is OrderCanceled or type(event) is OrderDecremented or type(event) is OrderReduced:
            losses[event.order_id] = losses.get(event.order_id, 0) + event.quantity
    return losses


def _left(order: Order, losses: dict[int, int]) -> int:
    """What the order had before the command took anything off it."""
    lost = losses.get(order.order_id, 0)
    return lost if order.level is None else order.remaining + lost


def _totals(levels: Levels, changed: dict[int, int]) -> list[tuple[int, int]]:
    """The quantities of the levels that differ, best first."""
    totals: list[tuple[int, int]] = []
    by_key, sign = levels.by_key, levels.sign
    for price, difference in sorted(changed.items(), reverse=sign > 0):
        if difference:
            level = by_key.get(price * sign)
            totals.append((price, 0 if level is None else level.quantity))
    return totals
