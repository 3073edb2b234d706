"""Everything that the engine holds: books, accounts, orders, and when something falls due. No matching."""

from collections import deque
from typing import TYPE_CHECKING, Final

from matcher.core.account import Account
from matcher.core.account_versions import AccountVersions
from matcher.core.amendments import Amendments
from matcher.core.book import Book
from matcher.core.client_ids import find_by_client_id, forget_client_ids
from matcher.core.deadlines import Deadlines
from matcher.core.key_ring import KeyRing
from matcher.core.order import Order
from matcher.core.order_pages import OrderPages
from matcher.core.running import Running
from matcher.core.transfers import Transfers
from protocol.commands import AmendmentsQuery, AmendOrder, CancelOrder, OrderQuery, SetLimits
from protocol.events import CommandRefused
from protocol.units import DEFAULT_ACCOUNT, Reason, Refusal

if TYPE_CHECKING:
    from matcher.core.assets import Asset

REMEMBERED_ORDERS: Final = 1_000_000
"""Done orders, the last ones, that stay findable with their client_order_ids."""

FORGOTTEN_AT_ONCE: Final = 8
"""Done orders dropped per new order at most, so no command pays for an earlier burst."""


class Registry:
    """The state of an engine.

    orders: every live and every remembered done order by order_id.
    done: the remembered done orders in the order of their ends. `forgotten` others came before.
    expiries: the times at which live orders expire, by order_id.
    assets: those of all instruments, by name.
    ledgers: how many accounts have one.
    transfers: those that are remembered.
    timers: the times at which accounts that stay silent are canceled, by name.
    halts: the times at which instruments that have halted by themselves trade again, by symbol.
    guarded: whether a book counts the orders of accounts, or halts by itself.
    pairs: how many legs live of each OCO that has a list_client_order_id, by account and that name.
    limits: those of the last SetLimits, none before it.
    keys: the API keys that are good.
    account_versions: those of accounts' statuses.
    amendments: what amends have changed of orders.
    """

    def __init__(self, remembered_orders: int = REMEMBERED_ORDERS) -> None:
        self.remembered_orders = remembered_orders
        self.limits = SetLimits()
        self.running = Running()
        self.books: dict[str, Book] = {}
        self.assets: dict[str, Asset] = {}
        self.ledgers = 0
        self.transfers = Transfers()
        self.accounts: dict[str, Account] = {}
        self.orders = OrderPages()
        self.done: deque[Order] = deque()
        self.forgotten = 0
        self.last_order_id = 0
        self.expiries: Deadlines[int] = Deadlines()
        self.timers: Deadlines[str] = Deadlines()
        self.halts: Deadlines[str] = Deadlines()
        self.guarded = False
        self.pairs: dict[tuple[str, str], int] = {}
        self.keys = KeyRing()
        self.account_versions = AccountVersions()
        self.amendments = Amendments()

    def set_limits(self, limits: SetLimits) -> None:
        """Hold to these limits."""
        self.limits = limits
        self.running.trades_left = limits.trades
        self.running.moves_left = limits.trigger_moves

    def note_guards(self) -> None:
        """See whether any book is guarded, after one has changed."""
        self.guarded = any(book.open_orders is not None or book.window is not None for book in self.books.values())

    def find(self, name: OrderQuery | CancelOrder | AmendOrder | AmendmentsQuery) -> Order | None:
        """The order that is named by order_id, or by account and client_order_id. With an account, only its own."""
        if name.order_id is not None:
            order = self.orders.get(name.order_id)
            return order if order is None or name.account is None or order.account.name == name.account else None
        account = self.accounts.get(name.account or DEFAULT_ACCOUNT)
        if account is None or name.client_order_id is None:
            return None
        return find_by_client_id(account, name.client_order_id)

    def account(self, name: str) -> Account:
        """The account of that name. Makes it if it is not known."""
        account = self.accounts.get(name)
        if account is None:
            self.accounts[name] = account = Account(name)
        return account

    def keep(self, order: Order) -> None:
        """List an order that has run and is live, the youngest of all. Note when it expires."""
        order.account.orders.add(order)
        order.book.orders.add(order)
        if order.extra is not None and order.extra.terms.expire_time:
            self.expiries.add(order.extra.terms.expire_time, order.order_id)

    def list_restored(self, order: Order) -> None:
        """List a live order that is brought back. All younger ones come after it."""
        order.account.orders.add(order)
        order.book.orders.add(order)
        self.count_leg(order)

    def count_leg(self, order: Order) -> None:
        """Note that a leg of an OCO lives."""
        name = None if order.extra is None else order.extra.list_client_order_id
        if name is not None:
            key = order.account.name, name
            self.pairs[key] = self.pairs.get(key, 0) + 1

    def discount_leg(self, account: str, name: str) -> None:
        """Note that a leg of the OCO of that list_client_order_id has ended. With the last one the name is free."""
        key = account, name
        self.pairs[key] -= 1
        if not self.pairs[key]:
            del self.pairs[key]

    def refuse_account(self, name: str) -> CommandRefused | None:
        """The refusal of a command whose account is not known and cannot be made."""
        if name in self.accounts or len(self.accounts) < self.limits.accounts:
            return None
        return CommandRefused(Refusal.TOO_MANY_ACCOUNTS, "account", f"takes at most {self.limits.accounts} accounts")

    def too_many(self, book: Book, *, waits: int, expires: bool) -> Reason | None:
        """Why the book does not take so many further orders that wait, or one that expires; None if it does."""
        if waits and len(book.triggers.pending) + waits > self.limits.trigger_orders:
            return Reason.TOO_MANY_TRIGGER_ORDERS
        if expires and self.expiries.count >= self.limits.expiring_orders:
            return Reason.TOO_MANY_EXPIRING_ORDERS
        return None

    def forget_some(self) -> None:
        """Forget a few of the longest done orders above the bound, and accounts that are not in use then.

        Runs before a command ends anything, or leaves that out: the answer still tells what the command ends.
        """
        sequence = self.running.sequence
        for _ in range(min(FORGOTTEN_AT_ONCE, len(self.done) - self.remembered_orders)):
            if self.done[0].updated_sequence == sequence:
                return
            order = self.done.popleft()
            self.forgotten += 1
            account = order.account
            oldest = order.book.done.popleft()
            assert oldest is order, "a book's orders end in the same order as all orders"
            order.book.forgotten += 1
            _unlink_done(order)
            self.orders.remove(order)
            forget_client_ids(order)
            if account.last_done is None:
                self.forget_account(account)

    def forget_account(self, account: Account) -> None:
        """Forget an account that is not in use."""
        if not account.in_use:
            del self.accounts[account.name]
            # They refer to the account and it to them, out of the cyclic collector's sight.
            account.orders.clear()


def _unlink_done(order: Order) -> None:
    """Take an order out of the done ones of its account. It is the first of them."""
    assert order.previous is None, "an account's orders end in the same order as all orders"
    following = order.next
    if following is None:
        order.account.last_done = None
    else:
        following.previous = order.next = None
