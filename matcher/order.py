"""Orders and accounts as the engine holds them.

An order links to its neighbours in its level's queue and to its account and book. They are taken out of the cyclic collector's
sight (gc=False): the engine unlinks an order when it is done, so that counting references frees it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from msgspec import Struct

from protocol.events import Trade
from protocol.units import OrderStatus, OrderType, Reason, Side

if TYPE_CHECKING:
    from matcher.book import Book
    from matcher.levels import Level

MAX_FILLS = 100
"""How many of its last fills an order remembers."""

COMPACT_AT_LEAST = 64
"""An account's list of orders is not compacted below this length."""


class Order(Struct, gc=False):
    """One order, live or done. `quantity` is the total, `remaining` the part that was not filled (of a canceled order: what was
    canceled), `filled_value` the sum of price x quantity over all fills. `status` is PENDING, OPEN (partly filled or not) or one of
    the done ones. While the order stands in a queue, of its price or of its trigger price, `level` is that queue."""

    order_id: int
    account: Account
    book: Book
    client_order_id: str | None
    side: Side
    order_type: OrderType
    quantity: int
    remaining: int
    price: int | None
    trigger_price: int | None
    sequence: int
    timestamp: int
    status: OrderStatus = OrderStatus.OPEN
    reason: Reason | None = None
    filled_value: int = 0
    fills: list[Trade] | None = None
    level: Level | None = None
    previous: Order | None = None
    next: Order | None = None


class Account:
    """An account's orders: `orders` holds its live ones, ascending by order_id, between some that are done meanwhile; `done` the
    remembered done ones in the order of their ends, of which `forgotten` came before; `client_orders` every remembered one that has a
    client_order_id; `entered` the quantity, price and trigger_price that amended ones of them were first sent with."""

    __slots__ = ("client_orders", "compact_at", "done", "entered", "forgotten", "name", "orders")

    def __init__(self, name: str) -> None:
        self.name = name
        self.orders: list[Order] = []
        self.done: deque[Order] = deque()
        self.forgotten = 0
        self.client_orders: dict[str, Order] = {}
        self.entered: dict[str, tuple[int, int | None, int | None]] = {}
        self.compact_at = COMPACT_AT_LEAST

    def live_orders(self) -> list[Order]:
        """The open and pending orders, oldest first."""
        return [order for order in self.orders if order.level is not None]

    def add(self, order: Order) -> None:
        """Take in a live order younger than all others; now and then, forget the done ones."""
        self.orders.append(order)
        if len(self.orders) >= self.compact_at:
            self.orders = self.live_orders()
            self.compact_at = 2 * len(self.orders) + COMPACT_AT_LEAST


def remember_fills(order: Order, trades: list[Trade]) -> None:
    """Add an order's newest fills to those that it remembers."""
    if order.fills is None:
        order.fills = trades[-MAX_FILLS:]
    else:
        order.fills += trades
        if len(order.fills) > MAX_FILLS:
            del order.fills[:-MAX_FILLS]
