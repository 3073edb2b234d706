"""Brings an order back into its book, from a snapshot or a saved book, as it stood there."""

from matcher.core.levels import set_shown
from matcher.core.order import Order
from matcher.core.registry import Registry
from protocol.units import OrderStatus


def put_back(registry: Registry, order: Order) -> None:
    """Put a live order at the back of its queue, with an iceberg's part that was shown. Note when it expires."""
    book = order.book
    extra = order.extra
    shown = 0 if extra is None else extra.shown
    if order.status is OrderStatus.PENDING:
        book.wait(order)
    else:
        book.rest(order)
    if extra is not None and extra.terms.display_quantity is not None:
        set_shown(order, extra, shown)
    if order.terms.expire_time:
        registry.expiries.add(order.terms.expire_time, order.order_id)
