"""What a process has counted, as it tells other processes. Only append fields."""

from typing import Final, Literal

from msgspec import Struct

Kind = Literal["counter", "gauge", "histogram"]

COUNTER: Final = "counter"
GAUGE: Final = "gauge"
HISTOGRAM: Final = "histogram"


class Family(Struct, frozen=True, array_like=True):
    """One metric with all its samples. Every number is an integer.

    labels: the names of the labels; each sample has a value for each.
    divisor: makes the shown unit of the numbers: 10^9 where nanoseconds are shown as seconds.
    values: the samples of a counter or a gauge.
    bounds: the upper bounds of the buckets of a histogram.
    histograms: the samples of a histogram: how many observations fell into each bucket, one more than there are bounds,
        and the sum of all observations.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    divisor: int = 1
    values: list[tuple[tuple[str, ...], int]] = []
    bounds: tuple[int, ...] = ()
    histograms: list[tuple[tuple[str, ...], list[int], int]] = []


class ProcessMetrics(Struct, frozen=True, array_like=True, tag=25):
    """The metrics of one process, told about once a second.

    process: its kind, such as "matcher".
    timestamp: when it told them, in nanoseconds since 1970.
    """

    process: str
    timestamp: int
    families: list[Family]
