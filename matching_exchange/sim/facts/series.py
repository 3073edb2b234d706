"""What stylised facts are computed from: the series of one instrument, from wherever they come."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from protocol.units import OrderStatus, OrderType

if TYPE_CHECKING:
    from matching_exchange.sim.kernel.record import Record

Levels = Sequence[tuple[int, int]]
"""Price and quantity of levels, best first."""

RESTING: Final = (int(OrderType.LIMIT),)


class Series(Struct):
    """One instrument. Times are nanoseconds, prices and quantities the instrument's integers; rows in order of time.

    name: what the table calls it.
    tick: in the price unit.
    begin, end: the times between which facts are taken.
    times, bids, asks, bid_quantities, ask_quantities: the best prices, a row per change; 0 for an empty side.
    trade_times, trade_prices, trade_quantities, trade_signs: 1 for a buying taker, -1 for a selling one.
    depths: samples of both sides of the book: time, bids, asks.
    placed: limit orders that were sent to rest. canceled: those of them that were canceled.
    lifetimes: of canceled orders, from their entry to their end.
    """

    name: str
    tick: int
    begin: int
    end: int
    times: list[int] = []
    bids: list[int] = []
    asks: list[int] = []
    bid_quantities: list[int] = []
    ask_quantities: list[int] = []
    trade_times: list[int] = []
    trade_prices: list[int] = []
    trade_quantities: list[int] = []
    trade_signs: list[int] = []
    depths: list[tuple[int, Levels, Levels]] = []
    placed: int = 0
    canceled: int = 0
    lifetimes: list[int] = []

    def quote(self, time: int, bids: Levels, asks: Levels) -> None:
        """Note the best prices, if they have changed."""
        bid, bid_quantity = bids[0] if bids else (0, 0)
        ask, ask_quantity = asks[0] if asks else (0, 0)
        row = (bid, ask, bid_quantity, ask_quantity)
        if self.times:
            last = (self.bids[-1], self.asks[-1], self.bid_quantities[-1], self.ask_quantities[-1])
            if row == last:
                return
        self.times.append(time)
        self.bids.append(bid)
        self.asks.append(ask)
        self.bid_quantities.append(bid_quantity)
        self.ask_quantities.append(ask_quantity)

    def trade(self, time: int, price: int, quantity: int, sign: int) -> None:
        """Note a trade. Those of one time and side in a row are of one order: they count as one."""
        if self.trade_times and self.trade_times[-1] == time and self.trade_signs[-1] == sign:
            self.trade_prices[-1] = price
            self.trade_quantities[-1] += quantity
            return
        self.trade_times.append(time)
        self.trade_prices.append(price)
        self.trade_quantities.append(quantity)
        self.trade_signs.append(sign)

    def middles(self, every: int) -> list[float]:
        """The middle of the best prices at regular times, in the price unit, from the first time that has one on."""
        found: list[float] = []
        for time in range(self.begin, self.end + 1, every):
            at = bisect_right(self.times, time) - 1
            if at >= 0 and self.bids[at] and self.asks[at]:
                found.append((self.bids[at] + self.asks[at]) / 2)
            elif found:
                found.append(found[-1])
        return found


def series_of(record: "Record", symbol: str | None = None, *, skip: int = 0) -> Series:
    """The series of one instrument of a simulation. `symbol` None means its first.

    skip: time at its beginning that is left out, in nanoseconds.
    The orders are those of measured agents. Books are not recorded beyond the best prices: `depths` is empty.
    """
    symbols = [instrument.symbol for instrument in record.instruments]
    wanted = symbols[0] if symbol is None else symbol
    if wanted not in symbols:
        raise ValueError(f"symbol takes one of {', '.join(symbols)}, not {wanted!r}")
    index = symbols.index(wanted)
    begin = record.start + skip
    series = Series(wanted, record.instruments[index].tick_size, begin, record.end)
    quotes = record.quotes
    # The quote that stands as the series begins.
    standing: tuple[list[tuple[int, int]], list[tuple[int, int]]] | None = None
    for time, number, bid, ask, bid_quantity, ask_quantity in zip(
        quotes["time"],
        quotes["symbol"],
        quotes["bid"],
        quotes["ask"],
        quotes["bid_quantity"],
        quotes["ask_quantity"],
        strict=True,
    ):
        if number != index:
            continue
        if time > begin and standing is not None:
            series.quote(begin, *standing)
            standing = None
        quote = [(bid, bid_quantity)], [(ask, ask_quantity)]
        if time >= begin:
            standing = None
            series.quote(time, *quote)
        else:
            standing = quote
    trades = record.trades
    for time, number, price, quantity, side in zip(
        trades["time"], trades["symbol"], trades["price"], trades["quantity"], trades["side"], strict=True
    ):
        if number == index and time >= begin:
            series.trade(time, price, quantity, 1 if side == 1 else -1)
    orders = record.orders
    for number, kind, arrived, done, status in zip(
        orders["symbol"], orders["type"], orders["arrived_at"], orders["done_at"], orders["status"], strict=True
    ):
        if number == index and kind in RESTING and arrived >= begin:
            series.placed += 1
            if status == OrderStatus.CANCELED:
                series.canceled += 1
                series.lifetimes.append(done - arrived)
    return series
