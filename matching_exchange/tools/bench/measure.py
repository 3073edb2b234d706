"""How things are measured: in rounds that take turns, and told as a median with the least and the most.

Two compared things are measured A B A B, so disturbances of the machine hit both.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TypeVar

from msgspec import Struct

from matching_exchange.tools.bench.distribution import Distribution

Key = TypeVar("Key")


class BenchError(Exception):
    """A result is wrong: an answer is missing or is a refusal, or a state differs from the expected one. The message
    says which."""


class Plan(Struct, frozen=True):
    """How much to measure: `rounds` of each measurement. A round of throughput lasts about `seconds`. `quick` takes
    sizes so small that figures mean nothing. Files are below `directory`. `tell` gets progress messages. `recording`
    is a venue's recorded flow, replayed if the file exists. A suite adds to `distributions` what it knows of
    latencies, and to `left_out` what it did not measure, and why. `yardsticks` is the Python that has simulators from
    elsewhere."""

    rounds: int
    seconds: float
    quick: bool
    seed: int
    directory: Path
    tell: Callable[[str], None]
    recording: Path
    distributions: list[Distribution]
    left_out: list[str]
    yardsticks: str = sys.executable


class Spread(Struct, frozen=True):
    """Of several measurements of one thing, in its unit."""

    median: float
    minimum: float
    maximum: float


def spread(measured: Sequence[float]) -> Spread:
    return Spread(median(measured), min(measured), max(measured))


def ratio(dividends: Sequence[float], divisors: Sequence[float]) -> Spread:
    """The ratio of the medians, and the least and the most of the rounds' own ratios."""
    each = [dividend / divisor for dividend, divisor in zip(dividends, divisors, strict=True)]
    return Spread(median(dividends) / median(divisors), min(each), max(each))


def take_turns(rounds: int, *measurements: Callable[[], float]) -> list[list[float]]:
    """Measure each in turn, for `rounds` rounds. Returns the results of each, round by round."""
    measured: list[list[float]] = [[] for _ in measurements]
    for _ in range(rounds):
        for measurement, values in zip(measurements, measured, strict=True):
            values.append(measurement())
    return measured


def take_named_turns(rounds: int, measurements: Mapping[Key, Callable[[], float]]) -> dict[Key, list[float]]:
    """The same, by key."""
    return dict(zip(measurements, take_turns(rounds, *measurements.values()), strict=True))
