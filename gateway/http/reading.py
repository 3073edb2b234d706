"""All streams of a worker together are read a little at a time. Peers that send without end then delay no orders."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

READ_A_TURN: Final = 2048
"""Bytes that all streams together are read at a time: at most 340 frames, which take about 2 ms."""

READ_OF_ONE: Final = 256
"""Bytes of one stream at most, before the others have had their turns."""

LEAST_READ: Final = 64
"""A shorter read counts as this many bytes: each stream that is read takes its time."""

TURN_SECONDS: Final = 0.005
"""Time that the bytes beyond wait."""

Read = Callable[[], None]


class Reading:
    """The turns of a worker's streams, one after the other."""

    def __init__(self) -> None:
        self._room = READ_A_TURN
        self._waiting: OrderedDict[Read, None] = OrderedDict()
        self._turns = False

    def admits(self) -> bool:
        """Whether a stream may be read now; else call `wait`."""
        return self._room > 0 and not self._waiting

    def wait(self, loop: asyncio.AbstractEventLoop, read: Read) -> None:
        """Read it later, after those that have waited longer."""
        self._waiting.setdefault(read)
        self._turn(loop)

    def leave(self, read: Read) -> None:
        """Read it no more."""
        self._waiting.pop(read, None)

    def take(self, loop: asyncio.AbstractEventLoop, size: int) -> None:
        """Count the bytes of a stream that are read now."""
        self._room -= max(size, LEAST_READ)
        self._turn(loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._turns:
            self._turns = True
            loop.call_later(TURN_SECONDS, self._next_turn)

    def _next_turn(self) -> None:
        self._turns = False
        self._room = READ_A_TURN
        while self._waiting and self._room > 0:
            read, _ = self._waiting.popitem(last=False)
            read()
