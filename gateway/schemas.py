"""The public JSON: what requests hold and what answers hold. These structs are also the schemas of the OpenAPI document.

Prices, quantities and fees are decimal strings, ids are opaque strings, timestamps are UTC ISO 8601 with milliseconds and `Z`.
Words such as side and status are the lower-case names of the members of `protocol.units`.
"""

from enum import IntEnum
from typing import Annotated, Final

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

from protocol.instrument import MAX_DECIMAL_LENGTH
from protocol.units import MAX_FEE_BPS, NAME_PATTERN, SYMBOL_PATTERN, InstrumentStatus, OrderStatus, OrderType, Reason, Side


def word(member: IntEnum) -> str:
    """The member's public word."""
    return member.name.lower()


def _words(members: type[IntEnum]) -> dict[str, object]:
    return {"enum": [word(member) for member in members]}


NULL: Final = Raw(b"null")
"""Stands in an optional number's place where it is missing."""


def optional_number() -> Raw:
    """The default of an optional number's field: a factory, since a Raw cannot be in a union, nor stand as a default in a schema."""
    return NULL


_NUMBER_TEXT: Final = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?$", "maxLength": MAX_DECIMAL_LENGTH}


def _number(*more: dict[str, object], **bound: int) -> dict[str, object]:
    return {
        "anyOf": [_NUMBER_TEXT, {"type": "number", **bound}, *more],
        "description": "A decimal number, as a string or as a number; read exactly.",
        "examples": ["0.5"],
    }


NumberInput = Annotated[Raw, Meta(extra_json_schema=_number(exclusiveMinimum=0))]
OptionalNumber = Annotated[Raw, Meta(extra_json_schema=_number({"type": "null"}, exclusiveMinimum=0))]
OptionalNotional = Annotated[Raw, Meta(extra_json_schema=_number({"type": "null"}, minimum=0))]
Decimal = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]*[1-9])?$", description="A decimal number, exact.", examples=["60000.01"])]
Timestamp = Annotated[str, Meta(pattern=r"^[0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z$", examples=["2025-10-24T04:41:51.774Z"])]
Sequence = Annotated[int, Meta(ge=0, description="Counts the commands of the exchange.")]
Identifier = Annotated[str, Meta(description="Opaque.", examples=["42"])]
SymbolText = Annotated[str, Meta(extra_json_schema={"pattern": f"^{SYMBOL_PATTERN.pattern}$", "examples": ["BTC-USDT"]})]
NameText = Annotated[str, Meta(extra_json_schema={"pattern": f"^{NAME_PATTERN.pattern}$", "examples": ["default"]})]
SideWord = Annotated[str, Meta(extra_json_schema=_words(Side))]
OrderTypeWord = Annotated[str, Meta(extra_json_schema=_words(OrderType))]
OrderStatusWord = Annotated[str, Meta(extra_json_schema=_words(OrderStatus))]
ReasonWord = Annotated[str, Meta(extra_json_schema=_words(Reason))]
InstrumentStatusWord = Annotated[str, Meta(extra_json_schema=_words(InstrumentStatus))]
BasisPoints = Annotated[int, Meta(extra_json_schema={"minimum": 0, "maximum": MAX_FEE_BPS})]

Level = Annotated[tuple[Decimal, ...], Meta(min_length=2, max_length=2, description="Price and quantity.")]


class OrderRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A new order. Which of price and trigger_price it takes depends on its order_type: market neither; limit, ioc and fok a price;
    stop_market and take_profit a trigger_price; stop_limit both."""

    symbol: SymbolText
    order_type: OrderTypeWord
    side: SideWord
    quantity: NumberInput
    price: OptionalNumber = field(default_factory=optional_number)
    trigger_price: OptionalNumber = field(default_factory=optional_number)
    client_order_id: NameText | None = None
    account: NameText | None = None


class OrderTrade(Struct, frozen=True):
    """A fill of an order. Fees are in the quote currency."""

    trade_id: Identifier
    price: Decimal
    quantity: Decimal
    aggressor_side: SideWord
    maker_order_id: Identifier
    taker_order_id: Identifier
    maker_fee: Decimal
    taker_fee: Decimal


class Order(Struct, frozen=True):
    """An order. `resting`: some of it stands in the book. `remaining_quantity` can still trade. `average_price` is exact, or has 12
    significant digits where it has no end. `trades` are those of the answered command, in a look-up the last 100; empty in lists.
    `sequence` and `timestamp` are those of its entry."""

    order_id: Identifier
    client_order_id: NameText | None
    account: NameText
    symbol: SymbolText
    side: SideWord
    order_type: OrderTypeWord
    price: Decimal | None
    trigger_price: Decimal | None
    status: OrderStatusWord
    resting: bool
    quantity: Decimal
    filled_quantity: Decimal
    remaining_quantity: Decimal
    average_price: Decimal | None
    trades: list[OrderTrade]
    reason: ReasonWord | None
    sequence: Sequence
    timestamp: Timestamp
    duplicate: Annotated[bool, Meta(description="There, and true, where the same order was sent before.")] | UnsetType = UNSET


class OrderList(Struct, frozen=True):
    """`next` is the value of `after` for the orders that follow, null at the end."""

    orders: list[Order]
    next: str | None


class CanceledOrders(Struct, frozen=True):
    orders: list[Order]


class DepthView(Struct, frozen=True):
    """The best levels, best first, as of `sequence`."""

    timestamp: Timestamp
    symbol: SymbolText
    sequence: Sequence
    bids: list[Level]
    asks: list[Level]


class BestPrices(Struct, frozen=True):
    """The best level of each side; null where it is empty."""

    timestamp: Timestamp
    symbol: SymbolText
    sequence: Sequence
    bid: Level | None
    ask: Level | None


class BestLevels(Struct, frozen=True):
    bid: Level | None
    ask: Level | None


class DepthUpdate(Struct, frozen=True):
    """A message of the market data stream: the top levels and the best of each side."""

    timestamp: Timestamp
    symbol: SymbolText
    sequence: Sequence
    bids: list[Level]
    asks: list[Level]
    bbo: BestLevels


class MarketTrade(Struct, frozen=True):
    """A trade, as in the history and on the trade stream. Fees are in the quote currency."""

    timestamp: Timestamp
    symbol: SymbolText
    sequence: Sequence
    trade_id: Identifier
    price: Decimal
    quantity: Decimal
    aggressor_side: SideWord
    maker_order_id: Identifier
    taker_order_id: Identifier
    maker_fee: Decimal
    taker_fee: Decimal


class TradeList(Struct, frozen=True):
    """The last trades, oldest first."""

    symbol: SymbolText
    trades: list[MarketTrade]


class InstrumentRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """An instrument to add or to change. For a known one, a field that is missing stays as it is, and base, quote, tick_size and
    lot_size cannot change. A new one needs them, max_quantity and max_price; min_quantity is lot_size where it is missing, min_notional
    and the fees are 0, status is trading."""

    symbol: SymbolText
    base: str | None = None
    quote: str | None = None
    tick_size: OptionalNumber = field(default_factory=optional_number)
    lot_size: OptionalNumber = field(default_factory=optional_number)
    min_quantity: OptionalNumber = field(default_factory=optional_number)
    max_quantity: OptionalNumber = field(default_factory=optional_number)
    max_price: OptionalNumber = field(default_factory=optional_number)
    min_notional: OptionalNotional = field(default_factory=optional_number)
    maker_fee_bps: BasisPoints | None = None
    taker_fee_bps: BasisPoints | None = None
    status: InstrumentStatusWord | None = None


class InstrumentView(Struct, frozen=True):
    symbol: SymbolText
    base: str
    quote: str
    tick_size: Decimal
    lot_size: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    max_price: Decimal
    min_notional: Decimal
    maker_fee_bps: int
    taker_fee_bps: int
    status: InstrumentStatusWord


class InstrumentViews(Struct, frozen=True):
    instruments: list[InstrumentView]


class SavedBookView(Struct, frozen=True):
    """`file` is relative to the matcher's data directory, `orders` is how many are in it."""

    symbol: SymbolText
    file: str
    orders: int
    sequence: Sequence
    timestamp: Timestamp


class LoadedBookView(Struct, frozen=True):
    """`restored` orders stand in the book again; those in `skipped` were done since the save."""

    symbol: SymbolText
    restored: int
    skipped: list[Identifier]
    sequence: Sequence
    timestamp: Timestamp


class DigestView(Struct, frozen=True):
    """`digest` is a SHA-256, in hexadecimal, over the state as of `sequence`."""

    sequence: Sequence
    digest: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Health(Struct, frozen=True, tag_field="status", tag="ok"):
    """The matcher answers. `sync` tells when its journal is synced: always, interval:<ms> or off. `uptime` is in whole seconds;
    `refused_frames` counts what it could not read; `epoch` is another one after each of its restarts."""

    sync: str
    sequence: Sequence
    open_orders: int
    uptime: int
    refused_frames: int
    epoch: str


class Unhealthy(Struct, frozen=True, tag_field="status", tag="unavailable"):
    """No matcher answered in time, or it takes no commands yet."""

    detail: str
