"""Times: requests and answers have milliseconds or microseconds, we have nanoseconds since 1970 UTC."""

from typing import Final

from protocol.units import MAX_INTEGER

MILLISECOND: Final = 1_000_000
MICROSECOND: Final = 1_000
"""In nanoseconds."""

MICROSECONDS_ABOVE: Final = 10**14
"""A time above this counts microseconds: in milliseconds it would lie in the year 5138."""

MICRO_WORD: Final = "MICROSECOND"


def nanoseconds(time: int) -> int:
    """A time of a request in nanoseconds, at most the largest that a command carries."""
    return min(time * (MICROSECOND if time > MICROSECONDS_ABOVE else MILLISECOND), MAX_INTEGER)


def unit_of(word: str) -> int:
    """The nanoseconds of the unit that a caller names; milliseconds for any other word."""
    return MICROSECOND if word.upper() == MICRO_WORD else MILLISECOND
