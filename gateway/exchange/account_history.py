"""What accounts have done and had, of all times: fills, orders that are done, movements, balances at a time."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeVar

from sqlalchemy import Connection

from gateway.exchange.joining import Asked, Joining
from gateway.exchange.orders import Orders
from gateway.link.answers import expect
from gateway.link.errors import HistoryBehindError, RefusedError
from gateway.link.instruments import Instruments
from gateway.link.on_behalf import Link
from gateway.link.tables import HistoryTables
from history.reading.database import HistoryUnavailableError, begun
from history.reading.fills import cursor_of, fill_page
from history.reading.movements import Total, movement_cursor, movement_page, totals_at
from history.reading.orders import EndedPage, find_order, last_number, numbers_of, orders_before
from protocol.commands import BalancesQuery, FillsQuery, MovementsQuery, OrderQuery, OrdersQuery
from protocol.events import Fill, FillPage, Movement, MovementPage, OrderPage, OrderState
from protocol.units import Refusal

REMEMBERED_ORDERS: Final = 1_000_000
"""Done orders that the matcher remembers at least."""

REMEMBERED_OF_ACCOUNT: Final = 1_000
"""An account's newest fills, and movements, that the matcher remembers at least. With fewer, it has forgotten none."""

PROBES: Final = (20, REMEMBERED_OF_ACCOUNT)
"""How many of the newest are asked for, until one is old enough to be in the tables."""

TRADES_OF_ORDER: Final = 100
"""Trades that a look-up tells of an order."""

Cursor = tuple[int, int]
Item = TypeVar("Item")


