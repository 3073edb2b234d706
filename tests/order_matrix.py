"""Each order type with each field: the engine, the gateway and a whole exchange must take the same ones.

The cells come from the rows of protocol/order_types.py. What is expected of a cell is written here once more, by hand:
a wrong row there fails.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest

from protocol.order_types import ORDER_TYPES, TERMS
from protocol.units import OrderType

FIELDS = ("quantity", "price", "trigger_price", *TERMS)

CELLS = [(order_type, name) for order_type in ORDER_TYPES for name in FIELDS]


@dataclass(frozen=True)
class Takes:
    """What an order type takes. It refuses all other fields.

    needed: the fields of a sound order.
    allowed: what such an order may have beside them.
    instead: a field that may stand in the place of a needed one, and that one.
    """

    needed: frozenset[str]
    allowed: frozenset[str]
    instead: Mapping[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> frozenset[str]:
        return self.needed | self.allowed | self.instead.keys()


def takes(needed: str, allowed: str, **instead: str) -> Takes:
    return Takes(frozenset(needed.split()), frozenset(allowed.split()), instead)


ALWAYS = " self_trade_prevention tag"
RESTS = " post_only expire_time display_quantity"
WAITS = " reject_if_triggered"
WAITING_LIMIT = f"{RESTS}{WAITS} time_in_force"
TRAILS = " activation_price"

TAKES: Mapping[OrderType, Takes] = {
    OrderType.MARKET: takes("quantity", f"max_slippage_bps{ALWAYS}", quote_quantity="quantity"),
    OrderType.LIMIT: takes("quantity price", RESTS + ALWAYS),
    OrderType.IOC: takes("quantity price", ALWAYS),
    OrderType.FOK: takes("quantity price", ALWAYS),
    OrderType.STOP_MARKET: takes("quantity trigger_price", f"max_slippage_bps{WAITS}{ALWAYS}"),
    OrderType.STOP_LIMIT: takes("quantity price trigger_price", WAITING_LIMIT + ALWAYS),
    OrderType.TAKE_PROFIT: takes("quantity trigger_price", f"max_slippage_bps{WAITS}{ALWAYS}"),
    OrderType.TAKE_PROFIT_LIMIT: takes("quantity price trigger_price", WAITING_LIMIT + ALWAYS),
    OrderType.TRAILING_STOP: takes(
        "quantity trailing_bps", f"max_slippage_bps{WAITS}{TRAILS}{ALWAYS}", trailing_amount="trailing_bps"
    ),
    OrderType.TRAILING_STOP_LIMIT: takes(
        "quantity price trailing_bps", WAITING_LIMIT + TRAILS + ALWAYS, trailing_amount="trailing_bps"
    ),
}

ONE_TOO_MANY = {"quote_quantity": "quantity", "trailing_amount": "trailing_amount"}
"""The field at fault where this one is given beside the one in whose place it may stand."""

MISSING = {
    "quantity": "quantity_required",
    "price": "price_required",
    "trigger_price": "trigger_price_required",
    "trailing_bps": "trailing_required",
}
"""The refusal of an order without this field."""


def takers(name: str) -> tuple[OrderType, ...]:
    """The types that take the field."""
    return tuple(order_type for order_type, row in TAKES.items() if name in row.fields)


class Case(NamedTuple):
    """An order with these fields.

    refusal: its code; None where the order is taken.
    fault: the field that is at fault.
    """

    fields: frozenset[str]
    refusal: str | None = None
    fault: str = ""


def cases(order_type: OrderType, name: str) -> list[Case]:
    """The orders of a cell: with the field, and without it where it is needed."""
    row = TAKES[order_type]
    if name in row.needed:
        return [Case(row.needed), Case(row.needed - {name}, MISSING[name], name)]
    beside = row.needed | {name}
    if name in row.allowed:
        return [Case(beside)]
    if name in row.instead:
        fault = ONE_TOO_MANY[name]
        return [Case(beside - {row.instead[name]}), Case(beside, f"{fault}_not_allowed", fault)]
    return [Case(beside, f"{name}_not_allowed", name)]


each_type = pytest.mark.parametrize("order_type", TAKES, ids=lambda order_type: order_type.name.lower())

each_cell = pytest.mark.parametrize(
    ("order_type", "name"), CELLS, ids=[f"{order_type.name.lower()}-{name}" for order_type, name in CELLS]
)

BODY: Mapping[str, Any] = {
    "quantity": "0.5",
    "price": "60000",
    "trigger_price": "59000",
    "post_only": True,
    "self_trade_prevention": "cancel_both",
    "expire_time": "2100-01-01T00:00:00Z",
    "display_quantity": "0.1",
    "quote_quantity": "25.5",
    "trailing_bps": 100,
    "trailing_amount": "10.5",
    "activation_price": "61000",
    "max_slippage_bps": 50,
    "reject_if_triggered": True,
    "time_in_force": "ioc",
    "tag": "grid-7",
}
"""A sound value of each field for BTC-USDT, as JSON."""


def body(order_type: OrderType, fields: Iterable[str]) -> dict[str, Any]:
    """The body of a buyer's order with these fields."""
    order = {"symbol": "BTC-USDT", "side": "buy", "order_type": order_type.name.lower()}
    return order | {name: BODY[name] for name in fields}
