"""What a worker begins while more comes than it can do: cancels before new orders, and orders before what streams send.

All requests share one event loop. New orders and amends begin a bounded number a turn, and wait here for theirs;
whatever else comes meanwhile, cancels above all, begins at once. While fewer come than may begin, none of them waits.
So it is with streams: together they are read a little, then the loop is the others' for a while.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from starlette.types import Scope

from gateway.heads import declared_length
from gateway.problems import MAX_BODY_BYTES

WORK_A_TURN: Final = 32
"""How many orders begin in one turn of the event loop: some 2 ms of work."""

BYTES_OF_AN_ORDER: Final = 512
"""A batch counts as one order for each time that it holds so many bytes."""

READ_A_TURN: Final = 2048
"""Bytes that all streams together are read at a time: at most 340 frames, which take some 2 ms."""

READ_OF_ONE: Final = 256
"""The most of them that is one stream's, before the others have had their turns."""

LEAST_READ: Final = 64
"""What is shorter counts as so many bytes: each stream that is read takes its time."""

TURN_SECONDS: Final = 0.005
"""How long what the streams have sent beyond that waits."""

_NEW_ORDERS: Final = frozenset({"/orders", "/orders/oco"})
_BATCH: Final = "/orders/batch"

Begin = Callable[[], None]


def work_of(scope: Scope) -> int:
    """How many orders the request counts as; zero for one that does not wait."""
    method = scope["method"]
    if method == "POST":
        if scope["path"] in _NEW_ORDERS:
            return 1
        if scope["path"] == _BATCH:
            length = declared_length(scope["headers"])
            return 1 + (MAX_BODY_BYTES if length is None else length) // BYTES_OF_AN_ORDER
    return 1 if method == "PATCH" else 0


class Reading:
    """Which streams of a worker are read while more comes than a turn takes on: one after the other."""

    def __init__(self) -> None:
        self._room = READ_A_TURN
        self._waiting: OrderedDict[Begin, None] = OrderedDict()
        self._turns = False

    def admits(self) -> bool:
        """Whether a stream may be read now; else it is to `wait`."""
        return self._room > 0 and not self._waiting

    def wait(self, loop: asyncio.AbstractEventLoop, read: Begin) -> None:
        """Read it later, after those that have waited longer."""
        self._waiting.setdefault(read)
        self._turn(loop)

    def leave(self, read: Begin) -> None:
        """Read it no more."""
        self._waiting.pop(read, None)

    def take(self, loop: asyncio.AbstractEventLoop, size: int) -> None:
        """So many bytes of a stream are read now."""
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


class Admission:
    """One for all connections of a worker. `deadline` is how long after its first byte a request may begin, in
    seconds; `reading` is for the streams."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.reading = Reading()
        self._room = WORK_A_TURN
        self._waiting: deque[tuple[int, Begin]] = deque()

    def admits(self, work: int) -> bool:
        """Whether so much may begin now; else it is to `wait`."""
        if self._room <= 0 or self._waiting:
            return False
        self._take(work)
        return True

    def wait(self, work: int, begin: Begin) -> None:
        """Begin it later, after what has waited longer."""
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
