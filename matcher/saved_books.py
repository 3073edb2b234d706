"""One symbol's book to and from the form of `state/orderbook_<symbol>.json`.

Loading makes the saved book the symbol's book again: its orders with their ids and their places. What happened since is
not undone: an order that is done stays done and is skipped, fills stay, ids and trade numbers never go back. Live
orders that the saved book does not hold are canceled. Everything is checked before anything changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING, Final, TypeVar, cast

from matcher.book import Book
from matcher.order import PLAIN, Account, Order, Special
from matcher.restoring import enter_book
from protocol.commands import NO_TERMS, OrderTerms
from protocol.events import BookLoaded, CommandRefused, Event
from protocol.instrument import DecimalError, Instrument, format_decimal, parse_decimal
from protocol.order_types import ORDER_TYPES, PENDING, RESTING, TRIGGERED, check_terms
from protocol.saved_book import FORMAT, SavedBook, SavedOrder
from protocol.units import (
    MAX_INTEGER,
    MAX_PRICE,
    MAX_QUANTITY,
    MAX_TRAILING_BPS,
    NAME_PATTERN,
    OrderStatus,
    OrderType,
    Reason,
    Refusal,
    SelfTradePrevention,
    Side,
)

if TYPE_CHECKING:
    from matcher.engine import Engine

Word = TypeVar("Word", bound=IntEnum)

SAVED: Final = RESTING | PENDING
"""The order types that a saved book may hold."""

#: The members of each enum by the word a file has for them.
_MEMBERS: dict[type[IntEnum], dict[str, IntEnum]] = {}


def save_book(book: Book, sequence: int) -> SavedBook:
    """The book as of the sequence."""
    instrument = book.instrument
    last_price = book.last_price
    return SavedBook(
        format=FORMAT,
        symbol=instrument.symbol,
        sequence=sequence,
        last_trade=None if last_price is None else format_decimal(last_price, instrument.price_decimals),
        last_trade_id=book.last_trade_id,
        bids=[_save_order(instrument, order) for level in book.bids for order in level],
        asks=[_save_order(instrument, order) for level in book.asks for order in level],
        pending=[_save_order(instrument, order) for order in book.triggers.pending.values()],
    )


def _save_order(instrument: Instrument, order: Order) -> SavedOrder:
    special = order.special or PLAIN
    terms = special.terms

    def price(value: int | None) -> str | None:
        return None if value is None else format_decimal(value, instrument.price_decimals)

    def quantity(value: int) -> str:
        return format_decimal(value, instrument.quantity_decimals)

    return SavedOrder(
        order_id=str(order.order_id),
        account=order.account.name,
        side=order.side.name.lower(),
        order_type=order.order_type.name.lower(),
        quantity=quantity(order.quantity),
        remaining_quantity=quantity(order.remaining),
        sequence=order.sequence,
        timestamp=order.timestamp,
        price=price(order.price),
        trigger_price=price(order.trigger_price),
        client_order_id=order.client_order_id,
        filled_value=format_decimal(order.filled_value, instrument.value_decimals),
        post_only=terms.post_only,
        self_trade_prevention=terms.self_trade_prevention.name.lower(),
        expire_time=terms.expire_time,
        display_quantity=None if terms.display_quantity is None else quantity(terms.display_quantity),
        shown_quantity=quantity(special.shown),
        trailing_bps=terms.trailing_bps,
        trailing_amount=price(terms.trailing_amount),
        activation_price=price(terms.activation_price),
        activated=special.active,
        best_price=price(special.mark),
        prevented_quantity=quantity(special.prevented),
        oco_id=None if special.partner is None else str(special.oco_id),
    )


def restore_book(engine: Engine, book: Book, contents: SavedBook) -> list[Event]:
    """Make the saved book the symbol's book again, or refuse it and change nothing."""
    try:
        saved_orders, last_price = _read(engine, book, contents)
        _check_accounts(engine, saved_orders)
    except SavedBookError as error:
        return [CommandRefused(Refusal.INVALID_SAVED_BOOK, error.field, str(error))]
    restored: list[Order] = []
    skipped: list[int] = []
    for saved in saved_orders:
        order = _merge(engine, saved)
        if order is None:
            skipped.append(saved.order_id)
        else:
            restored.append(order)

    events: list[Event] = []
    kept = {order.order_id for order in restored}
    live = sorted(book.live_orders(), key=lambda order: order.order_id)
    for order in live:
        _part(order)
        if order.order_id in kept:
            book.unlink(order)
    for order in live:
        if order.order_id not in kept:
            book.cancel(order, Reason.BOOK_REPLACED, events)
    book.set_last_price(last_price)
    new: dict[str, list[Order]] = {}
    for saved, order in zip((saved for saved in saved_orders if saved.order_id in kept), restored, strict=True):
        _enter(engine, book, saved, order)
        if order is saved:
            new.setdefault(order.account.name, []).append(order)
    _pair(restored)
    for name, orders in new.items():
        engine.accounts[name].orders.insert(orders)
    book.orders.insert([order for orders in new.values() for order in orders])
    book.last_trade_id = max(book.last_trade_id, contents.last_trade_id)
    events.append(BookLoaded(contents.symbol, len(restored), sorted(skipped)))
    return events


