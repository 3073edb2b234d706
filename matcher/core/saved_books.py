"""One symbol's book in the form of `state/orderbook_<symbol>.json`: writing it, and the form of single terms."""

from typing import Any

from matcher.core.book import Book
from matcher.core.client_ids import has_open_only_id
from matcher.core.order import NO_EXTRA, Order
from protocol.instrument import Instrument, format_decimal
from protocol.order_types import TERMS, Unit
from protocol.saved_book import FORMAT, SavedBook, SavedOrder

SAVED_TERMS = tuple(term for term in TERMS.values() if term.name in SavedOrder.__struct_fields__)
"""The terms of orders that rest or wait."""


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
    extra = order.extra or NO_EXTRA
    terms = {} if order.extra is None else _save_terms(instrument, extra.terms)

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
        # Only an iceberg's counts.
        shown_quantity="0" if extra.terms.display_quantity is None else quantity(extra.shown),
        activated=extra.active,
        best_price=price(extra.best_price),
        prevented_quantity=quantity(extra.prevented),
        oco_id=None if extra.partner is None else str(extra.oco_id),
        open_only_client_order_id=has_open_only_id(order),
        working_since=order.fired,
        cancel_on_first_fill=extra.partner is not None and extra.cancel_on_first_fill,
        list_client_order_id=extra.list_client_order_id,
        activated_since=extra.active_since,
        **terms,
    )


def _save_terms(instrument: Instrument, terms: object) -> dict[str, Any]:
    """Each term in the form of the file, by its unit."""
    saved: dict[str, Any] = {}
    for term in SAVED_TERMS:
        value = getattr(terms, term.name)
        if value is None:
            continue
        if term.unit is Unit.PRICE:
            value = format_decimal(value, instrument.price_decimals)
        elif term.unit is Unit.QUANTITY:
            value = format_decimal(value, instrument.quantity_decimals)
        elif term.unit is Unit.WORD:
            value = value.name.lower()
        saved[term.name] = value
    return saved
