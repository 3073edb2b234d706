"""Rows of exports, of rows of the tables of the history."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from gateway.native.enum_words import ORDER_TYPE_WORDS, REASON_WORDS, SIDE_WORDS, STATUS_WORDS
from history.candles.candle import Candle
from history.candles.intervals import Interval
from history.schema.order_rows import order_of_row
from matching_exchange.tools.export.kinds import Row
from protocol.instrument import exact_fee
from protocol.units import Side

OTHER: Final = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}


def trade_row(row: Sequence[Any]) -> Row:
    """The export's row of a whole row of `trades`."""
    (
        symbol, trade_id, time, price, quantity, side, maker_id, taker_id, maker, taker, maker_bps, taker_bps, sequence,
    ) = row  # fmt: skip
    return (
        symbol, trade_id, time, sequence, price, quantity, price * quantity, SIDE_WORDS[side], maker_id, taker_id,
        maker, taker, exact_fee(price, quantity, maker_bps), exact_fee(price, quantity, taker_bps),
    )  # fmt: skip


def fill_rows(row: Sequence[Any]) -> Iterator[Row]:
    """Both sides of a whole row of `trades`: the taker's, then the maker's."""
    (
        symbol, trade_id, time, price, quantity, side, maker_id, taker_id, maker, taker, maker_bps, taker_bps, sequence,
    ) = row  # fmt: skip
    value = price * quantity
    sides = (
        (taker, taker_id, SIDE_WORDS[side], taker_bps, "taker"),
        (maker, maker_id, SIDE_WORDS[OTHER[side]], maker_bps, "maker"),
    )
    for account, order_id, word, bps, liquidity in sides:
        fee = exact_fee(price, quantity, bps)
        yield (
            account, symbol, time, sequence, trade_id, order_id, word, price, quantity, value, fee, liquidity,
        )  # fmt: skip


def ended_row(row: Sequence[Any]) -> Row:
    """The export's row of a whole row of `orders`."""
    order = order_of_row(row)
    return (
        order.order_id,
        order.account,
        order.symbol,
        order.client_order_id,
        SIDE_WORDS[order.side],
        ORDER_TYPE_WORDS[order.order_type],
        order.price,
        order.trigger_price,
        STATUS_WORDS[order.status],
        None if order.reason is None else REASON_WORDS[order.reason],
        order.quantity,
        order.filled_quantity,
        order.filled_value,
        order.timestamp,
        order.sequence,
        order.updated,
        order.updated_sequence,
    )


def candle_row(symbol: str, interval: Interval, candle: Candle, now: int) -> Row:
    """The export's row of a candle. It is complete if its period ends by now."""
    return (
        symbol,
        interval.name,
        candle.open_time,
        candle.open,
        candle.high,
        candle.low,
        candle.close,
        candle.volume,
        candle.quote_volume,
        candle.trades,
        candle.taker_buy_volume,
        candle.taker_buy_quote_volume,
        candle.first_trade_id,
        candle.last_trade_id,
        interval.close_time(candle.open_time) <= now,
    )
