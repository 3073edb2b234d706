"""The matcher's side of the accounts' streams, and what a client of one makes of it."""

from typing import Any

from msgspec import structs, to_builtins

from gateway.link.answers import Stamped
from gateway.native.json.translate import order
from protocol.commands import AccountUpdatesQuery, BalancesQuery, OrdersQuery, WatchAccount
from protocol.events import (
    AccountSet,
    AccountState,
    AccountUpdate,
    AccountUpdates,
    AssetBalance,
    Balances,
    BalancesPart,
    Event,
    OrderCanceled,
    OrderChange,
    OrderPage,
    OrderPlaced,
    OrderState,
    Trade,
)
from protocol.units import OrderStatus, OrderType, Reason, Side
from tests.account_view import AccountView, Json
from tests.unit.gateway.fakes import BTC, TIMESTAMP, Gateway, settle
from tests.unit.gateway.streams import StreamClient

ACCOUNT = "desk"
PATH = f"/ws/user?account={ACCOUNT}"
LIVE = (OrderStatus.PENDING, OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED)
QUANTITY = 300_000
"""Of every order; three fills of a third each fill it."""


def order_state(order_id: int, account: str = ACCOUNT, **more: Any) -> OrderState:
    state = OrderState(
        order_id,
        None,
        account,
        "BTC-USDT",
        Side.BUY,
        OrderType.LIMIT,
        100,
        None,
        OrderStatus.OPEN,
        True,
        QUANTITY,
        0,
        QUANTITY,
        0,
        None,
        order_id,
        TIMESTAMP,
        [],
    )
    return structs.replace(state, **more)


