"""What a session is told of its commands: the answer to each, made of its events and of the state that it left."""

from matcher.engine import Engine
from matcher.order import Order
from protocol.commands import (
    NO_TERMS,
    AdvanceTime,
    AmendOrder,
    CancelAllOrders,
    CancelOrder,
    Command,
    OrderTerms,
    PlaceOco,
    PlaceOrder,
)
from protocol.events import (
    AccountSet,
    AccountState,
    AccountWatched,
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
        return OrderStates(_canceled(engine, events))
    if type(command) is AdvanceTime:
        return OrderStates([])
    first = events[0]
    if isinstance(first, CommandRefused | InstrumentSet):
        return first
    last = events[-1]
    if isinstance(last, BookLoaded):
        return last
    if isinstance(last, AccountSet | AccountWatched):
        return _account_state(engine, last.account, events)
    if type(command) is PlaceOco:
        return _oco_states(engine, events)
    if isinstance(first, OrderDuplicated):
        order = engine.orders[first.order_id]
        # A copy: the answer is kept, and the order may be filled further.
        return order_state(order, list(order.fills or ()), duplicate=True)
    assert isinstance(first, OrderPlaced | OrderRejected | OrderCanceled | OrderAmended), "no other event comes first"
    order = engine.orders[first.order_id]
    trades = _trades_of(order, events) if len(events) > 1 else []
    if type(command) is PlaceOrder and order.special is None:
        return OrderResult(
            order.order_id,
            order_status(order),
            order.level is not None and order.status is OPEN,
            order.filled,
            remaining_quantity(order),
            order.filled_value,
            order.reason,
            trades,
        )
    assert isinstance(command, PlaceOrder | CancelOrder | AmendOrder), "no other command is about one order"
    return order_state(order, trades)


def _canceled(engine: Engine, events: list[Event]) -> list[OrderState]:
    """The orders that a command about many orders has canceled, oldest first."""
    order_ids = sorted(event.order_id for event in events if isinstance(event, OrderCanceled))
    return [order_state(engine.orders[order_id], []) for order_id in order_ids]


def _account_state(engine: Engine, name: str, events: list[Event]) -> AccountState:
    account = engine.accounts.get(name)
    orders = _canceled(engine, events)
    return AccountState(name, False, None, orders) if account is None else AccountState(name, account.suspended, account.cancel_at, orders)


def _oco_states(engine: Engine, events: list[Event]) -> OrderStates:
    """The limit and the stop leg, which the first two events are about."""
    states = []
    for event in events[:2]:
        assert isinstance(event, OrderPlaced | OrderRejected | OrderDuplicated), "an OCO begins so"
        order = engine.orders[event.order_id]
        duplicate = isinstance(event, OrderDuplicated)
        states.append(order_state(order, list(order.fills or ()) if duplicate else _trades_of(order, events), duplicate))
    return OrderStates(states)


def _trades_of(order: Order, events: list[Event]) -> list[Trade]:
    """The trades that the order took part in."""
    order_id = order.order_id
    return [event for event in events if type(event) is Trade and (event.taker_order_id == order_id or event.maker_order_id == order_id)]


def order_status(order: Order) -> OrderStatus:
    if order.status is OPEN and order.filled_value:
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
        order.filled,
        remaining_quantity(order),
        order.filled_value,
        order.reason,
        order.sequence,
        order.timestamp,
        trades,
        duplicate,
        *_special(order),
    )


def _special(order: Order) -> tuple[OrderTerms | None, int, int | None, int | None]:
    """Terms, prevented quantity, unspent quote quantity and oco_id, as the order has them."""
    special = order.special
    if special is None:
        return None, 0, None, None
    return None if special.terms == NO_TERMS else special.terms, special.prevented, special.unspent, special.oco_id
