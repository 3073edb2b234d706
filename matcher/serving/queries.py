"""Answers to questions about the engine's state: nothing here changes it.

The work of a query grows only with its answer. A long or sparse list is answered in pages; each page holds the cursor
of the next.
"""

from bisect import bisect_right
from heapq import merge
from itertools import islice
from operator import attrgetter

from matcher.core.account import Account
from matcher.core.book import Book
from matcher.core.registry import Registry
from matcher.core.settlement import last_fills
from matcher.serving.answers import order_state
from matcher.serving.money_queries import account_summary, balances, movements
from protocol.commands import (
    AccountQuery,
    AccountVersionsQuery,
    AmendmentsQuery,
    BalancesQuery,
    DepthQuery,
    FillsQuery,
    InstrumentsQuery,
    KeysQuery,
    MovementsQuery,
    OrderQuery,
    OrdersQuery,
    PreventedMatchesQuery,
    TradesQuery,
)
from protocol.events import (
    AccountVersion,
    AccountVersionList,
    Amendment,
    AmendmentList,
    CommandRefused,
    Depth,
    Fill,
    FillPage,
    InstrumentList,
    KeyList,
    OrderPage,
    OrderState,
    PreventedMatch,
    PreventedMatchList,
    Result,
    Trade,
    TradeHistory,
)
from protocol.units import Refusal

MAX_SCANNED = 10_000
"""Orders that one query looks at, at most."""

MAX_PAGE = 1_000
"""Orders or trades of one answer, at most."""

MAX_KEYS_LISTED = 500
"""Keys of one answer, at most."""

MAX_LEVELS = 5_000
"""Levels of each side in one answer, at most."""


EngineQuery = (
    OrderQuery
    | OrdersQuery
    | DepthQuery
    | TradesQuery
    | InstrumentsQuery
    | FillsQuery
    | BalancesQuery
    | AccountQuery
    | MovementsQuery
    | KeysQuery
    | AmendmentsQuery
    | PreventedMatchesQuery
    | AccountVersionsQuery
)


def answer_query(registry: Registry, query: EngineQuery) -> Result:  # noqa: C901 - one case a query
    """The result of a query about the engine's state."""
    match query:
        case OrderQuery():
            return find_order(registry, query)
        case OrdersQuery():
            return list_orders(registry, query)
        case AmendmentsQuery():
            return list_amendments(registry, query)
        case PreventedMatchesQuery():
            return list_prevented_matches(registry, query)
        case DepthQuery():
            return depth(registry, query)
        case TradesQuery():
            return trade_history(registry, query)
        case FillsQuery():
            return account_fills(registry, query)
        case BalancesQuery():
            return balances(registry, query)
        case AccountQuery():
            return account_summary(registry, query)
        case MovementsQuery():
            return movements(registry, query)
        case InstrumentsQuery():
            return list_instruments(registry, query)
        case KeysQuery():
            return list_keys(registry, query)
        case AccountVersionsQuery():
            return list_versions(registry, query)


def list_instruments(registry: Registry, query: InstrumentsQuery) -> InstrumentList:
    if query.symbol is None:
        return InstrumentList([book.instrument for book in registry.books.values()])
    book = registry.books.get(query.symbol)
    return InstrumentList([] if book is None else [book.instrument])


def list_keys(registry: Registry, query: KeysQuery) -> KeyList:
    limit = min(query.limit, MAX_KEYS_LISTED)
    keys = registry.keys.after(query.after, limit + 1) if limit else []
    more = len(keys) > limit
    return KeyList(keys[:limit], registry.keys.changed, keys[limit - 1].key.key if more else None)


def list_versions(registry: Registry, query: AccountVersionsQuery) -> AccountVersionList:
    versions = registry.account_versions
    limit = min(query.limit, MAX_PAGE)
    names = versions.after(query.after, limit + 1) if limit else []
    found = [AccountVersion(name, _is_suspended(registry, name), versions.of(name)) for name in names[:limit]]
    return AccountVersionList(found, versions.changed, names[limit - 1] if len(names) > limit else None)


