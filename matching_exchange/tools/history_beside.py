"""The history beside an exchange that one command starts. Its end is no end of the exchange: it is started again."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Final

from matching_exchange.tools.tied import TiedProcess

MODULE: Final = "history"

PAUSES: Final = (1.0, 60.0)
"""The shortest and the longest pause before it is started again, in seconds. Each end doubles it."""

LONG_LIFE: Final = 60.0
"""Seconds after which an end counts as the first one again."""

STOP_TIMEOUT: Final = 15
"""How many seconds it may take to stop."""


class HistoryBeside:
    """`python -m history`. What is wrong with it, it has said itself."""

    def __init__(self, program: str, environment: Mapping[str, str], arguments: Sequence[str] = ()) -> None:
        self._program = program
        self._environment = dict(environment)
        self._arguments = arguments
        self._pause = PAUSES[0]
        self._started_at = self._due = time.monotonic()
        self._process: TiedProcess | None = None
        self.look()

    def look(self) -> None:
        """Say in one line that it has ended, once it has. Start it, once that is due."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._due:
                self._started_at = now
                self._process = TiedProcess(MODULE, self._arguments, env=self._environment, stdin=subprocess.DEVNULL)
            return
        status = self._process.poll()
        if status is None:
            return
        self._process = None
        if now - self._started_at >= LONG_LIFE:
            self._pause = PAUSES[0]
        print(
            f"{self._program}: the history has ended by itself with status {status}: it starts again in "
            f"{self._pause:g} s; the exchange goes on",
            file=sys.stderr,
            flush=True,
        )
        self._due = now + self._pause
        self._pause = min(2 * self._pause, PAUSES[1])

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
