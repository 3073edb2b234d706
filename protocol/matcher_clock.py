"""The matcher's time, as its pulses tell it. Deadlines of commands are made from it.

Between two pulses it goes on by this process's monotonic clock; the wall clock here does not matter. A late pulse tells
a time that is too low, so the highest told time counts. It gives way by CREEP, faster than the matcher's stamps can
fall behind.
"""

import time
from collections.abc import Callable
from typing import Final

CREEP: Final = 50
"""Nanoseconds in which an earlier pulse loses one nanosecond of its lead. Stamps lose at most one in 100, see
matcher.clock."""


class MatcherClock:
    """`wall` gives nanoseconds since 1970, `monotonic` nanoseconds since any moment."""

    def __init__(
        self, wall: Callable[[], int] = time.time_ns, monotonic: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._ahead: int | None = None
        self._heard_at = 0

    def hear(self, timestamp: int) -> None:
        """Take in the time that a pulse tells; zero from an older matcher, which tells none."""
        if not timestamp:
            return
        now = self._monotonic()
        ahead = timestamp - now
        if self._ahead is not None:
            ahead = max(ahead, self._ahead - (now - self._heard_at) // CREEP)
        self._ahead, self._heard_at = ahead, now

    def now(self) -> int:
        """The matcher's time, in nanoseconds since 1970. This machine's time before the first pulse."""
        return self._wall() if self._ahead is None else self._ahead + self._monotonic()

    def difference(self) -> int:
        """Nanoseconds by which the matcher's time is ahead of the wall clock here; negative where it is behind."""
        return self.now() - self._wall()
