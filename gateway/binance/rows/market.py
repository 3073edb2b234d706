"""Calls about instruments, their books and their trades."""

from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import MsgspecError

from gateway.binance.counts import RATE_LIMITS
from gateway.binance.desk import Context
from gateway.binance.errors import BAD_COMBINATION, BAD_VALUE, NO_REFERENCE_PRICE, DialectError
from gateway.binance.gate import NONE
from gateway.binance.given import Given
from gateway.binance.parameters import BOOLEAN, INTEGER, SYMBOL, TIME, Parameter, Values
from gateway.binance.row import Row
from gateway.binance.rows.selecting import ONE, ONE_OR_MORE, STATUS, check_status, select
from gateway.binance.times import MICROSECOND, MILLISECOND
from gateway.binance.views.market import Aggregate, aggregate_view, aggregates, levels_view, trade_view
from gateway.binance.views.symbols import symbol_view
from history.reading.trades import Range
from protocol.commands import DepthQuery
from protocol.instrument import Instrument

if TYPE_CHECKING:
    from protocol.events import Trade

DEFAULT_LEVELS: Final = 100
MAX_LEVELS: Final = 5_000

PAGE: Final = 1_000
"""Trades that are read at a time to make aggregates of them."""

PAGES: Final = 20
"""Pages that one call reads at most."""

LIMIT: Final = Parameter("limit", INTEGER)
FROM_ID: Final = Parameter("fromId", INTEGER)
START: Final = Parameter("startTime", TIME)
END: Final = Parameter("endTime", TIME)


async def exchange_info(context: Context, values: Values) -> dict[str, Any]:
    permissions = values.text("permissions")
    if permissions is not None and ("symbol" in values or "symbols" in values):
        raise DialectError(BAD_COMBINATION)
    desk = context.desk
    selected = await select(context, values)
    wanted = {instrument.symbol for instrument in selected.instruments}
    # Those that the parameters name may be old.
    found = [each for each in await desk.symbols.all() if each.symbol in wanted]
    if permissions is not None and "SPOT" not in _permissions(permissions):
        found = []
    with_permissions = values.flag("showPermissionSets", default=True)
    return {
        "timezone": "UTC",
        "serverTime": context.time(desk.broker.now()),
        "rateLimits": [limit.view() for limit in RATE_LIMITS],
        "exchangeFilters": [],
        "symbols": [symbol_view(each, desk.prevention, with_permissions=with_permissions) for each in found],
    }


def _permissions(text: str) -> list[str]:
    """One name, or a JSON array of names."""
    if not text.startswith("["):
        return [text]
    try:
        return msgspec.json.decode(text, type=list[str])
    except (MsgspecError, UnicodeDecodeError) as error:
        raise DialectError(BAD_VALUE, "permissions") from error


async def depth(context: Context, values: Values) -> dict[str, Any]:
    instrument = values.instrument()
    await check_status(context, instrument, values.text("symbolStatus"))
    limit = values.limit(DEFAULT_LEVELS, MAX_LEVELS)
    answer = await context.exchange.markets.depth(DepthQuery(instrument.symbol, limit))
    return {
        "lastUpdateId": answer.sequence,
        "bids": levels_view(answer.value.bids, instrument),
        "asks": levels_view(answer.value.asks, instrument),
    }


def _depth_weight(given: Given) -> int:
    text = given.texts.get("limit", "")
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else DEFAULT_LEVELS
    return next((weight for most, weight in ((100, 5), (500, 25), (1000, 50)) if limit <= most), 250)


async def trades(context: Context, values: Values) -> list[dict[str, Any]]:
    instrument = values.instrument()
    found = await context.desk.past.trades(instrument.symbol, Range(), values.limit())
    return [trade_view(trade, instrument, context.time) for trade in found]


async def historical_trades(context: Context, values: Values) -> list[dict[str, Any]]:
    instrument = values.instrument()
    first = values.number("fromId")
    wanted = Range() if first is None else Range(after=max(0, first - 1))
    found = await context.desk.past.trades(instrument.symbol, wanted, values.limit())
    return [trade_view(trade, instrument, context.time) for trade in found]


