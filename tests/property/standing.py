"""What must be equal in both engines: where each order stands, and what it is."""

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from msgspec.structs import replace

from matcher.core.levels import Levels, shown_quantity
from matcher.core.order import Extra, Order
from matcher.engine import Engine
from protocol.commands import CancelReplace, OwnCommand, PlaceOco, PlaceOrder
from protocol.events import CancelFailed, CommandRefused, Event
from protocol.units import OrderStatus, Refusal, Side
from tests.oracle.naive_engine import NaiveEngine
from tests.oracle.naive_ledger import Amounts
from tests.oracle.naive_order import NaiveOrder
from tests.tape import without_wording

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
        (order.account, order.client_order_id, order.side, entered.order_type, order.terms, order.oco_id),
        None if order.is_done else (order.mark, partner.order_id if partner is not None else None),
        (status, order.reason) if order.is_done else order.state == "pending",
    )


class Money(NamedTuple):
    """All money of an engine, as integers of the smallest unit of each asset.

    decimals: of each asset.
    balances: free and locked, by account with a ledger and asset.
    fees, outside, deposited: by asset.
    reserved: account, asset and lock of each live order that locks something, by order_id.
    positions: quantity, cost, cash and fees, by account and symbol; those that are all zero are left out.
    """

    decimals: dict[str, int]
    balances: dict[str, dict[str, tuple[int, int]]]
    fees: dict[str, int]
    outside: dict[str, int]
    deposited: dict[str, int]
    reserved: dict[int, tuple[str, str, int]]
    positions: dict[tuple[str, str], tuple[int, int, int, int]]


def money_of(engine: Engine) -> Money:
    registry = engine.registry
    assets, ledgers = (
        registry.assets,
        {name: account.ledger for name, account in registry.accounts.items() if account.ledger is not None},
    )
    return Money(
        {asset.name: asset.decimals for asset in assets.values()},
        {
            name: {
                asset.name: (ledger.balances[asset.index].free, ledger.balances[asset.index].locked)
                if asset.index < len(ledger.balances)
                else (0, 0)
                for asset in assets.values()
            }
            for name, ledger in ledgers.items()
        },
        {asset.name: asset.fees for asset in assets.values()},
        {asset.name: asset.outside for asset in assets.values()},
        {asset.name: asset.deposited for asset in assets.values()},
        {
            order.order_id: (order.account.name, given_by(order), order.reserved)
            for order in registry.orders
            if order.status in LIVE and order.reserved
        },
        without_zeros(
            {
                (name, symbol): (position.quantity, position.cost, position.cash, position.fees)
                for name, ledger in ledgers.items()
                for symbol, position in ledger.positions.items()
            }
        ),
    )


def given_by(order: Order) -> str:
    instrument = order.book.instrument
    return instrument.quote if order.side is Side.BUY else instrument.base


def naive_money_of(engine: NaiveEngine) -> Money:
    decimals = engine.assets()

    def units(asset: str, amount: Fraction) -> int:
        exact = amount * 10 ** decimals[asset]
        assert exact.denominator == 1
        return int(exact)

    def of_each_asset(amounts: Amounts) -> dict[str, int]:
        return {asset: units(asset, amounts.get(asset, Fraction(0))) for asset in decimals}

    locking = [
        (order, engine.asset_of(order), engine.reserved(order))
        for order in engine.live()
        if order.account in engine.ledgers and engine.reserved(order)
    ]
    return Money(
        decimals,
        {
            name: {
                asset: (units(asset, engine.free(name, asset)), units(asset, engine.locked(name, asset)))
                for asset in decimals
            }
            for name in engine.ledgers
        },
        of_each_asset(engine.fees),
        of_each_asset(engine.outside),
        of_each_asset(engine.deposited),
        {order.order_id: (order.account, asset, units(asset, amount)) for order, asset, amount in locking},
        without_zeros(
            {
                (name, symbol): (position.quantity, position.cost, position.cash, position.fees)
                for name, ledger in engine.ledgers.items()
                for symbol, position in ledger.positions.items()
            }
        ),
    )


def as_if_known(event: Event) -> Event:
    """The event without the difference between a forgotten order and a done one."""
    if isinstance(event, CancelFailed) and event.refusal is Refusal.UNKNOWN_ORDER:
        return replace(event, refusal=Refusal.ORDER_NOT_OPEN)
    return without_wording(event)


def is_refused(event: Event | None, refusal: Refusal) -> bool:
    return isinstance(event, CommandRefused) and event.refusal is refusal


def placed_by(command: OwnCommand) -> PlaceOrder | PlaceOco:
    """What the command places."""
    if isinstance(command, CancelReplace):
        return command.place
    assert isinstance(command, PlaceOrder | PlaceOco)
    return command


Positions = dict[tuple[str, str], tuple[int, int, int, int]]


def without_zeros(positions: Positions) -> Positions:
    return {place: position for place, position in positions.items() if any(position)}
