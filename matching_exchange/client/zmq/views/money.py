"""Balances, movements and positions."""

from collections.abc import Iterable
from decimal import Decimal

from matching_exchange.client.times import Time
from matching_exchange.client.types import money as told
from matching_exchange.client.zmq.views.orders import orders
from matching_exchange.client.zmq.views.units import MOVEMENT_KINDS, Instruments
from protocol.averages import average_price
from protocol.events import (
    AccountSummary,
    AssetBalance,
    Balances,
    LedgerState,
    Movement,
    MovementPage,
    PositionState,
    TransferState,
)
from protocol.instrument import Instrument, parse_decimal


def balances_of(found: Iterable[AssetBalance]) -> tuple[told.Balance, ...]:
    return tuple(told.Balance(each.asset, Decimal(each.free), Decimal(each.locked)) for each in found)


def balances(found: Balances, sequence: int, timestamp: int) -> told.Balances:
    return told.Balances(found.account, found.ledger, sequence, Time(timestamp), balances_of(found.balances))


def summary(found: AccountSummary, sequence: int, timestamp: int, instruments: Instruments) -> told.AccountSummary:
    return told.AccountSummary(
        found.account,
        found.ledger,
        sequence,
        Time(timestamp),
        balances_of(found.balances),
        orders(found.orders, instruments),
        found.more,
        tuple(_position(each, instruments[each.symbol]) for each in found.positions),
    )


def _position(found: PositionState, instrument: Instrument) -> told.Position:
    cost = abs(parse_decimal(found.cost, instrument.value_decimals))
    quantity = abs(parse_decimal(found.quantity, instrument.quantity_decimals))
    average = average_price(cost, quantity, instrument.price_decimals)
    return told.Position(
        found.symbol,
        Decimal(found.quantity),
        None if average is None else Decimal(average),
        Decimal(found.cost),
        Decimal(found.realised),
        Decimal(found.unrealised),
        Decimal(found.fees_paid),
        Decimal(found.last_price),
    )


def movements(page: MovementPage) -> told.MovementList:
    following = None if page.next is None else "{}-{}".format(*page.next)
    return told.MovementList(tuple(_movement(each) for each in page.movements), following)


def _movement(found: Movement) -> told.Movement:
    traded = bool(found.symbol)
    return told.Movement(
        found.sequence,
        Time(found.timestamp),
        MOVEMENT_KINDS[found.kind],
        found.asset,
        Decimal(found.amount),
        found.transfer_id or None,
        found.counterparty or None,
        found.symbol or None,
        found.trade_id if traded else None,
        found.order_id if traded else None,
    )


def transfer(state: TransferState) -> told.Transfer:
    return told.Transfer(
        state.account,
        state.asset,
        Decimal(state.amount),
        state.transfer_id,
        Decimal(state.free),
        Decimal(state.locked),
        state.duplicate,
        state.sequence,
        Time(state.timestamp),
    )


def ledger(state: LedgerState) -> told.Ledger:
    return told.Ledger(
        state.account,
        state.ledger,
        balances_of(state.balances),
        state.canceled,
        state.duplicate,
        state.sequence,
        Time(state.timestamp),
    )
