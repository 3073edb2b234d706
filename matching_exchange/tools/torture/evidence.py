"""What the outside has been told: by answers to clients, and by market data."""

from typing import Final, Literal, get_args

from msgspec import Struct

MoveKind = Literal["deposit", "withdraw", "transfer", "reset"]
CommandKind = Literal[
    "place", "oco", "replace", "amend", "cancel", "cancel_all", "cancel_after", "suspend", "resume", MoveKind
]

MOVES: Final = frozenset(get_args(MoveKind))
"""The kinds that move money."""

PLACES: Final = frozenset(("place", "oco", "replace"))
"""The kinds that place orders."""


class Key(Struct, frozen=True):
    """Identifies the commands that only one request can have caused. `name` depends on the command:

    - a new order or OCO, also one that replaces another: its client_order_id,
    - a cancel: `client:` and the order's client_order_id, or its order_id,
    - an amend: the same, and the new values,
    - a cancel of all orders: the symbol,
    - a cancel-after: its milliseconds,
    - what moves money: its transfer_id."""

    kind: CommandKind
    account: str
    name: str


def amend_name(named: str, quantity: int | None, price: int | None, trigger_price: int | None) -> str:
    """The name in the key of an amend of the order that is named so."""
    return f"{named} to {quantity}, {price}, {trigger_price}"


class Told(Struct):
    """A request that was answered.

    invoked, returned: when it was first sent and when it was answered, in seconds of one clock.
    position: its place among the requests of the same call.

    unknown: attempts that may have been taken, but got no answer.
    refused: attempts that were not taken: 503, or no connection.
    again: the order or the transfer had been answered before.
    asked: the body of a request that moves money.
    """

    key: Key
    invoked: float
    returned: float
    unknown: int
    refused: int
    status: int
    body: bytes
    again: bool = False
    position: int = 0
    asked: bytes = b""


class Identity(Struct, frozen=True):
    """What never changes of an order, as its answers say it."""

    order_id: str
    sequence: int
    timestamp: str


class PublishedTrade(Struct, frozen=True):
    """A trade as the market data said it."""

    symbol: str
    trade_id: int
    price: int
    quantity: int
    maker_order_id: int
    taker_order_id: int
    sequence: int
    timestamp: int


class Listing(Struct, frozen=True):
    """All orders of an account, as the running exchange lists them at the end, with the count of each
    client_order_id."""

    account: str
    orders: dict[str, Identity]
    times_listed: dict[str, int]


class StreamEvidence(Struct):
    """The messages of an account's own stream, by connection, in order. `faults` are those that the follower itself
    has found."""

    account: str
    connections: list[list[str]]
    faults: list[str]


class Holding(Struct, frozen=True):
    """What an account has of an asset, as the exchange says it."""

    asset: str
    free: str
    locked: str


class Lock(Struct, frozen=True):
    """What an open order locks; None without a ledger."""

    symbol: str
    side: str
    reserved: str | None


class AccountMoney(Struct, frozen=True):
    """What an account says of itself in the end: its balances and its open orders' locks."""

    account: str
    ledger: bool
    balances: list[Holding]
    locks: list[Lock]


class ListedAccount(Struct, frozen=True):
    """An account in the list of all."""

    account: str
    balances: list[Holding]


class SumOfAsset(Struct, frozen=True):
    """What the exchange says of all ledgers together."""

    asset: str
    accounts: str
    fees: str
    outside: str
    deposited: str
    exact: bool


class MoneyEvidence(Struct):
    """Who has what in the end, by account and in the list of all, with the sums."""

    accounts: list[AccountMoney]
    listed: list[ListedAccount]
    sums: list[SumOfAsset]


class Evidence(Struct):
    """All that the exchange has answered. `look_up_faults` are look-ups that showed less than an earlier answer.
    `digest` is that of the running exchange."""

    told: list[Told]
    look_ups: int
    look_up_faults: list[str]
    listings: list[Listing]
    published: list[PublishedTrade]
    stream: StreamEvidence
    money: MoneyEvidence
    digest: str
