"""What a client is made with: seconds and whole numbers, checked where they are given."""

from typing import Final

from matching_exchange.client.errors import InvalidValue

LONGEST: Final = 86_400.0
"""The longest time that a client waits for something: a day."""


def seconds(value: float, field: str) -> float:
    """The number of seconds, above zero. Raises InvalidValue."""
    # Not a number is above nothing.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LONGEST:
        raise InvalidValue(f"{field} takes a number of seconds above 0, at most {LONGEST:g}, not {value!r}.", field)
    return value


def whole(value: int, field: str, most: int) -> int:
    """The whole number, from 1. Raises InvalidValue."""
    if type(value) is not int or not 1 <= value <= most:
        raise InvalidValue(f"{field} takes a whole number from 1 to {most}, not {value!r}.", field)
    return value
