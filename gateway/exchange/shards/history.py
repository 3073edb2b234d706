"""The history where each shard has one: of a symbol that of its shard, of an account those of all."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from gateway.exchange.account_history import AccountHistory
from gateway.exchange.history import History, HistoryStatus
from gateway.exchange.market_history import Candles, MarketHistory, Ticker, Wanted
from gateway.exchange.orders import Orders
from gateway.exchange.pace import Pace
from gateway.exchange.shards.amounts import added
from gateway.exchange.shards.each import found_in_all
from gateway.exchange.shards.merging import Joined, Page, joined_page, newest_of
from gateway.exchange.shards.parts import Part, Parts
from gateway.link.errors import RefusedError
from gateway.link.instruments import Instruments
from history.reading.fills import cursor_of
from history.reading.movements import Total, movement_cursor
from history.reading.trades import Range
from protocol.commands import FillsQuery, MovementsQuery, OrderQuery, OrdersQuery, PreventedMatchesQuery
from protocol.events import (
    Fill,
    FillPage,
    Movement,
    MovementPage,
    OrderPage,
    OrderState,
    PreventedMatch,
    Trade,
)
from protocol.units import Refusal

Pair = tuple[int, int]
"""The cursor of a fill or of a movement."""

Query = TypeVar("Query", FillsQuery, MovementsQuery)
Value = TypeVar("Value")


class ShardedMarketHistory(MarketHistory):
    """Each call is about one symbol, and asks its shard."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts.first.link, parts.first.tables)
        self._parts = parts
        self._of = {part.number: MarketHistory(part.link, part.tables) for part in parts}

    async def trades(self, symbol: str, wanted: Range, limit: int) -> list[Trade]:
        return await self._owner(symbol).trades(symbol, wanted, limit)

    async def candles(self, wanted: Wanted) -> Candles:
        return await self._owner(wanted.symbol).candles(wanted)

    async def ticker(self, symbol: str) -> Ticker:
        return await self._owner(symbol).ticker(symbol)

    def _owner(self, symbol: str) -> MarketHistory:
        return self._of[self._parts.of(symbol).number]


