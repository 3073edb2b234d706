"""Averages of prices, exact where their decimals end."""

import math
from typing import Final

from protocol.instrument import format_decimal

AVERAGE_DIGITS: Final = 12
"""Significant digits of an average price with endless decimals."""


def average_price(filled_value: int, filled_quantity: int, price_decimals: int) -> str | None:
    """filled_value / filled_quantity, at least 1, in units of 10^-price_decimals; None without a fill.

    Exact if its decimals end, else rounded to AVERAGE_DIGITS significant digits.
    """
    if filled_quantity == 0:
        return None
    whole, rest = divmod(filled_value, filled_quantity)
    if rest == 0:
        return format_decimal(whole, price_decimals)
    common = math.gcd(filled_value, filled_quantity)
    numerator, denominator = filled_value // common, filled_quantity // common
    twos, left = _factor(denominator, 2)
    fives, left = _factor(left, 5)
    if left == 1:
        shift = max(twos, fives)
        return format_decimal(numerator * 10**shift // denominator, price_decimals + shift)
    shift = AVERAGE_DIGITS - len(str(whole))
    numerator, denominator = numerator * 10 ** max(shift, 0), denominator * 10 ** max(-shift, 0)
    # The nearest integer. Endless decimals are never half way between two.
    rounded = (2 * numerator + denominator) // (2 * denominator)
    decimals = price_decimals + shift
    return format_decimal(rounded * 10 ** max(-decimals, 0), max(decimals, 0))


def _factor(number: int, prime: int) -> tuple[int, int]:
    """How often the prime divides the number, and the rest of the number."""
    count = 0
    while number % prime == 0:
        number //= prime
        count += 1
    return count, number
