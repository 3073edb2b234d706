"""Statistics of windows of time, last prices and best prices."""

import re
from typing import Any, Final

from gateway.binance.decimals import ZERO
from gateway.binance.desk import Context
from gateway.binance.errors import BAD_VALUE, DialectError
from gateway.binance.gate import NONE
from gateway.binance.parameters import Parameter, Values
from gateway.binance.row import Row
from gateway.binance.rows.klines import read_candles, read_zone
from gateway.binance.rows.selecting import ONE, ONE_OR_MORE, by_symbols, for_each, select
from gateway.binance.symbols import joined
from gateway.binance.views.filters import price_text, quantity_text
from gateway.binance.views.market import (
    average_text,
    best_view,
    book_view,
    counts_view,
    full_statistics,
    prices_view,
)
from gateway.exchange.past import PastMarket
from history.candles.candle import Candle
from history.candles.folding import fold
from history.candles.intervals import DAY, HOUR, INTERVALS, MINUTE, SECOND, Interval
from history.reading.trades import Range
from protocol.commands import DepthQuery
from protocol.events import Trade
from protocol.instrument import Instrument

AVERAGE_MINUTES: Final = 5

FULL: Final = "FULL"

_WINDOW: Final = re.compile(r"([1-9][0-9]?)([mhd])")
_UNITS: Final = {"m": (MINUTE, 59), "h": (HOUR, 23), "d": (DAY, 7)}
"""The length of each unit, and how many of it a window takes at most."""

_EVER: Final = Interval("ever", 2**63)
"""One period holds all times."""


def read_window(text: str) -> int:
    """The length of a window, in nanoseconds. DialectError for another text."""
    found = _WINDOW.fullmatch(text)
    if found is not None:
        unit, most = _UNITS[found[2]]
        if int(found[1]) <= most:
            return int(found[1]) * unit
    raise DialectError(BAD_VALUE, "windowSize")


async def window_sum(past: PastMarket, symbol: str, begin: int) -> Candle | None:
    """All trades since a whole minute as one candle; None without any."""
    hour = begin + -begin % HOUR
    candles = [
        *(await read_candles(past, symbol, INTERVALS["1m"], begin, hour) if begin < hour else ()),
        *await read_candles(past, symbol, INTERVALS["1h"], hour, None),
    ]
    return next(iter(fold(candles, _EVER)), None)


async def last_trade(context: Context, instrument: Instrument) -> Trade | None:
    found = await context.desk.past.trades(instrument.symbol, Range(), 1)
    return found[-1] if found else None


async def average_price(context: Context, values: Values) -> dict[str, Any]:
    instrument = values.instrument()
    last = await last_trade(context, instrument)
    if last is None:
        return {"mins": AVERAGE_MINUTES, "price": ZERO, "closeTime": 0}
    begin = context.desk.broker.now() // SECOND * SECOND - AVERAGE_MINUTES * MINUTE
    seconds = await read_candles(context.desk.past, instrument.symbol, INTERVALS["1s"], begin, None)
    total = next(iter(fold(seconds, _EVER)), None)
    price = (
        price_text(instrument, last.price)
        if total is None
        else average_text(total.quote_volume, total.volume, instrument)
    )
    return {"mins": AVERAGE_MINUTES, "price": price, "closeTime": context.time(last.timestamp)}


async def day(context: Context, values: Values) -> Any:
    selected = await select(context, values)
    kind = values.text("type") or FULL

    async def view(context: Context, instrument: Instrument) -> dict[str, Any]:
        now = context.desk.broker.now()
        begin = (now - DAY) // MINUTE * MINUTE
        total = await window_sum(context.desk.past, instrument.symbol, begin)
        last = await last_trade(context, instrument)
        told = _window_view(context, instrument, total, last, (begin, now), kind)
        if kind != FULL:
            return told
        depth = (await context.exchange.markets.depth(DepthQuery(instrument.symbol, 1))).value
        previous = await _price_before(context.desk.past, instrument, total, last)
        return {
            **told,
            "prevClosePrice": price_text(instrument, previous),
            "lastQty": quantity_text(instrument, last.quantity if last is not None else 0),
            **best_view(depth, instrument),
        }

    return await for_each(context, selected, view)


