"""Events: everything that a command caused, in the order in which it happened.

Fields and tags are only ever appended. Prices and quantities are the instrument's integers (see `units`).
"""

from msgspec import Struct

from protocol.instrument import Instrument
from protocol.units import Reason, Refusal, Side


class OrderPlaced(Struct, frozen=True, array_like=True, tag=1, gc=False):
    """The order is in the exchange: it takes, rests or waits; what follows says what became of it."""

    order_id: int


class OrderRejected(Struct, frozen=True, array_like=True, tag=2, gc=False):
    """The market's state, or the deadline, forbids the order. It keeps its id and its client_order_id."""

    order_id: int
    reason: Reason


class OrderDuplicated(Struct, frozen=True, array_like=True, tag=3, gc=False):
    """The same order was sent before under this client_order_id; nothing happened."""

    order_id: int


class OrderTriggered(Struct, frozen=True, array_like=True, tag=4, gc=False):
    """A pending order fired: a trade printed at or beyond its trigger_price."""

    order_id: int


class Trade(Struct, frozen=True, array_like=True, tag=5, gc=False):
    """Two orders met at the maker's price. trade_id counts the symbol's trades from 1. Each side's fee is exactly
    price x quantity x its rate in basis points."""

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
    """`quantity` of the order, all that was not filled, is gone."""

    order_id: int
    quantity: int
    reason: Reason


class OrderAmended(Struct, frozen=True, array_like=True, tag=10, gc=False):
    """The order is now so; trades that the change caused follow."""

    order_id: int
    quantity: int
    price: int | None
    trigger_price: int | None


class OrderReduced(Struct, frozen=True, array_like=True, tag=11, gc=False):
    """The order's quantity, and what remains of it, is lower by so much: the other leg of its OCO has traded it."""

    order_id: int
    quantity: int


class OrderDecremented(Struct, frozen=True, array_like=True, tag=12, gc=False):
    """So much of what remained of the order is gone without a trade, by self-trade prevention; the rest goes on."""

    order_id: int
    quantity: int


class TriggerMoved(Struct, frozen=True, array_like=True, tag=13, gc=False):
    """The trailing stop waits for another price now."""

    order_id: int
    trigger_price: int


class AccountSet(Struct, frozen=True, array_like=True, tag=14, gc=False):
    """The account is now so. `cancel_at` is when its orders are canceled unless that is put off; None where it is
    off."""

    account: str
    suspended: bool
    cancel_at: int | None


class AccountWatched(Struct, frozen=True, array_like=True, tag=15, gc=False):
    """From this command on what happens to the account's orders is kept and published."""

    account: str


class InstrumentSet(Struct, frozen=True, array_like=True, tag=7):
    """The instrument is now so."""

    instrument: Instrument


class BookLoaded(Struct, frozen=True, array_like=True, tag=8):
    """The symbol's book is that of the file; the orders in `skipped` were done since the save."""

    symbol: str
    restored: int
    skipped: list[int]


class CommandRefused(Struct, frozen=True, array_like=True, tag=9, gc=False):
    """The command changed nothing. `field` and `detail` say more where the refusal alone does not."""

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
)