async def aggregate_trades(context: Context, values: Values) -> list[dict[str, Any]]:
    instrument = values.instrument()
    first, limit = values.number("fromId"), values.limit()
    begin, end = time_range(values)
    if first is not None and (begin is not None or end is not None):
        raise DialectError(BAD_COMBINATION)
    if first is None and begin is None:
        found = await _newest(context, instrument, Range(end=end), limit)
    else:
        # The trade before tells whether the first one begins an aggregate.
        after = 0 if first is None else max(0, first - 2)
        found = await _oldest(context, instrument, Range(after=after, begin=begin, end=end), first or 0, limit)
    return [aggregate_view(each, instrument, context.time) for each in found]


def time_range(values: Values) -> tuple[int | None, int | None]:
    """startTime, and the time behind endTime: what counts in whole milliseconds ends with the last of them."""
    begin, end = values.number("startTime"), values.number("endTime")
    if end is not None:
        end += MICROSECOND if end % MILLISECOND else MILLISECOND
    return begin, end


async def _oldest(context: Context, instrument: Instrument, wanted: Range, first: int, limit: int) -> list[Aggregate]:
    """The first aggregates of the range, from the id `first` on."""
    read: list[Trade] = []
    after = wanted.after
    for _ in range(PAGES):
        page = Range(after=after, begin=wanted.begin, end=wanted.end)
        new = await context.desk.past.trades(instrument.symbol, page, PAGE)
        read += new
        found = [each for each in aggregates(read) if each[0].trade_id >= first]
        # The last one may go on in the next page.
        if len(new) < PAGE or len(found) > limit:
            return found[:limit]
        after = new[-1].trade_id
    return found[:-1][:limit]


async def _newest(context: Context, instrument: Instrument, wanted: Range, limit: int) -> list[Aggregate]:
    """The last aggregates of the range."""
    read: list[Trade] = []
    before: int | None = None
    for _ in range(PAGES):
        new = await context.desk.past.trades(instrument.symbol, Range(before=before, end=wanted.end), PAGE)
        read = new + read
        found = aggregates(read)
        # The first one may have begun in the page before.
        if len(new) < PAGE or len(found) > limit:
            return found[-limit:]
        before = new[0].trade_id
    return found[1:][-limit:]


async def execution_rules(_: Context, __: Values) -> dict[str, Any]:
    return {"symbolRules": []}


async def reference_price(_: Context, __: Values) -> dict[str, Any]:
    raise DialectError(NO_REFERENCE_PRICE)


INFO_PARAMETERS: Final = (*ONE_OR_MORE, Parameter("permissions"), Parameter("showPermissionSets", BOOLEAN))

ROWS: Final = (
    Row("GET", "/api/v3/exchangeInfo", NONE, 20, exchange_info, INFO_PARAMETERS, ("exchangeInfo",)),
    Row("GET", "/api/v3/depth", NONE, _depth_weight, depth, (ONE, LIMIT, STATUS), ("depth",)),
    Row("GET", "/api/v3/trades", NONE, 25, trades, (ONE, LIMIT), ("trades.recent",)),
    Row(
        "GET",
        "/api/v3/historicalTrades",
        NONE,
        25,
        historical_trades,
        (ONE, LIMIT, FROM_ID),
        ("trades.historical",),
    ),
    Row(
        "GET",
        "/api/v3/aggTrades",
        NONE,
        4,
        aggregate_trades,
        (ONE, LIMIT, FROM_ID, START, END),
        ("trades.aggregate",),
    ),
    Row("GET", "/api/v3/executionRules", NONE, 2, execution_rules, (*ONE_OR_MORE,)),
    Row("GET", "/api/v3/referencePrice", NONE, 2, reference_price, (Parameter("symbol", SYMBOL, mandatory=True),)),
)
