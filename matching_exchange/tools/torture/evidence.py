"""What the outside has been told: by answers to clients, and by market data."""

from typing import Literal

from msgspec import Struct

CommandKind = Literal["place", "oco", "amend", "cancel", "cancel_all", "cancel_after", "suspend", "resume"]


class Key(Struct, frozen=True):
    """Names the commands that only one request can have caused. `name` is the client_order_id of a new order or OCO; of
    a cancel the order's client_order_id behind `client:`, or its order_id; of an amend that and what it asks for; the
    symbol where the command cancels all orders; the milliseconds of a cancel on silence."""

    kind: CommandKind
    account: str
    name: str


def amend_name(named: str, quantity: int | None, price: int | None, trigger_price: int | None) -> str:
    """The name in the key of an amend of the order that is named so."""
    return f"{named} to {quantity}, {price}, {trigger_price}"


class Told(Struct):
    """A request that was answered. `invoked` and `returned` are when it was first sent and when it was answered, in
    seconds of one clock; `position` is its place among those that were sent in the same call.

    `unknown` counts the attempts that may have been taken although nobody said so, `refused` those that were not taken:
    503, or no connection at all. `again` marks an order that had been answered before.
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
    """All orders of an account, as the living exchange lists them at the end: how often each client_order_id, and which
    order it is."""

    account: str
    orders: dict[str, Identity]
    times_listed: dict[str, int]


class StreamEvidence(Struct):
    """What an account's own stream has told its follower: the messages of each connection, in order. `faults` are what
    the follower has found wrong by itself."""

    account: str
    connections: list[list[str]]
    faults: list[str]


class Evidence(Struct):
    """`look_up_faults` tells of look-ups that said less than an answer before them; `digest` is that of the living
    exchange."""

    told: list[Told]
    look_ups: int
    look_up_faults: list[str]
    listings: list[Listing]
    published: list[PublishedTrade]
    stream: StreamEvidence
    digest: str
