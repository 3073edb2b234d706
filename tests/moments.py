"""Moments of samples."""

from collections.abc import Sequence


def mean(samples: Sequence[float]) -> float:
    return sum(samples) / len(samples)


def deviation(samples: Sequence[float]) -> float:
    """The standard deviation."""
    center = mean(samples)
    return float(mean([(sample - center) ** 2 for sample in samples]) ** 0.5)


def correlation(one: Sequence[float], other: Sequence[float]) -> float:
    a, b = mean(one), mean(other)
    together = mean([(x - a) * (y - b) for x, y in zip(one, other, strict=True)])
    return together / deviation(one) / deviation(other)
