"""Both directions between a row of `candles` and a Candle."""

from collections.abc import Sequence
from typing import Any

from history.candles.candle import Candle

Row = tuple[Any, ...]


def candle_row(symbol: str, interval: str, candle: Candle) -> Row:
    """The row, in the order of the table's columns. Its wide numbers are texts, which every database takes."""
    return (
        symbol,
        interval,
        candle.open_time,
        candle.open,
        candle.high,
        candle.low,
        candle.close,
        str(candle.volume),
        str(candle.quote_volume),
        candle.trades,
        str(candle.taker_buy_volume),
        str(candle.taker_buy_quote_volume),
        candle.first_trade_id,
        candle.last_trade_id,
        candle.sequence,
    )


def candle_of_row(row: Sequence[Any]) -> Candle:
    """The candle of a row, whose first columns are the symbol and the interval."""
    _, _, *numbers = row
    return Candle(*map(int, numbers))
