"""What a session is told of its commands: the answer to each, made of its events and of the state that it left."""

from matcher.engine import Engine
from matcher.order import Order
from protocol.commands import AmendOrder, CancelAllOrders, CancelOrder, Command, PlaceOrder
from protocol.events import (
    Answer,
    BookLoaded,
    CommandRefused,
    Event,
    InstrumentSet,
    OrderAmended,
    OrderCanceled,
    OrderDuplicated,
    OrderPlaced,
    OrderRejected,
    OrderResult,
    OrderState,
    OrderStates,
    Trade,
)
from protocol.units import OrderStatus

OPEN = OrderStatus.OPEN
CANCELED = OrderStatus.CANCELED
REJECTED = OrderStatus.REJECTED


def answer(engine: Engine, command: Command, events: list[Event]) -> Answer:
    """The answer to a command that has just been applied and caused these events."""
    if type(command) is CancelAllOrders:
        if events and isinstance(events[0], CommandRefused):
            return events[0]
        return OrderStates([order_state(engine.orders[event.order_id], []) for event in events if isinstance(event, OrderCanceled)])
    first = events[0]
    if isinstance(first, CommandRefused | InstrumentSet):
        return first
    if isinstance(events[-1], BookLoaded):
        return events[-1]
    if isinstance(first, OrderDuplicated):
        order = engine.orders[first.order_id]
        # A copy: the answer is kept, and the order may be filled further.
        return order_state(order, list(order.fills or ()), duplicate=True)
    assert isinstance(first, OrderPlaced | OrderRejected | OrderCanceled | OrderAmended), "no other event comes first"
    order = engine.orders[first.order_id]
    trades = _trades_of(order, events) if len(events) > 1 else []
    if type(command) is PlaceOrder:
        return OrderResult(
            order.order_id,
            order_status(order),
            order.level is not None and order.status is OPEN,
            order.quantity - order.remaining,
            remaining_quantity(order),
            order.filled_value,
            order.reason,
            trades,
        )
    assert isinstance(command, CancelOrder | AmendOrder), "no other command is about one order"
    return order_state(order, trades)


def _trades_of(order: Order, events: list[Event]) -> list[Trade]:
    """The trades that the order took part in."""
    order_id = order.order_id
    return [event for event in events if type(event) is Trade and (event.taker_order_id == order_id or event.maker_order_id == order_id)]


def order_status(order: Order) -> OrderStatus:
    if order.status is OPEN and order.remaining != order.quantity:
        return OrderStatus.PARTIALLY_FILLED
    return order.status


def remaining_quantity(order: Order) -> int:
    """What can still trade."""
    return 0 if order.status is CANCELED or order.status is REJECTED else order.remaining


def order_state(order: Order, trades: list[Trade], duplicate: bool = False) -> OrderState:
    """The order as it stands, with the given trades."""
    return OrderState(
        order.order_id,
        order.client_order_id,
        order.account.name,
        order.book.instrument.symbol,
        order.side,
        order.order_type,
        order.price,
        order.trigger_price,
        order_status(order),
        order.level is not None and order.status is OPEN,
        order.quantity,
        order.quantity - order.remaining,
        remaining_quantity(order),
        order.filled_value,
        order.reason,
        order.sequence,
        order.timestamp,
        trades,
        duplicate,
    )
