"""An account's own stream: its orders, fills and balances, each change once, in order."""

from decimal import Context, Decimal
from typing import Final

from msgspec import Struct

from matching_exchange.client.call import Access, reader
from matching_exchange.client.streams.machine import Machine, StreamBrokenError
from matching_exchange.client.times import Time
from matching_exchange.client.types.account_stream import AccountChanged, AccountStart, AccountUpdate, Change
from matching_exchange.client.types.money import Balance
from matching_exchange.client.types.orders import Order
from matching_exchange.client.types.streams import Restarted


class _Orders(Struct, frozen=True, tag_field="type", tag="orders"):
    account: str
    sequence: int
    timestamp: Time
    suspended: bool
    cancel_at: Time | None
    orders: tuple[Order, ...]
    more: bool
    ledger: bool = False
    balances: tuple[Balance, ...] = ()
    shard: str | None = None
    cursor: str | None = None


class _Resumed(Struct, frozen=True, tag_field="type", tag="resumed"):
    account: str
    sequence: int
    timestamp: Time
    shard: str | None = None
    cursor: str | None = None


class _Update(Struct, frozen=True, tag_field="type", tag="update"):
    account: str
    sequence: int
    previous: int
    timestamp: Time
    changes: tuple[Change, ...]
    orders: tuple[Order, ...]
    ledger: bool | None = None
    balances: tuple[Balance, ...] = ()
    shard: str | None = None
    cursor: str | None = None


EXACT: Final = Context(prec=1_000)
"""Amounts have any size."""

_message = reader(_Orders | _Resumed | _Update)

AccountItem = AccountStart | AccountUpdate | Restarted


class AccountMachine(Machine[AccountItem]):
    """It resumes after the last item. Where the exchange cannot, an AccountStart with `restarted` comes.

    Where the exchange has several shards, each has its own sequences, and the cursor of the last message is followed.

    account: None is that of the key. after: the sequence of the last item of an earlier stream, or its cursor.
    """

    access = Access.ACCOUNT

    def __init__(self, account: str | None, after: int | str | None) -> None:
        super().__init__()
        self.account = account
        self._after = after
        # By shard; without shards, None stands for the exchange.
        self._last: dict[str | None, int] = {None: after} if isinstance(after, int) else {}
        self._resumes = after is not None
        self._begun: set[str | None] = set()
        self._parts: dict[str | None, list[_Orders]] = {}

    def address(self) -> tuple[str, list[tuple[str, str]]]:
        query = [] if self.account is None else [("account", self.account)]
        if self._after is not None:
            query.append(("after", str(self._after)))
        return "/ws/user", query

    def opened(self) -> None:
        self._parts.clear()

    def restarted(self, reason: str) -> None:
        self._after = None
        self._last.clear()
        self.items.append(Restarted(reason))

    def receive(self, text: str | bytes) -> None:
        message = _message(text)
        if isinstance(message, _Orders):
            self._parts.setdefault(message.shard, []).append(message)
            if not message.more:
                self._begin(message)
        elif isinstance(message, _Update):
            self._update(message)
        elif message.shard is not None:
            self._know(message)

    def _know(self, message: _Orders | _Resumed | _Update) -> None:
        """All up to the message is known."""
        self._last[message.shard] = message.sequence
        self._after = message.sequence if message.cursor is None else message.cursor

    def _begin(self, last: _Orders) -> None:
        parts = self._parts.pop(last.shard)
        first = parts[0]
        self._know(last)
        orders = tuple(order for part in parts for order in part.orders)
        self.items.append(
            AccountStart(
                first.account,
                first.sequence,
                first.timestamp,
                first.suspended,
                first.cancel_at,
                orders,
                first.ledger,
                first.balances,
                self._resumes or last.shard in self._begun,
                last.shard,
                last.cursor,
            )
        )
        self._begun.add(last.shard)

    def _update(self, message: _Update) -> None:
        last = self._last.get(message.shard)
        if last is None:
            raise StreamBrokenError("an update came before the account's orders")
        if message.sequence <= last:
            return
        if message.previous > last:
            raise StreamBrokenError(f"the update before {message.sequence} is {message.previous}, not {last}")
        self._know(message)
        self.items.append(
            AccountUpdate(
                message.account,
                message.sequence,
                message.previous,
                message.timestamp,
                message.changes,
                message.orders,
                message.ledger,
                message.balances,
                message.shard,
                message.cursor,
            )
        )


class _Held:
    """What is known of one shard."""

    def __init__(self) -> None:
        self.orders: set[int] = set()
        self.balances: dict[str, Balance] = {}
        self.ledger = False


class AccountState:
    """What an account's stream comes to: give each of its items to `apply`.

    orders: its open and pending orders, by order_id. balances: by asset; an asset that is not there is zero.
    ledger: false for an unlimited account, which has no balances. sequence: of the last item.
    Where the exchange has several shards, balances are the sums of all that have told, and ledger is true if any has
    one.
    """

    def __init__(self) -> None:
        self.orders: dict[int, Order] = {}
        self.balances: dict[str, Balance] = {}
        self.ledger = False
        self.suspended = False
        self.cancel_at: Time | None = None
        self.sequence = 0
        self._shards: dict[str | None, _Held] = {}

    def free(self, asset: str) -> Decimal:
        """What new orders may use of the asset."""
        balance = self.balances.get(asset)
        return Decimal(0) if balance is None else balance.free

    def apply(self, item: AccountItem) -> None:
        """The next item of the stream."""
        if isinstance(item, AccountUpdate):
            self._update(item)
        elif isinstance(item, AccountStart):
            self._start(item)
        else:
            self.orders.clear()
            self.balances.clear()
            self._shards.clear()

    def _start(self, item: AccountStart) -> None:
        before = self._shards.get(item.shard, _Held())
        for order_id in before.orders:
            self.orders.pop(order_id, None)
        held = self._shards[item.shard] = _Held()
        self.sequence = item.sequence
        self.suspended, self.cancel_at = item.suspended, item.cancel_at
        self.orders.update((order.order_id, order) for order in item.orders)
        held.orders.update(order.order_id for order in item.orders)
        self._put_balances(held, item.balances, ledger=item.ledger)

    def _update(self, item: AccountUpdate) -> None:
        held = self._shards.setdefault(item.shard, _Held())
        self.sequence = item.sequence
        for order in item.orders:
            if order.done:
                self.orders.pop(order.order_id, None)
                held.orders.discard(order.order_id)
            else:
                self.orders[order.order_id] = order
                held.orders.add(order.order_id)
        for change in item.changes:
            if isinstance(change, AccountChanged):
                self.suspended, self.cancel_at = change.suspended, change.cancel_at
        if item.ledger is not None:
            self._put_balances(held, item.balances, ledger=item.ledger)

    def _put_balances(self, held: _Held, balances: tuple[Balance, ...], *, ledger: bool) -> None:
        held.ledger = ledger
        if not ledger:
            held.balances.clear()
        held.balances.update((balance.asset, balance) for balance in balances)
        self.ledger = any(each.ledger for each in self._shards.values())
        self.balances.clear()
        for each in self._shards.values():
            for asset, balance in each.balances.items():
                self.balances[asset] = _added(self.balances.get(asset), balance)


def _added(balance: Balance | None, other: Balance) -> Balance:
    if balance is None:
        return other
    return Balance(other.asset, EXACT.add(balance.free, other.free), EXACT.add(balance.locked, other.locked))
