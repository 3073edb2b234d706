"""Lets batches through in slices, one slice of a worker at a time, so that the orders of others come in between."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

MOST: Final = 32
"""Commands of one slice at most."""

SLICE_SECONDS: Final = 0.02
"""Time that a slice is meant to take. The next one is as large as fits in it."""


class Pace:
    """One for all batches of a worker. Slices wait for one another, first come first served. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._turn = asyncio.Lock()
        self._size = MOST

    @asynccontextmanager
    async def slice(self, waiting: int) -> AsyncIterator[int]:
        """Wait for a turn. Gives the number of commands, of those that wait, to carry out in it."""
        async with self._turn:
            count = min(waiting, self._size)
            began = self._clock()
            yield count
            self._learn(count, self._clock() - began)

    def _learn(self, count: int, seconds: float) -> None:
        """A slice of `count` commands took `seconds`."""
        if seconds > SLICE_SECONDS:
            self._size = max(1, int(count * SLICE_SECONDS / seconds))
        elif count >= self._size:
            self._size = min(MOST, 2 * self._size)
