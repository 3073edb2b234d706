"""Bringing an order back into its book, from a snapshot or a saved book, as it stood there."""

from matcher.levels import set_shown
from matcher.order import Order
from protocol.units import OrderStatus


def enter_book(order: Order) -> None:
    """Put a live order at the back of its queue, with the part of an iceberg that was shown, and let its time fall
    due."""
    book = order.book
    if order.status is OrderStatus.PENDING:
        book.wait(order)
    else:
        special = order.special
        shown = 0 if special is None else special.shown
        book.rest(order)
        if special is not None and special.terms.display_quantity is not None:
            set_shown(order, special, shown)
    if order.terms.expire_time:
        book.deadlines.add(order.terms.expire_time, order.order_id)
