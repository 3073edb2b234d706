"""The public JSON of markets: depth, trades and instruments. See `schemas`."""

from msgspec import Struct

from gateway.native.json.field_types import (
    MISSING,
    BasisPoints,
    Decimal,
    Identifier,
    InstrumentStatusWord,
    Level,
    OptionalNotional,
    OptionalNumber,
    Sequence,
    SideWord,
    SymbolText,
    Timestamp,
)


class DepthView(Struct, frozen=True):
    """The best levels, best first, as of `sequence`."""

    timestamp: Timestamp
    symbol: SymbolText
    sequence: Sequence
    bids: list[Level]
    asks: list[Level]


class BestPrices(Struct, frozen=True):
    """The best level of each side; null if the side is empty."""

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
    """An instrument to add or to change. For a known one, a missing field stays unchanged; base, quote, tick_size and
    lot_size never change. A new one needs these four, max_quantity and max_price. Its defaults are: min_quantity as
    lot_size, min_notional and both fees 0, status trading."""

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
