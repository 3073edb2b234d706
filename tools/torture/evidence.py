"""What the outside has been told: by answers to clients, and by market data."""

from typing import Literal

from msgspec import Struct

CommandKind = Literal["place", "cancel", "cancel_all"]


class Key(Struct, frozen=True):
    """Names the commands that only one request can have caused. `name` is the order's client_order_id, behind `client:` where a cancel
    names it so, else its order_id; the symbol where the command cancels all orders."""

    kind: CommandKind
    account: str
    name: str


class Told(Struct):
    """A request that was answered. `invoked` and `returned` are when it was first sent and when it was answered, in seconds of one clock.

    `unknown` counts the attempts that may have been taken although nobody said so, `refused` those that were not taken: 503, or no
    connection at all. `again` marks an order that had been answered before.
    """

    key: Key
    invoked: float
    returned: float
    unknown: int
    refused: int
    status: int
    body: bytes
    again: bool = False


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
    """All orders of an account, as the living exchange lists them at the end: how often each client_order_id, and which order it is."""

    account: str
    orders: dict[str, Identity]
    times_listed: dict[str, int]


class Evidence(Struct):
    """`look_up_faults` tells of look-ups that said less than an answer before them; `digest` is that of the living exchange."""

    told: list[Told]
    look_ups: int
    look_up_faults: list[str]
    listings: list[Listing]
    published: list[PublishedTrade]
    digest: str
