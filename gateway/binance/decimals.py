"""Decimals as this dialect writes them: with a fixed point, and at least eight decimals.

A client drops a level of its book where its quantity is the very text "0.00000000". So eight is never less.
"""

from typing import Final

LEAST_DECIMALS: Final = 8

ZERO: Final = "0.00000000"


def fixed(value: int, decimals: int) -> str:
    """value x 10^-decimals, with eight decimals, or more where the value needs more."""
    if not value:
        return ZERO
    if decimals <= LEAST_DECIMALS:
        digits = str(abs(value) * 10 ** (LEAST_DECIMALS - decimals)).rjust(LEAST_DECIMALS + 1, "0")
        text = f"{digits[:-LEAST_DECIMALS]}.{digits[-LEAST_DECIMALS:]}"
    else:
        digits = str(abs(value)).rjust(decimals + 1, "0")
        fraction = digits[-decimals:]
        text = f"{digits[:-decimals]}.{fraction[:LEAST_DECIMALS]}{fraction[LEAST_DECIMALS:].rstrip('0')}"
    return f"-{text}" if value < 0 else text


def padded(value: int, decimals: int) -> str:
    """value x 10^-decimals, with all of these decimals, and at least eight."""
    if decimals <= LEAST_DECIMALS:
        return fixed(value, decimals)
    digits = str(abs(value)).rjust(decimals + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-decimals]}.{digits[-decimals:]}"


def fixed_text(text: str) -> str:
    """A plain decimal text, such as an amount of a ledger, in this form."""
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(LEAST_DECIMALS, '0')}"


def ratio(numerator: int, denominator: int, decimals: int) -> str:
    """numerator / denominator, rounded to so many decimals, half away from zero. The denominator is positive."""
    scaled = (2 * abs(numerator) * 10**decimals + denominator) // (2 * denominator)
    digits = str(scaled).rjust(decimals + 1, "0")
    text = f"{digits[:-decimals]}.{digits[-decimals:]}"
    return f"-{text}" if numerator < 0 and scaled else text


def basis_points(rate: int) -> str:
    """A rate in basis points, as the part that it is: 10 is "0.00100000"."""
    return fixed(rate, 4)
