"""Answers to commands: one for each, on the sender's own topic. Fields and tags are only ever appended."""

from msgspec import Struct

from protocol.commands import OrderTerms
from protocol.happenings import BookLoaded, CommandRefused, InstrumentSet, Trade
from protocol.units import OrderStatus, OrderType, Reason, Side


class OrderState(Struct, frozen=True, array_like=True, tag=21):
    """An order as it stands. filled_value is the sum of price x quantity of all its fills; trades are those of the
    answered command or, in a look-up, its last ones. `duplicate` marks the answer to an order that was sent before.
    `prevented_quantity` was taken off it by self-trade prevention, `unspent` is what a quote_quantity has left,
    `oco_id` is the same for both orders of an OCO. `sequence` and `timestamp` are those of the order's entry,
    `updated_sequence` and `updated` those of its last change."""

    order_id: int
    client_order_id: str | None
    account: str
    symbol: str
    side: Side
    order_type: OrderType
    price: int | None
    trigger_price: int | None
    status: OrderStatus
    resting: bool
    quantity: int
    filled_quantity: int
    remaining_quantity: int
    filled_value: int
    reason: Reason | None
    sequence: int
    timestamp: int
    trades: list[Trade]
    duplicate: bool = False
    terms: OrderTerms | None = None
    prevented_quantity: int = 0
    unspent: int | None = None
    oco_id: int | None = None
    updated_sequence: int = 0
    updated: int = 0


class OrderResult(Struct, frozen=True, array_like=True, tag=22):
    """What became of a new order without terms: the part of OrderState that its sender does not know already. `trades`
    are those that the order took part in."""

    order_id: int
    status: OrderStatus
    resting: bool
    filled_quantity: int
    remaining_quantity: int
    filled_value: int
    reason: Reason | None
    trades: list[Trade] = []


class OrderStates(Struct, frozen=True, array_like=True, tag=23):
    """The orders that a CancelAllOrders canceled, oldest first, or the limit and the stop leg of a PlaceOco. `more`
    says that a CancelAllOrders has left some: sent again, it goes on."""

    orders: list[OrderState]
    more: bool = False


class AccountState(Struct, frozen=True, array_like=True, tag=24):
    """The account as the command left it, and the orders that it canceled, oldest first. `watched_since` is the
    sequence from which on what happens to the account's orders is kept; None where it is not. `more` says that a
    suspension has left live orders: sent again, it goes on."""

    account: str
    suspended: bool
    cancel_at: int | None
    orders: list[OrderState] = []
    watched_since: int | None = None
    more: bool = False


Answer = OrderState | OrderResult | OrderStates | AccountState | InstrumentSet | BookLoaded | CommandRefused
