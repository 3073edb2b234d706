"""Both directions between a row of `orders` and an order that is done, without loss.

What is the same for all done orders is in no column: nothing of them rests, and nothing remains.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from protocol.answers import OrderState
from protocol.commands import OrderTerms
from protocol.units import OrderStatus, OrderType, Reason, Side

Row = tuple[Any, ...]


class More(Struct, frozen=True, array_like=True):
    """What only some orders have, as in OrderState. Only append fields.

    working_after: nanoseconds from the entry to `working_since`; None if the order never worked.
    """

    terms: OrderTerms | None = None
    prevented_quantity: int = 0
    unspent: int | None = None
    oco_id: int | None = None
    reserved: str | None = None
    working_after: int | None = 0
    cancel_on_first_fill: bool = False
    list_client_order_id: str | None = None
    active_since: int | None = None
    prevented_match_id: int = 0


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(More).decode

_RELEASED: Final = _encode(More(reserved="0"))
"""Of most orders of accounts with a ledger."""


def order_row(state: OrderState, number: int, book_number: int) -> Row:
    """The row of a done order, in the order of the table's columns. `filled_value` is a text, which every database
    takes."""
    more = None
    if (
        state.terms is not None
        or state.prevented_quantity
        or state.unspent is not None
        or state.oco_id is not None
        or state.working_since != state.timestamp
    ):
        more = _encode(_more(state))
    elif state.reserved is not None:
        more = _RELEASED if state.reserved == "0" else _encode(More(reserved=state.reserved))
    reason = state.reason
    return (
        number,
        book_number,
        state.order_id,
        state.account,
        state.symbol,
        state.client_order_id,
        state.side + 0,  # A plain number: databases take those without a detour.
        state.order_type + 0,
        state.price,
        state.trigger_price,
        state.status + 0,
        None if reason is None else reason + 0,
        state.quantity,
        state.filled_quantity,
        str(state.filled_value),
        state.sequence,
        state.timestamp,
        state.updated_sequence,
        state.updated,
        more,
    )


def _more(state: OrderState) -> More:
    return More(
        state.terms,
        state.prevented_quantity,
        state.unspent,
        state.oco_id,
        state.reserved,
        None if state.working_since is None else state.working_since - state.timestamp,
        state.cancel_on_first_fill,
        state.list_client_order_id,
        state.active_since,
        state.prevented_match_id,
    )


def order_of_row(row: Sequence[Any]) -> OrderState:
    """The order of a whole row of the table."""
    (
        _number,
        _book_number,
        order_id,
        account,
        symbol,
        client_order_id,
        side,
        order_type,
        price,
        trigger_price,
        status,
        reason,
        quantity,
        filled_quantity,
        filled_value,
        sequence,
        timestamp,
        updated_sequence,
        updated,
        more,
    ) = row
    rest = More() if more is None else _decode(more)
    return OrderState(
        order_id=order_id,
        client_order_id=client_order_id,
        account=account,
        symbol=symbol,
        side=Side(side),
        order_type=OrderType(order_type),
        price=price,
        trigger_price=trigger_price,
        status=OrderStatus(status),
        resting=False,
        quantity=quantity,
        filled_quantity=filled_quantity,
        remaining_quantity=0,
        filled_value=int(filled_value),
        reason=None if reason is None else Reason(reason),
        sequence=sequence,
        timestamp=timestamp,
        trades=[],
        terms=rest.terms,
        prevented_quantity=rest.prevented_quantity,
        unspent=rest.unspent,
        oco_id=rest.oco_id,
        updated_sequence=updated_sequence,
        updated=updated,
        reserved=rest.reserved,
        working_since=None if rest.working_after is None else timestamp + rest.working_after,
        cancel_on_first_fill=rest.cancel_on_first_fill,
        list_client_order_id=rest.list_client_order_id,
        active_since=rest.active_since,
        prevented_match_id=rest.prevented_match_id,
    )
