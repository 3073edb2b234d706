"""Levels, trades, candles and statistics."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from gateway.binance.decimals import LEAST_DECIMALS, ZERO, ratio
from gateway.binance.symbols import joined
from gateway.binance.views.filters import price_text, quantity_text, value_text
from history.candles.candle import Candle
from protocol.events import Depth, Trade
from protocol.instrument import Instrument
from protocol.units import Side

Time = Callable[[int], int]
"""Makes a time that is told of nanoseconds."""

PERCENT_DECIMALS: Final = 3
NO_PERCENT: Final = "0.000"

Aggregate = list[Trade]
"""The trades of one taker at one price within one command, in order; at least one."""


def levels_view(levels: Sequence[tuple[int, int]], instrument: Instrument) -> list[tuple[str, str]]:
    return [(price_text(instrument, price), quantity_text(instrument, quantity)) for price, quantity in levels]


def trade_view(trade: Trade, instrument: Instrument, time: Time) -> dict[str, Any]:
    return {
        "id": trade.trade_id,
        "price": price_text(instrument, trade.price),
        "qty": quantity_text(instrument, trade.quantity),
        "quoteQty": value_text(instrument, trade.price * trade.quantity),
        "time": time(trade.timestamp),
        "isBuyerMaker": trade.aggressor_side is Side.SELL,
        "isBestMatch": True,
    }


def aggregate_view(trades: Aggregate, instrument: Instrument, time: Time) -> dict[str, Any]:
    first, last = trades[0], trades[-1]
    return {
        "a": first.trade_id,
        "p": price_text(instrument, first.price),
        "q": quantity_text(instrument, sum(trade.quantity for trade in trades)),
        "f": first.trade_id,
        "l": last.trade_id,
        "T": time(first.timestamp),
        "m": first.aggressor_side is Side.SELL,
        "M": True,
    }


def aggregates(trades: Sequence[Trade]) -> list[Aggregate]:
    """The trades, which are in order, as aggregates."""
    found: list[Aggregate] = []
    for trade in trades:
        if found and _is_one(found[-1][-1], trade):
            found[-1].append(trade)
        else:
            found.append([trade])
    return found


def _is_one(before: Trade, trade: Trade) -> bool:
    return (
        before.sequence == trade.sequence
        and before.taker_order_id == trade.taker_order_id
        and before.price == trade.price
    )


def candle_view(candle: Candle, close: int, instrument: Instrument, time: Time) -> list[Any]:
    """`close` is the beginning of the next candle."""
    return [
        time(candle.open_time),
        price_text(instrument, candle.open),
        price_text(instrument, candle.high),
        price_text(instrument, candle.low),
        price_text(instrument, candle.close),
        quantity_text(instrument, candle.volume),
        time(close) - 1,
        value_text(instrument, candle.quote_volume),
        candle.trades,
        quantity_text(instrument, candle.taker_buy_volume),
        value_text(instrument, candle.taker_buy_quote_volume),
        "0",
    ]


def average_text(quote_volume: int, volume: int, instrument: Instrument) -> str:
    """The average price; zero without a volume."""
    places = max(LEAST_DECIMALS, instrument.price_decimals)
    return ratio(quote_volume, volume * 10**instrument.price_decimals, places) if volume else ZERO


def full_statistics(candle: Candle | None, last: int | None, instrument: Instrument) -> dict[str, Any]:
    """What changed in a window of time, of which `candle` is the sum. `last`: the last price before its end."""
    opened = candle.open if candle is not None else last
    change = 0 if last is None or opened is None else last - opened
    percent = ratio(100 * change, opened, PERCENT_DECIMALS) if opened else NO_PERCENT
    average = ZERO if candle is None else average_text(candle.quote_volume, candle.volume, instrument)
    return {
        "priceChange": price_text(instrument, change),
        "priceChangePercent": percent,
        "weightedAvgPrice": average,
    }


def prices_view(candle: Candle | None, last: int | None, instrument: Instrument) -> dict[str, Any]:
    """The prices and the volumes of a window. Without a trade in it, they are those of the last price before it."""
    flat = last or 0
    opened, high, low, close = (
        (flat, flat, flat, flat) if candle is None else (candle.open, candle.high, candle.low, candle.close)
    )
    return {
        "openPrice": price_text(instrument, opened),
        "highPrice": price_text(instrument, high),
        "lowPrice": price_text(instrument, low),
        "lastPrice": price_text(instrument, close),
        "volume": quantity_text(instrument, 0 if candle is None else candle.volume),
        "quoteVolume": value_text(instrument, 0 if candle is None else candle.quote_volume),
    }


def counts_view(candle: Candle | None) -> dict[str, Any]:
    return {
        "firstId": -1 if candle is None else candle.first_trade_id,
        "lastId": -1 if candle is None else candle.last_trade_id,
        "count": 0 if candle is None else candle.trades,
    }


def best_view(depth: Depth, instrument: Instrument) -> dict[str, Any]:
    """The best levels; an empty side is zero."""
    found: dict[str, Any] = {}
    for name, levels in (("bid", depth.bids), ("ask", depth.asks)):
        price, quantity = levels[0] if levels else (0, 0)
        found[f"{name}Price"] = price_text(instrument, price)
        found[f"{name}Qty"] = quantity_text(instrument, quantity)
    return found


def book_view(depth: Depth, instrument: Instrument) -> dict[str, Any]:
    return {"symbol": joined(instrument), **best_view(depth, instrument)}
