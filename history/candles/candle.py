"""One candle: what the trades of a period have come to."""

from msgspec import Struct

from protocol.units import Side


class Candle(Struct):
    """Prices and quantities are the instrument's integers. A quote volume is a sum of price x quantity.

    open_time: nanoseconds since 1970.
    trades: how many there were, never zero.
    taker_buy_volume, taker_buy_quote_volume: those of trades whose taker bought.
    sequence: that of the last trade.
    """

    open_time: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    quote_volume: int
    trades: int
    taker_buy_volume: int
    taker_buy_quote_volume: int
    first_trade_id: int
    last_trade_id: int
    sequence: int

    def add(self, later: "Candle") -> None:
        """Take in a candle of later trades of the same period."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.quote_volume += later.quote_volume
        self.trades += later.trades
        self.taker_buy_volume += later.taker_buy_volume
        self.taker_buy_quote_volume += later.taker_buy_quote_volume
        self.last_trade_id = later.last_trade_id
        self.sequence = later.sequence


def candle_of(open_time: int, trade_id: int, price: int, quantity: int, taker: Side, sequence: int) -> Candle:
    """The candle of one trade."""
    value = price * quantity
    bought, paid = (quantity, value) if taker is Side.BUY else (0, 0)
    return Candle(open_time, price, price, price, price, quantity, value, 1, bought, paid, trade_id, trade_id, sequence)
