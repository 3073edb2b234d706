"""The public JSON: what requests hold and what answers hold. These structs are also the schemas of the OpenAPI
document.

Prices, quantities and fees are decimal strings, ids are opaque strings, timestamps are UTC ISO 8601 with milliseconds
and `Z`.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.native.json.field_types import (
    MISSING,
    BasisPoints,
    BatchedOrderIds,
    BatchedOrders,
    BatchResult,
    CancelAfterMilliseconds,
    Decimal,
    ExpireTime,
    ExpireTimeInput,
    Identifier,
    InstrumentStatusWord,
    Level,
    LiquidityWord,
    NameText,
    NumberInput,
    OcoNameText,
    OptionalNotional,
    OptionalNumber,
    OrderStatusWord,
    OrderTypeWord,
    ReasonWord,
    SelfTradePreventionWord,
    Sequence,
    SideWord,
    SymbolText,
    Timestamp,
    TrailingBasisPoints,
)


class OrderRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A new order. Which of price and trigger_price it takes depends on its order_type: market and trailing_stop
    neither; limit, ioc and fok a price; stop_market and take_profit a trigger_price; stop_limit and take_profit_limit
    both. A quantity is needed, except in a market order that has a quote_quantity: what it may spend or receive at
    most, fees not included. limit, stop_limit and take_profit_limit take post_only and an expire_time, limit a
    display_quantity, trailing_stop either trailing_bps or a trailing_amount, and an activation_price;
    self_trade_prevention goes with all of them."""

    symbol: SymbolText
    order_type: OrderTypeWord
    side: SideWord
    quantity: OptionalNumber = MISSING
    price: OptionalNumber = MISSING
    trigger_price: OptionalNumber = MISSING
    client_order_id: NameText | None = None
    account: NameText | None = None
    post_only: bool | None = None
    self_trade_prevention: SelfTradePreventionWord | None = None
    expire_time: ExpireTimeInput | None = None
    display_quantity: OptionalNumber = MISSING
    quote_quantity: OptionalNumber = MISSING
    trailing_bps: TrailingBasisPoints | None = None
    trailing_amount: OptionalNumber = MISSING
    activation_price: OptionalNumber = MISSING


class AmendRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be changed of an order, at least one of them; `quantity` is the new total, what is filled included.
    Less quantity at the same price keeps the order's place in its queue; more quantity or another price loses it, and
    the order matches again at once."""

    quantity: OptionalNumber = MISSING
    price: OptionalNumber = MISSING
    trigger_price: OptionalNumber = MISSING


class OcoRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Two orders of which one cancels the other: a limit order at `price`, and a stop at `stop_trigger_price` that
    becomes a limit order at `stop_price`, or a market order where there is none. For a sell the price lies above the
    last trade and the stop_trigger_price below it, for a buy the other way round. The client_order_id is that of the
    limit order, with `:stop` behind it that of the stop."""

    symbol: SymbolText
    side: SideWord
    quantity: NumberInput
    price: NumberInput
    stop_trigger_price: NumberInput
    stop_price: OptionalNumber = MISSING
    client_order_id: OcoNameText | None = None
    account: NameText | None = None
    self_trade_prevention: SelfTradePreventionWord | None = None
    expire_time: ExpireTimeInput | None = None


class OrderBatchRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """New orders, carried out in this order. One that cannot be an order is answered by its problem, and keeps none of
    the others back."""

    orders: BatchedOrders


class CancelBatchRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Orders to cancel: each an order_id or client:<client_order_id>, of this account."""

    order_ids: BatchedOrderIds
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
    """An order. `resting`: some of it stands in the book. `remaining_quantity` can still trade, `prevented_quantity`
    was taken off by self-trade prevention. `average_price` is exact, or has 12 significant digits where it has no end.
    `trades` are those of the answered command, in a look-up the last 100; empty in lists. `sequence` and `timestamp`
    are those of its entry, `updated_sequence` and `updated` those of its last change. What is not required is there
    only where the order has it. The `trigger_price` of a trailing stop is where it stands now; null before it has one.
    The `quantity` of an order with a quote_quantity is what was filled, and prevented; unspent_quote_quantity is what
    it did not spend or receive. Both orders of an OCO have its `oco_id`."""

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
    prevented_quantity: Decimal
    average_price: Decimal | None
    trades: list[OrderTrade]
    reason: ReasonWord | None
    sequence: Sequence
    timestamp: Timestamp
    updated_sequence: Sequence
    updated: Timestamp
    duplicate: (
        Annotated[bool, Meta(description="There, and true, where the same order was sent before.")] | UnsetType
    ) = UNSET
    post_only: bool | UnsetType = UNSET
    self_trade_prevention: SelfTradePreventionWord | UnsetType = UNSET
    expire_time: ExpireTime | UnsetType = UNSET
    display_quantity: Decimal | UnsetType = UNSET
    quote_quantity: Decimal | UnsetType = UNSET
    unspent_quote_quantity: Decimal | UnsetType = UNSET
    trailing_bps: int | UnsetType = UNSET
    trailing_amount: Decimal | UnsetType = UNSET
    activation_price: Decimal | UnsetType = UNSET
    oco_id: Identifier | UnsetType = UNSET


class OrderList(Struct, frozen=True):
    """`next` is the value of `after` for the orders that follow, null at the end."""

    orders: list[Order]
    next: str | None


class CanceledOrders(Struct, frozen=True):
    """`canceled` is how many orders were canceled; `orders` holds them, or the first 10,000 of more."""

    orders: list[Order]
    canceled: int


class OcoOrders(Struct, frozen=True):
    """The limit order and the stop order."""

    orders: Annotated[list[Order], Meta(min_length=2, max_length=2)]


class BatchResults(Struct, frozen=True):
    """For each element, in its place, what it alone would have been answered: the order or the problem."""

    results: list[BatchResult]


class CancelAfterRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """In so many milliseconds all of the account's orders are canceled, unless the call is made again before; 0
    switches it off."""

    timeout_ms: CancelAfterMilliseconds


class CancelAfterView(Struct, frozen=True):
    """`cancel_at` is when the account's orders are canceled; null where it is off."""

    account: NameText
    timeout_ms: int
    cancel_at: Timestamp | None


class AccountView(Struct, frozen=True):
    """`canceled` is how many orders were canceled; `orders` holds them, or the first 10,000 of more."""

    account: NameText
    suspended: bool
    orders: list[Order]
    canceled: int


class Fill(Struct, frozen=True):
    """One side of a trade, from the view of its account: `side`, `fee` and `liquidity` are those of the account's
    order. The fee is in the quote currency."""

    timestamp: Timestamp
    sequence: Sequence
    symbol: SymbolText
    trade_id: Identifier
    order_id: Identifier
    side: SideWord
    price: Decimal
    quantity: Decimal
    fee: Decimal
    liquidity: LiquidityWord


class FillList(Struct, frozen=True):
    """Oldest first. `next` is the value of `after` for the fills that follow, null where there is none yet."""

    fills: list[Fill]
    next: str | None


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
    """An instrument to add or to change. For a known one, a field that is missing stays as it is, and base, quote,
    tick_size and lot_size cannot change. A new one needs them, max_quantity and max_price; min_quantity is lot_size
    where it is missing, min_notional and the fees are 0, status is trading."""

    symbol: SymbolText
    base: str | None = None
    quote: str | None = None
    tick_size: OptionalNumber = MISSING
    lot_size: OptionalNumber = MISSING
    min_quantity: OptionalNumber = MISSING
    max_quantity: OptionalNumber = MISSING
    max_price: OptionalNumber = MISSING
    min_notional: OptionalNotional = MISSING
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
    """The matcher answers. `sync` tells when its journal is synced: always, interval:<ms> or off. `uptime` is in whole
    seconds; `refused_frames` counts what it could not read; `epoch` is another one after each of its restarts.
    `clock_difference_ms` tells by how much the matcher's time is ahead of the gateway's clock; orders are taken
    whatever it is."""

    sync: str
    sequence: Sequence
    open_orders: int
    uptime: int
    refused_frames: int
    epoch: str
    clock_difference_ms: int


class Unhealthy(Struct, frozen=True, tag_field="status", tag="unavailable"):
    """No matcher answered in time, or it takes no commands yet."""

    detail: str
