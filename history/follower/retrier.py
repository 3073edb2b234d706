"""A database that fails is asked again until it does what it is asked for."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

import structlog

from history.follower.stop import Stop, StoppedError
from history.writing.interface import StoreFailedError, StoreRefusedError

RETRY_SECONDS: Final = (0.1, 5.0)
"""The shortest and the longest pause before a database is asked again."""

TELL_SECONDS: Final = 10.0
"""The least time between two lines about a database that fails."""

Answer = TypeVar("Answer")

log = structlog.get_logger("history")


class Retrier:
    """Logs one line now and then while the database fails, and one when it works again."""

    def __init__(self, stop: Stop, note_failure: Callable[[], None] = lambda: None) -> None:
        """`note_failure` hears of each failure."""
        self._stop = stop
        self._note_failure = note_failure
        self._told_at = float("-inf")

    def __call__(self, ask: Callable[[], Answer]) -> Answer:
        """What `ask` returns, once it raises no StoreFailedError. StoppedError if the process is to end before that.
        StoreRefusedError where asking again is of no use."""
        pause, longest = RETRY_SECONDS
        failed = False
        while True:
            try:
                answer = ask()
            except StoreRefusedError:
                raise
            except StoreFailedError as error:
                failed = True
                self._note_failure()
                if time.monotonic() - self._told_at >= TELL_SECONDS:
                    self._told_at = time.monotonic()
                    log.error("the database fails: it is asked again", error=str(error))
                self._stop.pause(pause)
                if self._stop.wanted:
                    raise StoppedError from error
                pause = min(2 * pause, longest)
            else:
                if failed:
                    self._told_at = float("-inf")
                    log.warning("the database works again")
                return answer
