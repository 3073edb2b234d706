"""Exact amounts, and ratios that are the same on every machine.

Money is counted in integers. A ratio of two integers is the float nearest to it, which every Python divides alike.
"""

from collections.abc import Sequence
from decimal import Decimal
from math import fsum, sqrt

from protocol.instrument import format_decimal

BPS = 10_000
"""Basis points of one."""


def decimal_of(units: int, decimals: int) -> Decimal:
    """units x 10^-decimals, without trailing zeros. No context rounds it."""
    return Decimal(format_decimal(units, decimals))


def ratio(part: int, whole: int) -> float | None:
    """None if there is no whole."""
    return part / whole if whole else None


def divided(total: int, count: int) -> int:
    """The quotient, rounded half to even. `count` is positive."""
    quotient, rest = divmod(total, count)
    if 2 * rest > count or (2 * rest == count and quotient % 2):
        quotient += 1
    return quotient


def mean(values: Sequence[int]) -> int | None:
    """Rounded half to even; None of none."""
    return divided(sum(values), len(values)) if values else None


def median(values: Sequence[int]) -> int | None:
    """The middle one, or the mean of the middle two, rounded half to even; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else divided(ordered[middle - 1] + ordered[middle], 2)


def mean_over_deviation(values: Sequence[int]) -> float | None:
    """The mean by the sample's standard deviation (n - 1). None of less than two values, or if all are equal."""
    count = len(values)
    if count < 2:
        return None
    total = sum(values)
    spread = count * sum(value * value for value in values) - total * total
    if not spread:
        return None
    size = sqrt(total * total * (count - 1) / (count * spread))
    return size if total > 0 else -size


def float_mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values)


def float_deviation(values: Sequence[float]) -> float:
    """The sample's standard deviation (n - 1). `values` are two or more."""
    middle = float_mean(values)
    return sqrt(fsum((value - middle) ** 2 for value in values) / (len(values) - 1))


def quantile(ordered: Sequence[float], share: float) -> float:
    """Between the two values around that place of the sorted `ordered`, in proportion."""
    place = share * (len(ordered) - 1)
    below = min(int(place), len(ordered) - 1)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
