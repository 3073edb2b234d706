"""Queries that wait for their turn: reads get a share of the matcher's time, and commands the rest.

A query that is asked again while it waits is answered once. One that has waited longer than who asked it does is not answered at all.
"""

from collections import deque
from typing import Final

from protocol.commands import Query

MAX_WAITING: Final = 16_384
"""The most queries that wait; further ones are dropped, and asked again by who still wants to know."""

SHARE: Final = 5_000_000
"""Nanoseconds of a turn after which no further query is answered."""

MAX_AGE: Final = 2_000_000_000
"""Nanoseconds after which nobody waits for an answer any more: gateways give up then, other clients have asked again."""

Asked = tuple[int, int]
"""The session and the number of a query."""


class QueryQueue:
    """First come, first served. Times are monotonic, in nanoseconds."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Asked, int, Query]] = deque()
        self._known: set[Asked] = set()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def ask(self, session: int, request: int, query: Query, now: int) -> None:
        asked = session, request
        if asked not in self._known and len(self._waiting) < MAX_WAITING:
            self._known.add(asked)
            self._waiting.append((asked, now, query))

    def take(self, now: int) -> tuple[int, int, Query] | None:
        """The session, number and query that is to be answered next; None where none is left."""
        while self._waiting:
            asked, asked_at, query = self._waiting.popleft()
            self._known.discard(asked)
            if now - asked_at < MAX_AGE:
                return *asked, query
        return None
