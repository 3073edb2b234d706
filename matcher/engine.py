"""The engine: commands in, events out.

`apply` depends on nothing but the commands before it and their stamps: no clock, no socket, no disk, no randomness, no log. Live
and replayed commands go through the same call. A refusal is an event; an assertion is for what cannot happen and stops the process.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from matcher.book import Book
from matcher.instruments import set_instrument
from matcher.order import Account, Order
from matcher.saved_books import restore_book
from protocol.commands import (
    AmendOrder,
    CancelAllOrders,
    CancelOrder,
    Command,
    LoadBook,
    OrderQuery,
    PlaceOrder,
    RefuseCommand,
    SetInstrument,
)
from protocol.events import (
    CommandRefused,
    Event,
    InstrumentSet,
    OrderAmended,
    OrderDuplicated,
    OrderPlaced,
    OrderRejected,
)
from protocol.instrument import Instrument
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
PENDING = OrderStatus.PENDING

RUN: tuple[Callable[[Book, Order, list[Event]], None], ...] = (
    Book.run_market,
    Book.run_limit,
    Book.run_ioc,
    Book.run_fok,
    Book.run_trigger,
    Book.run_trigger,
    Book.run_trigger,
)
"""How each order type runs, in the order of their numbers from 1."""

TAKES_PRICE = (False, True, True, True, False, True, False)
TAKES_TRIGGER_PRICE = (False, False, False, False, True, True, True)
"""Which fields each order type takes, likewise."""

REJECTED_BY = {
    InstrumentStatus.CANCEL_ONLY: (Reason.INSTRUMENT_CANCEL_ONLY, Refusal.INSTRUMENT_CANCEL_ONLY),
    InstrumentStatus.HALTED: (Reason.INSTRUMENT_HALTED, Refusal.INSTRUMENT_HALTED),
}


class Engine:
    """All books, orders and accounts. `orders` holds every live and every remembered done order by order_id, `done` the remembered done
    ones in the order of their ends, of which `forgotten` came before."""

    def __init__(self, remembered_orders: int = REMEMBERED_ORDERS) -> None:
        self.books: dict[str, Book] = {}
        self.accounts: dict[str, Account] = {}
        self.orders: dict[int, Order] = {}
        self.done: deque[Order] = deque()
        self.forgotten = 0
        self.last_order_id = 0
        self._remembered_orders = remembered_orders
        self._apply: dict[type, Callable[[int, int, Any], list[Event]]] = {
            PlaceOrder: self._place,
            CancelOrder: self._cancel,
            CancelAllOrders: self._cancel_all,
            AmendOrder: self._amend,
            SetInstrument: self._set_instrument,
            LoadBook: self._load_book,
            RefuseCommand: self._refuse,
        }

    def apply(self, sequence: int, time: int, command: Command) -> list[Event]:
        """Carry out one command, stamped with its sequence and time (nanoseconds, never less than the one before); all that it caused,
        in order. A command that is refused changes nothing and yields one CommandRefused."""
        return self._apply[type(command)](sequence, time, command)

    def find(self, name: OrderQuery | CancelOrder | AmendOrder) -> Order | None:
        """The order that is named by order_id (and is the account's, where one is given) or by account and client_order_id."""
        if name.order_id is not None:
            order = self.orders.get(name.order_id)
            return order if order is None or name.account is None or order.account.name == name.account else None
        account = self.accounts.get(name.account or DEFAULT_ACCOUNT)
        if account is None or name.client_order_id is None:
            return None
        return account.client_orders.get(name.client_order_id)

    def _place(self, sequence: int, time: int, command: PlaceOrder) -> list[Event]:
        account = self.accounts.get(command.account)
        if account is None and not NAME_PATTERN.fullmatch(command.account):
            return [CommandRefused(Refusal.INVALID_NAME, "account")]
        client_order_id = command.client_order_id
        if client_order_id is not None and not NAME_PATTERN.fullmatch(client_order_id):
            return [CommandRefused(Refusal.INVALID_NAME, "client_order_id")]
        book = self.books.get(command.symbol)
        if book is None:
            return [CommandRefused(Refusal.UNKNOWN_SYMBOL)]
        if client_order_id is not None and account is not None:
            known = account.client_orders.get(client_order_id)
            if known is not None:
                return [_repeat(known, command)]
        order_type, quantity, price, trigger_price = command.order_type, command.quantity, command.price, command.trigger_price
        instrument = book.instrument
        refusal = _check(instrument, order_type, quantity, price, trigger_price)
        if refusal is not None:
            return [CommandRefused(refusal)]
        if len(self.done) > self._remembered_orders:
            # Before anything ends by this command: what it ends, it still has to tell of.
            self._forget()
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
        self.orders[order_id] = order
        if client_order_id is not None:
            account.client_orders[client_order_id] = order
        events: list[Event] = []
        if command.deadline and time > command.deadline:
            self._reject(order, Reason.TOO_LATE, events)
        elif instrument.status is not TRADING:
            self._reject(order, REJECTED_BY[instrument.status][0], events)
        else:
            events.append(OrderPlaced(order_id))
            book.sequence, book.time = sequence, time
            RUN[order_type - 1](book, order, events)
            if book.fired:
                book.run_fired(events)
            if order.level is not None:
                account.add(order)
        return events

    def _reject(self, order: Order, reason: Reason, events: list[Event]) -> None:
        order.status = OrderStatus.REJECTED
        order.reason = reason
        self.done.append(order)
        order.account.done.append(order)
        events.append(OrderRejected(order.order_id, reason))

    def _cancel(self, sequence: int, time: int, command: CancelOrder) -> list[Event]:
        order = self.find(command)
        if order is None:
            return [CommandRefused(Refusal.UNKNOWN_ORDER)]
        if order.level is None:
            return [CommandRefused(Refusal.ORDER_NOT_OPEN)]
        events: list[Event] = []
        order.book.cancel(order, Reason.REQUESTED, events)
        return events

    def _cancel_all(self, sequence: int, time: int, command: CancelAllOrders) -> list[Event]:
        book = None
        if command.symbol is not None:
            book = self.books.get(command.symbol)
            if book is None:
                return [CommandRefused(Refusal.UNKNOWN_SYMBOL)]
        events: list[Event] = []
        account = self.accounts.get(command.account)
        if account is not None:
            for order in account.live_orders():
                if book is None or order.book is book:
                    order.book.cancel(order, Reason.REQUESTED, events)
        return events

    def _amend(self, sequence: int, time: int, command: AmendOrder) -> list[Event]:
        order = self.find(command)
        if order is None:
            return [CommandRefused(Refusal.UNKNOWN_ORDER)]
        if order.level is None:
            return [CommandRefused(Refusal.ORDER_NOT_OPEN)]
        book = order.book
        instrument = book.instrument
        if instrument.status is not TRADING:
            return [CommandRefused(REJECTED_BY[instrument.status][1])]
        if command.price is not None and order.price is None:
            return [CommandRefused(Refusal.PRICE_NOT_ALLOWED)]
        if command.trigger_price is not None and order.status is not PENDING:
            return [CommandRefused(Refusal.TRIGGER_PRICE_NOT_ALLOWED)]
        quantity = order.quantity if command.quantity is None else command.quantity
        price = order.price if command.price is None else command.price
        trigger_price = order.trigger_price if command.trigger_price is None else command.trigger_price
        refusal = _check(instrument, order.order_type, quantity, price, trigger_price)
        if refusal is not None:
            return [CommandRefused(refusal)]
        filled = order.quantity - order.remaining
        if quantity <= filled:
            return [CommandRefused(Refusal.QUANTITY_BELOW_FILLED)]

        if order.client_order_id is not None:
            order.account.entered.setdefault(order.client_order_id, (order.quantity, order.price, order.trigger_price))
        pending = order.status is PENDING
        leaves = trigger_price != order.trigger_price if pending else price != order.price or quantity > order.quantity
        if leaves:
            book.unlink(order)
        else:
            order.level.quantity += quantity - order.quantity
        order.quantity = quantity
        order.remaining = quantity - filled
        order.price = price
        order.trigger_price = trigger_price
        events: list[Event] = [OrderAmended(order.order_id, quantity, price, trigger_price)]
        if leaves:
            book.sequence, book.time = sequence, time
            if pending:
                book.run_trigger(order, events)
            else:
                book.run_limit(order, events)
            if book.fired:
                book.run_fired(events)
        return events

    def _set_instrument(self, sequence: int, time: int, command: SetInstrument) -> list[Event]:
        book = self.books.get(command.symbol)
        made = set_instrument(None if book is None else book.instrument, command)
        if isinstance(made, CommandRefused):
            return [made]
        if book is not None:
            book.instrument = made
        elif len(self.books) >= MAX_INSTRUMENTS:
            return [CommandRefused(Refusal.TOO_MANY_INSTRUMENTS, "symbol", f"takes at most {MAX_INSTRUMENTS} instruments")]
        else:
            self.books[command.symbol] = Book(made, self.done)
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

    def _forget(self) -> None:
        """Forget the longest done orders above the bound, a few at a time, and accounts of which nothing is left."""
        for _ in range(min(FORGOTTEN_AT_ONCE, len(self.done) - self._remembered_orders)):
            order = self.done.popleft()
            self.forgotten += 1
            account = order.account
            oldest = account.done.popleft()
            account.forgotten += 1
            assert oldest is order, "an account's orders end in the same order as all orders"
            del self.orders[order.order_id]
            if order.client_order_id is not None:
                del account.client_orders[order.client_order_id]
                account.entered.pop(order.client_order_id, None)
            if not account.done and not any(other.level is not None for other in account.orders):
                del self.accounts[account.name]
                # They refer to the account and it to them, out of the cyclic collector's sight.
                account.orders.clear()


def _repeat(known: Order, command: PlaceOrder) -> Event:
    """What a client_order_id that is used again means: the same order once more, or a conflict."""
    assert known.client_order_id is not None, "it was found by it"
    entered = known.account.entered.get(known.client_order_id, (known.quantity, known.price, known.trigger_price))
    same = (
        known.book.instrument.symbol == command.symbol
        and known.side is command.side
        and known.order_type is command.order_type
        and entered == (command.quantity, command.price, command.trigger_price)
    )
    return OrderDuplicated(known.order_id) if same else CommandRefused(Refusal.CLIENT_ORDER_ID_CONFLICT)


def _check(instrument: Instrument, order_type: OrderType, quantity: int, price: int | None, trigger_price: int | None) -> Refusal | None:
    """The first rule of the instrument or of the order type that the order breaks."""
    if (price is not None) is not TAKES_PRICE[order_type - 1]:
        return Refusal.PRICE_REQUIRED if price is None else Refusal.PRICE_NOT_ALLOWED
    if (trigger_price is not None) is not TAKES_TRIGGER_PRICE[order_type - 1]:
        return Refusal.TRIGGER_PRICE_REQUIRED if trigger_price is None else Refusal.TRIGGER_PRICE_NOT_ALLOWED
    if quantity % instrument.lot_size:
        return Refusal.QUANTITY_OFF_LOT
    if quantity < instrument.min_quantity:
        return Refusal.QUANTITY_TOO_SMALL
    if quantity > instrument.max_quantity:
        return Refusal.QUANTITY_TOO_LARGE
    if price is not None:
        if price % instrument.tick_size:
            return Refusal.PRICE_OFF_TICK
        if price > instrument.max_price:
            return Refusal.PRICE_TOO_LARGE
    if trigger_price is not None:
        if trigger_price % instrument.tick_size:
            return Refusal.TRIGGER_PRICE_OFF_TICK
        if trigger_price > instrument.max_price:
            return Refusal.TRIGGER_PRICE_TOO_LARGE
    if price is not None and price * quantity < instrument.min_notional:
        return Refusal.BELOW_MIN_NOTIONAL
    return None
