"""An account as the engine holds it: its orders, its last fills, whether it may trade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mypy_extensions import mypyc_attr

from matcher.core.named_orders import NamedOrders
from matcher.core.order_list import OrderList
from protocol.order_types import TRAILS

if TYPE_CHECKING:
    from matcher.core.ledger import Ledger
    from matcher.core.order import Order
    from protocol.events import Trade

AsSent = tuple[int, int | None, int | None]
"""The quantity, price and trigger_price with which an order was sent."""

NONE_ENTERED: Final[dict[str, AsSent]] = {}
"""Shared by all accounts that have amended no order. Never changed."""


@mypyc_attr(acyclic=True)
class MoreIds:
    """The ids of an account that few accounts have: one place in each account stands for both kinds."""

    __slots__ = ("former_ids", "open_only_orders")

    def __init__(self) -> None:
        self.open_only_orders: NamedOrders | None = None
        self.former_ids: dict[int, list[str | None]] | None = None


@mypyc_attr(acyclic=True)
class Account:
    """An account.

    orders: its live orders.
    last_done: its remembered order that was done last, linked to those before it by `previous`.
    client_orders: its remembered orders by the client_order_ids that are unique for good, also by former ones.
    open_only_orders: its remembered orders by open-only client_order_ids; None before the first.
    former_ids: by order_id, the client_order_ids before amends changed them, oldest first; None before the first.
    entered: by client_order_id, how its amended orders were first sent.
    maker_fills, taker_fills: lists that end with its last trades; None before the first.
    suspended: it may send no orders.
    ledger: its money; None while it trades without limit.
    cancel_at: the time at which its orders are canceled, in nanoseconds; None while that is off.
    """

    __slots__ = (
        "cancel_at",
        "client_orders",
        "entered",
        "last_done",
        "ledger",
        "maker_fills",
        "more_ids",
        "name",
        "orders",
        "suspended",
        "taker_fills",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.orders = OrderList()
        self.last_done: Order | None = None
        self.client_orders = NamedOrders()
        self.more_ids: MoreIds | None = None
        self.entered = NONE_ENTERED
        self.maker_fills: list[Trade] | None = None
        self.taker_fills: list[Trade] | None = None
        self.suspended = False
        self.ledger: Ledger | None = None
        self.cancel_at: int | None = None

    @property
    def open_only_orders(self) -> NamedOrders | None:
        return None if self.more_ids is None else self.more_ids.open_only_orders

    @open_only_orders.setter
    def open_only_orders(self, orders: NamedOrders | None) -> None:
        self._more_ids().open_only_orders = orders

    @property
    def former_ids(self) -> dict[int, list[str | None]] | None:
        return None if self.more_ids is None else self.more_ids.former_ids

    @former_ids.setter
    def former_ids(self, ids: dict[int, list[str | None]] | None) -> None:
        self._more_ids().former_ids = ids

    def _more_ids(self) -> MoreIds:
        if self.more_ids is None:
            self.more_ids = MoreIds()
        return self.more_ids

    @property
    def in_use(self) -> bool:
        """Whether anything is left of it: an order, a suspension, a timer or a ledger."""
        return (
            self.last_done is not None
            or self.suspended
            or self.ledger is not None
            or self.cancel_at is not None
            or next(iter(self.orders), None) is not None
        )


def as_sent(order: Order) -> AsSent:
    """How the order was sent, before amends, trails and fills changed it."""
    if order.client_order_id is not None and order.client_order_id in order.account.entered:
        return order.account.entered[order.client_order_id]
    quantity = order.quantity if order.terms.quote_quantity is None else 0
    return quantity, order.price, None if TRAILS[order.order_type] else order.trigger_price


def remember_as_sent(order: Order) -> None:
    """Keep how an order was sent, before it is amended for the first time. Nobody asks for that of open-only ids."""
    account = order.account
    if order.client_order_id is not None and account.client_orders.get(order.client_order_id) is order:
        if account.entered is NONE_ENTERED:
            account.entered = {}
        account.entered.setdefault(order.client_order_id, as_sent(order))
