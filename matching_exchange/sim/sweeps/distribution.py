"""How a figure spreads over runs.

The interval of the mean is Student's, for 95 %: it holds where the means of runs are about normal.
"""

from collections.abc import Sequence
from math import sqrt
from typing import Final, NamedTuple

from matching_exchange.sim.result.exact import float_deviation, float_mean, quantile

STUDENT: Final = (
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
    2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
    2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
)  # fmt: skip
"""The 97.5 % point of Student's distribution for 1, 2, ... degrees of freedom."""

STUDENT_BEYOND: Final = ((40, 2.0423), (60, 2.0211), (120, 2.0003))
"""(degrees of freedom below which it holds, the point of the next lower entry): never too narrow."""

STUDENT_LAST: Final = 1.9799


class Distribution(NamedTuple):
    """runs: those that tell the figure. low, high: the 95 % interval of the mean; None of a single run.

    q05, q25, median, q75, q95: quantiles, between the two runs around them in proportion.
    """

    runs: int
    mean: float
    low: float | None
    high: float | None
    minimum: float
    q05: float
    q25: float
    median: float
    q75: float
    q95: float
    maximum: float


def distribution_of(values: Sequence[float]) -> Distribution | None:
    """None of no values."""
    if not values:
        return None
    ordered = sorted(values)
    mean = float_mean(ordered)
    reach = None
    if len(ordered) > 1:
        reach = student(len(ordered) - 1) * float_deviation(ordered) / sqrt(len(ordered))
    q05, q25, median, q75, q95 = (quantile(ordered, share) for share in (0.05, 0.25, 0.5, 0.75, 0.95))
    low, high = (None, None) if reach is None else (mean - reach, mean + reach)
    return Distribution(len(ordered), mean, low, high, ordered[0], q05, q25, median, q75, q95, ordered[-1])


def student(freedom: int) -> float:
    """The point for so many degrees of freedom."""
    if freedom <= len(STUDENT):
        return STUDENT[freedom - 1]
    return next((point for below, point in STUDENT_BEYOND if freedom < below), STUDENT_LAST)
