"""What happens to the orders of watched accounts: kept for who comes back, and published (contract: the account's own
stream).

An account is watched from its first WatchAccount command on. Each command that changes something for it makes one
AccountUpdate. It names the update before it, so a reader sees a gap and asks. History and watched accounts are
journaled state, and bounded.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from itertools import islice

from matcher.core.book import Book
from matcher.core.order import Order
from matcher.core.registry import Registry
from matcher.serving.answers import order_state
from matcher.serving.money_answers import changed_balances
from matcher.serving.watched import Watched
from protocol.events import (
    AccountSet,
    AccountUpdate,
    AccountUpdates,
    AccountWatched,
    BalancesPart,
    BookLoaded,
    CancelFailed,
    CommandRefused,
    Event,
    InstrumentSet,
    KeyRevoked,
    KeySet,
    LedgerSet,
    MoneyMoved,
    OrderAmended,
    OrderChange,
    OrderDuplicated,
    PlaceFailed,
    Trade,
    TransferDuplicated,
)

WITHOUT_ORDER = (
    OrderDuplicated
    | CommandRefused
    | InstrumentSet
    | AccountWatched
    | TransferDuplicated
    | KeySet
    | KeyRevoked
    | CancelFailed
    | PlaceFailed
)
"""Events that change nothing of any order."""

MAX_UPDATES = 50_000
"""How many updates are kept, the last ones of all watched accounts together."""

MAX_WATCHED = 10_000
"""Accounts that are watched at once. A further one replaces the account with the oldest WatchAccount."""

MAX_PAGE_UPDATES = 500
"""Updates of one answer, at most."""

MAX_PAGE_ORDERS = 2_000
"""After how many orders in its updates an answer ends; one update may have more by itself."""


class _Stream:
    """A watched account with the updates that are kept of it."""

    __slots__ = ("account", "complete_after", "last", "since", "updates")

    def __init__(self, account: str, since: int, last: int, complete_after: int) -> None:
        self.account = account
        self.since = since
        self.last = last
        self.complete_after = complete_after
        self.updates: deque[AccountUpdate] = deque()


class _Changes:
    """What one command changed for one account."""

    __slots__ = ("account_set", "changes", "is_closed", "orders")

    def __init__(self) -> None:
        self.changes: list[OrderChange] = []
        self.orders: dict[int, Order] = {}
        self.account_set: AccountSet | None = None
        self.is_closed = False


class AccountStreams:
    """The watched accounts, the one whose WatchAccount is the longest ago first, and their updates, oldest first."""

    def __init__(self, most_updates: int = MAX_UPDATES, most_watched: int = MAX_WATCHED) -> None:
        self._most_updates = most_updates
        self._most_watched = most_watched
        self._watched: dict[str, _Stream] = {}
        self._history: deque[AccountUpdate] = deque()

    def __bool__(self) -> bool:
        return bool(self._watched)

    def watch(self, account: str, sequence: int) -> int:
        """Watch the account; the sequence since which it is watched."""
        watched = self._watched.pop(account, None)
        if watched is None:
            watched = _Stream(account, sequence, sequence, sequence)
            if len(self._watched) >= self._most_watched:
                del self._watched[next(iter(self._watched))]
        self._watched[account] = watched
        return watched.since

    def note(self, registry: Registry, sequence: int, time: int, events: list[Event]) -> list[AccountUpdate]:
        """Keep what a command that has just been applied changed for watched accounts; the updates to publish."""
        found: dict[str, _Changes] = {}
        for event in events:
            if isinstance(event, Trade):
                self._note_order(found, registry.orders[event.maker_order_id], event)
                self._note_order(found, registry.orders[event.taker_order_id], event)
            elif isinstance(event, AccountSet):
                if event.account in self._watched:
                    found.setdefault(event.account, _Changes()).account_set = event
            elif isinstance(event, BookLoaded):
                self._note_loaded(found, registry.books[event.symbol])
            elif isinstance(event, MoneyMoved | LedgerSet):
                if event.account in self._watched:
                    found.setdefault(event.account, _Changes()).is_closed = event == LedgerSet(
                        event.account, ledger=False
                    )
            elif not isinstance(event, WITHOUT_ORDER):
                self._note_order(found, registry.orders[event.order_id], event)
        return [
            self._keep(account, sequence, time, changes, _balances(registry, account, changes))
            for account, changes in found.items()
        ]

    def _note_order(self, found: dict[str, _Changes], order: Order, event: Event) -> None:
        account = order.account.name
        if account not in self._watched:
            return
        changes = found.get(account)
        if changes is None:
            changes = found[account] = _Changes()
        changes.orders[order.order_id] = order
        changes.changes.append(OrderChange(order.order_id, event, order.filled))

    def _note_loaded(self, found: dict[str, _Changes], book: Book) -> None:
        for order in book.live_orders():
            self._note_order(
                found, order, OrderAmended(order.order_id, order.quantity, order.price, order.trigger_price)
            )

    def _keep(
        self, account: str, sequence: int, time: int, changes: _Changes, balances: BalancesPart | None
    ) -> AccountUpdate:
        watched = self._watched[account]
        states = [order_state(order, []) for order in changes.orders.values()]
        told = _with_fills_then(changes.changes)
        update = AccountUpdate.of(account, sequence, watched.last, time, told, states, changes.account_set, balances)
        watched.last = sequence
        watched.updates.append(update)
        self._history.append(update)
        if len(self._history) > self._most_updates:
            self._drop_oldest()
        return update

    def _drop_oldest(self) -> None:
        oldest = self._history.popleft()
        watched = self._watched.get(oldest.account)
        if watched is not None and watched.updates and watched.updates[0] is oldest:
            watched.updates.popleft()
            watched.complete_after = oldest.sequence

    def after(self, account: str, sequence: int) -> AccountUpdates:
        """The account's updates after the sequence, a page of them."""
        watched = self._watched.get(account)
        if watched is None:
            return AccountUpdates([], False, None, False)
        if sequence >= watched.last:
            return AccountUpdates([], True, None, True)
        updates = list(watched.updates)
        start = bisect_right(updates, sequence, key=lambda update: update.sequence)
        page: list[AccountUpdate] = []
        orders = 0
        for update in updates[start : start + MAX_PAGE_UPDATES]:
            orders += len(update.orders)
            if page and orders > MAX_PAGE_ORDERS:
                break
            page.append(update)
        following = page[-1].sequence if start + len(page) < len(updates) else None
        return AccountUpdates(page, sequence >= watched.complete_after, following, True)

    def known(self) -> tuple[list[Watched], Iterable[AccountUpdate]]:
        """The watched accounts, the one whose WatchAccount is the longest ago first, and all updates, oldest first."""
        accounts = [
            Watched(stream.account, stream.since, stream.last, stream.complete_after)
            for stream in self._watched.values()
        ]
        return accounts, islice(self._history, None)

    def restore_account(self, watched: Watched) -> None:
        """Bring back a watched account of `known`."""
        self._watched[watched.account] = _Stream(watched.account, watched.since, watched.last, watched.complete_after)

    def restore_update(self, update: AccountUpdate) -> None:
        """Bring back an update of `known`, after its account."""
        self._history.append(update)
        watched = self._watched.get(update.account)
        if watched is not None and update.sequence > watched.complete_after:
            watched.updates.append(update)


def _with_fills_then(changes: list[OrderChange]) -> list[OrderChange]:
    """The changes with what was filled of the order at each, from what the command has left filled of it."""
    result: list[OrderChange] = []
    filled: dict[int, int] = {}
    for change in reversed(changes):
        then = filled.get(change.order_id, change.filled_quantity)
        result.append(OrderChange(change.order_id, change.event, then))
        filled[change.order_id] = then - change.event.quantity if isinstance(change.event, Trade) else then
    return result[::-1]


def _balances(registry: Registry, account: str, changes: _Changes) -> BalancesPart | None:
    """The balances that the command has changed for the account; none are left once its ledger is closed."""
    return BalancesPart(ledger=False, balances=[]) if changes.is_closed else changed_balances(registry, account)
