"""Results of queries, as of the `sequence` of the QueryResult that carries them. Only append fields and tags."""

from msgspec import Struct

from protocol.answers import OrderState
from protocol.happenings import AccountSet, CommandRefused, Event, Trade
from protocol.instrument import Instrument
from protocol.keys import KeyState
from protocol.money import AccountList, AssetBalance, Balances, BalancesPart, MovementPage, PositionState
from protocol.units import SelfTradePrevention


class OrderPage(Struct, frozen=True, array_like=True, tag=31):
    """Orders without their trades.

    A query's work is bounded. So a page may hold fewer orders than the limit, or none, although others follow.

    next: the cursor of the next page; None after the last.
    suspended, cancel_at: the state of the account, if the query names one.
    """

    orders: list[OrderState]
    next: int | None
    suspended: bool = False
    cancel_at: int | None = None


class Depth(Struct, frozen=True, array_like=True, tag=32):
    """The best levels of each side, best first, as (price, quantity) pairs."""

    symbol: str
    bids: list[tuple[int, int]]
    asks: list[tuple[int, int]]


class TradeHistory(Struct, frozen=True, array_like=True, tag=33):
    """The last trades, oldest first."""

    symbol: str
    trades: list[Trade]


class InstrumentList(Struct, frozen=True, array_like=True, tag=34):
    """All instruments, or the one that was asked for."""

    instruments: list[Instrument]


class MatcherStatus(Struct, frozen=True, array_like=True, tag=35):
    """The state of the matcher process.

    epoch: the number of this start of the matcher.
    sync: the matcher's setting of that name: "always", "off" or "interval:<ms>".
    uptime: nanoseconds since it started.
    refused_frames: frames that it could not read since it started.
    core: "compiled" or "interpreted"; empty where an older matcher does not say.
    """

    epoch: int
    sync: str
    open_orders: int
    uptime: int
    refused_frames: int
    core: str = ""


class SessionState(Struct, frozen=True, array_like=True):
    """A session, by its public number.

    taken: how many of its commands were taken, in all.
    kept: frames of answers that are kept for it.
    """

    session: int
    taken: int
    kept: int


class SessionList(Struct, frozen=True, array_like=True, tag=50):
    """The sessions that the matcher knows; the one that has sent last comes first."""

    sessions: list[SessionState]


class BookSaved(Struct, frozen=True, array_like=True, tag=36):
    """The book is saved. `file` is its path below the data directory; `orders` counts the saved orders."""

    symbol: str
    file: str
    orders: int


class Digest(Struct, frozen=True, array_like=True, tag=37):
    """SHA-256 of the canonical state, in hexadecimal. Equal states have equal digests."""

    digest: str


class Fill(Struct, frozen=True, array_like=True):
    """One side of a trade. `order_id` is the account's order; `maker` says whether it was the maker."""

    order_id: int
    maker: bool
    trade: Trade


class FillPage(Struct, frozen=True, array_like=True, tag=38):
    """Fills of an account, oldest first. `next` is the cursor of the next page; None if no fill is newer."""

    fills: list[Fill]
    next: tuple[int, int] | None


class Amendment(Struct, frozen=True, array_like=True, gc=False):
    """What one AmendOrder has changed of its order: each value after it, and before it.

    sequence, timestamp: the stamp of the amend.
    """

    order_id: int
    sequence: int
    timestamp: int
    quantity: int
    previous_quantity: int
    price: int | None
    previous_price: int | None
    trigger_price: int | None
    previous_trigger_price: int | None
    client_order_id: str | None
    previous_client_order_id: str | None


class AmendmentList(Struct, frozen=True, array_like=True, tag=49):
    """The remembered amends of an order, oldest first. `next` is the sequence to ask after for the next page; None
    after the last."""

    symbol: str
    amendments: list[Amendment]
    next: int | None = None


class PreventedMatch(Struct, frozen=True, array_like=True, gc=False):
    """Two orders of one account that self-trade prevention has kept from trading.

    prevented_match_id: the sequence x 2^20, plus the place of the match among those of the command, from 1.
    self_trade_prevention: the taker's.
    price: that of the maker.
    taker_quantity, maker_quantity: what was taken off each; zero for an order that has lost nothing.
    sequence, timestamp: the stamp of the command.
    """

    prevented_match_id: int
    symbol: str
    taker_order_id: int
    maker_order_id: int
    self_trade_prevention: SelfTradePrevention
    price: int
    taker_quantity: int
    maker_quantity: int
    sequence: int
    timestamp: int


