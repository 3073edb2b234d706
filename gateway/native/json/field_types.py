"""The types of the fields of the public JSON, with their part of the OpenAPI document."""

from enum import IntEnum
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Raw

from gateway.native.enum_words import word
from gateway.native.json.times import EXACT_TIME_PATTERN, MILLISECOND
from protocol.instrument import MAX_DECIMAL_LENGTH
from protocol.units import (
    MAX_CANCEL_AFTER,
    MAX_FEE_BPS,
    MAX_HALT_MS,
    MAX_HALT_WINDOW_MS,
    MAX_OPEN_ORDERS,
    MAX_PRICE_BAND_BPS,
    MAX_SLIPPAGE_BPS,
    MAX_TRAILING_BPS,
    MIN_CANCEL_AFTER,
    NAME_LENGTH,
    NAME_PATTERN,
    STOP_LEG_SUFFIX,
    SYMBOL_PATTERN,
    InstrumentStatus,
    OnlyStatus,
    OrderStatus,
    OrderType,
    Reason,
    SelfTradePrevention,
    Side,
)

MAX_BATCH: Final = 100
"""Elements of one batch at most."""

OCO_NAME_LENGTH: Final = NAME_LENGTH - len(STOP_LEG_SUFFIX)
"""The longest client_order_id of an OCO: the stop order's has a suffix."""


def _words(members: type[IntEnum]) -> dict[str, object]:
    return {"enum": [word(member) for member in members]}


MISSING: Final[Any] = UNSET
"""The default of an optional number. The type of its field cannot name it: no union holds a Raw."""

_NUMBER_TEXT: Final = {
    "type": "string",
    "pattern": r"^[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?$",
    "maxLength": MAX_DECIMAL_LENGTH,
}


def _number(*more: dict[str, object], **bound: int) -> dict[str, object]:
    return {
        "anyOf": [_NUMBER_TEXT, {"type": "number", **bound}, *more],
        "description": "A decimal number, as a string or as a number; read exactly.",
        "examples": ["0.5"],
    }


MORE_THAN_ZERO: Final = _number(exclusiveMinimum=0)
ZERO_OR_MORE: Final = _number(minimum=0)

NumberInput = Annotated[Raw, Meta(extra_json_schema=MORE_THAN_ZERO)]
OptionalNumber = Annotated[Raw, Meta(extra_json_schema=_number({"type": "null"}, exclusiveMinimum=0))]
OptionalNotional = Annotated[Raw, Meta(extra_json_schema=_number({"type": "null"}, minimum=0))]
Decimal = Annotated[
    str, Meta(pattern=r"^[0-9]+(\.[0-9]*[1-9])?$", description="A decimal number, exact.", examples=["60000.01"])
]
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
SymbolText = Annotated[
    str, Meta(extra_json_schema={"pattern": f"^{SYMBOL_PATTERN.pattern}$", "examples": ["BTC-USDT"]})
]
NameText = Annotated[str, Meta(extra_json_schema={"pattern": f"^{NAME_PATTERN.pattern}$", "examples": ["default"]})]
OcoNameText = Annotated[
    str,
    Meta(
        extra_json_schema={"pattern": f"^{NAME_PATTERN.pattern}$", "maxLength": OCO_NAME_LENGTH, "examples": ["exit-1"]}
    ),
]
SideWord = Annotated[str, Meta(extra_json_schema=_words(Side))]
OrderTypeWord = Annotated[str, Meta(extra_json_schema=_words(OrderType))]
OrderStatusWord = Annotated[str, Meta(extra_json_schema=_words(OrderStatus))]
ReasonWord = Annotated[str, Meta(extra_json_schema=_words(Reason))]
SelfTradePreventionWord = Annotated[str, Meta(extra_json_schema=_words(SelfTradePrevention))]
OnlyStatusWord = Annotated[str, Meta(extra_json_schema=_words(OnlyStatus))]
LiquidityWord = Annotated[str, Meta(extra_json_schema={"enum": ["maker", "taker"]})]
InstrumentStatusWord = Annotated[str, Meta(extra_json_schema=_words(InstrumentStatus))]
ExpireTimeInput = Annotated[
    str,
    Meta(
        extra_json_schema={"pattern": f"^{EXACT_TIME_PATTERN.pattern}$"},
        description="ISO 8601 with Z or an offset, and with at most nine decimals.",
        examples=["2026-11-22T12:00:00Z"],
    ),
]
TrailingBasisPoints = Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": MAX_TRAILING_BPS})]
SlippageBasisPoints = Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": MAX_SLIPPAGE_BPS})]
BasisPoints = Annotated[int, Meta(extra_json_schema={"minimum": 0, "maximum": MAX_FEE_BPS})]


def _protection(most: int) -> Meta:
    return Meta(extra_json_schema={"minimum": 0, "maximum": most}, description="0 switches it off.")


ProtectionBasisPoints = Annotated[int, _protection(MAX_PRICE_BAND_BPS)]
MostOpenOrders = Annotated[int, _protection(MAX_OPEN_ORDERS)]
HaltWindowMilliseconds = Annotated[int, _protection(MAX_HALT_WINDOW_MS)]
HaltMilliseconds = Annotated[int, _protection(MAX_HALT_MS)]
CancelAfterMilliseconds = Annotated[
    int,
    Meta(
        extra_json_schema={
            "anyOf": [
                {"const": 0},
                {"minimum": MIN_CANCEL_AFTER // MILLISECOND, "maximum": MAX_CANCEL_AFTER // MILLISECOND},
            ],
            "examples": [5000],
        }
    ),
]

PartResultWord = Annotated[str, Meta(extra_json_schema={"enum": ["done", "failed", "not_attempted"]})]
AuthWord = Annotated[str, Meta(extra_json_schema={"enum": ["off", "keys"]})]
Level = Annotated[tuple[Decimal, ...], Meta(min_length=2, max_length=2, description="Price and quantity.")]


def _schema(name: str) -> dict[str, object]:
    return {"$ref": f"#/components/schemas/{name}"}


def _batch(element: dict[str, object]) -> Meta:
    # A bad element is answered in its place. It makes no error of the call.
    anything: dict[str, object] = {"description": "Anything else is answered by its problem."}
    return Meta(extra_json_schema={"minItems": 1, "maxItems": MAX_BATCH, "items": {"anyOf": [element, anything]}})


BatchedOrders = Annotated[list[Raw], _batch(_schema("OrderRequest"))]
BatchedOrderIds = Annotated[list[Raw], _batch({"type": "string", "examples": ["42", "client:exit-1"]})]
BatchResult = Annotated[Any, Meta(extra_json_schema={"anyOf": [_schema("Order"), _schema("Problem")]})]
