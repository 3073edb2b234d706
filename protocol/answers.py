"""Answers to commands: one for each command, on the topic of its session. Only append fields and tags."""

from msgspec import Struct

from protocol.commands import OrderTerms
from protocol.happenings import BookLoaded, CommandRefused, InstrumentSet, Trade
from protocol.keys import KeyState
from protocol.money import LedgerState, TransferState
from protocol.units import OrderStatus, OrderType, Reason, Side


class OrderState(Struct, frozen=True, array_like=True, tag=21):
    """An order as it stands.

    resting: whether it stands in the book.
    filled_value: the sum of price x quantity of all its fills, in price unit times quantity unit.
    reason: why it was rejected or canceled, else None.
    sequence, timestamp: the stamp of the command that placed it.
    trades: those of the answered command; in the answer to an OrderQuery, the order's last ones.
    duplicate: the order was placed before under this client_order_id; the answered command changed nothing.
    prevented_quantity: what self-trade prevention has taken off it.
    unspent: what remains of its quote_quantity, else None.
    oco_id: the same for both orders of an OCO, else None.
    updated_sequence, updated: the stamp of its last change.
    reserved: what it locks, a decimal of base to sell, of quote to buy. None for an account without a ledger.
    previous_client_order_id: in the answer to an AmendOrder that has changed the client_order_id, the one before.
    working_since: the time since which it works: it has entered the book or run. None if it waits, or ended before.
    cancel_on_first_fill, list_client_order_id: those of its OCO.
    active_since: the time at which a trailing stop has reached its activation_price, else None.
    prevented_match_id: its last PreventedMatch; zero without one.
    """

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
    reserved: str | None = None
    previous_client_order_id: str | None = None
    working_since: int | None = None
    cancel_on_first_fill: bool = False
    list_client_order_id: str | None = None
    active_since: int | None = None
    prevented_match_id: int = 0


class OrderResult(Struct, frozen=True, array_like=True, tag=22):
    """The answer to a new order without terms: the fields of OrderState that its sender does not know yet."""

    order_id: int
    status: OrderStatus
    resting: bool
    filled_quantity: int
    remaining_quantity: int
    filled_value: int
    reason: Reason | None
    trades: list[Trade] = []
    reserved: str | None = None


class OrderStates(Struct, frozen=True, array_like=True, tag=23):
    """Answers CancelAllOrders with the canceled orders, oldest first; PlaceOco with the limit and the stop leg.

    more: some orders are still live. Send CancelAllOrders again to cancel them.
    """

    orders: list[OrderState]
    more: bool = False


class CancelReplaced(Struct, frozen=True, array_like=True, tag=29):
    """What became of both parts of a CancelReplace. None stands for a part that was not attempted.

    canceled: the order that the cancel names, after the command; or why it was not canceled.
    placed: the new order, also a rejected one; or why it was refused. With `duplicate`, an order that the same
        client_order_id made before: then nothing was canceled.
    """

    canceled: OrderState | CommandRefused | None
    placed: OrderState | CommandRefused | None


class AccountState(Struct, frozen=True, array_like=True, tag=24):
    """The account after the command.

    cancel_at: the time at which cancel-after cancels its orders; None while that is off.
    orders: those that the command canceled, oldest first.
    watched_since: the sequence from which on its changes are kept; None if they are not kept.
    more: some orders are still live after a suspension. Send SetAccountStatus again to cancel them.
    version: that of the status; zero without one.
    """

    account: str
    suspended: bool
    cancel_at: int | None
    orders: list[OrderState] = []
    watched_since: int | None = None
    more: bool = False
    version: int = 0


class KeysCopied(Struct, frozen=True, array_like=True, tag=28):
    """Answers CopyKeys. `changed` is that of the keys now."""

    changed: int


Answer = (
    OrderState
    | OrderResult
    | OrderStates
    | AccountState
    | InstrumentSet
    | BookLoaded
    | CommandRefused
    | TransferState
    | LedgerState
    | KeyState
    | CancelReplaced
    | KeysCopied
)
