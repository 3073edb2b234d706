"""Under overload a worker begins cancels before new orders.

All requests share one event loop. In each turn a bounded number of new orders and amends begins; the others wait here.
All other requests, cancels above all, begin at once. Below that number nothing waits.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from starlette.types import Scope

from gateway.http.reading import Reading

WORK_A_TURN: Final = 32
"""Orders that begin in one turn of the event loop: about 2 ms of work."""

Begin = Callable[[], None]
WorkOf = Callable[[Scope], int]
"""How many orders a request counts as; zero for one that does not wait."""


class Admission:
    """One for all connections of a worker.

    deadline: how long after its first byte a request may begin, in seconds.
    work_of: what a request counts as.
    reading: the turns of the streams.
    """

    def __init__(self, deadline: float, work_of: WorkOf) -> None:
        self.deadline = deadline
        self.work_of = work_of
        self.reading = Reading()
        self._room = WORK_A_TURN
        self._waiting: deque[tuple[int, Begin]] = deque()

    def admits(self, work: int) -> bool:
        """Whether this work may begin now; else call `wait`."""
        if self._room <= 0 or self._waiting:
            return False
        self._take(work)
        return True

    def wait(self, work: int, begin: Begin) -> None:
        """Begin it later, after all that has waited longer."""
        self._waiting.append((work, begin))

    def _take(self, work: int) -> None:
        if self._room == WORK_A_TURN:
            asyncio.get_running_loop().call_soon(self._next_turn)
        self._room -= work

    def _next_turn(self) -> None:
        self._room = WORK_A_TURN
        while self._waiting and self._room > 0:
            work, begin = self._waiting.popleft()
            self._take(work)
            begin()
