"""The intervals of candles. All begin in UTC: days at midnight, weeks on Monday, months on their first day."""

from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
"""In nanoseconds."""

MONDAY: Final = 4 * DAY
"""The first Monday of the Unix epoch. Weeks are counted from it."""


class Interval(Struct, frozen=True):
    """A fixed length from an origin, in nanoseconds; a length of zero is a calendar month."""

    name: str
    length: int
    origin: int = 0

    def open_time(self, time: int) -> int:
        """The beginning of the period that holds the time. Both in nanoseconds since 1970."""
        if self.length:
            return time - (time - self.origin) % self.length
        begin = datetime.fromtimestamp(time // SECOND, UTC)
        return _month(begin.year, begin.month)

    def close_time(self, open_time: int) -> int:
        """The beginning of the next period."""
        if self.length:
            return open_time + self.length
        begin = datetime.fromtimestamp(open_time // SECOND, UTC)
        return _month(begin.year + begin.month // 12, begin.month % 12 + 1)


def _month(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * SECOND


INTERVALS: Final = {
    interval.name: interval
    for interval in (
        Interval("1s", SECOND),
        Interval("1m", MINUTE),
        Interval("3m", 3 * MINUTE),
        Interval("5m", 5 * MINUTE),
        Interval("15m", 15 * MINUTE),
        Interval("30m", 30 * MINUTE),
        Interval("1h", HOUR),
        Interval("2h", 2 * HOUR),
        Interval("4h", 4 * HOUR),
        Interval("6h", 6 * HOUR),
        Interval("8h", 8 * HOUR),
        Interval("12h", 12 * HOUR),
        Interval("1d", DAY),
        Interval("3d", 3 * DAY),
        Interval("1w", 7 * DAY, MONDAY),
        Interval("1M", 0),
    )
}
"""By name, the shortest first. Every period lies in one period of each longer fixed interval of the day; 1d in all of
3d, 1w and 1M."""
