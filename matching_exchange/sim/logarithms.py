"""Logarithms and powers of two in integers: a fixed-point number is a count of 1/ONE.

A library of floats may round the last bit in another way on another machine. Whole numbers do not. The tables come from
`decimal`, whose exp and ln round correctly everywhere.
"""

from decimal import Context, Decimal
from typing import Final

FRACTION_BITS: Final = 32
ONE: Final = 1 << FRACTION_BITS

_TABLE_BITS: Final = 8
_ENTRIES: Final = 1 << _TABLE_BITS
_REST_BITS: Final = FRACTION_BITS - _TABLE_BITS
_REST: Final = (1 << _REST_BITS) - 1

_EXACT: Final = Context(prec=40)
_LN2: Final = _EXACT.ln(Decimal(2))

LN2: Final = int(_LN2 * ONE)
"""The natural logarithm of 2."""


def _log2_entry(place: int) -> int:
    return int(_EXACT.divide(_EXACT.ln(_EXACT.divide(Decimal(_ENTRIES + place), Decimal(_ENTRIES))), _LN2) * ONE)


def _exp2_entry(place: int) -> int:
    return int(_EXACT.exp(_EXACT.divide(_LN2 * place, Decimal(_ENTRIES))) * ONE)


_LOG2: Final = tuple(_log2_entry(place) for place in range(_ENTRIES + 1))
_EXP2: Final = tuple(_exp2_entry(place) for place in range(_ENTRIES + 1))


def minus_log2(value: int, bits: int) -> int:
    """The negative logarithm of value / 2^bits, for a value from 1 to 2^bits. The error is below 3 / 1,000,000."""
    exponent = value.bit_length() - 1
    fraction = (value << FRACTION_BITS >> exponent) - ONE
    place, rest = fraction >> _REST_BITS, fraction & _REST
    low = _LOG2[place]
    return (bits - exponent) * ONE - low - ((_LOG2[place + 1] - low) * rest >> _REST_BITS)


def exp2(power: int) -> int:
    """2 to the power. Its error is below one millionth of it."""
    whole, fraction = power >> FRACTION_BITS, power & (ONE - 1)
    place, rest = fraction >> _REST_BITS, fraction & _REST
    low = _EXP2[place]
    value = low + ((_EXP2[place + 1] - low) * rest >> _REST_BITS)
    return value << whole if whole >= 0 else value >> -whole