def _merge(engine: Engine, saved: Order) -> Order | None:
    """The order to put in the book: the saved one, or the one that is still live under its id; None where it is done
    since the save."""
    known = engine.orders.get(saved.order_id)
    if known is None:
        return saved if saved.order_id > engine.last_order_id else None
    if known.level is None or saved.quantity <= known.quantity - known.remaining:
        return None
    return known


def _part(order: Order) -> None:
    """Undo the bond of an OCO: the file says which legs belong together."""
    if order.special is not None and order.special.partner is not None:
        assert order.special.partner.special is not None, "a leg has its partner there"
        order.special.partner.special.partner = None
        order.special.partner = None


def _pair(orders: list[Order]) -> None:
    """Bind the legs of each OCO of which both are there."""
    first: dict[int, Order] = {}
    for order in orders:
        special = order.special
        if special is None or special.oco_id is None:
            continue
        partner = first.setdefault(special.oco_id, order)
        if partner is not order:
            assert partner.special is not None, "it has an oco_id"
            special.partner, partner.special.partner = partner, order


def _enter(engine: Engine, book: Book, saved: Order, order: Order) -> None:
    """Put the order where and as it was when it was saved, but for the fills that it has had since."""
    if order is saved:
        order.account = account = engine.accounts.setdefault(order.account.name, order.account)
        engine.orders.add(order)
        engine.last_order_id = max(engine.last_order_id, order.order_id)
        if order.client_order_id is not None:
            account.client_orders[order.client_order_id] = order
    else:
        if order.terms.expire_time:
            book.deadlines.discard(order.terms.expire_time, order.order_id)
        taken = order.quantity - order.remaining
        prevented = 0 if order.special is None else order.special.prevented
        order.quantity = saved.quantity
        order.remaining = saved.quantity - taken
        order.price = saved.price
        order.trigger_price = saved.trigger_price
        order.status = saved.status
        order.special = saved.special
        if order.special is not None:
            order.special.prevented = prevented
            order.special.shown = min(order.special.shown, order.remaining)
        elif prevented:
            order.special = Special(prevented=prevented)
    book.touch(order)
    enter_book(order)


def _check_accounts(engine: Engine, orders: list[Order]) -> None:
    """The accounts that the file brings back fit in beside those that are there."""
    new = {order.account.name for order in orders} - engine.accounts.keys()
    if new and len(engine.accounts) + len(new) > engine.limits.accounts:
        raise SavedBookError("account", f"{min(new)}: the exchange takes at most {engine.limits.accounts} accounts")


