"""What the last records have caused. A new leader tells it again: the one before may have ended before it was heard."""

from collections import deque
from typing import Final

from matcher.state import Caused

TOLD_AGAIN: Final = 2_000_000_000
"""Nanoseconds before the last record."""

MAX_TOLD_AGAIN: Final = 50_000
"""The most commands."""


class Tail:
    """Of the records of the last TOLD_AGAIN nanoseconds."""

    def __init__(self) -> None:
        self._kept: deque[tuple[int, list[Caused]]] = deque()
        self._commands = 0

    def note(self, time: int, caused: list[Caused]) -> None:
        """A record of that time has caused this."""
        kept = self._kept
        if caused:
            kept.append((time, caused))
            self._commands += len(caused)
        while kept and (kept[0][0] < time - TOLD_AGAIN or self._commands > MAX_TOLD_AGAIN):
            self._commands -= len(kept.popleft()[1])

    def take(self) -> list[Caused]:
        """All of it, in order, once."""
        caused = [each for _, some in self._kept for each in some]
        self._kept.clear()
        self._commands = 0
        return caused
