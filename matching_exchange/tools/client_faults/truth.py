"""What really happened to the accounts: the journal, carried out again from its first record."""

from collections import Counter
from typing import Final

from msgspec import Struct

from gateway.binance.symbols import joined
from gateway.binance.words import canceled_status
from matcher.core.order import Order
from matcher.engine import Engine
from matcher.state import Caused
from protocol.commands import CancelReplace, OwnCommand, PlaceOco, PlaceOrder
from protocol.events import (
    Answer,
    Event,
    OrderAmended,
    OrderCanceled,
    OrderDecremented,
    OrderPlaced,
    OrderReduced,
    OrderTriggered,
    Trade,
)
from protocol.units import OrderStatus, Reason

NO_TRADE: Final = -1


class Change(Struct, frozen=True):
    """One change of an order, as an execution report names it."""

    account: str
    sequence: int
    order_id: int
    execution: str
    trade_id: int = NO_TRADE


class State(Struct, frozen=True):
    """How an order stands in the end. filled: in hundred-millionths."""

    status: str
    filled: int


class Truth:
    """Gets each command of the replay by `watch`. accounts: whose changes count.

    placed: the orders that entered, by account and the client id of their command.
    renamed: how often an amend gave an order of the account this client id.
    changes: all of them, in order.
    resized: the quantity of an order after an amend that has changed no client id, by order and command, in
        hundred-millionths. The other leg of an OCO is changed so.
    """

    def __init__(self, accounts: set[str]) -> None:
        self._accounts = accounts
        self._orders: dict[int, Order] = {}
        self.commands = 0
        self.trades = 0
        self.placed: dict[tuple[str, str], list[int]] = {}
        self.renamed = Counter[tuple[str, str]]()
        self.changes: list[Change] = []
        self.symbols: dict[int, str] = {}
        self.resized: dict[tuple[int, int], int] = {}

    def watch(self, engine: Engine, time: int, caused: Caused, answer: Answer) -> None:
        """Take in the next command."""
        self.commands += 1
        names = iter(_names(caused.command))
        for event in caused.events:
            if isinstance(event, OrderPlaced):
                order = engine.registry.orders[event.order_id]
                self._orders[event.order_id] = order
                self.symbols[event.order_id] = joined(order.book.instrument)
                self.placed.setdefault((order.account.name, next(names, "")), []).append(event.order_id)
            self.trades += isinstance(event, Trade)
            for order_id, execution, trade_id in _reported(event):
                account = self._orders[order_id].account.name
                if account in self._accounts:
                    self.changes.append(Change(account, caused.sequence, order_id, execution, trade_id))
                if isinstance(event, OrderAmended):
                    self._note_amend(account, caused.sequence, event)

    def _note_amend(self, account: str, sequence: int, event: OrderAmended) -> None:
        if event.client_order_id is not None:
            self.renamed[account, event.client_order_id] += 1
        else:
            order = self._orders[event.order_id]
            self.resized[event.order_id, sequence] = _hundred_millionths(order, event.quantity)

    def states(self) -> dict[int, State]:
        """Each order in the end, by its order_id. Call it once all commands are in."""
        return {order_id: _state(order) for order_id, order in self._orders.items()}


def _names(command: OwnCommand) -> list[str]:
    """The client ids of the orders that the command places, in the order of their events."""
    match command:
        case PlaceOrder():
            return [command.client_order_id or ""]
        case CancelReplace():
            return [command.place.client_order_id or ""]
        case PlaceOco():
            return [command.client_order_id or "", command.stop_client_order_id or ""]
    return []


def _reported(event: Event) -> list[tuple[int, str, int]]:
    """The reports of an event: order, what has happened, trade."""
    match event:
        case OrderPlaced() | OrderTriggered():
            return [(event.order_id, "NEW", NO_TRADE)]
        case Trade():
            return [(order_id, "TRADE", event.trade_id) for order_id in (event.maker_order_id, event.taker_order_id)]
        case OrderCanceled(reason=Reason.SELF_TRADE) | OrderDecremented():
            return [(event.order_id, "TRADE_PREVENTION", NO_TRADE)]
        case OrderCanceled():
            return [(event.order_id, canceled_status(event.reason), NO_TRADE)]
        case OrderAmended() | OrderReduced():
            return [(event.order_id, "REPLACED", NO_TRADE)]
    return []


def _state(order: Order) -> State:
    status = canceled_status(order.reason) if order.status is OrderStatus.CANCELED else "FILLED"
    if order.status in (OrderStatus.OPEN, OrderStatus.PENDING):
        status = "PARTIALLY_FILLED" if order.filled else "NEW"
    return State(status, _hundred_millionths(order, order.filled))


def _hundred_millionths(order: Order, quantity: int) -> int:
    return quantity * int(10 ** (8 - order.book.instrument.quantity_decimals))
