"""Queries about accounts. The streams of one worker share them, so that they never ask too much at once."""

import asyncio
from typing import Final, TypeVar

from msgspec import Struct

from gateway.link.answers import Stamped, expect
from gateway.link.matcher_link import MatcherLink
from protocol.commands import AccountUpdatesQuery, BalancesQuery, OrdersQuery, Query, WatchAccount
from protocol.events import (
    AccountState,
    AccountUpdate,
    AccountUpdates,
    AssetBalance,
    Balances,
    BalancesPart,
    OrderPage,
    OrderState,
)
from protocol.units import OrderStatus

ASKED_AT_ONCE: Final = 16
"""Queries about accounts that are in flight at most. After a restart thousands of streams ask; orders come first."""

PAGE_ORDERS: Final = 1_000
"""Orders that are asked for at once."""

LIVE: Final = frozenset({OrderStatus.PENDING, OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED})

Kind = TypeVar("Kind")


class OpenOrders(Struct):
    """An account's state.

    orders: open and pending, oldest first.
    cancel_at: when they are canceled, unless that is put off.
    balances: by asset; an asset that is not there is zero. Empty without a ledger.
    """

    orders: list[OrderState]
    suspended: bool
    cancel_at: int | None
    ledger: bool
    balances: dict[str, AssetBalance]


class UserHistory:
    """Each query fails as the broker's."""

    def __init__(self, broker: MatcherLink) -> None:
        self._broker = broker
        self._free = asyncio.Semaphore(ASKED_AT_ONCE)

    async def watch(self, account: str) -> int:
        """Have the matcher keep and publish the account's updates; the sequence from which it surely does."""
        async with self._free:
            answer = await self._broker.command(WatchAccount(account))
        expect(AccountState, answer.value)
        return answer.sequence

    async def updates(self, account: str, after: int) -> Stamped[AccountUpdates]:
        return await self._ask(AccountUpdatesQuery(account, after), AccountUpdates)

    async def open_orders(self, account: str) -> Stamped[OpenOrders] | None:
        """The open and pending orders, and the balances, all as of one sequence. None where the needed updates are not
        kept."""
        orders: dict[int, OrderState] = {}
        # Asked at once, they mostly have one sequence.
        money, page = await asyncio.gather(self._balances(account), self._orders(account, 0))
        first = min(money.sequence, page.sequence)
        while True:
            orders.update((state.order_id, state) for state in page.value.orders)
            if page.value.next is None:
                break
            page = await self._orders(account, page.value.next)
        balances = {balance.asset: balance for balance in money.value.balances}
        found = OpenOrders(
            list(orders.values()), page.value.suspended, page.value.cancel_at, money.value.ledger, balances
        )
        if money.sequence == page.sequence == first:
            return Stamped(first, page.timestamp, found)
        return await self._brought_up(account, found, first)

    async def _brought_up(self, account: str, found: OpenOrders, first: int) -> Stamped[OpenOrders] | None:
        """Bring pages and balances of different sequences to one, none before `first`.

        The last update of an order since the first page tells its state, whether its page is older or newer. An order
        without an update has not changed. The same holds for the account, and for the balance of each asset.
        """
        orders = {state.order_id: state for state in found.orders}
        after: int | None = first
        while after is not None:
            answer = await self.updates(account, after)
            if not (answer.value.watched and answer.value.complete):
                return None
            for update in answer.value.updates:
                apply(update, orders)
                if update.account_set is not None:
                    found.suspended, found.cancel_at = update.account_set.suspended, update.account_set.cancel_at
                if update.balances is not None:
                    apply_balances(update.balances, found)
            after = answer.value.next
        found.orders = [orders[order_id] for order_id in sorted(orders)]
        return Stamped(answer.sequence, answer.timestamp, found)

    async def _balances(self, account: str) -> Stamped[Balances]:
        return await self._ask(BalancesQuery(account), Balances)

    async def _orders(self, account: str, after: int) -> Stamped[OrderPage]:
        return await self._ask(OrdersQuery(account=account, limit=PAGE_ORDERS, after=after), OrderPage)

    async def _ask(self, query: Query, kind: type[Kind]) -> Stamped[Kind]:
        async with self._free:
            answer = await self._broker.query(query)
        return Stamped(answer.sequence, answer.timestamp, expect(kind, answer.value))


def apply(update: AccountUpdate, orders: dict[int, OrderState]) -> None:
    """Change the orders by id to those that the update's command left open or pending."""
    for state in update.orders:
        if state.status in LIVE:
            orders[state.order_id] = state
        else:
            orders.pop(state.order_id, None)


def apply_balances(part: BalancesPart, found: OpenOrders) -> None:
    """Change the balances to those that an update's command left."""
    found.ledger = part.ledger
    if part.ledger:
        found.balances.update((balance.asset, balance) for balance in part.balances)
    else:
        found.balances.clear()
