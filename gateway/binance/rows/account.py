"""Calls that read the caller's account: balances, rates, trades, filters."""

import asyncio
import hashlib
from typing import Any, Final

from gateway.binance.desk import Context
from gateway.binance.errors import BAD_COMBINATION, NO_SUCH_ORDER, DialectError
from gateway.binance.gate import USER_DATA
from gateway.binance.given import Given
from gateway.binance.parameters import BOOLEAN, INTEGER, Parameter, Values
from gateway.binance.row import Row
from gateway.binance.rows.balances import holdings
from gateway.binance.rows.finding import order_of
from gateway.binance.rows.market import END, FROM_ID, LIMIT, START, time_range
from gateway.binance.rows.orders import ORDER_ID
from gateway.binance.rows.placing import SYMBOL_OF_ORDER
from gateway.binance.views.commission import commission_view, rates_view
from gateway.binance.views.filters import filters_view
from gateway.binance.views.trades import account_trade_view, prevented_match_view
from history.reading.trades import Range
from protocol.commands import FillsQuery, PreventedMatchesQuery
from protocol.events import Fill, OrderState
from protocol.instrument import Instrument
from protocol.keys import Permission

PAGE: Final = 1_000
"""Fills that are read at a time."""

PAGES: Final = 100
"""Pages of fills that one call reads at most."""

AT_ONCE: Final = 20
"""Orders that one call looks up at a time."""

UID_BYTES: Final = 6

COMBINATIONS: Final = frozenset(
    frozenset(names)
    for names in (
        (),
        ("orderId",),
        ("startTime",),
        ("endTime",),
        ("startTime", "endTime"),
        ("fromId",),
        ("orderId", "fromId"),
    )
)


async def account(context: Context, values: Values) -> dict[str, Any]:
    caller = context.caller
    assert caller is not None and caller.key is not None, "the row asks for a key"
    held = await holdings(context)
    if values.flag("omitZeroBalances"):
        held = [each for each in held if any(text.strip("0.") for text in (each.free, each.locked))]
    instruments = await context.desk.symbols.all()
    maker = max((each.maker_fee_bps for each in instruments), default=0)
    taker = max((each.taker_fee_bps for each in instruments), default=0)
    return {
        "makerCommission": maker,
        "takerCommission": taker,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": rates_view(maker, taker),
        "canTrade": bool(caller.key.permissions & Permission.TRADE),
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": context.time(context.desk.broker.now()),
        "accountType": "SPOT",
        "balances": [{"asset": each.asset, "free": each.free, "locked": each.locked} for each in held],
        "permissions": ["SPOT"],
        "uid": uid(context.account),
    }


def uid(account: str) -> int:
    """A number for the account, the same always."""
    return int.from_bytes(hashlib.sha256(account.encode()).digest()[:UID_BYTES], "big")


async def commission(_: Context, values: Values) -> dict[str, Any]:
    return commission_view(values.instrument())


async def filters(_: Context, values: Values) -> dict[str, Any]:
    return {"exchangeFilters": [], "symbolFilters": filters_view(values.instrument()), "assetFilters": []}


async def nothing(_: Context, __: Values) -> list[Any]:
    return []


def _check_combination(values: Values) -> None:
    sent = frozenset(name for name in ("orderId", "startTime", "endTime", "fromId") if name in values)
    if sent not in COMBINATIONS:
        raise DialectError(BAD_COMBINATION)


async def trades(context: Context, values: Values) -> list[dict[str, Any]]:
    instrument, limit = values.instrument(), values.limit()
    begin, end = time_range(values)
    first, order_id = values.number("fromId"), values.number("orderId")
    if order_id is not None:
        fills = await _of_order(context, instrument, order_id, first or 0, limit)
    elif first is None and begin is None:
        fills = await _newest(context, instrument, end, limit)
    else:
        after = 0 if first is None else max(0, first - 1)
        fills = await _oldest(context, instrument, Range(after=after, begin=begin), end, limit)
    list_ids = await _list_ids(context, fills)
    return [account_trade_view(fill, instrument, context.time, list_ids[fill.order_id]) for fill in fills]


async def _fills(
    context: Context, instrument: Instrument, after: tuple[int, int] | None, limit: int = PAGE
) -> tuple[list[Fill], tuple[int, int] | None]:
    query = FillsQuery(context.account, instrument.symbol, limit, after)
    page = await context.exchange.history.accounts.fills(query)
    return page.fills, page.next


