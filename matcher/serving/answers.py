"""The answers to commands, made from their events and from the state after them."""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from matcher.core.order import MAX_FILLS, Order
from matcher.core.registry import Registry
from matcher.serving.money_answers import ledger_state, reserved_text, transfer_state
from protocol.commands import (
    NO_TERMS,
    AdvanceTime,
    AmendOrder,
    CancelAfter,
    CancelAllOrders,
    CancelOrder,
    CancelReplace,
    CloseLedger,
    CopyKeys,
    Deposit,
    LoadBook,
    MoveTimers,
    NoteKeyUse,
    OwnCommand,
    PlaceOco,
    PlaceOrder,
    ResetAccount,
    RevokeKey,
    SetAccountStatus,
    SetKey,
    SetLimits,
    SetShard,
    Transfer,
    WatchAccount,
    Withdraw,
)
from protocol.events import (
    AccountSet,
    AccountState,
    AccountWatched,
    Answer,
    BookLoaded,
    CancelFailed,
    CancelReplaced,
    CommandRefused,
    Event,
    InstrumentSet,
    KeyRevoked,
    KeysCopied,
    KeySet,
    KeyState,
    OrderAmended,
    OrderCanceled,
    OrderDuplicated,
    OrderPlaced,
    OrderRejected,
    OrderResult,
    OrderState,
    OrderStates,
    PlaceFailed,
    Trade,
)
from protocol.units import OrderStatus

OPEN: Final = OrderStatus.OPEN
PARTIALLY_FILLED: Final = OrderStatus.PARTIALLY_FILLED
CANCELED: Final = OrderStatus.CANCELED
REJECTED: Final = OrderStatus.REJECTED


def answer(registry: Registry, command: OwnCommand, events: list[Event]) -> Answer:
    """The answer to a command that has just been applied and caused these events."""
    first = events[0] if events else None
    if type(first) is OrderPlaced or type(first) is OrderRejected:
        if type(command) is PlaceOco:
            return _oco_states(registry, events)
        order = registry.orders[first.order_id]
        trades = _trades_of_new(order, events) if len(events) > 1 else []
        return _order_result(order, trades) if order.extra is None else order_state(order, trades)
    if type(first) is CommandRefused or type(first) is InstrumentSet:
        return first
    if isinstance(command, Deposit | Withdraw | Transfer):
        return transfer_state(registry, command, events)
    if isinstance(command, ResetAccount | CloseLedger):
        return ledger_state(registry, command, events)
    return _ANSWERS[type(command)](registry, events)


def _order_result(order: Order, trades: list[Trade]) -> OrderResult:
    """What became of a new order without terms."""
    status, resting, remaining = _standing(order)
    filled = order.quantity - order.remaining
    if order.account.ledger is None:
        return OrderResult(order.order_id, status, resting, filled, remaining, order.filled_value, order.reason, trades)
    return OrderResult(
        order.order_id,
        status,
        resting,
        filled,
        remaining,
        order.filled_value,
        order.reason,
        trades,
        reserved_text(order),
    )


def _standing(order: Order) -> tuple[OrderStatus, bool, int]:
    """Status, resting flag and remaining quantity, as clients see them."""
    status = order.status
    if status is CANCELED or status is REJECTED:
        return status, False, 0
    resting = status is OPEN and order.level is not None
    return (PARTIALLY_FILLED if resting and order.filled_value else status), resting, order.remaining


def _one_order(registry: Registry, events: list[Event]) -> OrderState:
    """The order that the first event is about."""
    first = events[0]
    if type(first) is OrderCanceled or type(first) is OrderAmended:
        order = registry.orders[first.order_id]
        state = order_state(order, _trades_of(order, events) if len(events) > 1 else [])
        if type(first) is OrderAmended and first.client_order_id is not None:
            state = replace(state, previous_client_order_id=first.previous_client_order_id)
        return state
    assert type(first) is OrderDuplicated, "a command about one order begins so"
    order = registry.orders[first.order_id]
    # A copy: the answer is kept, and the order may be filled further.
    return order_state(order, list(order.fills or ()), duplicate=True)


def _cancel_replaced(registry: Registry, events: list[Event]) -> CancelReplaced:
    """What became of the order to cancel, which the first event is about, and of the new one."""
    canceled: OrderState | CommandRefused | None = None
    placed: OrderState | CommandRefused | None = None
    first = events[0]
    if isinstance(first, OrderCanceled):
        canceled = order_state(registry.orders[first.order_id], [])
    elif isinstance(first, CancelFailed):
        canceled = CommandRefused(first.refusal, first.field, first.detail)
    for event in events:
        if isinstance(event, PlaceFailed):
            placed = CommandRefused(event.refusal, event.field, event.detail)
        elif isinstance(event, OrderPlaced | OrderRejected):
            order = registry.orders[event.order_id]
            placed = order_state(order, _trades_of(order, events))
        elif isinstance(event, OrderDuplicated):
            order = registry.orders[event.order_id]
            placed = order_state(order, list(order.fills or ()), duplicate=True)
    return CancelReplaced(canceled, placed)


