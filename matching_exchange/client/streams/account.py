"""An account's own stream: its orders, fills and balances, each change once, in order."""

from decimal import Decimal

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


class _Resumed(Struct, frozen=True, tag_field="type", tag="resumed"):
    account: str
    sequence: int
    timestamp: Time


class _Update(Struct, frozen=True, tag_field="type", tag="update"):
    account: str
    sequence: int
    previous: int
    timestamp: Time
    changes: tuple[Change, ...]
    orders: tuple[Order, ...]
    ledger: bool | None = None
    balances: tuple[Balance, ...] = ()


_message = reader(_Orders | _Resumed | _Update)

AccountItem = AccountStart | AccountUpdate | Restarted


class AccountMachine(Machine[AccountItem]):
    """It resumes after the last sequence. Where the exchange cannot, an AccountStart with `restarted` comes.

    account: None is that of the key. after: the sequence of the last item of an earlier stream.
    """

    access = Access.ACCOUNT

    def __init__(self, account: str | None, after: int | None) -> None:
        super().__init__()
        self.account = account
        self._last = after
        self._has_begun = after is not None
        self._parts: list[_Orders] = []

    def address(self) -> tuple[str, list[tuple[str, str]]]:
        query = [] if self.account is None else [("account", self.account)]
        if self._last is not None:
            query.append(("after", str(self._last)))
        return "/ws/user", query

    def opened(self) -> None:
        self._parts.clear()

    def restarted(self, reason: str) -> None:
        self._last = None
        self.items.append(Restarted(reason))

    def receive(self, text: str | bytes) -> None:
        message = _message(text)
        if isinstance(message, _Orders):
            self._parts.append(message)
            if not message.more:
                self._begin()
        elif isinstance(message, _Update):
            self._update(message)

    def _begin(self) -> None:
        parts, self._parts = self._parts, []
        first = parts[0]
        self._last = first.sequence
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
                self._has_begun,
            )
        )
        self._has_begun = True

    def _update(self, message: _Update) -> None:
        if self._last is None:
            raise StreamBrokenError("an update came before the account's orders")
        if message.sequence <= self._last:
            return
        if message.previous > self._last:
            raise StreamBrokenError(f"the update before {message.sequence} is {message.previous}, not {self._last}")
        self._last = message.sequence
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
            )
        )


class AccountState:
    """What an account's stream comes to: give each of its items to `apply`.

    orders: its open and pending orders, by order_id. balances: by asset; an asset that is not there is zero.
    ledger: false for an unlimited account, which has no balances. sequence: of the last item.
    """

    def __init__(self) -> None:
        self.orders: dict[int, Order] = {}
        self.balances: dict[str, Balance] = {}
        self.ledger = False
        self.suspended = False
        self.cancel_at: Time | None = None
        self.sequence = 0

    def free(self, asset: str) -> Decimal:
        """What new orders may use of the asset."""
        balance = self.balances.get(asset)
        return Decimal(0) if balance is None else balance.free

    def apply(self, item: AccountItem) -> None:
        """The next item of the stream."""
        if isinstance(item, AccountUpdate):
            self._update(item)
            return
        self.orders.clear()
        self.balances.clear()
        if isinstance(item, AccountStart):
            self.sequence = item.sequence
            self.suspended, self.cancel_at = item.suspended, item.cancel_at
            self.orders.update((order.order_id, order) for order in item.orders)
            self._put_balances(item.balances, ledger=item.ledger)

    def _update(self, item: AccountUpdate) -> None:
        self.sequence = item.sequence
        for order in item.orders:
            if order.done:
                self.orders.pop(order.order_id, None)
            else:
                self.orders[order.order_id] = order
        for change in item.changes:
            if isinstance(change, AccountChanged):
                self.suspended, self.cancel_at = change.suspended, change.cancel_at
        if item.ledger is not None:
            self._put_balances(item.balances, ledger=item.ledger)

    def _put_balances(self, balances: tuple[Balance, ...], *, ledger: bool) -> None:
        self.ledger = ledger
        if not ledger:
            self.balances.clear()
        self.balances.update((balance.asset, balance) for balance in balances)