async def _of_order(context: Context, instrument: Instrument, order_id: int, first: int, limit: int) -> list[Fill]:
    """The order's fills from a trade_id on."""
    state = await order_of(context, order_id)
    if state is None or state.symbol != instrument.symbol:
        raise DialectError(NO_SUCH_ORDER)
    found: list[Fill] = []
    after: tuple[int, int] | None = (state.sequence - 1, 0)
    for _ in range(PAGES):
        fills, after = await _fills(context, instrument, after)
        found += [fill for fill in fills if fill.order_id == order_id and fill.trade.trade_id >= first]
        if after is None or len(found) >= limit or after[0] > state.updated_sequence:
            break
    return found[:limit]


async def _oldest(context: Context, instrument: Instrument, wanted: Range, end: int | None, limit: int) -> list[Fill]:
    """The caller's fills from the first of the symbol's trades that is wanted, before the time `end`."""
    begin = await context.desk.past.trades(instrument.symbol, wanted, 1)
    if not begin:
        return []
    found: list[Fill] = []
    after: tuple[int, int] | None = (begin[0].sequence, begin[0].trade_id - 1)
    for _ in range(PAGES):
        fills, after = await _fills(context, instrument, after)
        found += [fill for fill in fills if end is None or fill.trade.timestamp < end]
        if after is None or len(found) >= limit or (end is not None and fills[-1].trade.timestamp >= end):
            break
    return found[:limit]


async def _newest(context: Context, instrument: Instrument, end: int | None, limit: int) -> list[Fill]:
    """The caller's newest fills before the time `end`."""
    if end is None:
        return (await _fills(context, instrument, None, limit))[0][-limit:]
    fills, _ = await _fills(context, instrument, None)
    if len(fills) < PAGE or fills[0].trade.timestamp >= end:
        fills = await _oldest(context, instrument, Range(after=0), end, PAGE * PAGES)
    return [fill for fill in fills if fill.trade.timestamp < end][-limit:]


async def _list_ids(context: Context, fills: list[Fill]) -> dict[int, int | None]:
    """The list of each order that has these fills."""
    order_ids = list({fill.order_id for fill in fills})
    states: list[OrderState | None] = []
    while len(states) < len(order_ids):
        some = order_ids[len(states) : len(states) + AT_ONCE]
        states += await asyncio.gather(*(order_of(context, order_id) for order_id in some))
    return {
        order_id: None if state is None else state.oco_id for order_id, state in zip(order_ids, states, strict=True)
    }


async def prevented_matches(context: Context, values: Values) -> list[dict[str, Any]]:
    instrument = values.instrument()
    number, order_id = values.number("preventedMatchId"), values.number("orderId")
    if 0 in (number, order_id):
        # No match and no order has this id.
        return []
    first = values.number("fromPreventedMatchId") if number is None else number
    after = max(0, (first or 0) - 1)
    query = PreventedMatchesQuery(context.account, instrument.symbol, order_id, after, values.limit())
    found = (await context.exchange.orders.prevented_matches(query)).matches
    return [
        prevented_match_view(match, instrument, context.time)
        for match in found
        if number is None or match.prevented_match_id == number
    ]


def _prevented_weight(given: Given) -> int:
    return 20 if "orderId" in given.texts else 2


def _trades_weight(given: Given) -> int:
    return 5 if "orderId" in given.texts else 20


PREVENTED: Final = (
    SYMBOL_OF_ORDER,
    Parameter("preventedMatchId", INTEGER),
    ORDER_ID,
    Parameter("fromPreventedMatchId", INTEGER),
    LIMIT,
)

ALLOCATIONS: Final = (SYMBOL_OF_ORDER, START, END, Parameter("fromAllocationId", INTEGER), LIMIT, ORDER_ID)

ROWS: Final = (
    Row(
        "GET",
        "/api/v3/account",
        USER_DATA,
        20,
        account,
        (Parameter("omitZeroBalances", BOOLEAN),),
        names=("account.status",),
    ),
    Row(
        "GET",
        "/api/v3/myTrades",
        USER_DATA,
        _trades_weight,
        trades,
        (SYMBOL_OF_ORDER, ORDER_ID, START, END, FROM_ID, LIMIT),
        names=("myTrades",),
        check=_check_combination,
    ),
    Row(
        "GET",
        "/api/v3/account/commission",
        USER_DATA,
        20,
        commission,
        (SYMBOL_OF_ORDER,),
        names=("account.commission",),
    ),
    Row("GET", "/api/v3/myFilters", USER_DATA, 40, filters, (SYMBOL_OF_ORDER,), names=("myFilters",)),
    Row(
        "GET",
        "/api/v3/myPreventedMatches",
        USER_DATA,
        _prevented_weight,
        prevented_matches,
        PREVENTED,
        names=("myPreventedMatches",),
    ),
    Row("GET", "/api/v3/myAllocations", USER_DATA, 20, nothing, ALLOCATIONS, names=("myAllocations",)),
)
