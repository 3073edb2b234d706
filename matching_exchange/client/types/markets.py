"""Market data. Prices and quantities are exact Decimals, fees are in the quote currency."""

from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from matching_exchange.client.times import Time
from matching_exchange.client.types.words import InstrumentStatus, Side


class Level(NamedTuple):
    """A price of a book, and what stands there."""

    price: Decimal
    quantity: Decimal


class Depth(Struct, frozen=True):
    """The best levels, best first, as of `sequence`."""

    timestamp: Time
    symbol: str
    sequence: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class BestPrices(Struct, frozen=True):
    """The best level of each side; None if the side is empty."""

    timestamp: Time
    symbol: str
    sequence: int
    bid: Level | None
    ask: Level | None


class Trade(Struct, frozen=True):
    """A trade. The trade_ids of a symbol go up by one, unless a book was loaded that had come further."""

    timestamp: Time
    symbol: str
    sequence: int
    trade_id: int
    price: Decimal
    quantity: Decimal
    aggressor_side: Side
    maker_order_id: int
    taker_order_id: int
    maker_fee: Decimal
    taker_fee: Decimal


class TradeList(Struct, frozen=True):
    """Oldest first."""

    symbol: str
    trades: tuple[Trade, ...]


class Candle(Struct, frozen=True):
    """The trades of a period. The taker_buy fields are those of trades whose taker bought.

    trades: how many there were.
    complete: false while trades may still change it.
    """

    open_time: Time
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
    """Oldest first. `next` is the `start` of the following candles; None if none follows."""

    symbol: str
    interval: str
    candles: tuple[Candle, ...]
    next: Time | None


class Ticker(Struct, frozen=True):
    """The last trade, the best prices, and the trades since `open_time`: the last 24 hours, in whole seconds.

    vwap: quote_volume / volume; exact, or 12 significant digits if its decimals have no end.
    change: last_price less open. change_percent: of open, rounded to 4 decimals, half to even.
    """

    symbol: str
    timestamp: Time
    last_price: Decimal | None
    last_quantity: Decimal | None
    bid: Level | None
    ask: Level | None
    open_time: Time
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    volume: Decimal
    quote_volume: Decimal
    vwap: Decimal | None
    change: Decimal | None
    change_percent: Decimal | None
    count: int
    first_trade_id: int | None
    last_trade_id: int | None


class TickerList(Struct, frozen=True):
    """The tickers of all instruments."""

    tickers: tuple[Ticker, ...]


class Instrument(Struct, frozen=True):
    """An instrument. What protects its price is None where it is off.

    tick_size, lot_size: a price, a quantity is a multiple of it.
    min_notional: the smallest price x quantity. Fees are in basis points: 10 is 0.1 %.
    price_band_bps: how far from the last trade an order may trade.
    reference_price: stands for the last trade before the first one.
    max_open_orders: orders of one account that rest or wait.
    max_order_notional: the largest value of one order.
    halt_bps, halt_window_ms, halt_ms: a move of the last trade by more, within this time, halts it for so long.
    halted_until: when such a halt ends.
    """

    symbol: str
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
    status: InstrumentStatus
    price_band_bps: int | None = None
    reference_price: Decimal | None = None
    max_open_orders: int | None = None
    max_order_notional: Decimal | None = None
    halt_bps: int | None = None
    halt_window_ms: int | None = None
    halt_ms: int | None = None
    halted_until: Time | None = None


class InstrumentList(Struct, frozen=True):
    instruments: tuple[Instrument, ...]