def _is_suspended(registry: Registry, name: str) -> bool:
    account = registry.accounts.get(name)
    return account is not None and account.suspended


def find_order(registry: Registry, query: OrderQuery) -> OrderState | CommandRefused:
    order = registry.find(query)
    if order is None:
        return CommandRefused(Refusal.UNKNOWN_ORDER)
    # A copy: the result is sent after the commands of its batch, which may fill the order further.
    return order_state(order, list(order.fills or ()))


def list_amendments(registry: Registry, query: AmendmentsQuery) -> AmendmentList | CommandRefused:
    """The remembered amends of an order after the sequence, oldest first."""
    order = registry.find(query)
    if order is None:
        return CommandRefused(Refusal.UNKNOWN_ORDER)
    limit = max(1, min(query.limit, MAX_PAGE))
    found = registry.amendments.of(order.order_id)
    found = found[bisect_right(found, query.after, key=_stamp) :]
    return AmendmentList(order.symbol, found[:limit], found[limit - 1].sequence if len(found) > limit else None)


def list_prevented_matches(registry: Registry, query: PreventedMatchesQuery) -> PreventedMatchList:
    """The remembered matches of an account after the id that the query wants, oldest first."""
    limit = max(1, min(query.limit, MAX_PAGE))
    known = registry.running.prevented.of(query.account)
    after = known[bisect_right(known, query.after, key=attrgetter("prevented_match_id")) :]
    found = [match for match in after if _is_wanted(match, query)]
    return PreventedMatchList(found[:limit], found[limit - 1].prevented_match_id if len(found) > limit else None)


def _is_wanted(match: PreventedMatch, query: PreventedMatchesQuery) -> bool:
    orders = (match.taker_order_id, match.maker_order_id)
    return query.symbol in (None, match.symbol) and (query.order_id is None or query.order_id in orders)


def _stamp(amendment: Amendment) -> int:
    return amendment.sequence


def list_orders(registry: Registry, query: OrdersQuery) -> OrderPage | CommandRefused:
    """Live orders oldest first, or done ones newest first, of an account, a symbol, both, or neither."""
    book = None
    if query.symbol is not None:
        book = registry.books.get(query.symbol)
        if book is None:
            return CommandRefused(Refusal.UNKNOWN_SYMBOL)
    account = None
    if query.account is not None:
        account = registry.accounts.get(query.account)
        if account is None:
            return OrderPage([], None)
    return _list_done(registry, query, account, book) if query.done else _list_live(registry, query, account, book)


def _list_live(registry: Registry, query: OrdersQuery, account: Account | None, book: Book | None) -> OrderPage:
    """The cursor is the last order_id seen."""
    suspended, cancel_at = False, None
    if account is not None:
        suspended, cancel_at = account.suspended, account.cancel_at
        candidates = account.orders.after(query.after)
    elif book is not None:
        candidates = book.orders.after(query.after)
    else:
        candidates = merge(
            *(each.orders.after(query.after) for each in registry.books.values()), key=attrgetter("order_id")
        )
    limit = min(query.limit, MAX_PAGE)
    found: list[OrderState] = []
    last = query.after
    for order in islice(candidates, MAX_SCANNED):
        if len(found) == limit:
            return OrderPage(found, last, suspended, cancel_at)
        last = order.order_id
        if book is None or order.book is book:
            found.append(order_state(order, []))
    return OrderPage(found, last if next(candidates, None) is not None else None, suspended, cancel_at)


