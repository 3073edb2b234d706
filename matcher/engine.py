"""The engine: commands in, events out.

`apply` depends on nothing but the commands before it and their stamps: no clock, no socket, no disk, no randomness, no
log. Live and replayed commands go through the same call. A refusal is an event; an assertion is for what cannot happen
and stops the process.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from matcher.accounts import advance_time, cancel_orders, move_timers, set_account_status, set_timer
from matcher.amend import amend_order
from matcher.book import Book
from matcher.checks import check_plain, check_special
from matcher.deadlines import Deadlines
from matcher.instruments import REJECTED_BY, set_instrument
from matcher.oco import place_oco
from matcher.order import Account, Order, Special, as_sent, forget_done
from matcher.order_pages import OrderPages
from matcher.running import Running
from matcher.saved_books import restore_book
from protocol.commands import (
    NO_TERMS,
    AdvanceTime,
    AmendOrder,
    CancelAfter,
    CancelAllOrders,
    CancelOrder,
    LoadBook,
    MoveTimers,
    OrderQuery,
    OwnCommand,
    PlaceOco,
    PlaceOrder,
    RefuseCommand,
    SetAccountStatus,
    SetInstrument,
    SetLimits,
    WatchAccount,
)
from protocol.events import (
    AccountWatched,
    CommandRefused,
    Event,
    InstrumentSet,
    OrderDuplicated,
    OrderPlaced,
    OrderRejected,
)
from protocol.units import (
    DEFAULT_ACCOUNT,
    NAME_PATTERN,
    InstrumentStatus,
    OrderStatus,
    OrderType,
    Reason,
    Refusal,
)

REMEMBERED_ORDERS = 1_000_000
"""How many done orders, the last ones, stay findable, with their client_order_ids."""

FORGOTTEN_AT_ONCE = 8
"""How many done orders a new one makes forget at the most: so that no command pays for a burst before it."""

MAX_INSTRUMENTS = 1_000

TRADING = InstrumentStatus.TRADING
LIMIT = OrderType.LIMIT
REQUESTED = Reason.REQUESTED

RUN: tuple[Callable[[Book, Order, list[Event]], None], ...] = (
    Book.run_market,  # there is no order type 0
    Book.run_market,
    Book.run_limit,
    Book.run_ioc,
    Book.run_fok,
    Book.run_trigger,
    Book.run_trigger,
    Book.run_trigger,
    Book.run_trigger,
    Book.run_trailing,
)
"""How each order type runs, by its number."""


class Engine:
    """All books, orders and accounts. `orders` holds every live and every remembered done order by order_id, `done` the
    remembered done ones in the order of their ends, of which `forgotten` came before. `expiries` and `timers` are the
    times at which live orders expire and at which accounts that stay silent are canceled. `limits` are those of the
    last SetLimits, none before it."""

    def __init__(self, remembered_orders: int = REMEMBERED_ORDERS) -> None:
        self.limits = SetLimits()
        self.running = Running()
        self.books: dict[str, Book] = {}
        self.accounts: dict[str, Account] = {}
        self.orders = OrderPages()
        self.done: deque[Order] = deque()
        self.forgotten = 0
        self.last_order_id = 0
        self.expiries: Deadlines[int] = Deadlines()
        self.timers: Deadlines[str] = Deadlines()
        self._remembered_orders = remembered_orders
        self._apply: dict[type, Callable[[int, int, Any], list[Event]]] = {
            PlaceOrder: self._place,
            CancelOrder: self._cancel,
            CancelAllOrders: self._cancel_all,
            AmendOrder: self._amend,
            SetInstrument: self._set_instrument,
            LoadBook: self._load_book,
            RefuseCommand: self._refuse,
            PlaceOco: self._place_oco,
            SetAccountStatus: self._set_account_status,
            CancelAfter: self._cancel_after,
            AdvanceTime: self._advance_time,
            MoveTimers: self._move_timers,
            SetLimits: self._set_limits,
            WatchAccount: self._watch_account,
        }

    def apply(self, sequence: int, time: int, command: OwnCommand) -> list[Event]:
        """Carry out one command, stamped with its sequence and time (nanoseconds, never less than the one before); all
        that it caused, in order. A command that is refused changes nothing and yields one CommandRefused."""
        running, limits = self.running, self.limits
        running.sequence = sequence
        running.time = time
        running.trades_left = limits.trades
        running.moves_left = limits.trigger_moves
        return self._apply[type(command)](sequence, time, command)

    def due(self, time: int) -> bool:
        """Whether an AdvanceTime of that time has something to do."""
        expiry, timer = self.expiries.next, self.timers.next
        return (expiry is not None and expiry < time) or (timer is not None and timer <= time)

    def next_due(self) -> int | None:
        """The earliest time at which an AdvanceTime has something to do."""
        expiry, timer = self.expiries.next, self.timers.next
        if expiry is None:
            return timer
        return expiry + 1 if timer is None else min(expiry + 1, timer)

    def find(self, name: OrderQuery | CancelOrder | AmendOrder) -> Order | None:
        """The order that is named by order_id (and is the account's, where one is given) or by account and
        client_order_id."""
        if name.order_id is not None:
            order = self.orders.get(name.order_id)
            return order if order is None or name.account is None or order.account.name == name.account else None
        account = self.accounts.get(name.account or DEFAULT_ACCOUNT)
        if account is None or name.client_order_id is None:
            return None
        return account.client_orders.get(name.client_order_id)

    def account(self, name: str) -> Account:
        """The account, a new one where it is not known."""
        account = self.accounts.get(name)
        if account is None:
            self.accounts[name] = account = Account(name)
        return account

    def _place(self, sequence: int, time: int, command: PlaceOrder) -> list[Event]:
        account = self.accounts.get(command.account)
        book = self.books.get(command.symbol)
        client_order_id = command.client_order_id
        if account is None or book is None or client_order_id is not None:
            event = self._refuse_or_repeat(account, book, command)
            if event is not None:
                return [event]
            assert book is not None, "an unknown symbol is refused"
        order_type, quantity, price, trigger_price = (
            command.order_type,
            command.quantity,
            command.price,
            command.trigger_price,
        )
        instrument = book.instrument
        terms = command.terms
        if terms is None or terms == NO_TERMS:
            terms = None
            refusal = check_plain(instrument, order_type, quantity, price, trigger_price)
        else:
            refusal = check_special(instrument, command, terms, time, self.limits)
        if refusal is not None:
            return [CommandRefused(refusal)]
        if account is None and len(self.accounts) >= self.limits.accounts:
            return [self._too_many_accounts()]
        if len(self.done) > self._remembered_orders:
            self.forget_some()
            account = self.accounts.get(command.account)
        if account is None:
            self.accounts[command.account] = account = Account(command.account)
        self.last_order_id = order_id = self.last_order_id + 1
        order = Order(
            order_id,
            account,
            book,
            client_order_id,
            command.side,
            order_type,
            quantity,
            quantity,
            price,
            trigger_price,
            sequence,
            time,
        )
        self.orders.add(order)
        if client_order_id is not None:
            account.client_orders[client_order_id] = order
        if terms is not None:
            order.special = Special(terms, unspent=terms.quote_quantity)
        if (
            command.deadline
            or account.suspended
            or terms is not None
            or trigger_price is not None
            or instrument.status is not TRADING
        ):
            reason = self._reject_reason(order, command, time)
            if reason is not None:
                return [self.reject(order, reason)]
        events: list[Event] = [OrderPlaced(order_id)]
        if order_type is LIMIT:
            book.run_limit(order, events)
        else:
            RUN[order_type](book, order, events)
        if book.fired or book.triggers.run:
            book.finish(events)
        if order.level is not None:
            account.orders.add(order)
            book.orders.add(order)
            if terms is not None and terms.expire_time:
                self.expiries.add(terms.expire_time, order_id)
        return events

    def _reject_reason(self, order: Order, command: PlaceOrder, time: int) -> Reason | None:
        """Why a new order that is sound is rejected all the same: its deadline, the market's state, its account's, its
        terms, limits."""
        status = order.book.instrument.status
        if command.deadline and time > command.deadline:
            return Reason.TOO_LATE
        if status is not TRADING:
            return REJECTED_BY[status][0]
        if order.account.suspended:
            return Reason.ACCOUNT_SUSPENDED
        if order.order_type is LIMIT and order.terms.post_only and order.book.would_take(order.side, order.price):
            return Reason.POST_ONLY_WOULD_CROSS
        waits = order.trigger_price is not None or order.order_type is OrderType.TRAILING_STOP
        return self.too_many(order.book, waits, expires=bool(order.terms.expire_time))

    def _refuse_or_repeat(self, account: Account | None, book: Book | None, command: PlaceOrder) -> Event | None:
        """What stands in an order's way before its fields are looked at: a bad name, an unknown symbol, a
        client_order_id used before."""
        if account is None and not NAME_PATTERN.fullmatch(command.account):
            return CommandRefused(Refusal.INVALID_NAME, "account")
        client_order_id = command.client_order_id
        if client_order_id is not None and not NAME_PATTERN.fullmatch(client_order_id):
            return CommandRefused(Refusal.INVALID_NAME, "client_order_id")
        if book is None:
            return CommandRefused(Refusal.UNKNOWN_SYMBOL)
        if client_order_id is not None and account is not None:
            known = account.client_orders.get(client_order_id)
            if known is not None:
                return _repeat(known, command)
        return None

    def refuse_account(self, name: str) -> CommandRefused | None:
        """Why the command's account cannot be made, where it is not known."""
        return (
            self._too_many_accounts()
            if name not in self.accounts and len(self.accounts) >= self.limits.accounts
            else None
        )

    def _too_many_accounts(self) -> CommandRefused:
        return CommandRefused(Refusal.TOO_MANY_ACCOUNTS, "account", f"takes at most {self.limits.accounts} accounts")

    def too_many(self, book: Book, waits: bool, expires: bool) -> Reason | None:
        """Why an order may not wait in the book, or expire, beside those that do."""
        if waits and len(book.triggers.pending) >= self.limits.trigger_orders:
            return Reason.TOO_MANY_TRIGGER_ORDERS
        if expires and self.expiries.count >= self.limits.expiring_orders:
            return Reason.TOO_MANY_EXPIRING_ORDERS
        return None

    def reject(self, order: Order, reason: Reason) -> OrderRejected:
        """End an order that the market's state, its account's or its deadline forbids."""
        order.reason = reason
        order.book.end(order, OrderStatus.REJECTED)
        return OrderRejected(order.order_id, reason)

    def _place_oco(self, sequence: int, time: int, command: PlaceOco) -> list[Event]:
        return place_oco(self, sequence, time, command)

    def _cancel(self, sequence: int, time: int, command: CancelOrder) -> list[Event]:
        order_id = command.order_id
        order = self.find(command) if order_id is None or command.account is not None else self.orders.get(order_id)
        if order is None:
            return [CommandRefused(Refusal.UNKNOWN_ORDER)]
        if order.level is None:
            return [CommandRefused(Refusal.ORDER_NOT_OPEN)]
        events: list[Event] = []
        order.book.cancel(order, REQUESTED, events)
        return events

    def _cancel_all(self, sequence: int, time: int, command: CancelAllOrders) -> list[Event]:
        book = None
        if command.symbol is not None:
            book = self.books.get(command.symbol)
            if book is None:
                return [CommandRefused(Refusal.UNKNOWN_SYMBOL)]
        events: list[Event] = []
        account = self.accounts.get(command.account)
        self.running.more = account is not None and cancel_orders(account, REQUESTED, self.limits.cancels, events, book)
        return events

    def _amend(self, sequence: int, time: int, command: AmendOrder) -> list[Event]:
        order = self.find(command)
        if order is None:
            return [CommandRefused(Refusal.UNKNOWN_ORDER)]
        if order.level is None:
            return [CommandRefused(Refusal.ORDER_NOT_OPEN)]
        return amend_order(order, command, self.limits)

    def _set_instrument(self, sequence: int, time: int, command: SetInstrument) -> list[Event]:
        book = self.books.get(command.symbol)
        made = set_instrument(None if book is None else book.instrument, command)
        if isinstance(made, CommandRefused):
            return [made]
        if book is not None:
            book.instrument = made
        elif len(self.books) >= MAX_INSTRUMENTS:
            return [
                CommandRefused(Refusal.TOO_MANY_INSTRUMENTS, "symbol", f"takes at most {MAX_INSTRUMENTS} instruments")
            ]
        else:
            self.books[command.symbol] = Book(made, self.running, self.done, self.expiries)
        return [InstrumentSet(made)]

    def _load_book(self, sequence: int, time: int, command: LoadBook) -> list[Event]:
        book = self.books.get(command.symbol)
        if book is None:
            return [CommandRefused(Refusal.UNKNOWN_SYMBOL)]
        if command.contents is None:
            return [CommandRefused(Refusal.NO_SAVED_BOOK)]
        return restore_book(self, book, command.contents)

    def _refuse(self, sequence: int, time: int, command: RefuseCommand) -> list[Event]:
        return [CommandRefused(command.refusal, detail=command.detail)]

    def _set_account_status(self, sequence: int, time: int, command: SetAccountStatus) -> list[Event]:
        if not NAME_PATTERN.fullmatch(command.account):
            return [CommandRefused(Refusal.INVALID_NAME, "account")]
        refused = self.refuse_account(command.account)
        return set_account_status(self, command) if refused is None else [refused]

    def _cancel_after(self, sequence: int, time: int, command: CancelAfter) -> list[Event]:
        if not NAME_PATTERN.fullmatch(command.account):
            return [CommandRefused(Refusal.INVALID_NAME, "account")]
        refused = self.refuse_account(command.account)
        return set_timer(self, command, time) if refused is None else [refused]

    def _advance_time(self, sequence: int, time: int, command: AdvanceTime) -> list[Event]:
        return advance_time(self, time)

    def _move_timers(self, sequence: int, time: int, command: MoveTimers) -> list[Event]:
        return move_timers(self, command)

    def _set_limits(self, sequence: int, time: int, command: SetLimits) -> list[Event]:
        self.limits = command
        return []

    def _watch_account(self, sequence: int, time: int, command: WatchAccount) -> list[Event]:
        if not NAME_PATTERN.fullmatch(command.account):
            return [CommandRefused(Refusal.INVALID_NAME, "account")]
        self.running.more = False
        return [AccountWatched(command.account)]

    def forget_some(self) -> None:
        """Forget the longest done orders above the bound, a few at a time, and accounts of which nothing is left. That
        comes before a command ends anything: what it ends, it still has to tell of."""
        for _ in range(min(FORGOTTEN_AT_ONCE, len(self.done) - self._remembered_orders)):
            order = self.done.popleft()
            self.forgotten += 1
            account = order.account
            oldest = order.book.done.popleft()
            assert oldest is order, "a book's orders end in the same order as all orders"
            order.book.forgotten += 1
            forget_done(order)
            self.orders.remove(order)
            if order.client_order_id is not None:
                del account.client_orders[order.client_order_id]
                account.entered.pop(order.client_order_id, None)
            if account.last_done is None:
                self.forget_account(account)

    def forget_account(self, account: Account) -> None:
        """Forget an account of which nothing is left."""
        in_use = account.last_done is not None or account.suspended or account.cancel_at is not None
        if not in_use and next(iter(account.orders), None) is None:
            del self.accounts[account.name]
            # They refer to the account and it to them, out of the cyclic collector's sight.
            account.orders.clear()


def _repeat(known: Order, command: PlaceOrder) -> Event:
    """What a client_order_id that is used again means: the same order once more, or a conflict."""
    same = (
        known.book.instrument.symbol == command.symbol
        and known.side is command.side
        and known.order_type is command.order_type
        and known.terms == (command.terms or NO_TERMS)
        and as_sent(known) == (command.quantity, command.price, command.trigger_price)
        and (known.special is None or known.special.oco_id is None)
    )
    return OrderDuplicated(known.order_id) if same else CommandRefused(Refusal.CLIENT_ORDER_ID_CONFLICT)
