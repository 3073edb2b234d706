"""Distributions of latencies: percentiles that lie as close together far out, among the slow ones, as near the
middle."""

from collections.abc import Sequence
from math import floor
from statistics import median
from typing import Final

from msgspec import Struct

STEPS: Final = 8
"""Points between two percentiles; the second leaves half as many values above it as the first."""

MAX_HALVINGS: Final = 24


class Point(Struct, frozen=True, array_like=True):
    """`percentile` percent of the values are at most `value`."""

    percentile: float
    value: float


class Distribution(Struct, frozen=True):
    """What was measured, and its percentiles in microseconds, ascending."""

    name: str
    points: Sequence[Point]


def percentiles(count: int) -> list[float]:
    """The percentiles that this number of values can tell apart, from 0 on. Each halving of the rest has the same
    number of points."""
    found = [100 - 100 * 2 ** (-step / STEPS) for step in range(MAX_HALVINGS * STEPS)]
    return [percentile for percentile in found if (100 - percentile) * count >= 100]


def at_percentile(ascending: Sequence[float], percentile: float) -> float:
    """The value that this percentage of the values does not exceed."""
    return ascending[min(len(ascending) - 1, floor(len(ascending) * percentile / 100))]


def points_of(ascending: Sequence[float], unit: float) -> list[Point]:
    """The percentiles of sorted values, each multiplied by `unit`."""
    return [
        Point(percentile, at_percentile(ascending, percentile) * unit) for percentile in percentiles(len(ascending))
    ]


def middle_of(rounds: Sequence[Sequence[Point]]) -> list[Point]:
    """At each percentile that all rounds have, the median of what they have there."""
    return [
        Point(points[0].percentile, median(point.value for point in points)) for points in zip(*rounds, strict=False)
    ]
