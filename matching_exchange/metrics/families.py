"""Makes families of plain counts, and sums those of several processes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from matching_exchange.process.histogram import SECOND, Histogram
from protocol.metrics import COUNTER, GAUGE, HISTOGRAM, Family

Labels = tuple[str, ...]

NANOSECONDS: Final = SECOND
"""The divisor of times."""


def counter(name: str, told: str, value: int, divisor: int = 1) -> Family:
    """A counter without labels. Its name ends with `_total`."""
    return Family(name, COUNTER, told, divisor=divisor, values=[((), value)])


def counters(name: str, told: str, labels: Labels, values: Mapping[Labels, int]) -> Family:
    return Family(name, COUNTER, told, labels, values=list(values.items()))


def gauge(name: str, told: str, value: int, divisor: int = 1) -> Family:
    return Family(name, GAUGE, told, divisor=divisor, values=[((), value)])


def gauges(name: str, told: str, labels: Labels, values: Mapping[Labels, int], divisor: int = 1) -> Family:
    return Family(name, GAUGE, told, labels, divisor, list(values.items()))


def histogram(name: str, told: str, observed: Histogram, divisor: int = NANOSECONDS) -> Family:
    return histograms(name, told, (), {(): observed}, observed.bounds, divisor)


def histograms(
    name: str,
    told: str,
    labels: Labels,
    observed: Mapping[Labels, Histogram],
    bounds: tuple[int, ...],
    divisor: int = NANOSECONDS,
) -> Family:
    """One with labels. All its samples have these bounds."""
    samples = [(values, list(each.counts), each.sum) for values, each in observed.items()]
    return Family(name, HISTOGRAM, told, labels, divisor, bounds=bounds, histograms=samples)


def merged(families: Iterable[Family]) -> list[Family]:
    """The families by name. Samples with the same labels are summed: those of several workers of one gateway."""
    found: dict[str, Family] = {}
    for family in families:
        known = found.get(family.name)
        # After an upgrade that replaces workers one by one, those of before may have other buckets.
        fits = known is not None and known.bounds == family.bounds and known.labels == family.labels
        found[family.name] = _sum(known, family) if known is not None and fits else family
    return [found[name] for name in sorted(found)]


def counted(families: Sequence[Family]) -> list[Family]:
    """Those that only grow. What goes on counting after a process begins with them."""
    return [family for family in families if family.kind != GAUGE]


def _sum(one: Family, other: Family) -> Family:
    values = dict(one.values)
    for labels, value in other.values:
        values[labels] = values.get(labels, 0) + value
    samples = {labels: (counts, total) for labels, counts, total in one.histograms}
    for labels, counts, total in other.histograms:
        known, before = samples.get(labels, ([0] * len(counts), 0))
        samples[labels] = [a + b for a, b in zip(known, counts, strict=True)], before + total
    return replace(
        one,
        values=list(values.items()),
        histograms=[(labels, counts, total) for labels, (counts, total) in samples.items()],
    )
