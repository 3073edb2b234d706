"""The time of an exchange in process. It stands still until a test moves it."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

START: Final = datetime(2026, 1, 1, tzinfo=UTC)

NANOSECONDS: Final = 1_000_000_000
"""In a second."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def nanoseconds(duration: timedelta) -> int:
    """Exact: a timedelta has whole microseconds."""
    return duration // _MICROSECOND * 1_000


class Clock:
    """start: with a time zone. `move` is told the time in nanoseconds that a test goes to; it stops on its way where
    something is due."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("start takes a time with a time zone, such as datetime(2026, 1, 1, tzinfo=UTC)")
        self.nanoseconds = self._begun = nanoseconds(start - _EPOCH)
        self.move: Callable[[int], None] = self.set

    @property
    def time(self) -> datetime:
        """Now, in UTC, to the microsecond."""
        return _EPOCH + timedelta(microseconds=self.nanoseconds // 1_000)

    def advance(self, seconds: float = 0, **more: float) -> None:
        """Go on by so many seconds, or as a timedelta says: `advance(minutes=5)`. All that is due on the way happens at
        its own time."""
        duration = nanoseconds(timedelta(seconds=seconds, **more))
        if duration < 0:
            raise ValueError("advance takes no time below 0: time does not go back")
        self.move(self.nanoseconds + duration)

    def now(self) -> int:
        """Nanoseconds since 1970."""
        return self.nanoseconds

    def monotonic(self) -> int:
        """Nanoseconds since the start."""
        return self.nanoseconds - self._begun

    def set(self, time: int) -> None:
        """Be at this time."""
        self.nanoseconds = time
