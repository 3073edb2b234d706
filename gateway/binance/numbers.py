"""Decimals that were sent, in the units of an instrument."""

import secrets
import string
from typing import Final

from gateway.binance.errors import DialectError, Fault
from protocol.units import MAX_INTEGER

CLIENT_ID_LENGTH: Final = 22
"""Characters of a generated client id."""

_FIRST: Final = (string.ascii_lowercase * 10)[:256]
"""The first letter for each byte."""


def units(text: str, decimals: int, fault: Fault, most: int = MAX_INTEGER) -> int:
    """The decimal in units of 10^-decimals. DialectError with the fault where it has more decimals, or is above `most`,
    the largest that a command carries."""
    whole, _, fraction = text.partition(".")
    if fraction[decimals:].strip("0"):
        raise DialectError(fault)
    value = int(whole + fraction[:decimals].ljust(decimals, "0"))
    if value > most:
        raise DialectError(fault)
    return value


def is_zero(text: str) -> bool:
    """Whether the decimal is zero."""
    return not text.strip("0.")


def new_client_id() -> str:
    """A client id that nobody has. It begins with a lower-case letter: clients know their own by a capital one."""
    drawn = secrets.token_bytes(CLIENT_ID_LENGTH // 2)
    return _FIRST[drawn[0]] + drawn.hex()[1:]
