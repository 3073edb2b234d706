"""Lets batches through in slices, one slice of a worker at a time. The orders of others come in between."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

FIRST: Final = 4
"""Commands of a batch's first slice. Each slice that was fast is followed by one of twice the size."""

MOST: Final = 32
"""Commands of one slice at most."""

SLICE_SECONDS: Final = 0.02
"""Time that a slice is meant to take. After one that took longer comes one that fits in it."""


class Pace:
    """One for all batches of a worker. Slices wait for one another, first come first served. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._turn = asyncio.Lock()

    def batch(self) -> "BatchPace":
        """The pace of one batch."""
        return BatchPace(self._turn, self._clock)


class BatchPace:
    """What a batch asks for its turns."""

    def __init__(self, turn: asyncio.Lock, clock: Callable[[], float]) -> None:
        self._turn = turn
        self._clock = clock
        self._size = FIRST

    @asynccontextmanager
    async def slice(self, waiting: int) -> AsyncIterator[int]:
        """Wait for a turn. Gives the number of commands, of those that wait, to carry out in it."""
        async with self._turn:
            count = min(waiting, self._size)
            began = self._clock()
            yield count
            seconds = self._clock() - began
        slow = seconds > SLICE_SECONDS
        self._size = max(1, int(count * SLICE_SECONDS / seconds)) if slow else min(MOST, 2 * self._size)
