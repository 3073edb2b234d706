"""Numbers at the edge: exact reading of a client's text, and texts of averages.

A number is a JSON string or a JSON number. Its characters are read, never a float.
"""

from typing import Final

import msgspec
from msgspec import MsgspecError, Raw, Struct

from gateway.native.json.field_types import MISSING
from gateway.native.problems import ProblemError
from protocol.instrument import MAX_DECIMAL_LENGTH, DecimalError, format_decimal, parse_decimal
from protocol.units import MAX_PRICE, MAX_QUANTITY

_NULL: Final = b"null"
_QUOTE: Final = ord('"')
_BACKSLASH: Final = ord("\\")
_NUMBER_STARTS: Final = frozenset(b"-0123456789")


class NumberField(Struct, frozen=True):
    """The bounds of a field's number.

    maximum: the most that a command can carry, in units.
    too_large: the code above it.
    too_fine: the code for more decimals than the unit has.
    lowest: 1, or 0 where zero is allowed.
    """

    name: str
    maximum: int
    too_large: str = "invalid_value"
    too_fine: str = "invalid_value"
    lowest: int = 1


def price_field(name: str, code: str = "") -> NumberField:
    """A price. Its codes begin with `code`, or else with its name."""
    code = code or name
    return NumberField(name, MAX_PRICE, f"{code}_too_large", f"{code}_off_tick")


def quantity_field(name: str, code: str = "") -> NumberField:
    """A quantity. Its codes begin with `code`, or else with its name."""
    code = code or name
    return NumberField(name, MAX_QUANTITY, f"{code}_too_large", f"{code}_off_lot")


PRICE: Final = price_field("price")
TRIGGER_PRICE: Final = price_field("trigger_price")
QUANTITY: Final = quantity_field("quantity")


def is_given(raw: Raw) -> bool:
    """Whether an optional number is given. null means that it is not."""
    return raw is not MISSING and bytes(raw) != _NULL


def number_text(raw: Raw, name: str) -> str:
    """The characters of the number in a JSON value. ProblemError for neither a string nor a number."""
    return _text(bytes(raw), name)


def read_number(raw: Raw, field: NumberField, decimals: int) -> int:
    """The number in units of 10^-decimals. ProblemError with the code of its fault."""
    value = optional_number(raw, field, decimals)
    if value is None:
        raise _no_number(field.name)
    return value


def optional_number(raw: Raw, field: NumberField, decimals: int) -> int | None:
    """As read_number; None for a missing number."""
    if raw is MISSING:
        return None
    content = bytes(raw)
    if content == _NULL:
        return None
    name = field.name
    text = _text(content, name)
    try:
        value = parse_decimal(text, decimals)
    except DecimalError as error:
        if field.too_fine != "invalid_value" and _is_positive_decimal(text):
            raise ProblemError(field.too_fine, field=name) from error
        raise ProblemError("invalid_value", f"{name} {error}.", name) from error
    if value < field.lowest:
        raise ProblemError(
            "invalid_value", f"{name} takes {'a positive number' if field.lowest else 'zero or more'}.", name
        )
    if value > field.maximum:
        if field.too_large != "invalid_value":
            raise ProblemError(field.too_large, field=name)
        raise ProblemError("invalid_value", f"{name} takes at most {format_decimal(field.maximum, decimals)}.", name)
    return value


def _text(content: bytes, name: str) -> str:
    if content[0] == _QUOTE:
        if _BACKSLASH not in content:
            return content[1:-1].decode("ascii", "replace")
        try:
            text: str = msgspec.json.decode(content, type=str)
        except (MsgspecError, UnicodeDecodeError) as error:
            raise _no_number(name) from error
        return text
    if content[0] in _NUMBER_STARTS:
        return content.decode("ascii")
    raise _no_number(name)


def _no_number(name: str) -> ProblemError:
    return ProblemError("invalid_value", f'{name} takes a decimal number such as "0.5".', name)


def _is_positive_decimal(text: str) -> bool:
    """Whether a text that does not fit the unit is still a positive decimal number."""
    try:
        return parse_decimal(text, MAX_DECIMAL_LENGTH) > 0
    except DecimalError:
        return False
