"""Axes: where ticks stand, and what they read. All in integers."""

from datetime import UTC, datetime
from typing import Final, NamedTuple

from protocol.instrument import format_decimal

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

TIME_STEPS: Final = (
    *(digit * 10**power for power in range(9) for digit in (1, 2, 5)),
    *(count * SECOND for count in (1, 2, 5, 10, 15, 30)),
    *(count * MINUTE for count in (1, 2, 5, 10, 15, 30)),
    *(count * HOUR for count in (1, 2, 3, 6, 12)),
    *(count * DAY for count in (1, 2, 7, 14, 30, 60, 180, 365)),
)


class Axis(NamedTuple):
    """low, high: the ends. ticks: values within, with their texts."""

    low: int
    high: int
    ticks: tuple[tuple[int, str], ...]

    def place(self, value: int, tenths: int) -> int:
        """Where the value stands on an axis of that length: 0 at `low`."""
        return (value - self.low) * tenths // (self.high - self.low)


def value_axis(low: int, high: int, decimals: int, wanted: int = 4) -> Axis:
    """An axis of integers in units of 10^-decimals. Its ends are ticks."""
    if low == high:
        # A flat line stands in the middle.
        low, high = low - 1, high + 1
    step = nice_step(high - low, wanted)
    first, last = low // step, -(-high // step)
    ticks = tuple((place * step, tick_text(place * step, decimals, step)) for place in range(first, last + 1))
    return Axis(first * step, last * step, ticks)


def nice_step(span: int, wanted: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, ... that makes at most so many steps of the span."""
    power = 1
    while True:
        for digit in (1, 2, 5):
            if span <= digit * power * wanted:
                return digit * power
        power *= 10


def tick_text(value: int, decimals: int, step: int) -> str:
    """With thousands apart, and as many decimals as the step needs."""
    needed = decimals
    while needed > 0 and step % 10 == 0:
        step //= 10
        needed -= 1
    text = format_decimal(value, decimals)
    sign = "-" if text.startswith("-") else ""
    whole, _, fraction = text.lstrip("-").partition(".")
    return f"{sign}{int(whole):,}" + (f".{fraction.ljust(needed, '0')}" if needed else "")


def time_axis(start: int, end: int, wanted: int = 6) -> Axis:
    """Ticks at whole times of the clock, UTC."""
    end = max(end, start + 1)
    step = next((step for step in TIME_STEPS if (end - start) // step <= wanted), TIME_STEPS[-1])
    first = -(-start // step) * step
    return Axis(start, end, tuple((time, clock(time, step)) for time in range(first, end + 1, step)))


def clock(time: int, step: int) -> str:
    """The time of day as far as the step needs it, or the date."""
    moment = datetime.fromtimestamp(time // SECOND, UTC)
    if step >= DAY:
        return f"{moment:%Y-%m-%d}"
    if step >= MINUTE:
        return f"{moment:%H:%M}"
    if step >= SECOND:
        return f"{moment:%H:%M:%S}"
    digits = 9
    while step % 10 == 0:
        step //= 10
        digits -= 1
    return f"{moment:%H:%M:%S}." + f"{time % SECOND:09}"[:digits]


def day(time: int) -> str:
    return f"{datetime.fromtimestamp(time // SECOND, UTC):%Y-%m-%d}"


def stamp(time: int) -> str:
    return f"{datetime.fromtimestamp(time // SECOND, UTC):%Y-%m-%d %H:%M:%S} UTC"
