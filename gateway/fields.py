"""The types of the fields of the public JSON, with what the OpenAPI document says of them."""

from enum import IntEnum
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Raw

from gateway.words import word
from protocol.instrument import MAX_DECIMAL_LENGTH
from protocol.units import (
    MAX_FEE_BPS,
    NAME_PATTERN,
    SYMBOL_PATTERN,
    InstrumentStatus,
    OrderStatus,
    OrderType,
    Reason,
    SelfTradePrevention,
    Side,
)


def _words(members: type[IntEnum]) -> dict[str, object]:
    return {"enum": [word(member) for member in members]}


MISSING: Final[Any] = UNSET
"""The default of an optional number's field, whose type does not name it: a Raw cannot be in a union."""

_NUMBER_TEXT: Final = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?$", "maxLength": MAX_DECIMAL_LENGTH}


def _number(*more: dict[str, object], **bound: int) -> dict[str, object]:
    return {
        "anyOf": [_NUMBER_TEXT, {"type": "number", **bound}, *more],
        "description": "A decimal number, as a string or as a number; read exactly.",
        "examples": ["0.5"],
    }


NumberInput = Annotated[Raw, Meta(extra_json_schema=_number(exclusiveMinimum=0))]
OptionalNumber = Annotated[Raw, Meta(extra_json_schema=_number({"type": "null"}, exclusiveMinimum=0))]
OptionalNotional = Annotated[Raw, Meta(extra_json_schema=_number({"type": "null"}, minimum=0))]
Decimal = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]*[1-9])?$", description="A decimal number, exact.", examples=["60000.01"])]
Timestamp = Annotated[str, Meta(pattern=r"^[0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z$", examples=["2025-10-24T04:41:51.774Z"])]
ExpireTime = Annotated[
    str,
    Meta(
        pattern=r"^[0-9-]{10}T[0-9:]{8}\.[0-9]{3,9}Z$",
        description="As a timestamp, with as many decimals as it has, up to the nanosecond.",
        examples=["2026-11-22T12:00:00.000Z"],
    ),
]
Sequence = Annotated[int, Meta(ge=0, description="Counts the commands of the exchange.")]
Identifier = Annotated[str, Meta(description="Opaque.", examples=["42"])]
SymbolText = Annotated[str, Meta(extra_json_schema={"pattern": f"^{SYMBOL_PATTERN.pattern}$", "examples": ["BTC-USDT"]})]
NameText = Annotated[str, Meta(extra_json_schema={"pattern": f"^{NAME_PATTERN.pattern}$", "examples": ["default"]})]
SideWord = Annotated[str, Meta(extra_json_schema=_words(Side))]
OrderTypeWord = Annotated[str, Meta(extra_json_schema=_words(OrderType))]
OrderStatusWord = Annotated[str, Meta(extra_json_schema=_words(OrderStatus))]
ReasonWord = Annotated[str, Meta(extra_json_schema=_words(Reason))]
SelfTradePreventionWord = Annotated[str, Meta(extra_json_schema=_words(SelfTradePrevention))]
LiquidityWord = Annotated[str, Meta(extra_json_schema={"enum": ["maker", "taker"]})]
InstrumentStatusWord = Annotated[str, Meta(extra_json_schema=_words(InstrumentStatus))]
BasisPoints = Annotated[int, Meta(extra_json_schema={"minimum": 0, "maximum": MAX_FEE_BPS})]

Level = Annotated[tuple[Decimal, ...], Meta(min_length=2, max_length=2, description="Price and quantity.")]