class AccountHistory(Joining):
    """A call without a cursor asks for the newest. The matcher answers it alone, as far as its memory reaches."""

    def __init__(
        self,
        link: Link,
        tables: HistoryTables,
        instruments: Instruments,
        orders: Orders,
    ) -> None:
        super().__init__(link, tables)
        self._instruments = instruments
        self._orders = orders

    async def fills(self, query: FillsQuery) -> FillPage:
        page = await self._fills(query)
        await self._instruments.know([entry.trade for entry in page.fills])
        return page

    async def _fills(self, query: FillsQuery) -> FillPage:
        if query.after is None or not self.tables.configured:
            page = expect(FillPage, (await self.link.query(query)).value)
            if not self.tables.configured or len(page.fills) >= query.limit:
                return page
        try:
            return await self.join(partial(self._joined_fills, query))
        except (HistoryUnavailableError, HistoryBehindError):
            remembered = await _newest_fills(Asked(self.link), query.account, REMEMBERED_OF_ACCOUNT)
            whole = len(remembered) < REMEMBERED_OF_ACCOUNT
            if not whole and (query.after is None or cursor_of(remembered[0]) > query.after):
                raise
            return _fill_page([fill for fill in remembered if _asked_for(query, fill)], query)

    async def _joined_fills(self, query: FillsQuery, asked: Asked) -> FillPage | None:
        found = await self.tables.ask(
            lambda connection: fill_page(connection, query.account, query.symbol, query.after, query.limit)
        )
        fills, more = found.value
        if more and query.after is not None:
            return FillPage(fills, cursor_of(fills[-1]))
        if not asked.covered(found.filled):
            newer = await self._newer_fills(asked, query.account, found.filled.sequence)
            if newer is None:
                return None
            fills = fills + [fill for fill in newer if _asked_for(query, fill)]
        return _fill_page(fills, query)

    async def _newer_fills(self, asked: Asked, account: str, sequence: int) -> list[Fill] | None:
        """The account's fills after a sequence; None where the matcher may have forgotten some of them."""
        for count in PROBES:
            newest = await _newest_fills(asked, account, count)
            if len(newest) < count or newest[0].trade.sequence <= sequence:
                return [fill for fill in newest if fill.trade.sequence > sequence]
        return None

    async def movements(self, query: MovementsQuery) -> MovementPage:
        """RefusedError for an asset of no instrument."""
        if query.after is None or not self.tables.configured:
            page = expect(MovementPage, (await self.link.query(query)).value)
            if not self.tables.configured or len(page.movements) >= query.limit:
                return page
        else:
            page = expect(MovementPage, (await self.link.query(MovementsQuery(query.account, query.asset, 1))).value)
        try:
            return await self.join(partial(self._joined_movements, query))
        except (HistoryUnavailableError, HistoryBehindError):
            if query.after is None:
                return page
            # A ledger that has begun anew remembers nothing of before: fewer than asked for prove nothing.
            answer = await self.link.query(MovementsQuery(query.account, None, REMEMBERED_OF_ACCOUNT))
            remembered = expect(MovementPage, answer.value).movements
            if not remembered or movement_cursor(remembered[0]) > query.after:
                raise
            return _movement_page([each for each in remembered if _moved_as_asked(query, each)], query)

    async def _joined_movements(self, query: MovementsQuery, asked: Asked) -> MovementPage | None:
        found = await self.tables.ask(
            lambda connection: movement_page(connection, query.account, query.asset, query.after, query.limit)
        )
        movements, more = found.value
        if more and query.after is not None:
            return MovementPage(movements, movement_cursor(movements[-1]))
        if not asked.covered(found.filled):
            newer = await self._newer_movements(asked, query.account, found.filled.sequence)
            if newer is None:
                return None
            movements = movements + [each for each in newer if _moved_as_asked(query, each)]
        return _movement_page(movements, query)

    async def _newer_movements(self, asked: Asked, account: str, sequence: int) -> list[Movement] | None:
        """The account's movements after a sequence; None where the matcher may have forgotten some of them. A ledger
        that has begun anew remembers nothing of before."""
        for count in PROBES:
            answer = await asked.query(MovementsQuery(account, None, count))
            newest = expect(MovementPage, answer.value).movements
            if answer.sequence <= sequence:
                return []
            if newest and newest[0].sequence <= sequence:
                return [each for each in newest if each.sequence > sequence]
        return None

    async def totals_at(self, account: str, time: int) -> list[Total]:
        """What the account had of each asset at a time that is past, in nanoseconds."""
        return await self.join(partial(self._totals_at, account, time))

    async def _totals_at(self, account: str, time: int, asked: Asked) -> list[Total] | None:
        found = await self.tables.ask(
            lambda connection: (begun(connection, "movements"), totals_at(connection, account, time))
        )
        since, totals = found.value
        if since.sequence > 1 and time < since.time:
            raise HistoryUnavailableError("movements of that time are not kept")
        if found.filled.time < time and not asked.covered(found.filled):
            answer = await asked.query(BalancesQuery(account))
            if answer.sequence > found.filled.sequence:
                return None
        return totals

    async def orders(self, query: OrdersQuery) -> OrderPage:
        """Live orders, or done ones beyond the matcher's memory too."""
        page = await self._orders.page(query)
        if not query.done or page.next is not None or not self.tables.configured:
            return page
        newest = await self._newest_number()
        if newest <= REMEMBERED_ORDERS:
            # It has forgotten none.
            return page
        try:
            page = await self.join(partial(self._older_orders, query, page, newest))
        except (HistoryUnavailableError, HistoryBehindError):
            if query.after:
                raise
            return page
        await self._instruments.know(page.orders)
        return page

    async def look_up(self, query: OrderQuery) -> OrderState:
        """The order, also one that the matcher has forgotten, if it is named by its order_id."""
        try:
            return await self._orders.look_up(query)
        except RefusedError as error:
            if error.refusal is not Refusal.UNKNOWN_ORDER or query.order_id is None or not self.tables.configured:
                raise
            newest = await self._newest_number()
            if newest <= REMEMBERED_ORDERS:
                raise
            state = (await self.join(partial(self._forgotten_order, query.order_id, newest)))[0]
            if state is None or query.account not in (None, state.account):
                raise
        await self._instruments.know([state])
        return state

    async def _forgotten_order(self, order_id: int, newest: int, _: Asked) -> tuple[OrderState | None] | None:
        """The order, or that there is none. None while the tables lack what the matcher has forgotten."""

        def look(connection: Connection) -> tuple[OrderState | None, int]:
            return find_order(connection, order_id, TRADES_OF_ORDER), last_number(connection)

        state, last = (await self.tables.ask(look)).value
        return (state,) if state is not None or last >= newest - REMEMBERED_ORDERS else None

    async def _knows(self, order_id: int) -> bool:
        return isinstance((await self.link.query(OrderQuery(order_id))).value, OrderState)

    async def _newest_number(self) -> int:
        """How many orders are done, ever."""
        page = expect(OrderPage, (await self.link.query(OrdersQuery(done=True, limit=1))).value)
        return page.next or 1

    async def _older_orders(self, query: OrdersQuery, page: OrderPage, newest: int, _: Asked) -> OrderPage | None:
        """The page, with orders behind it that the matcher has forgotten. Their ends are numbered without a gap."""
        rest = query.limit - len(page.orders)
        lost = query.after > 0 and not page.orders and query.account is not None and not await self._knows(query.after)

        def look(connection: Connection) -> tuple[EndedPage, int]:
            before = _number_before(connection, query, page.orders, lost=lost)
            return orders_before(connection, query.account, query.symbol, before, rest + 1), last_number(connection)

        found, last = (await self.tables.ask(look)).value
        if last < newest - REMEMBERED_ORDERS:
            return None
        older = found.ended
        orders = page.orders + [ended.order for ended in older[:rest]]
        if len(older) <= rest:
            return OrderPage(orders, found.edge)
        if query.account is None:
            return OrderPage(orders, older[rest].number + 1)
        return OrderPage(orders, orders[-1].order_id if orders else query.after)