class SavedBookError(ValueError):
    """What is wrong with a saved book; `field` is where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def _read(engine: Engine, book: Book, contents: SavedBook) -> tuple[list[Order], int | None]:
    """The saved orders in the order of their queues, pending ones last, and the price of the last trade; SavedBookError
    where the contents cannot be this symbol's book."""
    instrument = book.instrument
    if contents.format != FORMAT:
        raise SavedBookError("format", f"is {contents.format}: takes {FORMAT}")
    if contents.symbol != instrument.symbol:
        raise SavedBookError("symbol", f"is {contents.symbol}: takes {instrument.symbol}")
    if not 0 <= contents.last_trade_id <= MAX_INTEGER:
        raise SavedBookError("last_trade_id", "takes a number of trades")
    last_price = None if contents.last_trade is None else _price("last_trade", contents.last_trade, instrument)
    bids = _read_side(engine, book, "bids", contents.bids, Side.BUY)
    asks = _read_side(engine, book, "asks", contents.asks, Side.SELL)
    pending = [_read_order(engine, book, f"pending[{index}]", saved) for index, saved in enumerate(contents.pending)]
    for index, order in enumerate(pending):
        if order.order_type not in PENDING:
            raise SavedBookError(f"pending[{index}].order_type", "takes a type that waits for a price")
        order.status = OrderStatus.PENDING
    if bids and asks and _resting_price(bids[0]) >= _resting_price(asks[0]):
        raise SavedBookError("bids", "are at or above the asks")
    orders = [*bids, *asks, *pending]
    order_ids = {order.order_id for order in orders}
    if len(order_ids) < len(orders):
        raise SavedBookError("order_id", "stands twice")
    named = [(order.account.name, order.client_order_id) for order in orders if order.client_order_id is not None]
    if len(set(named)) < len(named):
        raise SavedBookError("client_order_id", "stands twice in one account")
    _check_legs(orders)
    return orders, last_price


def _check_legs(orders: list[Order]) -> None:
    """The legs of an OCO must be a limit order and a stop that belong together, each on its side."""
    legs: dict[int, list[Order]] = {}
    for order in orders:
        if order.special is not None and order.special.oco_id is not None:
            legs.setdefault(order.special.oco_id, []).append(order)
    for oco_id, pair in legs.items():
        if len(pair) == 1:
            continue
        limit, stop = (pair[0], pair[-1]) if pair[0].order_type is OrderType.LIMIT else (pair[-1], pair[0])
        fits = (
            len(pair) == 2
            and limit.order_type is OrderType.LIMIT
            and stop.order_type in (OrderType.STOP_MARKET, OrderType.STOP_LIMIT)
            and stop.status is OrderStatus.PENDING
            and (limit.account.name, limit.side, limit.remaining) == (stop.account.name, stop.side, stop.remaining)
        )
        if not fits or limit.price is None or stop.trigger_price is None:
            raise SavedBookError(
                "oco_id", f"{oco_id}: takes a resting limit order and a waiting stop of one account, side and quantity"
            )
        if (limit.price > stop.trigger_price) is not (limit.side is Side.SELL):
            raise SavedBookError("oco_id", f"{oco_id}: its price and its trigger_price are on the wrong sides")


def _read_side(engine: Engine, book: Book, name: str, saved_orders: Iterable[SavedOrder], side: Side) -> list[Order]:
    orders = [_read_order(engine, book, f"{name}[{index}]", saved) for index, saved in enumerate(saved_orders)]
    best_first = [
        -_resting_price(order) if side is Side.BUY else _resting_price(order)
        for order in orders
        if order.price is not None
    ]
    for index, order in enumerate(orders):
        if order.side is not side or order.order_type not in RESTING:
            raise SavedBookError(f"{name}[{index}]", f"takes a resting order to {side.name.lower()}")
    if best_first != sorted(best_first):
        raise SavedBookError(name, "take the best price first")
    return orders


def _resting_price(order: Order) -> int:
    assert order.price is not None, "a resting order has a price"
    return order.price


