"""Events: all that a command caused, in the order in which it happened.

Only append fields and tags. Prices and quantities are the instrument's integers, times nanoseconds (see `units`).
"""

from msgspec import Struct

from protocol.instrument import Instrument
from protocol.keys import KeyState
from protocol.money import LedgerSet, MoneyMoved, TransferDuplicated
from protocol.units import Reason, Refusal, Side


class OrderPlaced(Struct, frozen=True, array_like=True, tag=1, gc=False):
    """The exchange has accepted the order. The next events show whether it trades, rests or waits."""

    order_id: int


class OrderRejected(Struct, frozen=True, array_like=True, tag=2, gc=False):
    """The order is valid, but cannot enter now: `reason` says why. It keeps its id and its client_order_id."""

    order_id: int
    reason: Reason


class OrderDuplicated(Struct, frozen=True, array_like=True, tag=3, gc=False):
    """The same order was placed before under this client_order_id. Nothing changed."""

    order_id: int


class OrderTriggered(Struct, frozen=True, array_like=True, tag=4, gc=False):
    """A pending order has fired: a trade has reached its trigger_price."""

    order_id: int


class Trade(Struct, frozen=True, array_like=True, tag=5, gc=False):
    """Two orders have traded at the maker's price. Each side's fee is exactly price x quantity x its rate.

    trade_id: counts the symbol's trades from 1.
    aggressor_side: the taker's side.
    maker_fee_bps, taker_fee_bps: the rates at the time of the trade, in basis points.
    sequence, timestamp: the stamp of the command that caused the trade.
    """

    symbol: str
    trade_id: int
    price: int
    quantity: int
    aggressor_side: Side
    maker_order_id: int
    taker_order_id: int
    maker_fee_bps: int
    taker_fee_bps: int
    sequence: int
    timestamp: int


class OrderCanceled(Struct, frozen=True, array_like=True, tag=6, gc=False):
    """The order is canceled. `quantity` is what remained of it.

    cancel_client_order_id: that of the command that has canceled it, or the other leg of its OCO.
    counter_order_id, counter_price, prevented_quantity: with the reason SELF_TRADE, of an order with an open-only
        client_order_id: the order of its account that it met, the price at which they would have traded, and the
        quantity that was taken off it. Else zero.
    prevented_match_id: that of the PreventedMatch, where those are told.
    """

    order_id: int
    quantity: int
    reason: Reason
    cancel_client_order_id: str | None = None
    counter_order_id: int = 0
    counter_price: int = 0
    prevented_quantity: int = 0
    prevented_match_id: int = 0


class OrderAmended(Struct, frozen=True, array_like=True, tag=10, gc=False):
    """The order has this quantity and these prices now. Trades that the change caused follow.

    client_order_id: the new one, if it has changed, else None.
    previous_client_order_id: the one before it.
    """

    order_id: int
    quantity: int
    price: int | None
    trigger_price: int | None
    client_order_id: str | None = None
    previous_client_order_id: str | None = None


class OrderReduced(Struct, frozen=True, array_like=True, tag=11, gc=False):
    """The order's quantity and its remaining part are lower by `quantity`: the other leg of its OCO traded it."""

    order_id: int
    quantity: int


class OrderDecremented(Struct, frozen=True, array_like=True, tag=12, gc=False):
    """Self-trade prevention has taken `quantity` off the remaining part of the order. The rest stays live.

    counter_order_id, counter_price, prevented_match_id: as in OrderCanceled.
    """

    order_id: int
    quantity: int
    counter_order_id: int = 0
    counter_price: int = 0
    prevented_match_id: int = 0


class TriggerMoved(Struct, frozen=True, array_like=True, tag=13, gc=False):
    """The trailing stop has a new trigger_price."""

    order_id: int
    trigger_price: int


class AccountSet(Struct, frozen=True, array_like=True, tag=14, gc=False):
    """The account has this state now.

    cancel_at: the time at which cancel-after cancels its orders; None while that is off.
    """

    account: str
    suspended: bool
    cancel_at: int | None


class AccountWatched(Struct, frozen=True, array_like=True, tag=15, gc=False):
    """From this command on, the changes of the account's orders are kept and published."""

    account: str


class InstrumentSet(Struct, frozen=True, array_like=True, tag=7):
    """The instrument has these fields now."""

    instrument: Instrument


class BookLoaded(Struct, frozen=True, array_like=True, tag=8):
    """The symbol's book has been replaced by the saved one.

    restored: orders that are in the book again.
    skipped: ids of saved orders that are not, because they are done since the save.
    """

    symbol: str
    restored: int
    skipped: list[int]


class KeySet(Struct, frozen=True, array_like=True, tag=18, gc=False):
    """The key stands so now.

    sequence: that of the last change of any key, with this one. previous: that of the change before this one; both are
        the same if only the last use is another.
    """

    state: KeyState
    sequence: int
    previous: int


class KeyRevoked(Struct, frozen=True, array_like=True, tag=19, gc=False):
    """The key is good no more. `sequence` and `previous` are as in KeySet."""

    state: KeyState
    sequence: int
    previous: int


class CommandRefused(Struct, frozen=True, array_like=True, tag=9, gc=False):
    """The command has changed nothing. `refusal` says why.

    field: the field at fault, if the refusal does not name it.
    detail: more about the fault, for people; often empty.
    """

    refusal: Refusal
    field: str = ""
    detail: str = ""


class CancelFailed(Struct, frozen=True, array_like=True, tag=23, gc=False):
    """The cancel of a CancelReplace is refused, as in CommandRefused. The new order follows where that is allowed."""

    refusal: Refusal
    field: str = ""
    detail: str = ""


class PlaceFailed(Struct, frozen=True, array_like=True, tag=24, gc=False):
    """The new order of a CancelReplace is refused, as in CommandRefused. What it was to replace stays canceled."""

    refusal: Refusal
    field: str = ""
    detail: str = ""


Event = (
    OrderPlaced
    | OrderRejected
    | OrderDuplicated
    | OrderTriggered
    | Trade
    | OrderCanceled
    | OrderAmended
    | OrderReduced
    | OrderDecremented
    | TriggerMoved
    | AccountSet
    | AccountWatched
    | InstrumentSet
    | BookLoaded
    | CommandRefused
    | MoneyMoved
    | TransferDuplicated
    | LedgerSet
    | KeySet
    | KeyRevoked
    | CancelFailed
    | PlaceFailed
)
