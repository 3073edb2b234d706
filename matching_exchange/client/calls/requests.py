"""What users send: new orders, and the bodies that are made of them."""

import secrets
from typing import Any, Final

from msgspec import Struct

from matching_exchange.client.decimals import DecimalInput, decimal_text
from matching_exchange.client.errors import InvalidValue
from matching_exchange.client.times import TimeInput, time_text
from matching_exchange.client.types.words import (
    OrderType,
    OrderTypeWord,
    SelfTradePrevention,
    SelfTradePreventionWord,
    Side,
    SideWord,
    TimeInForce,
    TimeInForceWord,
)

_DECIMALS: Final = (
    "quantity",
    "price",
    "trigger_price",
    "display_quantity",
    "quote_quantity",
    "trailing_amount",
    "activation_price",
)
_AS_THEY_ARE: Final = (
    "account",
    "post_only",
    "self_trade_prevention",
    "trailing_bps",
    "max_slippage_bps",
    "open_only_client_order_id",
    "reject_if_triggered",
    "time_in_force",
    "tag",
)


class NewOrder(Struct, frozen=True):
    """A new order, for `place_batch` and `cancel_replace`; its fields are the parameters of `place`."""

    symbol: str
    side: Side | SideWord
    order_type: OrderType | OrderTypeWord = "limit"
    quantity: DecimalInput | None = None
    price: DecimalInput | None = None
    trigger_price: DecimalInput | None = None
    client_order_id: str | None = None
    account: str | None = None
    post_only: bool | None = None
    self_trade_prevention: SelfTradePrevention | SelfTradePreventionWord | None = None
    expire_time: TimeInput | None = None
    display_quantity: DecimalInput | None = None
    quote_quantity: DecimalInput | None = None
    trailing_bps: int | None = None
    trailing_amount: DecimalInput | None = None
    activation_price: DecimalInput | None = None
    max_slippage_bps: int | None = None
    open_only_client_order_id: bool | None = None
    reject_if_triggered: bool | None = None
    time_in_force: TimeInForce | TimeInForceWord | None = None
    tag: str | None = None


def new_name() -> str:
    """A client_order_id, or a transfer_id, that was never used: 96 random bits."""
    return f"py-{secrets.token_hex(12)}"


def order_body(order: NewOrder, name: str | None) -> dict[str, Any]:
    """The body that is sent. InvalidValue for a value that no order has."""
    body: dict[str, Any] = {"symbol": order.symbol, "order_type": order.order_type, "side": order.side}
    put_decimals(body, **{field: getattr(order, field) for field in _DECIMALS})
    if name is not None:
        body["client_order_id"] = name
    if order.expire_time is not None:
        body["expire_time"] = time_text(order.expire_time, "expire_time")
    for field in _AS_THEY_ARE:
        value = getattr(order, field)
        if value is not None:
            body[field] = value
    return body


def put_decimals(body: dict[str, Any], **values: DecimalInput | None) -> None:
    """Put those that are given into the body, as texts."""
    for field, value in values.items():
        if value is not None:
            body[field] = decimal_text(value, field)


def put(body: dict[str, Any], **values: object) -> None:
    """Put those that are given into the body."""
    body.update({field: value for field, value in values.items() if value is not None})


def order_name(order_id: int | str | None, client_order_id: str | None) -> str:
    """How a call names an order. InvalidValue unless exactly one of the two is given."""
    if (order_id is None) == (client_order_id is None):
        raise InvalidValue("The call takes an order_id or a client_order_id.", "order_id")
    if client_order_id is not None:
        return f"client:{client_order_id}"
    if isinstance(order_id, bool) or not isinstance(order_id, int | str):
        raise InvalidValue(f"order_id takes an int, not a {type(order_id).__name__}.", "order_id")
    return str(order_id)
