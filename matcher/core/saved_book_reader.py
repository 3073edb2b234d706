"""Reads the contents of a saved book: checks each order by itself, and all of them against the exchange."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Any, Final, TypeVar, cast

from matcher.core.account import Account
from matcher.core.book import Book
from matcher.core.client_ids import find_by_client_id, has_open_only_id
from matcher.core.order import Extra, Order
from matcher.core.registry import Registry
from matcher.core.saved_books import SAVED_TERMS
from protocol.commands import NO_TERMS, OrderTerms
from protocol.instrument import DecimalError, Instrument, parse_decimal
from protocol.order_types import ORDER_TYPES, PENDING, RESTING, STOPS, TRIGGERED, Term, Unit, check_terms
from protocol.saved_book import FORMAT, SavedBook, SavedOrder
from protocol.units import (
    MAX_INTEGER,
    MAX_PRICE,
    MAX_QUANTITY,
    NAME_PATTERN,
    TAG_LENGTH,
    TAG_PATTERN,
    OrderStatus,
    OrderType,
    Refusal,
    Side,
)

Word = TypeVar("Word", bound=IntEnum)

LIMIT_LEGS: Final = (OrderType.LIMIT, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)
"""The order types of the leg of an OCO that is no stop."""

SAVED: Final = RESTING | PENDING
"""The order types that a saved book may hold."""

_MEMBERS: Final[dict[type[IntEnum], dict[str, IntEnum]]] = {}
"""The members of each enum by the word that a file has for them."""


class SavedBookError(ValueError):
    """What is wrong with a saved book; `field` is where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def read_saved_book(registry: Registry, book: Book, contents: SavedBook) -> tuple[list[Order], int | None]:
    """The saved orders in the order of their queues, pending ones last, and the price of the last trade. Raises
    SavedBookError if the contents cannot be this symbol's book."""
    instrument = book.instrument
    if contents.format != FORMAT:
        raise SavedBookError("format", f"is {contents.format}: takes {FORMAT}")
    if contents.symbol != instrument.symbol:
        raise SavedBookError("symbol", f"is {contents.symbol}: takes {instrument.symbol}")
    if not 0 <= contents.last_trade_id <= MAX_INTEGER:
        raise SavedBookError("last_trade_id", "takes a number of trades")
    last_price = None if contents.last_trade is None else _price("last_trade", contents.last_trade, instrument)
    bids = _read_side(registry, book, "bids", contents.bids, Side.BUY)
    asks = _read_side(registry, book, "asks", contents.asks, Side.SELL)
    pending = [_read_order(registry, book, f"pending[{index}]", saved) for index, saved in enumerate(contents.pending)]
    for index, order in enumerate(pending):
        if order.order_type not in PENDING:
            raise SavedBookError(f"pending[{index}].order_type", "takes a type that waits for a price")
        if order.fired:
            raise SavedBookError(f"pending[{index}].working_since", "is not taken by an order that waits")
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
        if order.extra is not None and order.extra.oco_id is not None:
            legs.setdefault(order.extra.oco_id, []).append(order)
    for oco_id, pair in legs.items():
        if len(pair) == 1:
            continue
        limit, stop = (pair[-1], pair[0]) if STOPS[pair[0].order_type] else (pair[0], pair[-1])
        fits = (
            len(pair) == 2
            and limit.order_type in LIMIT_LEGS
            and STOPS[stop.order_type]
            and stop.status is OrderStatus.PENDING
            and (limit.status is OrderStatus.PENDING) is not (limit.order_type is OrderType.LIMIT)
            and _pair_of(limit) == _pair_of(stop)
        )
        price = limit.price if limit.order_type is OrderType.LIMIT else limit.trigger_price
        if not fits or price is None or stop.trigger_price is None:
            raise SavedBookError(
                "oco_id",
                f"{oco_id}: takes a resting limit order, or a waiting take-profit, and a waiting stop of one account, "
                "side and quantity",
            )
        if (price > stop.trigger_price) is not (limit.side is Side.SELL):
            raise SavedBookError("oco_id", f"{oco_id}: its price and its trigger_price are on the wrong sides")


