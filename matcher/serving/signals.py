"""Signals that ask for a clean stop."""

import os
import signal
from collections.abc import Callable
from types import FrameType


def catch_signals(stop: Callable[[], None]) -> int:
    """Let SIGTERM and SIGINT call `stop`. Returns the descriptor that a signal makes readable."""
    reading, writing = os.pipe()
    for end in (reading, writing):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)

    def caught(_number: int, _frame: FrameType | None) -> None:
        stop()

    signal.signal(signal.SIGTERM, caught)
    signal.signal(signal.SIGINT, caught)
    return reading