async def _newest_fills(asked: Asked, account: str, count: int) -> list[Fill]:
    return expect(FillPage, (await asked.query(FillsQuery(account, None, count))).value).fills


def _number_before(
    connection: Connection, query: OrdersQuery, orders: Sequence[OrderState], *, lost: bool
) -> int | None:
    """The number of the end before which the list goes on; None where it begins with the last one. `lost` means that
    the matcher does not know the order of the cursor."""
    if orders or query.account is not None:
        numbers = numbers_of(connection, orders[-1].order_id if orders else query.after)
        if numbers is not None:
            return numbers[query.account is None and query.symbol is not None]
    if lost:
        # No list has given such a cursor.
        return 0
    # One that is not in the tables yet is younger than all that are.
    return max(1, query.after - len(orders)) if query.account is None and query.after else None


def _asked_for(query: FillsQuery, fill: Fill) -> bool:
    return query.symbol in (None, fill.trade.symbol) and (query.after is None or cursor_of(fill) > query.after)


def _fill_page(fills: list[Fill], query: FillsQuery) -> FillPage:
    if query.after is None:
        return FillPage(_newest(fills, query.limit, cursor_of), None)
    end = _cut(fills, query.limit, cursor_of)
    return FillPage(fills[:end], cursor_of(fills[end - 1]) if end < len(fills) else None)


def _moved_as_asked(query: MovementsQuery, movement: Movement) -> bool:
    return query.asset in (None, movement.asset) and (query.after is None or movement_cursor(movement) > query.after)


def _movement_page(movements: list[Movement], query: MovementsQuery) -> MovementPage:
    if query.after is None:
        return MovementPage(_newest(movements, query.limit, movement_cursor), None)
    end = _cut(movements, query.limit, movement_cursor)
    return MovementPage(movements[:end], movement_cursor(movements[end - 1]) if end < len(movements) else None)


def _cut(items: Sequence[Item], limit: int, cursor: Callable[[Item], Cursor]) -> int:
    """Where a page of the first of them ends. Those of one cursor stay together."""
    end = min(limit, len(items))
    while 0 < end < len(items) and cursor(items[end]) == cursor(items[end - 1]):
        end += 1
    return end


def _newest(items: Sequence[Item], limit: int, cursor: Callable[[Item], Cursor]) -> list[Item]:
    """The last of them. Those of one cursor stay together."""
    start = max(0, len(items) - limit)
    while 0 < start < len(items) and cursor(items[start]) == cursor(items[start - 1]):
        start -= 1
    return list(items[start:])
