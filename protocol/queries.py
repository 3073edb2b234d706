"""Queries of the matcher: they change nothing, and are safe to repeat. Only append fields and tags."""

from msgspec import Struct

from protocol.money import AccountQuery, AccountsQuery, BalancesQuery, MovementsQuery
from protocol.units import Count, Name, OrderId, Symbol


class OrderQuery(Struct, frozen=True, array_like=True, tag=1):
    """Ask for one order as it stands now, named as in CancelOrder. Answer: OrderState or CommandRefused."""

    order_id: OrderId | None = None
    account: Name | None = None
    client_order_id: Name | None = None


class AmendmentsQuery(Struct, frozen=True, array_like=True, tag=20):
    """Ask for the amends of an order that have named a new_client_order_id, oldest first. It is named as in
    CancelOrder. Answer: AmendmentList or CommandRefused.

    `after` is the sequence of an amend. `limit` is a number of amends.
    """

    order_id: OrderId | None = None
    account: Name | None = None
    client_order_id: Name | None = None
    after: Count = 0
    limit: Count = 100


class PreventedMatchesQuery(Struct, frozen=True, array_like=True, tag=21):
    """Ask for the last matches of an account that self-trade prevention has kept from trading, oldest first. Answer:
    PreventedMatchList.

    symbol, order_id: None for those of all. `after` is a prevented_match_id. `limit` is a number of matches.
    """

    account: Name
    symbol: Symbol | None = None
    order_id: OrderId | None = None
    after: Count = 0
    limit: Count = 100


class OrdersQuery(Struct, frozen=True, array_like=True, tag=2):
    """Ask for orders: open and pending ones, oldest first; or, with `done`, done ones, newest first.

    `limit` is a number of orders. `after` is the cursor of the page before; zero starts the list. Answer: OrderPage.
    """

    symbol: Symbol | None = None
    account: Name | None = None
    done: bool = False
    limit: Count = 100
    after: Count = 0


class DepthQuery(Struct, frozen=True, array_like=True, tag=3):
    """Ask for the best levels of a book; `levels` counts those of each side. Answer: Depth or CommandRefused."""

    symbol: Symbol
    levels: Count = 10


class TradesQuery(Struct, frozen=True, array_like=True, tag=4):
    """Ask for a symbol's last trades with a trade_id above `after`, oldest first.

    Answer: TradeHistory or CommandRefused.
    """

    symbol: Symbol
    limit: Count = 100
    after: Count = 0


class InstrumentsQuery(Struct, frozen=True, array_like=True, tag=5):
    """Ask for all instruments, or for that of one symbol. The list is empty for an unknown symbol.

    Answer: InstrumentList.
    """

    symbol: Symbol | None = None


class StatusQuery(Struct, frozen=True, array_like=True, tag=6):
    """Ask for the state of the matcher process. Answer: MatcherStatus."""


class SaveBook(Struct, frozen=True, array_like=True, tag=7):
    """Write the symbol's book to its file. Answer: BookSaved or CommandRefused."""

    symbol: Symbol


class DigestQuery(Struct, frozen=True, array_like=True, tag=8):
    """Ask for the digest of the state as it is now. Answer: Digest or CommandRefused."""


class FillsQuery(Struct, frozen=True, array_like=True, tag=9):
    """Ask for the account's last fills, oldest first; `symbol` None means all symbols.

    `after` is a cursor, the sequence and the trade_id of a fill; None asks for the newest fills.
    Answer: FillPage or CommandRefused.
    """

    account: Name
    symbol: Symbol | None = None
    limit: Count = 100
    after: tuple[Count, Count] | None = None


class AccountUpdatesQuery(Struct, frozen=True, array_like=True, tag=10):
    """Ask for the changes of the account's orders after a sequence, oldest first. Answer: AccountUpdates."""

    account: Name
    after: Count


class KeysQuery(Struct, frozen=True, array_like=True, tag=14):
    """Ask for keys, by their ids in ascending order, after the id `after`. Answer: KeyList.

    A `limit` of zero asks for `changed` alone.
    """

    limit: Count = 0
    after: str = ""


class AccountVersionsQuery(Struct, frozen=True, array_like=True, tag=18):
    """Ask for accounts whose status has a version, by their names in ascending order, after the name `after`.

    A `limit` of zero asks for `changed` alone. Answer: AccountVersionList.
    """

    limit: Count = 0
    after: str = ""


class BookUpdatesQuery(Struct, frozen=True, array_like=True, tag=16):
    """Ask for messages of a topic of the symbol's book that were missed: those after a number of an epoch.

    orders: whether the topic is `orders/`; else it is `book/`. Answer: BookUpdates or CommandRefused.
    """

    symbol: Symbol
    orders: bool
    epoch: Count
    after: Count


class SessionsQuery(Struct, frozen=True, array_like=True, tag=19):
    """Ask for the sessions that the matcher knows. Answer: SessionList."""


Query = (
    OrderQuery
    | OrdersQuery
    | DepthQuery
    | TradesQuery
    | InstrumentsQuery
    | StatusQuery
    | SaveBook
    | DigestQuery
    | FillsQuery
    | AccountUpdatesQuery
    | BalancesQuery
    | AccountQuery
    | MovementsQuery
    | AccountsQuery
    | KeysQuery
    | BookUpdatesQuery
    | SessionsQuery
    | AmendmentsQuery
    | PreventedMatchesQuery
    | AccountVersionsQuery
)