def _all_canceled(registry: Registry, events: list[Event]) -> OrderStates:
    return OrderStates(_canceled(registry, events), registry.running.more)


def _nothing(_registry: Registry, _events: list[Event]) -> OrderStates:
    """Nobody waits for it."""
    return OrderStates([])


def _key_state(_registry: Registry, events: list[Event]) -> KeyState:
    first = events[0]
    assert isinstance(first, KeySet | KeyRevoked), "a command about a key begins so"
    return first.state


def _keys_copied(registry: Registry, _events: list[Event]) -> KeysCopied:
    return KeysCopied(registry.keys.changed)


def _book_loaded(_registry: Registry, events: list[Event]) -> BookLoaded:
    last = events[-1]
    assert isinstance(last, BookLoaded), "a book that was loaded ends so"
    return last


def _account_state(registry: Registry, events: list[Event]) -> AccountState:
    last = events[-1]
    assert isinstance(last, AccountSet | AccountWatched), "a command about an account ends so"
    account = registry.accounts.get(last.account)
    orders = _canceled(registry, events)
    version = registry.account_versions.of(last.account)
    if account is None:
        return AccountState(last.account, False, None, orders, version=version)
    suspended, cancel_at = account.suspended, account.cancel_at
    return AccountState(last.account, suspended, cancel_at, orders, more=registry.running.more, version=version)


def _canceled(registry: Registry, events: list[Event]) -> list[OrderState]:
    """The orders that a command about many orders has canceled, oldest first."""
    order_ids = sorted(event.order_id for event in events if isinstance(event, OrderCanceled))
    return [order_state(registry.orders[order_id], []) for order_id in order_ids]


def _oco_states(registry: Registry, events: list[Event]) -> OrderStates:
    """The limit and the stop leg, which the first two events are about."""
    states = []
    for event in events[:2]:
        assert isinstance(event, OrderPlaced | OrderRejected | OrderDuplicated), "an OCO begins so"
        order = registry.orders[event.order_id]
        duplicate = isinstance(event, OrderDuplicated)
        states.append(
            order_state(order, list(order.fills or ()) if duplicate else _trades_of(order, events), duplicate=duplicate)
        )
    return OrderStates(states)


def _trades_of(order: Order, events: list[Event]) -> list[Trade]:
    """The trades that the order took part in."""
    order_id = order.order_id
    return [
        event
        for event in events
        if type(event) is Trade and (event.taker_order_id == order_id or event.maker_order_id == order_id)
    ]


def _trades_of_new(order: Order, events: list[Event]) -> list[Trade]:
    """The trades of an order that the command has placed: its fills, unless it has more than it remembers."""
    fills = order.fills
    if fills is None:
        return []
    if len(fills) >= MAX_FILLS:
        return _trades_of(order, events)
    # A resting order may be filled further, and its answer is kept.
    return fills if order.level is None else fills.copy()


def order_state(order: Order, trades: list[Trade], *, duplicate: bool = False) -> OrderState:
    """The order as it stands, with the given trades."""
    status, resting, remaining = _standing(order)
    extra = order.extra
    state = OrderState(
        order.order_id,
        order.client_order_id,
        order.account.name,
        order.book.rules.symbol,
        order.side,
        order.order_type,
        order.price,
        order.trigger_price,
        status,
        resting,
        order.quantity,
        order.filled,
        remaining,
        order.filled_value,
        order.reason,
        order.sequence,
        order.timestamp,
        trades,
        duplicate,
        updated_sequence=order.updated_sequence or order.sequence,
        updated=order.updated or order.timestamp,
        reserved=reserved_text(order),
        working_since=order.working_since,
    )
    if extra is None:
        return state
    terms = None if extra.terms == NO_TERMS else extra.terms
    return replace(
        state,
        terms=terms,
        prevented_quantity=extra.prevented,
        unspent=extra.unspent,
        oco_id=extra.oco_id,
        cancel_on_first_fill=extra.cancel_on_first_fill,
        list_client_order_id=extra.list_client_order_id,
        active_since=extra.active_since or None,
        prevented_match_id=extra.prevented_match,
    )


_ANSWERS: dict[type, Callable[[Registry, list[Event]], Answer]] = {
    PlaceOrder: _one_order,
    CancelOrder: _one_order,
    AmendOrder: _one_order,
    PlaceOco: _oco_states,
    CancelAllOrders: _all_canceled,
    LoadBook: _book_loaded,
    SetAccountStatus: _account_state,
    CancelAfter: _account_state,
    WatchAccount: _account_state,
    AdvanceTime: _nothing,
    MoveTimers: _nothing,
    SetLimits: _nothing,
    SetShard: _nothing,
    SetKey: _key_state,
    RevokeKey: _key_state,
    NoteKeyUse: _key_state,
    CancelReplace: _cancel_replaced,
    CopyKeys: _keys_copied,
}
"""By the type of the command. For commands that were not refused and placed no order."""