def _pair_of(leg: Order) -> tuple[object, ...]:
    """What both legs of an OCO have in common."""
    assert leg.extra is not None, "a leg has an oco_id"
    extra = leg.extra
    return leg.account.name, leg.side, leg.remaining, extra.cancel_on_first_fill, extra.list_client_order_id


def _read_side(
    registry: Registry, book: Book, name: str, saved_orders: Iterable[SavedOrder], side: Side
) -> list[Order]:
    orders = [_read_order(registry, book, f"{name}[{index}]", saved) for index, saved in enumerate(saved_orders)]
    best_first = [
        -_resting_price(order) if side is Side.BUY else _resting_price(order)
        for order in orders
        if order.price is not None
    ]
    for index, order in enumerate(orders):
        if order.side is not side or order.order_type not in RESTING:
            raise SavedBookError(f"{name}[{index}]", f"takes a resting order to {side.name.lower()}")
        if order.order_type in PENDING and not order.fired:
            # Early versions did not save it; not before its entry is what is known.
            order.fired = order.timestamp
    if best_first != sorted(best_first):
        raise SavedBookError(name, "take the best price first")
    return orders


def _resting_price(order: Order) -> int:
    assert order.price is not None, "a resting order has a price"
    return order.price


def _read_order(registry: Registry, book: Book, where: str, saved: SavedOrder) -> Order:
    """One saved order, checked by itself and against the order that is known under its ids."""
    instrument = book.instrument
    order_type = _word(f"{where}.order_type", saved.order_type, OrderType)
    side = _word(f"{where}.side", saved.side, Side)
    if order_type not in SAVED:
        raise SavedBookError(f"{where}.order_type", "takes a type that rests or waits")
    if not (is_id(saved.order_id) and int(saved.order_id) > 0):
        raise SavedBookError(f"{where}.order_id", "takes an order_id")
    for field, name in (
        ("account", saved.account),
        ("client_order_id", saved.client_order_id),
        ("list_client_order_id", saved.list_client_order_id),
    ):
        if name is not None and not NAME_PATTERN.fullmatch(name):
            raise SavedBookError(f"{where}.{field}", "takes 1 to 64 of letters, digits and . _ : -")
    for field, number in (
        ("sequence", saved.sequence),
        ("timestamp", saved.timestamp),
        ("working_since", saved.working_since),
    ):
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
    extra = _read_extra(where, saved, instrument, order_type, remaining)
    if extra is not None and extra.prevented > quantity - remaining:
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
    )
    order.filled_value = _decimal(f"{where}.filled_value", saved.filled_value, instrument.value_decimals)
    order.extra = extra
    if saved.client_order_id is not None and not saved.open_only_client_order_id:
        order.account.client_orders.put(saved.client_order_id, order)
    order.fired = saved.working_since
    _check_ids(registry, where, order)
    return order


def _read_extra(
    where: str, saved: SavedOrder, instrument: Instrument, order_type: OrderType, remaining: int
) -> Extra | None:
    """The extra of the saved order; None for a plain one."""
    terms = OrderTerms(**{term.name: _read_term(where, term, saved, instrument) for term in SAVED_TERMS})
    shown = _decimal(f"{where}.shown_quantity", saved.shown_quantity, instrument.quantity_decimals)
    display = terms.display_quantity
    if display is not None and not 1 <= shown <= min(display, remaining):
        raise SavedBookError(f"{where}.shown_quantity", "takes at most the display_quantity and what remains")
    best_price = None if saved.best_price is None else _price(f"{where}.best_price", saved.best_price, instrument)
    if not ORDER_TYPES[order_type].trails and (best_price is not None or saved.activated):
        raise SavedBookError(f"{where}.best_price", f"is not taken by a {saved.order_type} order")
    if saved.oco_id is not None and not is_id(saved.oco_id):
        raise SavedBookError(f"{where}.oco_id", "takes an order_id")
    if saved.cancel_on_first_fill and saved.oco_id is None:
        raise SavedBookError(f"{where}.cancel_on_first_fill", "is taken by a leg of an OCO")
    refusal = check_terms(order_type, terms)
    # Both legs of an OCO take an expire_time, also a stop_market order.
    if refusal is not None and not (refusal is Refusal.EXPIRE_TIME_NOT_ALLOWED and saved.oco_id is not None):
        raise SavedBookError(where, refusal.name.lower())
    extra = Extra(
        terms=NO_TERMS if terms == NO_TERMS else terms,
        prevented=_decimal(f"{where}.prevented_quantity", saved.prevented_quantity, instrument.quantity_decimals),
        shown=shown if display is not None else 0,
        oco_id=None if saved.oco_id is None else int(saved.oco_id),
        active=saved.activated or best_price is not None,
        best_price=best_price,
        cancel_on_first_fill=saved.cancel_on_first_fill,
        list_client_order_id=saved.list_client_order_id,
        active_since=saved.activated_since if saved.activated else 0,
    )
    return extra if extra.is_used else None


