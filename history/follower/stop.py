"""Whether the process is to end: asked between two steps of its work."""

import signal
import time
from types import FrameType
from typing import Final

STEP: Final = 0.05
"""Seconds after which a pause looks whether it is over."""


class StoppedError(Exception):
    """The process is to end, before what it was at is done."""


class Stop:
    """`wanted` is True once SIGTERM or SIGINT has come. Nothing is interrupted by them."""

    def __init__(self) -> None:
        self.wanted = False

    def catch_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._want)

    def pause(self, seconds: float) -> None:
        """Wait so long, or until the end is wanted."""
        end = time.monotonic() + seconds
        while not self.wanted and (left := end - time.monotonic()) > 0:
            time.sleep(min(STEP, left))

    def _want(self, _number: int, _frame: FrameType | None) -> None:
        self.wanted = True
