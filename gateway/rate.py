"""A rate, as a setting tells it: so many in so many seconds, and so many at once."""

from typing import Final

from msgspec import Struct

from matching_exchange.process.settings import bounded

SECOND: Final = 1_000_000_000
"""In nanoseconds, as all times of a rate."""

MAX_COUNT: Final = 100_000
MAX_SECONDS: Final = 86_400
"""A day. With the largest burst a time still fits in 64 bits."""

RATE: Final = (
    f"<count>/<seconds> or <count>/<seconds>:<burst>: whole numbers, at most {MAX_COUNT}, {MAX_SECONDS} and {MAX_COUNT}"
)

_count: Final = bounded(1, MAX_COUNT)
_seconds: Final = bounded(1, MAX_SECONDS)


class Rate(Struct, frozen=True):
    """`count` in `seconds` in the long run. `burst` may come at once; it is as large as the count if it is not told."""

    count: int
    seconds: int
    burst: int

    @property
    def interval(self) -> int:
        """Nanoseconds from one to the next, rounded up: there are never more than the count."""
        return -(-self.seconds * SECOND // self.count)

    def __str__(self) -> str:
        return f"{self.count} in {self.seconds} s, {self.burst} at once"


def read_rate(text: str) -> Rate | None:
    """The rate; None for an empty text. ValueError for another text."""
    if not text:
        return None
    count_text, slash, rest = text.partition("/")
    seconds, colon, burst = rest.partition(":")
    if not slash:
        raise ValueError(text)
    count = _count(count_text)
    return Rate(count, _seconds(seconds), _count(burst) if colon else count)
