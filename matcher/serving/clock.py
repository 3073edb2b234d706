"""The matcher's two clocks. Stamps are dates, and never go back. The monotonic clock measures durations.

A stamp is the wall clock's time. While the wall clock is behind the last stamp, stamps continue at 0.99 of the
monotonic clock's speed. So a stamp never goes back, never stands still, and many small steps back do not add up.

Stamps do not follow a wall clock that steps ahead at once. The deadlines of commands under way come from the time
before the step. Stamps continue steadily for STEP_GRACE, while `told` gives the new time already. After that, every
gateway makes its deadlines from the new time.
"""

import time
from collections.abc import Callable
from typing import Final

STEP: Final = 50_000_000
"""Nanoseconds. A wall clock that is further ahead has stepped; a smaller difference is followed at once."""

STEP_GRACE: Final = 500_000_000
"""Nanoseconds from a step ahead to the first stamp that follows it: more than two pulses."""


class Clock:
    """`wall` gives nanoseconds since 1970, `monotonic` nanoseconds since any moment. Stamps continue from `last`,
    even if it is far ahead. `told` is the time from which deadlines are to be made, as of the last stamp."""

    def __init__(
        self, last: int, wall: Callable[[], int] = time.time_ns, monotonic: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self.monotonic = monotonic
        self._wall = wall
        self._last = self.told = max(last, wall())
        self._stamped_at = monotonic()
        self._stepped_at: int | None = None
        # The stamp and the monotonic time from which on `gained` counts.
        self._settled = self._last, self._stamped_at

    def stamp(self) -> int:
        """The time of what happens now, in nanoseconds since 1970."""
        wall, monotonic = self._wall(), self.monotonic()
        elapsed = monotonic - self._stamped_at
        steady = self._last + elapsed
        self.told = wall
        if wall - steady > STEP and self._in_grace(monotonic):
            stamp = steady
        else:
            creeping = self._last + elapsed * 99 // 100
            stamp = self.told = max(wall, creeping)
            self._stepped_at = None
        self._last, self._stamped_at = stamp, monotonic
        return stamp

    @property
    def stepping(self) -> bool:
        """Whether the wall clock has stepped ahead and stamps do not follow it yet."""
        return self._stepped_at is not None

    @property
    def gained(self) -> int:
        """Nanoseconds that stamps have gained on the monotonic clock since `settle`; negative if they have lost
        time."""
        stamp, at = self._settled
        return (self._last - stamp) - (self._stamped_at - at)

    def settle(self) -> None:
        """Count from now on what stamps gain."""
        self._settled = self._last, self._stamped_at

    def _in_grace(self, monotonic: int) -> bool:
        if self._stepped_at is None:
            self._stepped_at = monotonic
        return monotonic - self._stepped_at < STEP_GRACE