def _read_term(where: str, term: Term, saved: SavedOrder, instrument: Instrument) -> Any:
    """One term from the form of the file, by its unit."""
    value, field = getattr(saved, term.name), f"{where}.{term.name}"
    if value is None:
        return None
    if term.unit is Unit.PRICE:
        return _price(field, value, instrument)
    if term.unit is Unit.QUANTITY:
        return _quantity(field, value, instrument)
    if term.words is not None:
        return _word(field, value, term.words)
    if term.unit is Unit.TEXT and not TAG_PATTERN.fullmatch(value):
        raise SavedBookError(field, f"takes 1 to {TAG_LENGTH} characters of visible ASCII")
    if term.unit is Unit.TIME and not 0 <= value <= MAX_INTEGER:
        raise SavedBookError(field, "takes zero or more")
    if term.unit is Unit.BASIS_POINTS and not 1 <= value <= (term.most or 0):
        raise SavedBookError(field, f"takes 1 to {term.most}")
    return value


def is_id(text: str) -> bool:
    """Whether the text may be an order_id; one that is longer is no number that anybody should read."""
    return text.isascii() and text.isdigit() and len(text) <= 18


def _check_ids(registry: Registry, where: str, order: Order) -> None:
    """Neither of the order's ids may be another order's. A live order may have got another client_order_id since."""
    known = registry.orders.get(order.order_id)
    account = registry.accounts.get(order.account.name)
    name = order.client_order_id
    if known is not None and (_identity(known) != _identity(order) or not _has_borne(known, name)):
        raise SavedBookError(f"{where}.order_id", f"{order.order_id} is another order's")
    if account is None or name is None:
        return
    namesake = find_by_client_id(account, name)
    if namesake is None or namesake.order_id == order.order_id:
        return
    if has_open_only_id(order) and (namesake.level is None or namesake.book is order.book or known is not None):
        # Free by then.
        return
    raise SavedBookError(f"{where}.client_order_id", f"{name} is another order's")


def _has_borne(known: Order, name: str | None) -> bool:
    """Whether the order may have borne that client_order_id at the save."""
    if known.client_order_id == name or has_open_only_id(known):
        return True
    former_ids = known.account.former_ids
    return former_ids is not None and name in former_ids.get(known.order_id, ())


def _identity(order: Order) -> tuple[object, ...]:
    """What never changes of an order."""
    return (
        order.book.instrument.symbol,
        order.account.name,
        order.side,
        order.order_type,
        order.sequence,
        order.timestamp,
        None if order.extra is None else order.extra.list_client_order_id,
    )


def _word(where: str, text: str, words: type[Word]) -> Word:
    # Kept by the terms: a walk over an enum's members costs more than all else of a field.
    members = _MEMBERS.get(words)
    if members is None:
        members = _MEMBERS[words] = {member.name.lower(): member for member in words}
    member = members.get(text)
    if member is None:
        raise SavedBookError(where, "takes one of " + ", ".join(members))
    return cast("Word", member)


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
