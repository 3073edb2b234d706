"""How long messages take: between an agent and the exchange, in both directions. All in nanoseconds.

A delay is drawn for each message. Messages of one channel never overtake each other: one that would is delivered with
the one before it, as on a connection.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from msgspec import Struct

from matching_exchange.sim.chance import Chance, most_log_normal

MOST: Final = 3_600_000_000_000
"""The longest delay: an hour. Longer draws count as this."""

LONGEST_DEVIATION: Final = 5_000
"""The largest deviation of a log-normal delay, in thousandths."""


class LatencyError(ValueError):
    """A number that a delay does not take. The message says what it takes."""


class Delay(Protocol):
    """A distribution of delays.

    constant: the delay, if each one is the same; else None.
    most: no draw is longer.
    """

    @property
    def constant(self) -> int | None: ...

    @property
    def most(self) -> int: ...

    def draw(self, chance: Chance) -> int:
        """One delay, from 0 to `most`."""
        ...


def _check(name: str, **values: int) -> None:
    for field, value in values.items():
        if not isinstance(value, int) or not 0 <= value <= MOST:
            raise LatencyError(f"{name}: {field} takes nanoseconds from 0 to {MOST}, not {value!r}")


class Constant(Struct, frozen=True):
    """Each message takes so long."""

    delay: int

    def __post_init__(self) -> None:
        _check("Constant", delay=self.delay)

    @property
    def constant(self) -> int | None:
        return self.delay

    @property
    def most(self) -> int:
        return self.delay

    def draw(self, chance: Chance) -> int:
        return self.delay


class Uniform(Struct, frozen=True):
    """Each whole number of nanoseconds from `low` to `high` is as likely."""

    low: int
    high: int

    def __post_init__(self) -> None:
        _check("Uniform", low=self.low, high=self.high)
        if self.low > self.high:
            raise LatencyError(f"Uniform: high takes at least low ({self.low}), not {self.high}")

    @property
    def constant(self) -> int | None:
        return self.low if self.low == self.high else None

    @property
    def most(self) -> int:
        return self.high

    def draw(self, chance: Chance) -> int:
        return chance.between(self.low, self.high)


class Exponential(Struct, frozen=True):
    """At least `base`, and behind it an exponential wait with this mean."""

    base: int
    mean: int

    def __post_init__(self) -> None:
        _check("Exponential", base=self.base, mean=self.mean)

    @property
    def constant(self) -> int | None:
        return None

    @property
    def most(self) -> int:
        # The longest draw is 62 times ln 2 means.
        return min(MOST, self.base + 43 * self.mean)

    def draw(self, chance: Chance) -> int:
        return min(self.most, self.base + chance.exponential(self.mean))


class LogNormal(Struct, frozen=True):
    """At least `base`, and behind it a log-normal wait: mostly about `median`, now and then much longer.

    deviation: the standard deviation of its natural logarithm, in thousandths: 500 is usual for a network.
    """

    base: int
    median: int
    deviation: int

    def __post_init__(self) -> None:
        _check("LogNormal", base=self.base, median=self.median)
        if not isinstance(self.deviation, int) or not 0 <= self.deviation <= LONGEST_DEVIATION:
            raise LatencyError(
                f"LogNormal: deviation takes thousandths from 0 to {LONGEST_DEVIATION}, not {self.deviation!r}"
            )

    @property
    def constant(self) -> int | None:
        return None

    @property
    def most(self) -> int:
        return min(MOST, self.base + most_log_normal(self.median, self.deviation))

    def draw(self, chance: Chance) -> int:
        return min(MOST, self.base + chance.log_normal(self.median, self.deviation))


class Empirical(Struct, frozen=True):
    """One of the measured delays, each as likely."""

    samples: Sequence[int]

    def __repr__(self) -> str:
        ordered = sorted(self.samples)
        return (
            f"Empirical({len(ordered)} samples from {ordered[0]} to {ordered[-1]}, median {ordered[len(ordered) // 2]})"
        )

    def __post_init__(self) -> None:
        if not self.samples:
            raise LatencyError("Empirical: samples takes at least one delay")
        for sample in self.samples:
            _check("Empirical", samples=sample)

    @property
    def constant(self) -> int | None:
        return None

    @property
    def most(self) -> int:
        return max(self.samples)

    def draw(self, chance: Chance) -> int:
        return self.samples[chance.choice(len(self.samples))]


NONE: Final = Constant(0)


class Latency(Struct, frozen=True):
    """The delays of one agent.

    orders: from the agent to the exchange.
    reports: what becomes of its orders, from the exchange to it.
    market_data: public trades and books, from the exchange to it.
    """

    orders: Delay = NONE
    reports: Delay = NONE
    market_data: Delay = NONE

    def __post_init__(self) -> None:
        for field in self.__struct_fields__:
            delay = getattr(self, field)
            if not hasattr(delay, "draw"):
                raise LatencyError(f"Latency: {field} takes a delay such as Constant(ms(20)), not {delay!r}")

    @property
    def text(self) -> str:
        """What reports say of it. A delay without a text of its own is told by its class."""
        told = [
            type(delay).__name__ if type(delay).__repr__ is object.__repr__ else repr(delay)
            for delay in (self.orders, self.reports, self.market_data)
        ]
        return f"orders {told[0]}, reports {told[1]}, market data {told[2]}"

    @classmethod
    def of(cls, delay: Delay) -> "Latency":
        """The same delay in each direction."""
        return cls(delay, delay, delay)
