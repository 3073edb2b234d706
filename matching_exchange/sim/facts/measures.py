"""Statistics of samples. Floats: these are figures of reports, which decide nothing."""

import math
from collections.abc import Sequence
from itertools import pairwise


def mean(samples: Sequence[float]) -> float | None:
    return math.fsum(samples) / len(samples) if samples else None


def quantile(samples: Sequence[float], share: float) -> float | None:
    """The smallest sample that is not below this share of all of them, from 0 to 1."""
    if not samples:
        return None
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def weighted_mean(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Of pairs of value and weight."""
    total = math.fsum(weight for _, weight in pairs)
    return math.fsum(value * weight for value, weight in pairs) / total if total else None


def returns(prices: Sequence[float]) -> list[float]:
    """Logarithmic returns, in basis points."""
    return [math.log(after / before) * 10_000 for before, after in pairwise(prices)]


def deviation(samples: Sequence[float]) -> float | None:
    """The standard deviation."""
    center = mean(samples)
    if center is None:
        return None
    return math.sqrt(math.fsum((sample - center) ** 2 for sample in samples) / len(samples))


def kurtosis(samples: Sequence[float]) -> float | None:
    """The fourth moment over the squared second one: 3 for a normal distribution."""
    center, spread = mean(samples), deviation(samples)
    if center is None or not spread:
        return None
    return math.fsum((sample - center) ** 4 for sample in samples) / len(samples) / spread**4


def hill(samples: Sequence[float], share: float = 0.05) -> float | None:
    """Hill's estimate of the tail index, of this share of the largest magnitudes: fewer than 3 is a very fat tail."""
    magnitudes = sorted((abs(sample) for sample in samples if sample), reverse=True)
    count = int(len(magnitudes) * share)
    if count < 10:
        return None
    excess = math.fsum(math.log(each / magnitudes[count]) for each in magnitudes[:count])
    return count / excess if excess else None


def autocorrelation(samples: Sequence[float], lag: int) -> float | None:
    """The correlation of the samples with those `lag` later."""
    center = mean(samples)
    if center is None or len(samples) <= lag + 1:
        return None
    variance = math.fsum((sample - center) ** 2 for sample in samples)
    if not variance:
        return None
    together = math.fsum((a - center) * (b - center) for a, b in zip(samples, samples[lag:], strict=False))
    return together / variance