def _list_done(registry: Registry, query: OrdersQuery, account: Account | None, book: Book | None) -> OrderPage:
    """The cursor of an account's list is the last order_id seen. Without an account it is the running number of the
    last order seen. Orders are numbered by their ends since the journal began."""
    limit = min(query.limit, MAX_PAGE)
    if account is not None:
        return _list_done_of(registry, query, account, book, limit)
    done, forgotten = (registry.done, registry.forgotten) if book is None else (book.done, book.forgotten)
    newest = forgotten + len(done)
    place = min(query.after, newest + 1) if query.after else newest + 1
    skipped = newest + 1 - place
    found = [order_state(order, []) for order in islice(reversed(done), skipped, skipped + limit)]
    place -= len(found)
    return OrderPage(found, place if place > forgotten + 1 else None)


def _list_done_of(registry: Registry, query: OrdersQuery, account: Account, book: Book | None, limit: int) -> OrderPage:
    order = account.last_done
    if query.after:
        # One that was forgotten meanwhile was the oldest: none come after it.
        last = registry.orders.get(query.after)
        order = last.previous if last is not None and last.account is account and last.level is None else None
    found: list[OrderState] = []
    scanned = 0
    seen = query.after
    while order is not None:
        if len(found) == limit or scanned == MAX_SCANNED:
            return OrderPage(found, seen)
        scanned += 1
        seen = order.order_id
        if book is None or order.book is book:
            found.append(order_state(order, []))
        order = order.previous
    return OrderPage(found, None)


def depth(registry: Registry, query: DepthQuery) -> Depth | CommandRefused:
    book = registry.books.get(query.symbol)
    if book is None:
        return CommandRefused(Refusal.UNKNOWN_SYMBOL)
    levels = min(query.levels, MAX_LEVELS)
    return Depth(query.symbol, book.bids.top(levels), book.asks.top(levels))


def trade_history(registry: Registry, query: TradesQuery) -> TradeHistory | CommandRefused:
    """The last trades, of those younger than `after`, oldest first."""
    book = registry.books.get(query.symbol)
    if book is None:
        return CommandRefused(Refusal.UNKNOWN_SYMBOL)
    wanted = max(0, min(query.limit, MAX_PAGE, book.last_trade_id - query.after))
    trades = list(islice(reversed(book.trades), wanted))
    return TradeHistory(query.symbol, trades[::-1])


def account_fills(registry: Registry, query: FillsQuery) -> FillPage | CommandRefused:
    """The account's fills after the cursor, or its newest, oldest first. A trade of the account with itself is two
    fills of one page."""
    if query.symbol is not None and query.symbol not in registry.books:
        return CommandRefused(Refusal.UNKNOWN_SYMBOL)
    account = registry.accounts.get(query.account)
    if account is None:
        return FillPage([], None)
    limit = max(1, min(query.limit, MAX_PAGE))
    as_maker, as_taker = (_candidates(trades, query, limit) for trades in last_fills(account))
    fills = [
        *(Fill(trade.maker_order_id, True, trade) for trade in as_maker),
        *(Fill(trade.taker_order_id, False, trade) for trade in as_taker),
    ]
    fills.sort(key=lambda fill: _cursor(fill.trade))
    if query.after is None:
        first = _cursor(fills[-limit:][0].trade) if fills else (0, 0)
        return FillPage([fill for fill in fills if _cursor(fill.trade) >= first], None)
    end = min(limit, len(fills))
    while end < len(fills) and _cursor(fills[end].trade) == _cursor(fills[end - 1].trade):
        end += 1
    return FillPage(fills[:end], _cursor(fills[end - 1].trade) if end < len(fills) else None)


def _candidates(trades: list[Trade], query: FillsQuery, limit: int) -> list[Trade]:
    """One side's trades for a page, and one more. That one shows whether more follow or precede."""
    if query.symbol is not None:
        trades = [trade for trade in trades if trade.symbol == query.symbol]
    if query.after is None:
        return trades[-limit - 1 :]
    start = bisect_right(trades, query.after, key=_cursor)
    return trades[start : start + limit + 1]


def _cursor(trade: Trade) -> tuple[int, int]:
    return trade.sequence, trade.trade_id


def count_open_orders(registry: Registry) -> int:
    """How many orders rest or wait: every order that is known and not done."""
    return len(registry.orders) - len(registry.done)
