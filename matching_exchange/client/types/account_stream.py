"""What an account's own stream tells."""

from decimal import Decimal

from msgspec import Struct

from matching_exchange.client.times import Time
from matching_exchange.client.types.money import Balance
from matching_exchange.client.types.orders import Fill, Order
from matching_exchange.client.types.words import Reason


class Placed(Struct, frozen=True, tag_field="event", tag="placed"):
    """The order is in the exchange."""

    order_id: int


class Rejected(Struct, frozen=True, tag_field="event", tag="rejected"):
    """The market's state, or the account's, forbids the order."""

    order_id: int
    reason: Reason


class Triggered(Struct, frozen=True, tag_field="event", tag="triggered"):
    """The pending order has fired."""

    order_id: int


class TriggerMoved(Struct, frozen=True, tag_field="event", tag="trigger_moved"):
    """The trailing stop waits for another price now."""

    order_id: int
    trigger_price: Decimal


class Amended(Struct, frozen=True, tag_field="event", tag="amended"):
    """The order was changed to this. The client_order_ids are there if that has changed too."""

    order_id: int
    quantity: Decimal
    price: Decimal | None
    trigger_price: Decimal | None
    client_order_id: str | None = None
    previous_client_order_id: str | None = None


class Reduced(Struct, frozen=True, tag_field="event", tag="reduced"):
    """The order has lost this quantity: the other order of its OCO has traded it."""

    order_id: int
    quantity: Decimal


class Prevented(Struct, frozen=True, tag_field="event", tag="prevented"):
    """Self-trade prevention has taken this quantity off the order; the rest goes on."""

    order_id: int
    quantity: Decimal


class PartiallyFilled(Struct, frozen=True, tag_field="event", tag="partially_filled"):
    """The order has traded. `filled_quantity` is all that is filled after this trade."""

    order_id: int
    filled_quantity: Decimal
    fill: Fill


class Filled(Struct, frozen=True, tag_field="event", tag="filled"):
    """The order has traded, and all of it is filled."""

    order_id: int
    filled_quantity: Decimal
    fill: Fill


class Canceled(Struct, frozen=True, tag_field="event", tag="canceled"):
    """The rest of the order, `quantity`, is gone. `cancel_client_order_id` is there if its cancel has a name."""

    order_id: int
    reason: Reason
    quantity: Decimal
    cancel_client_order_id: str | None = None


class AccountChanged(Struct, frozen=True, tag_field="event", tag="account"):
    """The account's new state. `cancel_at` is when its orders are canceled, unless that is put off; None for never."""

    suspended: bool
    cancel_at: Time | None


Change = (
    Placed
    | Rejected
    | Triggered
    | TriggerMoved
    | Amended
    | Reduced
    | Prevented
    | PartiallyFilled
    | Filled
    | Canceled
    | AccountChanged
)


class AccountStart(Struct, frozen=True):
    """The account as of `sequence`: all its open and pending orders, oldest first. It replaces all that was known.

    shard: where the exchange has several: the one that tells this. It replaces what was known of that shard alone.
    cursor: there, what `after` takes for all that follows.
    restarted: an earlier item was told before. What happened between that one and this one is not told as updates.
    balances: assets that are not there are zero. Empty, with `ledger` false, for an unlimited account.
    """

    account: str
    sequence: int
    timestamp: Time
    suspended: bool
    cancel_at: Time | None
    orders: tuple[Order, ...]
    ledger: bool
    balances: tuple[Balance, ...]
    restarted: bool = False
    shard: str | None = None
    cursor: str | None = None


class AccountUpdate(Struct, frozen=True):
    """All that one command changed for the account: the changes in order, and the orders as it left them.

    previous: the sequence of the account's update before it.
    ledger: None if no balance has changed; False: the account is unlimited now, and has no balances any more.
    balances: those that have changed, as the command left them.
    shard, cursor: as in AccountStart. The order of updates of different shards is not defined.
    """

    account: str
    sequence: int
    previous: int
    timestamp: Time
    changes: tuple[Change, ...]
    orders: tuple[Order, ...]
    ledger: bool | None = None
    balances: tuple[Balance, ...] = ()
    shard: str | None = None
    cursor: str | None = None

    @property
    def fills(self) -> tuple[Fill, ...]:
        """The fills among the changes, in order."""
        return tuple(change.fill for change in self.changes if isinstance(change, PartiallyFilled | Filled))