class ShardedAccountHistory(AccountHistory):
    """Lists of one symbol ask its shard, and have its cursors. The others are joined by time, then by id, as long as
    they last; `next` has a cursor for each shard."""

    def __init__(self, parts: Parts, instruments: Instruments, orders: Orders, pace: Pace) -> None:
        super().__init__(parts.first.link, parts.first.tables, instruments, orders)
        self._parts = parts
        self._of = {
            part.number: AccountHistory(part.link, part.tables, instruments, Orders(part.link, instruments, pace))
            for part in parts
        }
        self._orders_of = {part.number: Orders(part.link, instruments, pace) for part in parts}

    async def look_up(self, query: OrderQuery) -> OrderState:
        if query.order_id is None:
            # The link asks all shards.
            return await self._orders.look_up(query)
        return await self._of[self._parts.of_order(query.order_id).number].look_up(query)

    async def orders(self, query: OrdersQuery) -> OrderPage:
        """Of one symbol. Without one, live orders, shard by shard."""
        if query.symbol is None:
            return await self._orders.page(query)
        return await self._of[self._parts.of(query.symbol).number].orders(query)

    async def fills(self, query: FillsQuery) -> FillPage:
        """Of one symbol, or the newest of all."""
        if query.symbol is not None:
            return await self._of[self._parts.of(query.symbol).number].fills(query)
        pages = await found_in_all(self._parts, lambda part: self._of[part.number].fills(query))
        return FillPage(newest_of([page.fills for page in pages], query.limit, _fill_age, cursor_of), None)

    async def movements(self, query: MovementsQuery) -> MovementPage:
        """The newest of all."""
        pages = await self._movements_of_each([query] * len(self._parts))
        found = newest_of([page.movements for page in pages], query.limit, _movement_age, movement_cursor)
        return MovementPage(found, None)

    async def totals_at(self, account: str, time: int) -> list[Total]:
        found = await found_in_all(self._parts, lambda part: self._of[part.number].totals_at(account, time))
        amounts: dict[str, list[str]] = {}
        for totals in found:
            for total in totals:
                amounts.setdefault(total.asset, []).append(total.total)
        return [Total(asset, added(texts)) for asset, texts in sorted(amounts.items())]

    async def joined_orders(self, query: OrdersQuery, after: Sequence[int]) -> Joined[OrderState, int]:
        """Live orders, oldest first; or done ones of an account, those that ended last first."""

        async def page(part: Part) -> Page[OrderState, int]:
            mine = OrdersQuery(query.symbol, query.account, query.done, query.limit, after[part.number])
            found = await self._of[part.number].orders(mine)
            return Page(found.orders, mine.after, found.next)

        pages = await found_in_all(self._parts, page)
        return joined_page(pages, query.limit, _end_age if query.done else _order_age, _order_id)

    async def joined_fills(self, query: FillsQuery, after: Sequence[Pair]) -> Joined[Fill, Pair]:
        """Fills after the cursors, oldest first."""

        async def page(part: Part) -> Page[Fill, Pair]:
            mine = FillsQuery(query.account, None, query.limit, after[part.number])
            found = await self._of[part.number].fills(mine)
            return Page(found.fills, after[part.number], found.next)

        return joined_page(await found_in_all(self._parts, page), query.limit, _fill_age, cursor_of)

    async def joined_movements(self, query: MovementsQuery, after: Sequence[Pair]) -> Joined[Movement, Pair]:
        """Movements after the cursors, oldest first."""
        queries = [MovementsQuery(query.account, query.asset, query.limit, cursor) for cursor in after]
        found = await self._movements_of_each(queries)
        pages = [Page(page.movements, cursor, page.next) for page, cursor in zip(found, after, strict=True)]
        return joined_page(pages, query.limit, _movement_age, movement_cursor)

    async def joined_matches(self, query: PreventedMatchesQuery, after: Sequence[int]) -> Joined[PreventedMatch, int]:
        """Prevented matches after the cursors, oldest first."""

        async def page(part: Part) -> Page[PreventedMatch, int]:
            cursor = after[part.number]
            mine = PreventedMatchesQuery(query.account, None, query.order_id, cursor, query.limit)
            found = await self._orders_of[part.number].prevented_matches(mine)
            return Page(found.matches, cursor, found.next)

        return joined_page(await found_in_all(self._parts, page), query.limit, _match_age, _match_id)

    async def of_each_shard(self, call: Callable[[AccountHistory], Awaitable[Value]]) -> list[Value]:
        """What the history of each shard tells."""
        return await found_in_all(self._parts, lambda part: call(self._of[part.number]))

    async def _movements_of_each(self, queries: Sequence[MovementsQuery]) -> list[MovementPage]:
        """A page of each shard. RefusedError for an asset of no shard; a shard that lacks it has no movements of it."""
        refused: list[RefusedError] = []

        async def page(part: Part) -> MovementPage:
            try:
                return await self._of[part.number].movements(queries[part.number])
            except RefusedError as error:
                if error.refusal is not Refusal.UNKNOWN_ASSET:
                    raise
                refused.append(error)
                return MovementPage([], None)

        pages = await found_in_all(self._parts, page)
        if len(refused) == len(pages):
            raise refused[0]
        return pages


class ShardedHistory(History):
    def __init__(self, parts: Parts, instruments: Instruments, orders: Orders, pace: Pace) -> None:
        super().__init__(parts.first.link, instruments, orders, parts.first.tables)
        self._parts = parts
        self.markets = ShardedMarketHistory(parts)
        self.accounts = self.over_shards = ShardedAccountHistory(parts, instruments, orders, pace)
        self._of = {part.number: History(part.link, instruments, orders, part.tables) for part in parts}

    async def status(self, timeout: float) -> HistoryStatus:  # noqa: ASYNC109
        """That of the shard whose tables cannot be read; else that of the one that is the farthest behind."""
        found = await found_in_all(self._parts, lambda part: self._of[part.number].status(timeout))
        for part, status in zip(self._parts, found, strict=True):
            if status.reason:
                reason = f"shard {part.name}: {status.reason}" if status.configured else status.reason
                return HistoryStatus(status.configured, reason)
        return max(found, key=lambda status: status.lag_time)


def _order_age(order: OrderState) -> Pair:
    return order.timestamp, order.order_id


def _end_age(order: OrderState) -> int:
    """Those that ended last come first. Orders of one shard with the same end stand as it has them."""
    return -order.updated


def _order_id(order: OrderState) -> int:
    return order.order_id


def _fill_age(fill: Fill) -> int:
    return fill.trade.timestamp


def _movement_age(movement: Movement) -> int:
    return movement.timestamp


def _match_age(match: PreventedMatch) -> int:
    return match.timestamp


def _match_id(match: PreventedMatch) -> int:
    return match.prevented_match_id
