"""The state of a new order. Its answer leaves out what its sender knows."""

from protocol.answers import OrderResult, OrderState
from protocol.commands import PlaceOrder
from protocol.units import OrderStatus


def placed_order(command: PlaceOrder, result: OrderResult, sequence: int, timestamp: int) -> OrderState:
    """The order that the command made, from its own fields and its result."""
    return OrderState(
        result.order_id,
        command.client_order_id,
        command.account,
        command.symbol,
        command.side,
        command.order_type,
        command.price,
        command.trigger_price,
        result.status,
        result.resting,
        command.quantity,
        result.filled_quantity,
        result.remaining_quantity,
        result.filled_value,
        result.reason,
        sequence,
        timestamp,
        result.trades,
        updated_sequence=sequence,
        updated=timestamp,
        reserved=result.reserved,
        working_since=None if result.status in (OrderStatus.PENDING, OrderStatus.REJECTED) else timestamp,
    )
