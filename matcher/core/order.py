"""An order as the engine holds it, and the queue of orders at one price.

An order links to its neighbours in its queue, to its account and to its book. The engine unlinks a done order, and
reference counting frees it. Nothing here waits for the cyclic collector. In a compiled core the collector does not see
it (`acyclic`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mypy_extensions import mypyc_attr

from protocol.commands import NO_TERMS, OrderTerms
from protocol.order_types import WAITS
from protocol.units import OrderStatus, OrderType, Reason, Side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matcher.core.account import Account
    from matcher.core.book import Book
    from matcher.core.levels import Levels
    from protocol.events import Trade


OPEN: Final = OrderStatus.OPEN
REJECTED: Final = OrderStatus.REJECTED

MAX_FILLS: Final = 100
"""Fills that an order remembers, the last ones."""


@mypyc_attr(acyclic=True)
class Extra:
    """What only some orders have beside their plain fields.

    prevented: the quantity that self-trade prevention took off the order.
    prevented_match: the id of the last match that it has kept the order from; zero without one.
    shown: the shown part of a resting iceberg.
    unspent: what a quote_quantity has left.
    partner: the other leg of an OCO, while both live. oco_id stays.
    cancel_on_first_fill: the first trade of one leg of the OCO cancels the other.
    list_client_order_id: the name of the OCO.
    active: a trailing stop has reached its activation_price.
    active_since: the time at which it has; zero if it has not, or has none.
    best_price: the best price that an active trailing stop has followed.
    """

    __slots__ = (
        "active",
        "active_since",
        "best_price",
        "cancel_on_first_fill",
        "list_client_order_id",
        "oco_id",
        "partner",
        "prevented",
        "prevented_match",
        "shown",
        "terms",
        "unspent",
    )

    def __init__(
        self,
        terms: OrderTerms = NO_TERMS,
        prevented: int = 0,
        shown: int = 0,
        unspent: int | None = None,
        oco_id: int | None = None,
        active: bool = False,  # noqa: FBT001, FBT002  all are given by name
        best_price: int | None = None,
        cancel_on_first_fill: bool = False,  # noqa: FBT001, FBT002  as active
        list_client_order_id: str | None = None,
        active_since: int = 0,
        prevented_match: int = 0,
    ) -> None:
        self.terms = terms
        self.prevented = prevented
        self.shown = shown
        self.unspent = unspent
        self.partner: Order | None = None
        self.oco_id = oco_id
        self.active = active
        self.active_since = active_since
        self.best_price = best_price
        self.cancel_on_first_fill = cancel_on_first_fill
        self.list_client_order_id = list_client_order_id
        self.prevented_match = prevented_match

    @property
    def is_used(self) -> bool:
        """Whether anything differs from a plain order."""
        return (
            self.terms != NO_TERMS
            or self.prevented != 0
            or self.shown != 0
            or self.unspent is not None
            or self.oco_id is not None
            or self.active
            or self.best_price is not None
            or self.list_client_order_id is not None
        )


NO_EXTRA: Final = Extra()
"""The extra of a plain order. Never changed."""


@mypyc_attr(acyclic=True)
class Order:
    """One order, live or done.

    quantity: the total.
    remaining: the part that was not filled and not prevented; of a canceled order, the canceled part.
    filled_value: the sum of price x quantity over all fills.
    status: PENDING, OPEN (partly filled or not), or a done one.
    level: the queue of its price or of its trigger price; None if it is in no queue.
    previous, next: its neighbours there; of a done order, its neighbours among the done ones of its account.
    sequence, timestamp: of its entry.
    updated_sequence, updated: of its last change; zero while nothing has changed it.
    fired: the time at which it fired; zero if it has not.
    reserved: what it locks of its account's money, in units of the asset (`matcher.core.locks`).
    """

    __slots__ = (
        "account",
        "book",
        "client_order_id",
        "extra",
        "filled_value",
        "fills",
        "fired",
        "level",
        "next",
        "order_id",
        "order_type",
        "previous",
        "price",
        "quantity",
        "reason",
        "remaining",
        "reserved",
        "sequence",
        "side",
        "status",
        "timestamp",
        "trigger_price",
        "updated",
        "updated_sequence",
    )

    def __init__(
        self,
        order_id: int,
        account: Account,
        book: Book,
        client_order_id: str | None,
        side: Side,
        order_type: OrderType,
        quantity: int,
        remaining: int,
        price: int | None,
        trigger_price: int | None,
        sequence: int,
        timestamp: int,
    ) -> None:
        self.order_id = order_id
        self.account = account
        self.book = book
        self.client_order_id = client_order_id
        self.side = side
        self.order_type = order_type
        self.quantity = quantity
        self.remaining = remaining
        self.price = price
        self.trigger_price = trigger_price
        self.sequence = sequence
        self.timestamp = timestamp
        self.status = OPEN
        self.reason: Reason | None = None
        self.filled_value = 0
        self.fills: list[Trade] | None = None
        self.level: Level | None = None
        self.previous: Order | None = None
        self.next: Order | None = None
        self.extra: Extra | None = None
        self.updated_sequence = 0
        self.updated = 0
        self.reserved = 0
        self.fired = 0

    @property
    def filled(self) -> int:
        """The quantity that has traded."""
        if self.extra is None:
            return self.quantity - self.remaining
        return self.quantity - self.remaining - self.extra.prevented

    @property
    def working_since(self) -> int | None:
        """The time since which it works: it has entered the book or run. None if it waits, or ended before that."""
        if WAITS[self.order_type]:
            return self.fired or None
        return None if self.status is REJECTED else self.timestamp

    @property
    def terms(self) -> OrderTerms:
        """The order's terms; all at their defaults for a plain order."""
        return NO_TERMS if self.extra is None else self.extra.terms

    @property
    def symbol(self) -> str:
        return self.book.instrument.symbol

    @property
    def account_name(self) -> str:
        return self.account.name


def remember_fills(order: Order, trades: list[Trade]) -> None:
    """Add an order's newest fills, a list that becomes its own, to those that it remembers."""
    if order.fills is None:
        order.fills = trades if len(trades) <= MAX_FILLS else trades[-MAX_FILLS:]
    else:
        order.fills += trades
        if len(order.fills) > MAX_FILLS:
            del order.fills[:-MAX_FILLS]


@mypyc_attr(acyclic=True)
class Level:
    """The orders at one price, in a linked queue, first come first.

    order_price: the price as the one object that all its orders share; a million of their own are 30 MB.
    quantity: the sum of what remains of them, without the `hidden` part of icebergs.
    """

    __slots__ = ("head", "hidden", "key", "levels", "order_price", "price", "quantity", "tail")

    def __init__(self, levels: Levels, key: int, price: int) -> None:
        self.levels = levels
        self.key = key
        self.price = price
        self.order_price: int | None = price
        self.quantity = 0
        self.hidden = 0
        self.head: Order | None = None
        self.tail: Order | None = None

    def __iter__(self) -> Iterator[Order]:
        order = self.head
        while order is not None:
            following = order.next
            yield order
            order = following
