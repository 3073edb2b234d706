"""The public JSON of markets: depth, trades and instruments. See `schemas`."""

from msgspec import Struct

from gateway.native.json.field_types import (
    MISSING,
    BasisPoints,
    Decimal,
    HaltMilliseconds,
    HaltWindowMilliseconds,
    Identifier,
    InstrumentStatusWord,
    IntervalWord,
    Level,
    MostOpenOrders,
    OptionalNotional,
    OptionalNumber,
    ProtectionBasisPoints,
    Sequence,
    SideWord,
    SignedDecimal,
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


class CandleView(Struct, frozen=True):
    """The trades of a period. The taker_buy fields are those of trades whose taker bought. `complete` is false while
    trades may still change it."""

    open_time: Timestamp
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    trades: int
    taker_buy_volume: Decimal
    taker_buy_quote_volume: Decimal
    complete: bool


class CandleList(Struct, frozen=True):
    """Oldest first. `next` is the value of `from` for the following candles; null if none follows."""

    symbol: SymbolText
    interval: IntervalWord
    candles: list[CandleView]
    next: Timestamp | None


class CandleUpdate(Struct, frozen=True):
    """A message of the stream: the candles that have changed since the message before, oldest first."""

    symbol: SymbolText
    interval: IntervalWord
    candles: list[CandleView]


class TickerView(Struct, frozen=True):
    """The last trade, the best prices, and the trades since `open_time`: 86,400 whole seconds, the last of which holds
    `timestamp`. Without a trade in them their fields are null, and the sums 0.

    * vwap: quote_volume / volume; exact, or 12 significant digits if its decimals have no end
    * change: last_price less open
    * change_percent: of open, rounded to 4 decimals, half to even
    """

    symbol: SymbolText
    timestamp: Timestamp
    last_price: Decimal | None
    last_quantity: Decimal | None
    bid: Level | None
    ask: Level | None
    open_time: Timestamp
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    volume: Decimal
    quote_volume: Decimal
    vwap: Decimal | None
    change: SignedDecimal | None
    change_percent: SignedDecimal | None
    count: int
    first_trade_id: Identifier | None
    last_trade_id: Identifier | None


class TickerList(Struct, frozen=True):
    """The tickers of all instruments."""

    tickers: list[TickerView]


class InstrumentRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """An instrument to add or to change. For a known one, a missing field stays unchanged; base, quote, tick_size and
    lot_size never change. A new one needs these four, max_quantity and max_price. Its defaults are: min_quantity as
    lot_size, min_notional and both fees 0, status trading. The fields behind the status protect the price. They are off
    if they are not given; 0 switches each off again. halt_bps, halt_window_ms and halt_ms go together. A status that is
    given ends a halt that would end by itself. halted_until is passed over, so that what the exchange shows can be sent
    again."""

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
    price_band_bps: ProtectionBasisPoints | None = None
    reference_price: OptionalNotional = MISSING
    max_open_orders: MostOpenOrders | None = None
    max_order_notional: OptionalNotional = MISSING
    halt_bps: ProtectionBasisPoints | None = None
    halt_window_ms: HaltWindowMilliseconds | None = None
    halt_ms: HaltMilliseconds | None = None
    halted_until: Timestamp | None = None


class InstrumentView(Struct, frozen=True):
    """An instrument. What protects its price is null where it is off.

    * price_band_bps: how far from the last trade an order may trade
    * reference_price: stands for the last trade before the first one
    * max_open_orders: orders of one account that rest or wait
    * max_order_notional: the largest value of one order
    * halt_bps, halt_window_ms, halt_ms: a move of the last trade by more, within this time, halts it for so long
    * halted_until: when such a halt ends
    """

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
    price_band_bps: int | None
    reference_price: Decimal | None
    max_open_orders: int | None
    max_order_notional: Decimal | None
    halt_bps: int | None
    halt_window_ms: int | None
    halt_ms: int | None
    halted_until: Timestamp | None


class InstrumentViews(Struct, frozen=True):
    instruments: list[InstrumentView]