class Accounts:
    """Orders of accounts: changed here, published or lost, and kept for queries as the matcher does. One command more
    is one sequence more. `page` bounds the answers to queries, `kept` the updates of an account that can still be asked
    for."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.sequence = 100
        self.time = TIMESTAMP
        self.page = 500
        self.kept = 1_000
        self.orders: dict[int, OrderState] = {}
        self.money: dict[str, dict[str, AssetBalance]] = {}
        self.updates: dict[str, list[AccountUpdate]] = {}
        self.watched: dict[str, int] = {}
        self._order_id = 0
        self._trade_id = 0
        gateway.broker.answers[WatchAccount] = self.watch
        gateway.broker.results[AccountUpdatesQuery] = self.updates_after
        gateway.broker.results[OrdersQuery] = self.open_orders
        gateway.broker.results[BalancesQuery] = self.balances

    def watch(self, command: WatchAccount) -> Stamped[Any]:
        self.sequence += 1
        since = self.watched.setdefault(command.account, self.sequence)
        self.updates.setdefault(command.account, [])
        return self._as_of_now(AccountState(command.account, False, None, watched_since=since))

    def forget(self, account: str = ACCOUNT) -> None:
        """Watch the account no more."""
        del self.watched[account], self.updates[account]

    def updates_after(self, query: AccountUpdatesQuery) -> Stamped[Any]:
        since = self.watched.get(query.account)
        if since is None:
            return self._as_of_now(AccountUpdates([], False, None, False))
        updates = self.updates[query.account]
        gone = updates[: -self.kept]
        found = [update for update in updates[-self.kept :] if update.sequence > query.after]
        page = found[: self.page]
        complete = query.after >= (gone[-1].sequence if gone else since)
        return self._as_of_now(
            AccountUpdates(page, complete, page[-1].sequence if len(found) > len(page) else None, True)
        )

    def open_orders(self, query: OrdersQuery) -> Stamped[Any]:
        orders = [
            state
            for order_id, state in sorted(self.orders.items())
            if state.account == query.account and state.status in LIVE and order_id > query.after
        ]
        page = orders[: min(self.page, query.limit)]
        return self._as_of_now(OrderPage(page, page[-1].order_id if len(orders) > len(page) else None))

    def balances(self, query: BalancesQuery) -> Stamped[Any]:
        money = self.money.get(query.account)
        found = [] if money is None else [money[asset] for asset in sorted(money)]
        return self._as_of_now(Balances(query.account, money is not None, found))

    def balance_views(self, account: str = ACCOUNT) -> dict[str, tuple[str, str]] | None:
        """Free and locked of each asset, as they are told; None without a ledger."""
        money = self.money.get(account)
        return None if money is None else {asset: (each.free, each.locked) for asset, each in money.items()}

    def _as_of_now(self, value: Any) -> Stamped[Any]:
        return Stamped(self.sequence, TIMESTAMP, value)

    def open_views(self, account: str = ACCOUNT) -> dict[str, Json]:
        """The open orders by their ids, as they are told."""
        return {
            str(order_id): to_builtins(order(state, BTC))
            for order_id, state in sorted(self.orders.items())
            if state.account == account and state.status in LIVE
        }

    def command(
        self,
        changes: list[OrderChange],
        states: list[OrderState],
        *,
        published: bool = True,
        account_set: AccountSet | None = None,
        balances: BalancesPart | None = None,
        account: str | None = None,
    ) -> AccountUpdate:
        """One command that has changed these orders so, all of one account, and these balances of it."""
        account = account or (account_set.account if account_set is not None else states[0].account)
        if balances is not None and balances.ledger:
            self.money.setdefault(account, {}).update((each.asset, each) for each in balances.balances)
        elif balances is not None:
            self.money.pop(account, None)
        self.sequence += 1
        self.orders.update((state.order_id, state) for state in states)
        updates = self.updates.get(account, [])
        previous = updates[-1].sequence if updates else self.watched.get(account, 0)
        self.time += 1
        update = AccountUpdate.of(account, self.sequence, previous, self.time, changes, states, account_set, balances)
        if account in self.watched:
            updates.append(update)
            if published:
                self.gateway.broker.publish(update)
        return update

    def place(self, *, published: bool = True, account: str = ACCOUNT, **more: Any) -> AccountUpdate:
        self._order_id += 1
        state = order_state(self._order_id, account, **more)
        return self.command([OrderChange(state.order_id, OrderPlaced(state.order_id), 0)], [state], published=published)

    def fill(self, order_id: int, *, published: bool = True) -> AccountUpdate:
        """A third of the order is filled, as a maker."""
        state = self.orders[order_id]
        self._trade_id += 1
        trade = Trade(
            "BTC-USDT",
            self._trade_id,
            100,
            QUANTITY // 3,
            Side.SELL,
            order_id,
            999,
            10,
            20,
            self.sequence + 1,
            TIMESTAMP,
        )
        filled = state.filled_quantity + trade.quantity
        done = filled == QUANTITY
        after = structs.replace(
            state,
            status=OrderStatus.FILLED if done else OrderStatus.PARTIALLY_FILLED,
            resting=not done,
            filled_quantity=filled,
            remaining_quantity=QUANTITY - filled,
            filled_value=filled * 100,
        )
        return self.command([OrderChange(order_id, trade, filled)], [after], published=published)

    def cancel(self, *order_ids: int, published: bool = True) -> AccountUpdate:
        changes, states = [], []
        for order_id in order_ids:
            state = self.orders[order_id]
            event: Event = OrderCanceled(order_id, state.remaining_quantity, Reason.REQUESTED)
            changes.append(OrderChange(order_id, event, state.filled_quantity))
            states.append(
                structs.replace(
                    state, status=OrderStatus.CANCELED, resting=False, remaining_quantity=0, reason=Reason.REQUESTED
                )
            )
        return self.command(changes, states, published=published)

    def pay(self, *balances: AssetBalance, ledger: bool = True, published: bool = True) -> AccountUpdate:
        """The account has this of these assets now, and its orders are as they were."""
        part = BalancesPart(ledger, list(balances))
        return self.command([], [], published=published, balances=part, account=ACCOUNT)

    def others(self, commands: int = 1) -> None:
        """Commands that are nothing to the account."""
        self.sequence += commands


class Reader(AccountView):
    """A client of an account's stream."""

    def __init__(
        self,
        client: StreamClient,
        after: int | None = None,
        orders: dict[str, Json] | None = None,
        balances: dict[str, tuple[str, str]] | None = None,
    ) -> None:
        super().__init__(ACCOUNT, after, orders, balances)
        self.client = client

    async def read(self) -> Json:
        """Take in the next message."""
        message: Json = await self.client.read()
        self.take_in(message)
        return message

    async def read_up_to(self, sequence: int) -> "Reader":
        """Read until it knows everything up to the sequence, at least."""
        while not self.knows(sequence):
            await self.read()
        return self


async def joined(gateway: Gateway, after: int | None = None) -> Reader:
    """A client of the account's stream that has been accepted."""
    target = PATH if after is None else f"{PATH}&after={after}"
    return Reader(await StreamClient(gateway, target).accepted(), after)


async def begun(gateway: Gateway) -> Reader:
    """A client that has read the account's open orders; nothing is asked any more."""
    reader = await joined(gateway)
    await reader.read()
    await settle()
    return reader


def asked(gateway: Gateway, kind: type) -> int:
    """How many questions of a kind the gateway has asked."""
    return sum(isinstance(query, kind) for query in gateway.broker.queries)