class PreventedMatchList(Struct, frozen=True, array_like=True, tag=46):
    """Remembered matches of an account, oldest first. `next` is the id to ask after for the next page; None after the
    last."""

    matches: list[PreventedMatch]
    next: int | None = None


class OrderChange(Struct, frozen=True, array_like=True):
    """One change of an order.

    event: an order event with this order_id, or a Trade that the order took part in.
    filled_quantity: the filled part of the order after this event. `protocol.running_totals` tells the rest.
    """

    order_id: int
    event: Event
    filled_quantity: int


class OrdersPart(Struct, frozen=True, array_like=True, tag=1):
    """The changes of the account's orders.

    changes: in the order in which they happened.
    orders: as the command left them, without their trades, in the order of their first change.
    """

    changes: list[OrderChange]
    orders: list[OrderState]


class AccountPart(Struct, frozen=True, array_like=True, tag=2):
    """The account's own state has changed to this."""

    account: AccountSet


UpdatePart = OrdersPart | AccountPart | BalancesPart
"""The parts of an update. New parts get the next tags."""


class AccountUpdate(Struct, frozen=True, array_like=True, tag=8):
    """A report: all that one command changed for one account. `previous` is the sequence of the update before it.

    `parts` holds each kind of part at most once.
    """

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
        balances: BalancesPart | None = None,
    ) -> "AccountUpdate":
        """Make an update of these changes, without empty parts."""
        parts: list[UpdatePart] = []
        if changes:
            parts.append(OrdersPart(changes, orders))
        if account_set is not None:
            parts.append(AccountPart(account_set))
        if balances is not None:
            parts.append(balances)
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
        """The account's state, if it has changed, else None."""
        return next((part.account for part in self.parts if isinstance(part, AccountPart)), None)

    @property
    def balances(self) -> BalancesPart | None:
        """The balances that have changed, else None."""
        return next((part for part in self.parts if isinstance(part, BalancesPart)), None)


class AccountSummary(Struct, frozen=True, array_like=True, tag=41):
    """An account's money, orders and positions.

    balances: as in Balances.
    orders: its oldest live orders, without their trades; `more` if there are others.
    positions: of the instruments in which it has traded since its ledger began, sorted.
    """

    account: str
    ledger: bool
    balances: list[AssetBalance]
    orders: list[OrderState]
    more: bool
    positions: list[PositionState]


class AccountUpdates(Struct, frozen=True, array_like=True, tag=39):
    """The updates after the given sequence.

    updates: oldest first.
    complete: false if some updates after the given sequence are no longer kept.
    next: the sequence to ask after for the next page; None after the last.
    watched: whether updates of the account are kept.
    """

    updates: list[AccountUpdate]
    complete: bool
    next: int | None
    watched: bool


class KeyList(Struct, frozen=True, array_like=True, tag=44):
    """Keys in the order of their ids.

    changed: the sequence of the last SetKey or RevokeKey that changed something; zero before the first.
    next: the id to ask after for the next page; None after the last.
    """

    keys: list[KeyState]
    changed: int
    next: str | None = None


class AccountVersion(Struct, frozen=True, array_like=True):
    """The status of an account, and its version: that of the SetAccountStatus that counts."""

    account: str
    suspended: bool
    version: int


class AccountVersionList(Struct, frozen=True, array_like=True, tag=47):
    """Accounts whose status has a version, in the order of their names.

    changed: the sequence of the last command that has changed one; zero before the first.
    next: the name to ask after for the next page; None after the last.
    """

    accounts: list[AccountVersion]
    changed: int
    next: str | None = None


class BookUpdates(Struct, frozen=True, array_like=True, tag=45):
    """The missed messages of a topic of a book.

    messages: as they were published, oldest first.
    complete: false if some of them are no longer kept. A new snapshot then comes on the topic, where it is subscribed.
    more: whether others follow.
    """

    messages: list[bytes]
    complete: bool
    more: bool


Result = (
    OrderState
    | OrderPage
    | Depth
    | TradeHistory
    | InstrumentList
    | MatcherStatus
    | SessionList
    | BookSaved
    | Digest
    | FillPage
    | AccountUpdates
    | CommandRefused
    | Balances
    | AccountSummary
    | MovementPage
    | AccountList
    | KeyList
    | BookUpdates
    | AmendmentList
    | PreventedMatchList
    | AccountVersionList
)
