"""Answers about money to the public JSON: pure functions."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from msgspec import UNSET

from gateway.exchange.money import Moved
from gateway.link.answers import Stamped
from gateway.native.enum_words import MOVEMENT_KIND_WORDS
from gateway.native.json.money_schemas import (
    AccountBalancesView,
    AccountListView,
    AssetSumView,
    BalancesView,
    BalanceView,
    LedgerView,
    MovementList,
    MovementView,
    PositionView,
    ShardBalancesView,
    ShardTransferView,
    TransferView,
)
from gateway.native.json.times import format_timestamp
from protocol.averages import average_price
from protocol.events import (
    AccountList,
    AssetBalance,
    Balances,
    LedgerState,
    Movement,
    PositionState,
    TransferState,
)
from protocol.instrument import Instrument, parse_decimal

NO_SHARDS: Final[Mapping[str, Stamped[Balances]]] = MappingProxyType({})


def transfer_view(state: TransferState) -> TransferView:
    return TransferView(
        state.account,
        state.asset,
        state.amount,
        state.transfer_id,
        state.free,
        state.locked,
        state.duplicate,
        state.sequence,
        format_timestamp(state.timestamp),
    )


def ledger_view(state: LedgerState) -> LedgerView:
    return LedgerView(
        state.account,
        state.ledger,
        balance_views(state.balances),
        state.canceled,
        state.duplicate,
        state.sequence,
        format_timestamp(state.timestamp),
    )


def balance_views(balances: Iterable[AssetBalance]) -> list[BalanceView]:
    return [BalanceView(balance.asset, balance.free, balance.locked) for balance in balances]


def balances_view(found: Stamped[Balances], shards: Mapping[str, Stamped[Balances]] = NO_SHARDS) -> BalancesView:
    value = found.value
    return BalancesView(
        value.account,
        value.ledger,
        found.sequence,
        format_timestamp(found.timestamp),
        balance_views(value.balances),
        [_in_shard(name, each) for name, each in shards.items()] if shards else UNSET,
    )


def _in_shard(name: str, found: Stamped[Balances]) -> ShardBalancesView:
    value = found.value
    return ShardBalancesView(
        name, value.ledger, found.sequence, format_timestamp(found.timestamp), balance_views(value.balances)
    )


def shard_transfer_view(transfer_id: str, source: str, target: str, moved: Moved) -> ShardTransferView:
    out, into = moved.withdrawn, moved.deposited
    return ShardTransferView(
        out.account,
        out.asset,
        out.amount,
        transfer_id,
        source,
        target,
        transfer_view(out),
        transfer_view(into),
        out.duplicate and into.duplicate,
    )


def position_view(position: PositionState, instrument: Instrument) -> PositionView:
    """The position, with its average price. The instrument is the position's."""
    cost = abs(parse_decimal(position.cost, instrument.value_decimals))
    quantity = abs(parse_decimal(position.quantity, instrument.quantity_decimals))
    return PositionView(
        position.symbol,
        position.quantity,
        average_price(cost, quantity, instrument.price_decimals),
        position.cost,
        position.realised,
        position.unrealised,
        position.fees_paid,
        position.last_price,
    )


def movement_list(movements: Iterable[Movement], following: str | None) -> MovementList:
    return MovementList([_movement(movement) for movement in movements], following)


def _movement(movement: Movement) -> MovementView:
    traded = bool(movement.symbol)
    return MovementView(
        movement.sequence,
        format_timestamp(movement.timestamp),
        MOVEMENT_KIND_WORDS[movement.kind],
        movement.asset,
        movement.amount,
        movement.transfer_id or None,
        movement.counterparty or None,
        movement.symbol or None,
        str(movement.trade_id) if traded else None,
        str(movement.order_id) if traded else None,
    )


def account_list(found: Stamped[AccountList]) -> AccountListView:
    value = found.value
    return AccountListView(
        [
            AccountBalancesView(account.account, balance_views(account.balances), account.open_orders)
            for account in value.accounts
        ],
        value.next,
        [
            AssetSumView(each.asset, each.accounts, each.fees, each.outside, each.deposited, each.exact)
            for each in value.sums
        ],
        found.sequence,
        format_timestamp(found.timestamp),
    )
