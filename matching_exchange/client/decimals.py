"""Decimals that users give: Decimal, str and int are taken, exactly. A float is refused."""

import re
from decimal import Decimal
from typing import Final

from matching_exchange.client.errors import InvalidValue

DecimalInput = Decimal | str | int
"""What a price, a quantity or an amount takes."""

MAX_LENGTH: Final = 64
"""Characters of a decimal that is sent at most."""

_TEXT: Final = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?", re.ASCII)


def decimal_text(value: object, field: str) -> str:
    """The text that is sent. InvalidValue, with the field, where the value is no exact decimal of zero or more."""
    if isinstance(value, str):
        text = value
    elif isinstance(value, bool):
        raise InvalidValue(f"{field} takes a Decimal, a str or an int, not {value}.", field)
    elif isinstance(value, float):
        raise InvalidValue(
            f'{field} takes no float: {value!r} may not be the number that you wrote. Write Decimal("{value!r}") or '
            f'"{value!r}" instead.',
            field,
        )
    elif isinstance(value, Decimal):
        if not value.is_finite():
            raise InvalidValue(f"{field} takes a finite number, not {value}.", field)
        text = str(value.copy_abs()) if value.is_zero() else str(value)
    elif isinstance(value, int):
        text = str(value)
    else:
        raise InvalidValue(f"{field} takes a Decimal, a str or an int, not a {type(value).__name__}.", field)
    if not _TEXT.fullmatch(text):
        raise InvalidValue(
            f'{field} takes a decimal number of zero or more, such as "0.5", not {text[:MAX_LENGTH]!r}.', field
        )
    if len(text) > MAX_LENGTH:
        raise InvalidValue(f"{field} takes at most {MAX_LENGTH} characters, not {len(text)}.", field)
    return text


def read_decimal(value: object, field: str) -> Decimal:
    """The number that the value stands for. InvalidValue as `decimal_text`."""
    return Decimal(decimal_text(value, field))
