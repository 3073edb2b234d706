"""Candles, by the clock of UTC or of another zone."""

import re
from collections.abc import Sequence
from typing import Any, Final

from gateway.binance.desk import Context
from gateway.binance.errors import BAD_INTERVAL, BAD_VALUE, DialectError
from gateway.binance.gate import NONE
from gateway.binance.parameters import Parameter, Values
from gateway.binance.row import Row
from gateway.binance.rows.market import END, LIMIT, START, time_range
from gateway.binance.rows.selecting import ONE
from gateway.binance.views.market import candle_view
from gateway.exchange.market_history import Candles, Shown, Wanted, filled_candles
from gateway.exchange.past import PastMarket
from history.candles.candle import Candle
from history.candles.folding import fold
from history.candles.intervals import HOUR, INTERVALS, MINUTE, Interval
from history.reading.candles import CandlePage

PAGE: Final = 1_000
"""Candles that are read at a time."""

FIRST_ZONE: Final = -12 * HOUR
LAST_ZONE: Final = 14 * HOUR

_ZONE: Final = re.compile(r"([+ -]?)([0-9]{1,2})(?::(00|15|30|45))?")
_BASES: Final = ("1h", "30m", "15m")
"""Intervals of which those of other zones are made, the longest first."""


class Shifted(Interval, frozen=True):
    """An interval by the clock of another zone, whose time is ahead of UTC by `offset` nanoseconds."""

    offset: int = 0

    def open_time(self, time: int) -> int:
        return super().open_time(time + self.offset) - self.offset

    def close_time(self, open_time: int) -> int:
        return super().close_time(open_time + self.offset) - self.offset


def read_interval(text: str) -> Interval:
    found = INTERVALS.get(text)
    if found is None:
        raise DialectError(BAD_INTERVAL)
    return found


def read_zone(text: str | None) -> int:
    """How far a zone is ahead of UTC, in nanoseconds: whole quarters of an hour. DialectError for another text."""
    found = _ZONE.fullmatch(text or "0")
    if found is not None:
        offset = int(found[2]) * HOUR + int(found[3] or 0) * MINUTE
        offset = -offset if found[1] == "-" else offset
        if FIRST_ZONE <= offset <= LAST_ZONE:
            return offset
    raise DialectError(BAD_VALUE, "timeZone")


async def klines(context: Context, values: Values) -> list[list[Any]]:
    instrument = values.instrument()
    interval = read_interval(values.text("interval") or "")
    offset = read_zone(values.text("timeZone"))
    begin, end = time_range(values)
    wanted = Wanted(instrument.symbol, interval, begin, end, values.limit(), fill=True)
    found = await candles_of_zone(context.desk.past, wanted, offset, context.desk.broker.now())
    return [
        candle_view(each.candle, interval_end(interval, offset, each), instrument, context.time) for each in found.shown
    ]


async def candles_of_zone(past: PastMarket, wanted: Wanted, offset: int, now: int) -> Candles:
    """Candles by the clock of a zone, which is so far ahead of UTC."""
    interval = wanted.interval
    if offset == 0 or (interval.length and offset % interval.length == 0):
        return await past.candles(wanted)
    return await _of_zone(past, wanted, Shifted(interval.name, interval.length, interval.origin, offset), now)


def interval_end(interval: Interval, offset: int, shown: Shown) -> int:
    """The beginning of the candle after this one."""
    return interval.close_time(shown.candle.open_time + offset) - offset


async def _of_zone(past: PastMarket, wanted: Wanted, interval: Shifted, now: int) -> Candles:
    """Candles of another zone, made of shorter ones that begin with its periods."""
    base = next(INTERVALS[name] for name in _BASES if interval.offset % INTERVALS[name].length == 0)
    last = interval.open_time(now if wanted.end is None else min(now, wanted.end - 1))
    if wanted.begin is None:
        first = last
        for _ in range(wanted.limit - 1):
            first = interval.open_time(first - 1)
    else:
        first = interval.open_time(wanted.begin)
        first = first if first == wanted.begin else interval.close_time(first)
    earlier = await past.candles(Wanted(wanted.symbol, base, None, first, 1))
    before = earlier.shown[-1].candle if earlier.shown else None
    if before is None:
        # Candles begin with the first trade.
        oldest = await past.candles(Wanted(wanted.symbol, base, first, None, 1))
        first = max(first, interval.open_time(oldest.shown[0].candle.open_time)) if oldest.shown else first
    stop = first
    for _ in range(wanted.limit):
        stop = interval.close_time(stop)
        if stop > last:
            break
    folded = fold(await read_candles(past, wanted.symbol, base, first, stop), interval)
    page = CandlePage(folded, before, more=False, last=0)
    whole = Wanted(wanted.symbol, interval, first, wanted.end, wanted.limit, fill=True)
    return filled_candles(whole, page, folded, now)


async def read_candles(
    past: PastMarket, symbol: str, interval: Interval, begin: int, end: int | None
) -> Sequence[Candle]:
    """All candles with trades that open at `begin` or later, and before `end`."""
    found: list[Candle] = []
    after: int | None = begin
    while after is not None:
        page = await past.candles(Wanted(symbol, interval, after, end, PAGE))
        found += [each.candle for each in page.shown]
        after = page.next
    return found


PARAMETERS: Final = (ONE, Parameter("interval", mandatory=True), START, END, Parameter("timeZone"), LIMIT)

ROWS: Final = (
    Row("GET", "/api/v3/klines", NONE, 2, klines, PARAMETERS, ("klines",)),
    Row("GET", "/api/v3/uiKlines", NONE, 2, klines, PARAMETERS, ("uiKlines",)),
)
