"""What records of early versions do not tell of an order, as near as it is known."""

from matcher.core.order import Order
from protocol.order_types import WAITS
from protocol.units import OrderStatus


def fill_gaps(order: Order) -> None:
    """Give an order that a snapshot brings back the times that its record may lack."""
    if order.fills and not order.updated_sequence:
        # The last fill is what is known.
        last = order.fills[-1]
        order.updated_sequence, order.updated = last.sequence, last.timestamp
    if WAITS[order.order_type] and not order.fired and (order.status is OrderStatus.OPEN or order.filled_value):
        # It has not fired before its entry.
        order.fired = order.timestamp
