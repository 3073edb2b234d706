"""What must be equal in both engines: where each order stands, and what it is."""

from collections.abc import Iterable

from matcher.core.levels import Levels, shown_quantity
from matcher.core.order import Extra, Order
from matcher.engine import Engine
from protocol.units import OrderStatus, Side
from tests.oracle.naive_engine import NaiveEngine
from tests.oracle.naive_order import NaiveOrder

LIVE = (OrderStatus.PENDING, OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED)

Standing = tuple[int, int, int, int, int | None, int | None]
"""order_id, quantity, remaining, the shown part of it, price and trigger_price of a live order."""


def queues(engine: Engine, symbol: str) -> list[list[Standing]]:
    """Bids and asks in the order in which they trade, pending orders in the order in which they fire on a rise and on a
    fall, and those that have no trigger_price."""
    book = engine.registry.books[symbol]
    triggers = book.triggers

    def stand(orders: Iterable[Order]) -> list[Standing]:
        return [
            (order.order_id, order.quantity, order.remaining, shown_quantity(order), order.price, order.trigger_price)
            for order in orders
        ]

    unpriced = [order for order in triggers.pending.values() if order.trigger_price is None]
    return [
        *(stand(in_order(levels)) for levels in (book.bids, book.asks)),
        *(stand(waiting(levels)) for levels in (triggers.rises, triggers.falls)),
        sorted(stand(unpriced)),
    ]


def waiting(levels: Levels) -> list[Order]:
    """Without the trailing stops that wait there for their activation_price."""
    return [order for order in in_order(levels) if order.trigger_price is not None]


def in_order(levels: Levels) -> list[Order]:
    return [order for level in levels for order in level]


def naive_queues(engine: NaiveEngine, symbol: str) -> list[list[Standing]]:
    def stand(orders: Iterable[NaiveOrder]) -> list[Standing]:
        return [
            (order.order_id, order.quantity, order.remaining, order.shown, order.price, order.trigger_price)
            for order in orders
        ]

    pending = engine.pending(symbol)
    rising, falling = (
        [order for order in pending if order.trigger_price is not None and order.rises is rises]
        for rises in (True, False)
    )
    rising.sort(key=lambda order: order.trigger_price or 0)
    falling.sort(key=lambda order: -(order.trigger_price or 0))
    unpriced = [order for order in pending if order.trigger_price is None]
    return [
        *(stand(engine.resting(symbol, side)) for side in Side),
        *(stand(orders) for orders in (rising, falling)),
        sorted(stand(unpriced)),
    ]


Whole = tuple[object, ...]


def whole(order: Order) -> Whole:
    """All that an order is, without what is only shown of it."""
    special = order.extra or Extra()
    return (
        (
            order.quantity,
            order.remaining,
            special.prevented,
            order.price,
            order.trigger_price,
            order.filled_value,
            special.unspent,
        ),
        (order.account.name, order.client_order_id, order.side, order.order_type, special.terms, special.oco_id),
        (special.best_price, special.partner.order_id if special.partner is not None else None)
        if order.status in LIVE
        else None,
        (order.status, order.reason) if order.status not in LIVE else order.status is OrderStatus.PENDING,
    )


def naive_whole(order: NaiveOrder) -> Whole:
    entered, partner = order.entered, order.partner
    status = OrderStatus.FILLED if order.reason is None else OrderStatus.CANCELED
    if order.is_rejected:
        status = OrderStatus.REJECTED
    return (
        (
            order.quantity,
            order.remaining,
            order.prevented,
            order.price,
            order.trigger_price,
            order.filled_value,
            order.unspent,
        ),
        (order.account, entered.client_order_id, order.side, entered.order_type, order.terms, order.oco_id),
        None if order.is_done else (order.mark, partner.order_id if partner is not None else None),
        (status, order.reason) if order.is_done else order.state == "pending",
    )
