"""Reads the blocks of a snapshot of format 1, which versions before 0.2.0 wrote: arrays, by position.

Nothing is ever added here. Each block becomes the part of the same meaning by its field names.
"""

from typing import Any, Final

import msgspec
from msgspec import Struct

from protocol.commands import OrderTerms, SetLimits
from protocol.events import (
    AccountSet,
    AccountUpdate,
    Answer,
    OrderChange,
    OrderState,
    Trade,
)
from protocol.instrument import Instrument
from protocol.units import OrderStatus, OrderType, Reason, Side


class _Book(Struct, frozen=True, array_like=True, tag=1):
    instrument: Instrument
    last_price: int | None
    last_trade_id: int
    trades: list[Trade]
    forgotten: int = 0


class _Extra(Struct, frozen=True, array_like=True):
    terms: OrderTerms
    prevented: int
    shown: int
    unspent: int | None
    partner: int | None
    oco_id: int | None
    active: bool
    best_price: int | None


class _Order(Struct, frozen=True, array_like=True):
    order_id: int
    account_name: str
    symbol: str
    client_order_id: str | None
    side: Side
    order_type: OrderType
    quantity: int
    remaining: int
    price: int | None
    trigger_price: int | None
    sequence: int
    timestamp: int
    status: OrderStatus
    reason: Reason | None
    filled_value: int
    fills: list[Trade] | None
    extra: _Extra | None = None
    updated_sequence: int = 0
    updated: int = 0


class _LiveOrders(Struct, frozen=True, array_like=True, tag=2):
    orders: list[_Order]


class _DoneOrders(Struct, frozen=True, array_like=True, tag=3):
    orders: list[_Order]


class _Accounts(Struct, frozen=True, array_like=True, tag=4):
    """Name, a number that the earliest versions used, how amended orders were sent."""

    accounts: list[tuple[str, int, dict[str, tuple[int, int | None, int | None]]]]


class _Reply(Struct):
    session: int
    number: int
    sequence: int
    timestamp: int
    answers: list[Answer]


class _Session(Struct, frozen=True, array_like=True, tag=5):
    session: int
    taken: int
    replies: list[_Reply]


class _Account(Struct, frozen=True, array_like=True, tag=7):
    account: str
    maker_fills: list[Trade]
    taker_fills: list[Trade]
    suspended: bool
    cancel_at: int | None


class _Watched(Struct, frozen=True, array_like=True, tag=8):
    """Name, since, last, complete_after."""

    accounts: list[tuple[str, int, int, int]]


class _Update(Struct, frozen=True, array_like=True, tag=7):
    account: str
    sequence: int
    previous: int
    timestamp: int
    changes: list[OrderChange]
    orders: list[OrderState]
    account_set: AccountSet | None = None


class _Updates(Struct, frozen=True, array_like=True, tag=9):
    updates: list[_Update]


class _Limits(Struct, frozen=True, array_like=True, tag=10):
    limits: SetLimits


_decode: Final = msgspec.msgpack.Decoder(
    _Book | _LiveOrders | _DoneOrders | _Accounts | _Session | _Account | _Watched | _Updates | _Limits
).decode

_KINDS: Final[dict[type, str]] = {
    _Book: "book",
    _LiveOrders: "live_orders",
    _DoneOrders: "done_orders",
    _Session: "session",
    _Account: "account",
    _Limits: "limits",
}
"""The blocks whose fields are those of the part of that tag."""


def read_old_part(payload: bytes, part: Any) -> Any:
    """Read an encoded block of format 1 as a part: a member of the union `part`."""
    block = _decode(payload)
    if isinstance(block, _Accounts):
        fields: dict[str, Any] = {"type": "entered", "accounts": {name: entered for name, _, entered in block.accounts}}
    elif isinstance(block, _Watched):
        names = ("account", "since", "last", "complete_after")
        fields = {"type": "watched", "accounts": [dict(zip(names, row, strict=True)) for row in block.accounts]}
    elif isinstance(block, _Updates):
        fields = {"type": "updates", "updates": [_update(update) for update in block.updates]}
    else:
        fields = {"type": _KINDS[type(block)], **msgspec.structs.asdict(block)}
    return msgspec.convert(fields, part, from_attributes=True)


def _update(old: _Update) -> AccountUpdate:
    return AccountUpdate.of(**msgspec.structs.asdict(old))
