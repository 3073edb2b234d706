"""All that the matcher can say: what happened (events), answers to commands and to queries, and public market data.

Fields and tags are only ever appended. Prices and quantities are the instrument's integers (see `units`).
"""

from msgspec import Struct

from protocol.commands import OrderTerms
from protocol.instrument import Instrument
from protocol.units import (
    OrderStatus,
    OrderType,
    Reason,
    Refusal,
    Side,
)

# Events: everything that a command caused, in the order in which it happened.


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


# Answers to commands: one for each, on the sender's own topic.


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


# Results of queries: as of the sequence that their report bears.


class OrderPage(Struct, frozen=True, array_like=True, tag=31):
    """Orders without their trades, and the cursor from which the list goes on; null at its end. A page may hold fewer
    orders than were asked for, even none, and go on all the same: a query's work is bounded. Where they were asked for
    of one account, `suspended` and `cancel_at` are that account's."""

    orders: list[OrderState]
    next: int | None
    suspended: bool = False
    cancel_at: int | None = None


class Depth(Struct, frozen=True, array_like=True, tag=32):
    """The best levels, best first: (price, quantity) pairs."""

    symbol: str
    bids: list[tuple[int, int]]
    asks: list[tuple[int, int]]


class TradeHistory(Struct, frozen=True, array_like=True, tag=33):
    """The last trades, oldest first."""

    symbol: str
    trades: list[Trade]


class InstrumentList(Struct, frozen=True, array_like=True, tag=34):
    instruments: list[Instrument]


class MatcherStatus(Struct, frozen=True, array_like=True, tag=35):
    """`uptime` is in nanoseconds, `refused_frames` counts what the matcher could not read since it started."""

    epoch: int
    sync: str
    open_orders: int
    uptime: int
    refused_frames: int


class BookSaved(Struct, frozen=True, array_like=True, tag=36):
    """The book is in the file of that name under the data directory."""

    symbol: str
    file: str
    orders: int


class Digest(Struct, frozen=True, array_like=True, tag=37):
    """SHA-256 over the canonical state, in hexadecimal."""

    digest: str


class Fill(Struct, frozen=True, array_like=True):
    """One side of a trade: the account's order in it, and whether that was the maker."""

    order_id: int
    maker: bool
    trade: Trade


class FillPage(Struct, frozen=True, array_like=True, tag=38):
    """Fills of an account, oldest first. `next` is the cursor for the page after this one, null where there is no newer
    fill."""

    fills: list[Fill]
    next: tuple[int, int] | None


class OrderChange(Struct, frozen=True, array_like=True):
    """What happened to an order: `event` is an OrderPlaced, OrderRejected, OrderTriggered, OrderCanceled, OrderAmended,
    OrderReduced, OrderDecremented or TriggerMoved of its id, or a Trade; `filled_quantity` is what was filled of it
    then."""

    order_id: int
    event: Event
    filled_quantity: int


class OrdersPart(Struct, frozen=True, array_like=True, tag=1):
    """What happened to the account's orders. `changes` are in the order in which they happened. `orders` are as the
    command left them, without their trades, in the order of their first change."""

    changes: list[OrderChange]
    orders: list[OrderState]


class AccountPart(Struct, frozen=True, array_like=True, tag=2):
    """The account's own state has changed to this."""

    account: AccountSet


UpdatePart = OrdersPart | AccountPart
"""What an update may tell of. Later parts get the next tags."""


class AccountUpdate(Struct, frozen=True, array_like=True, tag=8):
    """Report: all that one command changed for one account, in parts, each at most once. `previous` is the sequence of
    the update before it."""

    account: str
    sequence: int
    previous: int
    timestamp: int
    parts: list[UpdatePart]

    @classmethod
    def of(
        cls,
        account: str,
        sequence: int,
        previous: int,
        timestamp: int,
        changes: list[OrderChange],
        orders: list[OrderState],
        account_set: AccountSet | None = None,
    ) -> "AccountUpdate":
        """An update of these changes. A part that would be empty is left out."""
        parts: list[UpdatePart] = []
        if changes:
            parts.append(OrdersPart(changes, orders))
        if account_set is not None:
            parts.append(AccountPart(account_set))
        return cls(account, sequence, previous, timestamp, parts)

    @property
    def changes(self) -> list[OrderChange]:
        """The changes of the account's orders, oldest first."""
        return next((part.changes for part in self.parts if isinstance(part, OrdersPart)), [])

    @property
    def orders(self) -> list[OrderState]:
        """The orders that have changed, as the command left them."""
        return next((part.orders for part in self.parts if isinstance(part, OrdersPart)), [])

    @property
    def account_set(self) -> AccountSet | None:
        """The account's state; None while that has not changed."""
        return next((part.account for part in self.parts if isinstance(part, AccountPart)), None)


class AccountUpdates(Struct, frozen=True, array_like=True, tag=39):
    """The updates after the asked sequence, oldest first. `complete` is False where some that came after it are not
    kept any more. `next` is the sequence to go on after, null at the end. `watched` says whether updates of the account
    are kept at all."""

    updates: list[AccountUpdate]
    complete: bool
    next: int | None
    watched: bool


QueryResult = (
    OrderState
    | OrderPage
    | Depth
    | TradeHistory
    | InstrumentList
    | MatcherStatus
    | BookSaved
    | Digest
    | FillPage
    | AccountUpdates
    | CommandRefused
)


# Reports: the frames that carry answers and results to a session.


class Welcome(Struct, frozen=True, array_like=True, tag=1):
    """Answers Hello, whose `answered` it repeats. `journal` names the journal for its lifetime, `taken` is the last
    number that the matcher took from the session: below `answered`, the journal has lost what was answered."""

    version: int
    session: int
    epoch: int
    journal: str
    taken: int
    answered: int = 0


class Answers(Struct, frozen=True, array_like=True, tag=2):
    """Answers in the order of the commands' numbers, the first one to `number` and stamped `sequence`, the following
    the next ones."""

    session: int
    epoch: int
    number: int
    sequence: int
    timestamp: int
    answers: list[Answer]


class SessionUnknown(Struct, frozen=True, array_like=True, tag=3):
    """The matcher does not know the session, or not any more: nothing of the frame was taken."""

    session: int
    number: int


class FrameRefused(Struct, frozen=True, array_like=True, tag=4):
    """The frame that began with `number` is no sound frame: nothing of it was taken."""

    session: int
    number: int
    detail: str


class QueryAnswer(Struct, frozen=True, array_like=True, tag=5):
    """The result of the query `request`, as of `sequence`."""

    session: int
    request: int
    sequence: int
    timestamp: int
    result: QueryResult


class Pulse(Struct, frozen=True, array_like=True, tag=6):
    """The matcher is alive; goes to all sessions. `timestamp` is the matcher's time, from which deadlines are made;
    zero where an older matcher does not tell it."""

    version: int
    epoch: int
    journal: str
    sequence: int
    timestamp: int = 0


Report = Welcome | Answers | SessionUnknown | FrameRefused | QueryAnswer | Pulse | AccountUpdate
