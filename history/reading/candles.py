"""Pages of candles, and the sum of a window of time."""

from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, select

from history.candles.candle import Candle
from history.candles.intervals import HOUR, MINUTE
from history.reading.trades import last_trade
from history.schema.candle_rows import candle_of_row
from history.schema.tables import candles
from protocol.events import Trade

_STEPS: Final = (("1s", MINUTE), ("1m", HOUR))
"""Which candles reach to the next whole period of this length."""


class CandlePage(Struct, frozen=True):
    """Candles, oldest first.

    before: the last candle before them, if there is one.
    more: others of the range follow.
    last: the symbol's last trade_id in the tables; zero for none.
    """

    candles: list[Candle]
    before: Candle | None
    more: bool
    last: int


class Window(Struct, frozen=True):
    """What happened since a time: one candle of all, None without a trade, and the symbol's last trade ever."""

    candle: Candle | None
    last: Trade | None


def candle_page(
    connection: Connection, symbol: str, interval: str, begin: int | None, end: int | None, limit: int
) -> CandlePage:
    """The oldest candles that open at `begin` or later, and before `end`; without a begin the newest."""
    mine = candles.c.symbol == symbol, candles.c.interval == interval
    opening = candles.c.open_time
    query = select(candles).where(*mine)
    if end is not None:
        query = query.where(opening < end)
    newest = last_trade(connection, symbol)
    last = 0 if newest is None else newest.trade_id
    if begin is None:
        rows = connection.execute(query.order_by(opening.desc()).limit(limit + 1))
        found = [candle_of_row(row) for row in rows][::-1]
        return CandlePage(found[-limit:], found[0] if len(found) > limit else None, more=False, last=last)
    rows = connection.execute(query.where(opening >= begin).order_by(opening).limit(limit + 1))
    found = [candle_of_row(row) for row in rows]
    earlier = select(candles).where(*mine, opening < begin).order_by(opening.desc()).limit(1)
    row = connection.execute(earlier).one_or_none()
    return CandlePage(found[:limit], None if row is None else candle_of_row(row), len(found) > limit, last)


def window(connection: Connection, symbol: str, begin: int) -> Window:
    """What happened since a whole second, in nanoseconds. Few rows are read, however long ago that is up to a day:
    candles of a second up to the next minute, of a minute up to the next hour, of an hour from there."""
    total: Candle | None = None
    for interval, longer in _STEPS:
        end = begin + -begin % longer
        total = _sum(connection, symbol, interval, begin, end, total)
        begin = end
    return Window(_sum(connection, symbol, "1h", begin, None, total), last_trade(connection, symbol))


def _sum(
    connection: Connection, symbol: str, interval: str, begin: int, end: int | None, total: Candle | None
) -> Candle | None:
    if begin == end:
        return total
    opening = candles.c.open_time
    query = select(candles).where(candles.c.symbol == symbol, candles.c.interval == interval, opening >= begin)
    if end is not None:
        query = query.where(opening < end)
    for row in connection.execute(query.order_by(opening)):
        if total is None:
            total = candle_of_row(row)
        else:
            total.add(candle_of_row(row))
    return total