async def window(context: Context, values: Values) -> Any:
    selected = await select(context, values, needs_one=True)
    kind = values.text("type") or FULL
    length = read_window(values.text("windowSize") or "1d")

    async def view(context: Context, instrument: Instrument) -> dict[str, Any]:
        now = context.desk.broker.now()
        begin = (now - length) // MINUTE * MINUTE
        total = await window_sum(context.desk.past, instrument.symbol, begin)
        last = await last_trade(context, instrument)
        return _window_view(context, instrument, total, last, (begin, now), kind)

    return await for_each(context, selected, view)


async def trading_day(context: Context, values: Values) -> Any:
    selected = await select(context, values, needs_one=True)
    kind = values.text("type") or FULL
    offset = read_zone(values.text("timeZone"))

    async def view(context: Context, instrument: Instrument) -> dict[str, Any]:
        begin = INTERVALS["1d"].open_time(context.desk.broker.now() + offset) - offset
        total = await window_sum(context.desk.past, instrument.symbol, begin)
        last = await last_trade(context, instrument)
        return _window_view(context, instrument, total, last, (begin, begin + DAY - context.unit), kind)

    return await for_each(context, selected, view)


def _window_view(
    context: Context,
    instrument: Instrument,
    total: Candle | None,
    last: Trade | None,
    times: tuple[int, int],
    kind: str,
) -> dict[str, Any]:
    price = None if last is None else last.price if total is None else total.close
    return {
        "symbol": joined(instrument),
        **(full_statistics(total, price, instrument) if kind == FULL else {}),
        **prices_view(total, price, instrument),
        "openTime": context.time(times[0]),
        "closeTime": context.time(times[1]),
        **counts_view(total),
    }


async def _price_before(past: PastMarket, instrument: Instrument, total: Candle | None, last: Trade | None) -> int:
    """The last price before a window; zero without one."""
    if total is None:
        return 0 if last is None else last.price
    before = await past.trades(instrument.symbol, Range(before=total.first_trade_id), 1)
    return before[-1].price if before else total.open


async def price(context: Context, values: Values) -> Any:
    async def view(context: Context, instrument: Instrument) -> dict[str, Any]:
        last = await last_trade(context, instrument)
        return {
            "symbol": joined(instrument),
            "price": price_text(instrument, 0 if last is None else last.price),
        }

    return await for_each(context, await select(context, values), view)


async def book(context: Context, values: Values) -> Any:
    async def view(context: Context, instrument: Instrument) -> dict[str, Any]:
        depth = await context.exchange.markets.depth(DepthQuery(instrument.symbol, 1))
        return book_view(depth.value, instrument)

    return await for_each(context, await select(context, values), view)


TYPE: Final = Parameter("type", words=(FULL, "MINI"))

ROWS: Final = (
    Row("GET", "/api/v3/avgPrice", NONE, 2, average_price, (ONE,), ("avgPrice",)),
    Row("GET", "/api/v3/ticker/24hr", NONE, by_symbols(2, 80), day, (*ONE_OR_MORE, TYPE), ("ticker.24hr",)),
    Row(
        "GET",
        "/api/v3/ticker",
        NONE,
        by_symbols(4, 4, each=True),
        window,
        (*ONE_OR_MORE, Parameter("windowSize"), TYPE),
        ("ticker",),
    ),
    Row(
        "GET",
        "/api/v3/ticker/tradingDay",
        NONE,
        by_symbols(4, 4, each=True),
        trading_day,
        (*ONE_OR_MORE, Parameter("timeZone"), TYPE),
        ("ticker.tradingDay",),
    ),
    Row("GET", "/api/v3/ticker/price", NONE, by_symbols(2, 4), price, ONE_OR_MORE, ("ticker.price",)),
    Row("GET", "/api/v3/ticker/bookTicker", NONE, by_symbols(2, 4), book, ONE_OR_MORE, ("ticker.book",)),
)
