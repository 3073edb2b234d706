"""Results of queries, as of the sequence that their report bears. Fields and tags are only ever appended."""

from msgspec import Struct

from protocol.answers import OrderState
from protocol.happenings import AccountSet, CommandRefused, Event, Trade
from protocol.instrument import Instrument


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
