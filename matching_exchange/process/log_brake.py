"""A brake for log lines that others can cause. A flood of bad messages must not fill the disk with lines about it."""

import time
from collections.abc import Callable, Hashable
from typing import Final

INTERVAL: Final = 1.0
"""Seconds between two lines of a kind."""


class LogBrake:
    """Lets one line of each kind pass in an interval, and counts the others. The code names the kinds: they are few."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._passed_at: dict[Hashable, float] = {}
        self._left_out: dict[Hashable, int] = {}

    def passes(self, kind: Hashable) -> dict[str, int] | None:
        """The fields to add to a line of this kind, or None if the line must be left out. They tell how many lines were
        left out since the last one."""
        now = self._clock()
        if now - self._passed_at.get(kind, float("-inf")) < INTERVAL:
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return None
        self._passed_at[kind] = now
        left_out = self._left_out.pop(kind, 0)
        return {"left_out": left_out} if left_out else {}
