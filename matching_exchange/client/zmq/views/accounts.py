"""What an account's own stream tells."""

from collections.abc import Iterator

from matching_exchange.client.times import Time
from matching_exchange.client.types import account_stream as told
from matching_exchange.client.zmq.account_follower import Beginning
from matching_exchange.client.zmq.views.money import balances_of
from matching_exchange.client.zmq.views.orders import fill, orders
from matching_exchange.client.zmq.views.units import REASONS, Instruments, optional_price, price, quantity
from protocol.events import (
    AccountUpdate,
    OrderAmended,
    OrderCanceled,
    OrderChange,
    OrderDecremented,
    OrderPlaced,
    OrderReduced,
    OrderRejected,
    OrderTriggered,
    Trade,
    TriggerMoved,
)
from protocol.instrument import Instrument
from protocol.units import OrderStatus


def start(found: Beginning, instruments: Instruments) -> told.AccountStart:
    return told.AccountStart(
        found.account,
        found.sequence,
        Time(found.timestamp),
        found.suspended,
        _time(found.cancel_at),
        orders(list(found.orders.values()), instruments),
        found.ledger,
        balances_of(found.balances[asset] for asset in sorted(found.balances)),
        found.again,
    )


def update(found: AccountUpdate, instruments: Instruments) -> told.AccountUpdate:
    """All that one command changed. All symbols are among the instruments."""
    changes = list(_changes(found, instruments))
    if found.account_set is not None:
        changes.append(told.AccountChanged(found.account_set.suspended, _time(found.account_set.cancel_at)))
    money = found.balances
    return told.AccountUpdate(
        found.account,
        found.sequence,
        found.previous,
        Time(found.timestamp),
        tuple(changes),
        orders(found.orders, instruments),
        None if money is None else money.ledger,
        () if money is None else balances_of(money.balances),
    )


def _time(nanoseconds: int | None) -> Time | None:
    return None if nanoseconds is None else Time(nanoseconds)


def _changes(found: AccountUpdate, instruments: Instruments) -> Iterator[told.Change]:
    instrument_of = {state.order_id: instruments[state.symbol] for state in found.orders}
    filled = {state.order_id for state in found.orders if state.status is OrderStatus.FILLED}
    # An order is filled by its last trade.
    filling = {
        change.order_id: change
        for change in found.changes
        if change.order_id in filled and isinstance(change.event, Trade)
    }
    for change in found.changes:
        yield _change(change, instrument_of[change.order_id], fills=change is filling.get(change.order_id))


def _change(change: OrderChange, instrument: Instrument, *, fills: bool) -> told.Change:
    order_id = change.order_id
    match change.event:
        case Trade() as trade:
            kind = told.Filled if fills else told.PartiallyFilled
            own = fill(trade, instrument, maker=trade.maker_order_id == order_id)
            return kind(order_id, quantity(change.filled_quantity, instrument), own)
        case OrderPlaced():
            return told.Placed(order_id)
        case OrderCanceled() as event:
            left = quantity(event.quantity, instrument)
            return told.Canceled(order_id, REASONS[event.reason], left, event.cancel_client_order_id)
        case OrderTriggered():
            return told.Triggered(order_id)
        case TriggerMoved() as event:
            return told.TriggerMoved(order_id, price(event.trigger_price, instrument))
        case OrderAmended() as event:
            return told.Amended(
                order_id,
                quantity(event.quantity, instrument),
                optional_price(event.price, instrument),
                optional_price(event.trigger_price, instrument),
                event.client_order_id,
                event.previous_client_order_id,
            )
        case OrderReduced() as event:
            return told.Reduced(order_id, quantity(event.quantity, instrument))
        case OrderDecremented() as event:
            return told.Prevented(order_id, quantity(event.quantity, instrument))
        case OrderRejected() as event:
            return told.Rejected(order_id, REASONS[event.reason])
    raise AssertionError(f"no change of an order: {change.event}")
