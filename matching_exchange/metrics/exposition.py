"""Families as Prometheus reads them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from protocol.metrics import COUNTER, GAUGE, Family

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class _Gathered(Collector):
    def __init__(self, families: Sequence[Family]) -> None:
        self._families = families

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        return map(_metric, self._families)


def exposition(families: Sequence[Family]) -> bytes:
    """The page of these families, in the text format 0.0.4. Each name stands in one of them only."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Gathered(families))
    return generate_latest(registry)


def _metric(family: Family) -> Metric:
    if family.kind == COUNTER:
        counted = CounterMetricFamily(family.name, family.help, labels=family.labels)
        for labels, value in family.values:
            counted.add_metric(labels, _shown(value, family.divisor))
        return counted
    if family.kind == GAUGE:
        measured = GaugeMetricFamily(family.name, family.help, labels=family.labels)
        for labels, value in family.values:
            measured.add_metric(labels, _shown(value, family.divisor))
        return measured
    observed = HistogramMetricFamily(family.name, family.help, labels=family.labels)
    bounds = [repr(_shown(bound, family.divisor)) for bound in family.bounds]
    for labels, counts, total in family.histograms:
        buckets = list(zip([*bounds, "+Inf"], map(float, accumulate(counts)), strict=True))
        observed.add_metric(labels, buckets, _shown(total, family.divisor))
    return observed


def _shown(number: int, divisor: int) -> float:
    """The number in its shown unit. Prometheus knows no integers."""
    return number / divisor if divisor != 1 else float(number)