def _read_order(engine: Engine, book: Book, where: str, saved: SavedOrder) -> Order:
    """One saved order, checked by itself and against the order that is known under its ids."""
    instrument = book.instrument
    order_type = _word(f"{where}.order_type", saved.order_type, OrderType)
    side = _word(f"{where}.side", saved.side, Side)
    if order_type not in SAVED:
        raise SavedBookError(f"{where}.order_type", "takes a type that rests or waits")
    if not (
        saved.order_id.isascii() and saved.order_id.isdigit() and len(saved.order_id) <= 18 and int(saved.order_id) > 0
    ):
        raise SavedBookError(f"{where}.order_id", "takes an order_id")
    for field, name in (("account", saved.account), ("client_order_id", saved.client_order_id)):
        if name is not None and not NAME_PATTERN.fullmatch(name):
            raise SavedBookError(f"{where}.{field}", "takes 1 to 64 of letters, digits and . _ : -")
    for field, number in (("sequence", saved.sequence), ("timestamp", saved.timestamp)):
        if not 0 <= number <= MAX_INTEGER:
            raise SavedBookError(f"{where}.{field}", "takes zero or more")
    for field, text, wanted in (
        ("price", saved.price, order_type in RESTING),
        ("trigger_price", saved.trigger_price, order_type in TRIGGERED or saved.best_price is not None),
    ):
        if (text is not None) is not wanted:
            raise SavedBookError(
                f"{where}.{field}", f"is {'missing' if wanted else 'not taken'} by a {saved.order_type} order"
            )
    quantity = _quantity(f"{where}.quantity", saved.quantity, instrument)
    remaining = _quantity(f"{where}.remaining_quantity", saved.remaining_quantity, instrument)
    if remaining > quantity:
        raise SavedBookError(f"{where}.remaining_quantity", "takes at most the quantity")
    special = _read_special(where, saved, instrument, order_type, remaining)
    if special is not None and special.prevented > quantity - remaining:
        raise SavedBookError(f"{where}.prevented_quantity", "takes at most what does not remain of the quantity")
    order = Order(
        order_id=int(saved.order_id),
        account=Account(saved.account),
        book=book,
        client_order_id=saved.client_order_id,
        side=side,
        order_type=order_type,
        quantity=quantity,
        remaining=remaining,
        price=None if saved.price is None else _price(f"{where}.price", saved.price, instrument),
        trigger_price=None
        if saved.trigger_price is None
        else _price(f"{where}.trigger_price", saved.trigger_price, instrument),
        sequence=saved.sequence,
        timestamp=saved.timestamp,
        filled_value=_decimal(f"{where}.filled_value", saved.filled_value, instrument.value_decimals),
        special=special,
    )
    _check_ids(engine, where, order)
    return order


