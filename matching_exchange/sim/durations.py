"""Durations: whole nanoseconds."""

from typing import Final

MICROSECOND: Final = 1_000
MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE


def us(count: int) -> int:
    """So many microseconds, in nanoseconds."""
    return whole(count) * MICROSECOND


def ms(count: int) -> int:
    """So many milliseconds, in nanoseconds."""
    return whole(count) * MILLISECOND


def seconds(count: int) -> int:
    """So many seconds, in nanoseconds."""
    return whole(count) * SECOND


def minutes(count: int) -> int:
    """So many minutes, in nanoseconds."""
    return whole(count) * MINUTE


def hours(count: int) -> int:
    """So many hours, in nanoseconds."""
    return whole(count) * HOUR


def whole(count: int) -> int:
    """The count. Raises TypeError if it is no whole number."""
    if not isinstance(count, int):
        raise TypeError(f"a duration takes a whole number, not {count!r}: write ms(500) for half a second")
    return count
