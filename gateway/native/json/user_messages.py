"""The messages of an account's own stream. These structs are also its schemas in the OpenAPI document.

Each update is encoded once for all clients.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from gateway.http.responses import encode
from gateway.link.answers import Stamped
from gateway.native.enum_words import REASON_WORDS
from gateway.native.json.field_types import Decimal, Identifier, NameText, ReasonWord, Sequence, Timestamp
from gateway.native.json.money_schemas import BalanceView
from gateway.native.json.money_views import balance_views
from gateway.native.json.schemas import Fill, Order
from gateway.native.json.times import format_timestamp
from gateway.native.json.translate import fill, order
from gateway.streams.shard_channels import numbered
from gateway.streams.user_history import OpenOrders
from protocol.events import (
    AccountUpdate,
    OrderAmended,
    OrderCanceled,
    OrderChange,
    OrderDecremented,
    OrderPlaced,
    OrderReduced,
    OrderRejected,
    OrderState,
    OrderTriggered,
    Trade,
    TriggerMoved,
)
from protocol.instrument import Instrument, format_decimal
from protocol.units import OrderStatus

PART_ORDERS: Final = 500
"""The most orders in one message of a fresh start."""

Instruments = Mapping[str, Instrument]

ShardName = Annotated[
    str,
    Meta(
        description="Where there are several shards: the one that tells this, whose `sequence` it has. What another "
        "one has told stays as it is."
    ),
]
Cursor = Annotated[
    str, Meta(description="Where there are several shards: the value of `after` for all that follows this message.")
]
"""Each client has a cursor of its own: `streams.shard_channels` puts both into the texts."""


class PlacedChange(Struct, frozen=True, tag_field="event", tag="placed"):
    """The order is in the exchange."""

    order_id: Identifier


class RejectedChange(Struct, frozen=True, tag_field="event", tag="rejected"):
    """The market's state, or the account's, forbids the order."""

    order_id: Identifier
    reason: ReasonWord


class TriggeredChange(Struct, frozen=True, tag_field="event", tag="triggered"):
    """The pending order has fired."""

    order_id: Identifier


class TriggerMovedChange(Struct, frozen=True, tag_field="event", tag="trigger_moved"):
    """The trailing stop waits for another price now."""

    order_id: Identifier
    trigger_price: Decimal


class AmendedChange(Struct, frozen=True, tag_field="event", tag="amended"):
    """The order was changed to this. The client_order_ids, the new one and the one before, are there if that has
    changed too; the one before is null if there was none."""

    order_id: Identifier
    quantity: Decimal
    price: Decimal | None
    trigger_price: Decimal | None
    client_order_id: NameText | UnsetType = UNSET
    previous_client_order_id: NameText | UnsetType | None = UNSET


class ReducedChange(Struct, frozen=True, tag_field="event", tag="reduced"):
    """The order has lost this quantity: the other order of its OCO has traded it."""

    order_id: Identifier
    quantity: Decimal


class PreventedChange(Struct, frozen=True, tag_field="event", tag="prevented"):
    """Self-trade prevention has taken this quantity off the order; the rest goes on."""

    order_id: Identifier
    quantity: Decimal


class PartiallyFilledChange(Struct, frozen=True, tag_field="event", tag="partially_filled"):
    """The order has traded and is not filled yet. `filled_quantity` is its filled quantity after this trade."""

    order_id: Identifier
    filled_quantity: Decimal
    fill: Fill


class FilledChange(Struct, frozen=True, tag_field="event", tag="filled"):
    """The order has traded and is filled. `filled_quantity` is all of it."""

    order_id: Identifier
    filled_quantity: Decimal
    fill: Fill


class CanceledChange(Struct, frozen=True, tag_field="event", tag="canceled"):
    """The rest of the order, `quantity`, is gone. `cancel_client_order_id` is there if its cancel has a name."""

    order_id: Identifier
    reason: ReasonWord
    quantity: Decimal
    cancel_client_order_id: NameText | UnsetType = UNSET


class AccountChange(Struct, frozen=True, tag_field="event", tag="account"):
    """The account's new state. `cancel_at` is when its orders are canceled unless that is put off; null if that is
    off."""

    suspended: bool
    cancel_at: Timestamp | None


Change = (
    PlacedChange
    | RejectedChange
    | TriggeredChange
    | TriggerMovedChange
    | AmendedChange
    | ReducedChange
    | PreventedChange
    | PartiallyFilledChange
    | FilledChange
    | CanceledChange
    | AccountChange
)


class AccountOrders(Struct, frozen=True, tag_field="type", tag="orders"):
    """A fresh start: the account's open and pending orders as of `sequence`, oldest first, in parts. Earlier knowledge
    of the client no longer counts. `cancel_at` is when the orders are canceled unless that is put off; null if that is
    off. The first part tells the balances as of `sequence`: an asset that is not there is zero."""

    account: NameText
    sequence: Sequence
    timestamp: Timestamp
    suspended: bool
    cancel_at: Timestamp | None
    orders: Annotated[list[Order], Meta(max_length=PART_ORDERS)]
    more: Annotated[bool, Meta(description="Whether another part follows.")]
    resumed: Annotated[bool, Meta(description="Always false: the message type resumed stands for the other case.")] = (
        False
    )
    ledger: bool | UnsetType = UNSET
    balances: list[BalanceView] | UnsetType = UNSET
    shard: ShardName | UnsetType = UNSET
    cursor: Cursor | UnsetType = UNSET


class AccountResumed(Struct, frozen=True, tag_field="type", tag="resumed"):
    """The updates after `sequence`, which the client has asked for, follow, all of them."""

    account: NameText
    sequence: Sequence
    timestamp: Timestamp
    shard: ShardName | UnsetType = UNSET
    cursor: Cursor | UnsetType = UNSET


class AccountUpdated(Struct, frozen=True, tag_field="type", tag="update"):
    """All that one command changed for the account: the changes in order, and the orders after it. `previous` is the
    sequence of the account's update before it. If that is above the last one told, the client has missed an update.
    `ledger` and `balances` are there if the command has changed balances: those that it has changed, as it left them.
    Where `ledger` becomes false, the account is unlimited and has no balances any more."""

    account: NameText
    sequence: Sequence
    previous: Sequence
    timestamp: Timestamp
    changes: list[Change]
    orders: list[Order]
    ledger: bool | UnsetType = UNSET
    balances: list[BalanceView] | UnsetType = UNSET
    shard: ShardName | UnsetType = UNSET
    cursor: Cursor | UnsetType = UNSET


def orders_texts(account: str, start: Stamped[OpenOrders], instruments: Instruments) -> Iterator[str]:
    """The messages of a fresh start."""
    found = start.value
    states = found.orders
    timestamp = format_timestamp(start.timestamp)
    cancel_at = None if found.cancel_at is None else format_timestamp(found.cancel_at)
    for first in range(0, max(len(states), 1), PART_ORDERS):
        after = first + PART_ORDERS
        part = _orders(states[first:after], instruments)
        message = AccountOrders(
            account, start.sequence, timestamp, found.suspended, cancel_at, part, after < len(states)
        )
        if first == 0:
            balances = balance_views(found.balances[asset] for asset in sorted(found.balances))
            message = structs.replace(message, ledger=found.ledger, balances=balances)
        yield encode(message).decode()


def numbered_orders_texts(account: str, start: Stamped[OpenOrders], instruments: Instruments) -> Iterator[str]:
    """As `orders_texts`, for `streams.shard_channels`. The last part completes what the client knows."""
    texts = orders_texts(account, start, instruments)
    text = next(texts)
    for following in texts:
        yield numbered(None, text)
        text = following
    yield numbered(start.sequence, text)


def numbered_resumed_text(account: str, after: int, timestamp: int) -> str:
    return numbered(after, resumed_text(account, after, timestamp))


def numbered_update_text(update: AccountUpdate, instruments: Instruments) -> str:
    return numbered(update.sequence, update_text(update, instruments))


def resumed_text(account: str, after: int, timestamp: int) -> str:
    return encode(AccountResumed(account, after, format_timestamp(timestamp))).decode()


def update_text(update: AccountUpdate, instruments: Instruments) -> str:
    """The message of an update. All its symbols are among the instruments."""
    changes = list(_changes(update, instruments))
    account_set = update.account_set
    if account_set is not None:
        cancel_at = None if account_set.cancel_at is None else format_timestamp(account_set.cancel_at)
        changes.append(AccountChange(account_set.suspended, cancel_at))
    money = update.balances
    return encode(
        AccountUpdated(
            update.account,
            update.sequence,
            update.previous,
            format_timestamp(update.timestamp),
            changes,
            _orders(update.orders, instruments),
            UNSET if money is None else money.ledger,
            UNSET if money is None else balance_views(money.balances),
        )
    ).decode()


def _orders(states: Iterable[OrderState], instruments: Instruments) -> list[Order]:
    return [order(state, instruments[state.symbol]) for state in states]


def _changes(update: AccountUpdate, instruments: Instruments) -> Iterator[Change]:
    instrument_of = {state.order_id: instruments[state.symbol] for state in update.orders}
    filled = {state.order_id for state in update.orders if state.status is OrderStatus.FILLED}
    # An order is filled by its last trade. Its own numbers tell only its state after the command.
    filling = {
        change.order_id: change
        for change in update.changes
        if change.order_id in filled and isinstance(change.event, Trade)
    }
    for change in update.changes:
        yield _change(change, instrument_of[change.order_id], fills=change is filling.get(change.order_id))


def _change(change: OrderChange, instrument: Instrument, *, fills: bool) -> Change:
    order_id, event = str(change.order_id), change.event
    price_decimals, quantity_decimals = instrument.price_decimals, instrument.quantity_decimals
    match event:
        case Trade():
            kind = FilledChange if fills else PartiallyFilledChange
            is_maker = event.maker_order_id == change.order_id
            filled_quantity = format_decimal(change.filled_quantity, quantity_decimals)
            return kind(order_id, filled_quantity, fill(event, instrument, maker=is_maker))
        case OrderPlaced():
            return PlacedChange(order_id)
        case OrderCanceled():
            return CanceledChange(
                order_id,
                REASON_WORDS[event.reason],
                format_decimal(event.quantity, quantity_decimals),
                UNSET if event.cancel_client_order_id is None else event.cancel_client_order_id,
            )
        case OrderTriggered():
            return TriggeredChange(order_id)
        case TriggerMoved():
            return TriggerMovedChange(order_id, format_decimal(event.trigger_price, price_decimals))
        case OrderAmended():
            return AmendedChange(
                order_id,
                format_decimal(event.quantity, quantity_decimals),
                None if event.price is None else format_decimal(event.price, price_decimals),
                None if event.trigger_price is None else format_decimal(event.trigger_price, price_decimals),
                UNSET if event.client_order_id is None else event.client_order_id,
                UNSET if event.client_order_id is None else event.previous_client_order_id,
            )
        case OrderReduced():
            return ReducedChange(order_id, format_decimal(event.quantity, quantity_decimals))
        case OrderDecremented():
            return PreventedChange(order_id, format_decimal(event.quantity, quantity_decimals))
    assert isinstance(event, OrderRejected), event
    return RejectedChange(order_id, REASON_WORDS[event.reason])
