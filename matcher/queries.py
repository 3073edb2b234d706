"""Answers to questions about the engine's state: nothing here changes it.

The work of one query is bounded: a list that is long or sparse is answered in pages, and each page tells where to go on.
"""

from bisect import bisect_right
from heapq import merge
from itertools import islice

from matcher.answers import order_state
from matcher.engine import Engine
from protocol.commands import DepthQuery, FillsQuery, InstrumentsQuery, OrderQuery, OrdersQuery, TradesQuery
from protocol.events import CommandRefused, Depth, Fill, FillPage, InstrumentList, OrderPage, OrderState, QueryResult, TradeHistory
from protocol.units import Refusal

MAX_SCANNED = 10_000
"""How many orders one query looks at, at the most."""

MAX_PAGE = 1_000
"""How many orders or trades one answer holds, at the most."""

MAX_LEVELS = 1_000
"""How many levels of each side one answer holds, at the most."""


EngineQuery = OrderQuery | OrdersQuery | DepthQuery | TradesQuery | InstrumentsQuery | FillsQuery


def answer_query(engine: Engine, query: EngineQuery) -> QueryResult:
    """The result of a query about the engine's state."""
    match query:
        case OrderQuery():
            return find_order(engine, query)
        case OrdersQuery():
            return list_orders(engine, query)
        case DepthQuery():
            return depth(engine, query)
        case TradesQuery():
            return trade_history(engine, query)
        case FillsQuery():
            return account_fills(engine, query)
        case InstrumentsQuery():
            return list_instruments(engine, query)


def list_instruments(engine: Engine, query: InstrumentsQuery) -> InstrumentList:
    if query.symbol is None:
        return InstrumentList([book.instrument for book in engine.books.values()])
    book = engine.books.get(query.symbol)
    return InstrumentList([] if book is None else [book.instrument])


def find_order(engine: Engine, query: OrderQuery) -> OrderState | CommandRefused:
    order = engine.find(query)
    if order is None:
        return CommandRefused(Refusal.UNKNOWN_ORDER)
    # A copy: the result is sent after the commands of its batch, which may fill the order further.
    return order_state(order, list(order.fills or ()))


def list_orders(engine: Engine, query: OrdersQuery) -> OrderPage | CommandRefused:
    """Live orders oldest first (the cursor is the last order_id seen), or done ones newest first (the cursor is the last place seen in
    the order of their ends, counted from the first one ever)."""
    if query.symbol is not None and query.symbol not in engine.books:
        return CommandRefused(Refusal.UNKNOWN_SYMBOL)
    return _list_done(engine, query) if query.done else _list_live(engine, query)


def _list_live(engine: Engine, query: OrdersQuery) -> OrderPage:
    account = None
    if query.account is not None:
        account = engine.accounts.get(query.account)
        accounts = [] if account is None else [account]
    else:
        accounts = list(engine.accounts.values())
    suspended, cancel_at = (False, None) if account is None else (account.suspended, account.cancel_at)
    candidates = merge(*(account.orders.after(query.after, MAX_SCANNED + 1) for account in accounts), key=lambda order: order.order_id)
    limit = min(query.limit, MAX_PAGE)
    found: list[OrderState] = []
    last = query.after
    for order in islice(candidates, MAX_SCANNED):
        if len(found) == limit:
            return OrderPage(found, last, suspended, cancel_at)
        last = order.order_id
        if order.level is not None and (query.symbol is None or order.book.instrument.symbol == query.symbol):
            found.append(order_state(order, []))
    return OrderPage(found, last if next(candidates, None) is not None else None, suspended, cancel_at)


def _list_done(engine: Engine, query: OrdersQuery) -> OrderPage:
    if query.account is None:
        done, forgotten = engine.done, engine.forgotten
    elif query.account in engine.accounts:
        account = engine.accounts[query.account]
        done, forgotten = account.done, account.forgotten
    else:
        return OrderPage([], None)
    newest = forgotten + len(done)
    place = min(query.after, newest + 1) if query.after else newest + 1
    limit = min(query.limit, MAX_PAGE)
    found: list[OrderState] = []
    for order in islice(reversed(done), newest + 1 - place, newest + 1 - place + MAX_SCANNED):
        if len(found) == limit:
            return OrderPage(found, place)
        place -= 1
        if query.symbol is None or order.book.instrument.symbol == query.symbol:
            found.append(order_state(order, []))
    return OrderPage(found, place if place > forgotten + 1 else None)


def depth(engine: Engine, query: DepthQuery) -> Depth | CommandRefused:
    book = engine.books.get(query.symbol)
    if book is None:
        return CommandRefused(Refusal.UNKNOWN_SYMBOL)
    levels = min(query.levels, MAX_LEVELS)
    return Depth(query.symbol, book.bids.top(levels), book.asks.top(levels))


def trade_history(engine: Engine, query: TradesQuery) -> TradeHistory | CommandRefused:
    """The last trades, of those younger than `after`, oldest first."""
    book = engine.books.get(query.symbol)
    if book is None:
        return CommandRefused(Refusal.UNKNOWN_SYMBOL)
    wanted = max(0, min(query.limit, MAX_PAGE, book.last_trade_id - query.after))
    trades = list(islice(reversed(book.trades), wanted))
    return TradeHistory(query.symbol, trades[::-1])


def account_fills(engine: Engine, query: FillsQuery) -> FillPage | CommandRefused:
    """The account's fills after the cursor, or its newest, oldest first. A trade of the account with itself is two fills of one page."""
    if query.symbol is not None and query.symbol not in engine.books:
        return CommandRefused(Refusal.UNKNOWN_SYMBOL)
    account = engine.accounts.get(query.account)
    if account is None:
        return FillPage([], None)
    fills = [
        *(Fill(trade.maker_order_id, True, trade) for trade in account.maker_fills),
        *(Fill(trade.taker_order_id, False, trade) for trade in account.taker_fills),
    ]
    if query.symbol is not None:
        fills = [fill for fill in fills if fill.trade.symbol == query.symbol]
    fills.sort(key=_cursor)
    limit = max(1, min(query.limit, MAX_PAGE))
    if query.after is None:
        newest = fills[-limit:]
        return FillPage([fill for fill in fills if newest and _cursor(fill) >= _cursor(newest[0])], None)
    start = bisect_right(fills, query.after, key=_cursor)
    page = fills[start : start + limit]
    end = start + len(page)
    while page and end < len(fills) and _cursor(fills[end]) == _cursor(page[-1]):
        page.append(fills[end])
        end += 1
    return FillPage(page, _cursor(page[-1]) if end < len(fills) else None)


def _cursor(fill: Fill) -> tuple[int, int]:
    return fill.trade.sequence, fill.trade.trade_id


def count_open_orders(engine: Engine) -> int:
    """How many orders rest or wait: every order that is known and not done."""
    return len(engine.orders) - len(engine.done)
