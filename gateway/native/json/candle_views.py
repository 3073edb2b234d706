"""Candles and tickers to the public JSON: pure functions, without a float."""

from typing import Final

from gateway.exchange.market_history import Shown, Ticker
from gateway.native.json.market_schemas import CandleView, TickerView
from gateway.native.json.times import format_timestamp
from gateway.native.json.translate import levels
from protocol.averages import average_price
from protocol.instrument import Instrument, format_decimal

PERCENT_DECIMALS: Final = 4
"""Decimals of a change in percent."""


def candle_view(shown: Shown, instrument: Instrument) -> CandleView:
    candle = shown.candle
    prices, quantities, values = instrument.price_decimals, instrument.quantity_decimals, instrument.value_decimals
    return CandleView(
        format_timestamp(candle.open_time),
        format_decimal(candle.open, prices),
        format_decimal(candle.high, prices),
        format_decimal(candle.low, prices),
        format_decimal(candle.close, prices),
        format_decimal(candle.volume, quantities),
        format_decimal(candle.quote_volume, values),
        candle.trades,
        format_decimal(candle.taker_buy_volume, quantities),
        format_decimal(candle.taker_buy_quote_volume, values),
        shown.complete,
    )


def ticker_view(ticker: Ticker, instrument: Instrument) -> TickerView:
    day, last = ticker.day, ticker.last
    prices, quantities = instrument.price_decimals, instrument.quantity_decimals
    bids, asks = levels(ticker.depth.bids, instrument), levels(ticker.depth.asks, instrument)
    return TickerView(
        ticker.symbol,
        format_timestamp(ticker.time),
        None if last is None else format_decimal(last.price, prices),
        None if last is None else format_decimal(last.quantity, quantities),
        bids[0] if bids else None,
        asks[0] if asks else None,
        format_timestamp(ticker.begin),
        None if day is None else format_decimal(day.open, prices),
        None if day is None else format_decimal(day.high, prices),
        None if day is None else format_decimal(day.low, prices),
        "0" if day is None else format_decimal(day.volume, quantities),
        "0" if day is None else format_decimal(day.quote_volume, instrument.value_decimals),
        None if day is None else average_price(day.quote_volume, day.volume, prices),
        None if day is None else format_decimal(day.close - day.open, prices),
        None if day is None else format_decimal(change_percent(day.open, day.close), PERCENT_DECIMALS),
        0 if day is None else day.trades,
        None if day is None else str(day.first_trade_id),
        None if day is None else str(day.last_trade_id),
    )


def change_percent(before: int, after: int) -> int:
    """The change of a positive price in percent, in units of 10^-PERCENT_DECIMALS, rounded half to even."""
    numerator = (after - before) * 100 * 10**PERCENT_DECIMALS
    whole, rest = divmod(numerator, before)
    return whole + (2 * rest > before or (2 * rest == before and whole % 2))
