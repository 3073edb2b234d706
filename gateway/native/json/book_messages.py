"""The messages of the two streams of a book. These structs are also their schemas in the OpenAPI document."""

from collections.abc import Callable
from typing import Annotated, Final

from msgspec import Meta, Struct

from gateway.http.responses import encode
from gateway.native.json.field_types import Decimal, Identifier, Level, Sequence, SideWord, SymbolText, Timestamp
from gateway.native.json.times import format_timestamp
from gateway.native.json.translate import levels
from gateway.streams.book_channel import BookEncoders, Part
from gateway.streams.book_mirror import Update
from protocol.book_changes import OrderAdded, OrderDeleted, OrderExecuted, OrderModified, OrderUpdate
from protocol.book_feeds import BookMessage, OrdersMessage
from protocol.instrument import Instrument, format_decimal

Number = Annotated[int, Meta(ge=0, description="Counts the changes of the book while somebody follows it.")]
PartNumber = Annotated[int, Meta(ge=1)]
Checksum = Annotated[
    int, Meta(ge=0, le=2**32 - 1, description="CRC32 over the ten best levels of each side; docs/market-data.md.")
]
Decimals = Annotated[int, Meta(ge=0)]
QueuedOrder = Annotated[
    tuple[Identifier, Decimal, Decimal], Meta(description="order_id, price and shown quantity of a resting order.")
]


class BookSnapshot(Struct, frozen=True, tag_field="type", tag="snapshot"):
    """Levels of the book as of `number`, best first: one of `parts` messages. Part 1 begins anew."""

    timestamp: Timestamp
    symbol: SymbolText
    sequence: Sequence
    number: Number
    part: PartNumber
    parts: PartNumber
    price_decimals: Decimals
    quantity_decimals: Decimals
    bids: list[Level]
    asks: list[Level]
    checksum: Checksum


class BookUpdate(Struct, frozen=True, tag_field="type", tag="update"):
    """Levels that have changed, with their quantities now; 0 removes one. `first` is the number after the `last` of
    the message before. The checksum is that of the book after the update."""

    timestamp: Timestamp
    symbol: SymbolText
    sequence: Sequence
    first: Number
    last: Number
    bids: list[Level]
    asks: list[Level]
    checksum: Checksum


class OrdersSnapshot(Struct, frozen=True, tag_field="type", tag="snapshot"):
    """Resting orders as of `number`, best first, those of one price in the order of their queue: one of `parts`
    messages. Part 1 begins anew."""

    timestamp: Timestamp
    symbol: SymbolText
    sequence: Sequence
    number: Number
    part: PartNumber
    parts: PartNumber
    bids: list[QueuedOrder]
    asks: list[QueuedOrder]


class AddChange(Struct, frozen=True, tag_field="type", tag="add"):
    """The order rests now, last in the queue of its price."""

    order_id: Identifier
    side: SideWord
    price: Decimal
    quantity: Decimal


class ModifyChange(Struct, frozen=True, tag_field="type", tag="modify"):
    """The order has this price and shows this quantity now. If it loses priority, it is last in the queue of its
    price."""

    order_id: Identifier
    side: SideWord
    price: Decimal
    quantity: Decimal
    loses_priority: bool


class DeleteChange(Struct, frozen=True, tag_field="type", tag="delete"):
    """The order rests no more. `quantity` is what it showed."""

    order_id: Identifier
    side: SideWord
    price: Decimal
    quantity: Decimal


class ExecuteChange(Struct, frozen=True, tag_field="type", tag="execute"):
    """The resting order has traded. With 0 `remaining` it leaves the queue; an iceberg comes back with a modify."""

    order_id: Identifier
    side: SideWord
    price: Decimal
    quantity: Decimal
    remaining: Decimal
    trade_id: Identifier


BookOrderChange = AddChange | ModifyChange | DeleteChange | ExecuteChange


class OrdersUpdate(Struct, frozen=True, tag_field="type", tag="update"):
    """Changes of resting orders, in the order in which they happened. `first` is the number after the `last` of the
    message before."""

    timestamp: Timestamp
    symbol: SymbolText
    sequence: Sequence
    first: Number
    last: Number
    changes: list[BookOrderChange]


def _book_snapshot(part: Part, instrument: Instrument) -> str:
    last = part.last
    bids, asks = part.sides
    return encode(
        BookSnapshot(
            format_timestamp(last.timestamp),
            last.symbol,
            last.sequence,
            last.number,
            part.part,
            part.parts,
            instrument.price_decimals,
            instrument.quantity_decimals,
            levels(bids, instrument),
            levels(asks, instrument),
            part.checksum,
        )
    ).decode()


def _book_update(update: Update, instrument: Instrument) -> str:
    assert isinstance(update, BookMessage)
    return encode(
        BookUpdate(
            format_timestamp(update.timestamp),
            update.symbol,
            update.sequence,
            update.number,
            update.number,
            levels(update.bids, instrument),
            levels(update.asks, instrument),
            update.checksum,
        )
    ).decode()


def _orders_snapshot(part: Part, instrument: Instrument) -> str:
    last = part.last
    price, quantity = _formats(instrument)
    bids, asks = [
        [(str(order_id), price(at), quantity(shown)) for order_id, at, shown in orders] for orders in part.sides
    ]
    return encode(
        OrdersSnapshot(
            format_timestamp(last.timestamp),
            last.symbol,
            last.sequence,
            last.number,
            part.part,
            part.parts,
            bids,
            asks,
        )
    ).decode()


def _orders_update(update: Update, instrument: Instrument) -> str:
    assert isinstance(update, OrdersMessage)
    return encode(
        OrdersUpdate(
            format_timestamp(update.timestamp),
            update.symbol,
            update.sequence,
            update.number,
            update.number,
            [_change(change, instrument) for change in update.updates],
        )
    ).decode()


def _change(change: OrderUpdate, instrument: Instrument) -> BookOrderChange:
    price, quantity = _formats(instrument)
    order_id, side, at = str(change.order_id), change.side, price(change.price)
    match change:
        case OrderAdded():
            return AddChange(order_id, side, at, quantity(change.quantity))
        case OrderModified():
            return ModifyChange(order_id, side, at, quantity(change.quantity), change.loses_priority)
        case OrderDeleted():
            return DeleteChange(order_id, side, at, quantity(change.quantity))
        case OrderExecuted():
            traded, remaining = quantity(change.quantity), quantity(change.remaining)
            return ExecuteChange(order_id, side, at, traded, remaining, str(change.trade_id))


def _formats(instrument: Instrument) -> tuple[Callable[[int], str], Callable[[int], str]]:
    """What makes the texts of prices and of quantities."""
    return (
        lambda price: format_decimal(price, instrument.price_decimals),
        lambda quantity: format_decimal(quantity, instrument.quantity_decimals),
    )


BOOK: Final = BookEncoders(_book_snapshot, _book_update)
ORDERS: Final = BookEncoders(_orders_snapshot, _orders_update)