def _read_special(
    where: str, saved: SavedOrder, instrument: Instrument, order_type: OrderType, remaining: int
) -> Special | None:
    """What the saved order has beyond a plain one; None where it has nothing."""

    def price(field: str, text: str | None) -> int | None:
        return None if text is None else _price(f"{where}.{field}", text, instrument)

    display = (
        None
        if saved.display_quantity is None
        else _quantity(f"{where}.display_quantity", saved.display_quantity, instrument)
    )
    if not 0 <= saved.expire_time <= MAX_INTEGER:
        raise SavedBookError(f"{where}.expire_time", "takes zero or more")
    if saved.trailing_bps is not None and not 1 <= saved.trailing_bps <= MAX_TRAILING_BPS:
        raise SavedBookError(f"{where}.trailing_bps", f"takes 1 to {MAX_TRAILING_BPS}")
    terms = OrderTerms(
        post_only=saved.post_only,
        self_trade_prevention=_word(f"{where}.self_trade_prevention", saved.self_trade_prevention, SelfTradePrevention),
        expire_time=saved.expire_time,
        display_quantity=display,
        trailing_bps=saved.trailing_bps,
        trailing_amount=price("trailing_amount", saved.trailing_amount),
        activation_price=price("activation_price", saved.activation_price),
    )
    shown = _decimal(f"{where}.shown_quantity", saved.shown_quantity, instrument.quantity_decimals)
    if display is not None and not 1 <= shown <= min(display, remaining):
        raise SavedBookError(f"{where}.shown_quantity", "takes at most the display_quantity and what remains")
    mark = price("best_price", saved.best_price)
    trailing = ORDER_TYPES[order_type].trails
    if not trailing and (mark is not None or saved.activated):
        raise SavedBookError(f"{where}.best_price", f"is not taken by a {saved.order_type} order")
    if saved.oco_id is not None and not (saved.oco_id.isascii() and saved.oco_id.isdigit() and len(saved.oco_id) <= 18):
        raise SavedBookError(f"{where}.oco_id", "takes an order_id")
    refusal = check_terms(order_type, terms)
    # The legs of an OCO take an expire_time whatever their type.
    if refusal is not None and not (refusal is Refusal.EXPIRE_TIME_NOT_ALLOWED and saved.oco_id is not None):
        raise SavedBookError(where, refusal.name.lower())
    special = Special(
        terms=NO_TERMS if terms == NO_TERMS else terms,
        prevented=_decimal(f"{where}.prevented_quantity", saved.prevented_quantity, instrument.quantity_decimals),
        shown=shown if display is not None else 0,
        oco_id=None if saved.oco_id is None else int(saved.oco_id),
        active=saved.activated or mark is not None,
        mark=mark,
    )
    return None if special == PLAIN else special


def _check_ids(engine: Engine, where: str, order: Order) -> None:
    """Neither of the order's ids may be another order's."""
    known = engine.orders.get(order.order_id)
    if known is not None and _identity(known) != _identity(order):
        raise SavedBookError(f"{where}.order_id", f"{order.order_id} is another order's")
    account = engine.accounts.get(order.account.name)
    if account is not None and order.client_order_id is not None:
        namesake = account.client_orders.get(order.client_order_id)
        if namesake is not None and namesake.order_id != order.order_id:
            raise SavedBookError(f"{where}.client_order_id", f"{order.client_order_id} is another order's")


def _identity(order: Order) -> tuple[object, ...]:
    """What never changes of an order."""
    return (
        order.book.instrument.symbol,
        order.account.name,
        order.client_order_id,
        order.side,
        order.order_type,
        order.sequence,
        order.timestamp,
    )


def _word(where: str, text: str, words: type[Word]) -> Word:
    # Kept by the terms: a walk over an enum's members costs more than all else of a field.
    members = _MEMBERS.get(words)
    if members is None:
        members = _MEMBERS[words] = {member.name.lower(): member for member in words}
    member = members.get(text)
    if member is None:
        raise SavedBookError(where, "takes one of " + ", ".join(members))
    return cast(Word, member)


def _decimal(where: str, text: str, decimals: int) -> int:
    if text == "0":
        # Most fields of most orders.
        return 0
    try:
        value = parse_decimal(text, decimals)
    except DecimalError as error:
        raise SavedBookError(where, str(error)) from error
    if not 0 <= value <= MAX_INTEGER:
        raise SavedBookError(where, "takes zero or more, within 63 bits")
    return value


def _price(where: str, text: str, instrument: Instrument) -> int:
    price = _decimal(where, text, instrument.price_decimals)
    if price == 0 or price % instrument.tick_size or price > MAX_PRICE:
        raise SavedBookError(where, "takes a positive multiple of tick_size")
    return price


def _quantity(where: str, text: str, instrument: Instrument) -> int:
    quantity = _decimal(where, text, instrument.quantity_decimals)
    if quantity == 0 or quantity % instrument.lot_size or quantity > MAX_QUANTITY:
        raise SavedBookError(where, "takes a positive multiple of lot_size")
    return quantity
