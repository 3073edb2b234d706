"""Makes candles of all intervals of trades.

Each interval is folded from a shorter one: a trade is looked at once.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from msgspec.structs import replace

from history.candles.candle import Candle
from history.candles.intervals import INTERVALS, SECOND, Interval
from protocol.units import Side

BUY: Final = int(Side.BUY)

FOLDED_FROM: Final = {
    "1m": "1s",
    "3m": "1m",
    "5m": "1m",
    "15m": "5m",
    "30m": "15m",
    "1h": "30m",
    "2h": "1h",
    "4h": "2h",
    "6h": "2h",
    "8h": "4h",
    "12h": "6h",
    "1d": "12h",
    "3d": "1d",
    "1w": "1d",
    "1M": "1d",
}
"""By interval: the shorter one that it is folded from. Each period of that lies in one of its own."""

Trade = Sequence[Any]
"""A row of `trades`: symbol, trade_id, timestamp, price, quantity, aggressor_side, ..., sequence."""


def fold_trades(trades: Iterable[Trade]) -> list[Candle]:
    """The candles of one second of one symbol's trades, which are in order."""
    candles: list[Candle] = []
    end = opened = highest = lowest = price = volume = value = count = bought = paid = first = trade_id = sequence = 0
    for trade in trades:
        time = trade[2]
        if time >= end:
            if count:
                candles.append(
                    Candle(
                        end - SECOND, opened, highest, lowest, price, volume, value, count, bought, paid, first,
                        trade_id, sequence,
                    )
                )  # fmt: skip
            end = time - time % SECOND + SECOND
            volume = value = count = bought = paid = 0
            opened = highest = lowest = trade[3]
            first = trade[1]
        trade_id = trade[1]
        price = trade[3]
        quantity = trade[4]
        amount = price * quantity
        if price > highest:
            highest = price
        elif price < lowest:
            lowest = price
        volume += quantity
        value += amount
        count += 1
        if trade[5] == BUY:
            bought += quantity
            paid += amount
        sequence = trade[-1]
    if count:
        candles.append(
            Candle(
                end - SECOND, opened, highest, lowest, price, volume, value, count, bought, paid, first, trade_id,
                sequence,
            )
        )  # fmt: skip
    return candles


def fold(candles: Iterable[Candle], interval: Interval) -> list[Candle]:
    """Longer candles of shorter ones, which are in order. The shorter ones stay as they are."""
    folded: list[Candle] = []
    last: Candle | None = None
    for candle in candles:
        open_time = interval.open_time(candle.open_time)
        if last is None or last.open_time != open_time:
            last = replace(candle, open_time=open_time)
            folded.append(last)
        else:
            last.add(candle)
    return folded


class Folder:
    """The last candle of every symbol and interval, to which the trades that follow are added."""

    def __init__(self, last: Iterable[tuple[str, str, Candle]] = ()) -> None:
        self._last = {(symbol, interval): candle for symbol, interval, candle in last}

    def add(self, trades: Sequence[Trade]) -> Iterator[tuple[str, str, Candle]]:
        """Take in trades, sorted by symbol and in order. Gives the candles that have changed, each once. What it gives
        is changed by the next call."""
        for symbol, group in groupby(trades, key=itemgetter(0)):
            of: dict[str, list[Candle]] = {"1s": fold_trades(group)}
            for name, shorter in FOLDED_FROM.items():
                of[name] = fold(of[shorter], INTERVALS[name])
            for name, candles in of.items():
                last = self._last.get((symbol, name))
                for candle in candles:
                    if last is not None and last.open_time == candle.open_time:
                        last.add(candle)
                    else:
                        last = candle
                    yield symbol, name, last
                if last is not None:
                    self._last[symbol, name] = last
