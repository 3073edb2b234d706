"""Queries that wait for their turn: lists get a share of the matcher's time, and commands the rest.

A light query costs at most as much as a command. It is answered at once, in order with the commands. A list is
answered after those that came before it, and after commands that came later. A query that is asked again while it
waits is answered once. One is not answered if its client no longer waits.
"""

from collections import deque
from typing import Final, Generic, TypeVar

from protocol.commands import (
    AccountVersionsQuery,
    DepthQuery,
    InstrumentsQuery,
    KeysQuery,
    OrderQuery,
    Query,
    StatusQuery,
    TradesQuery,
)

MAX_WAITING: Final = 16_384
"""The most queries that wait; further ones are dropped, and asked again by who still wants to know."""

SHARE: Final = 5_000_000
"""Nanoseconds of a turn after which no further query is answered."""

MAX_AGE: Final = 2_000_000_000
"""Nanoseconds after which nobody waits for an answer any more: gateways give up then, other clients have asked
again."""

Asked = tuple[int, int]
"""The session's public number, and the number of a query."""

Q = TypeVar("Q")

LIGHT: Final = 20
"""Levels or trades that a light query tells at most."""


def is_light(query: Query) -> bool:
    """Whether the query costs at most as much as a command."""
    match query:
        case OrderQuery() | StatusQuery():
            return True
        case DepthQuery(levels=count) | TradesQuery(limit=count):
            return count <= LIGHT
        case KeysQuery(limit=count) | AccountVersionsQuery(limit=count):
            return count == 0
        case InstrumentsQuery(symbol=symbol):
            return symbol is not None
    return False


class QueryQueue(Generic[Q]):
    """First come, first served. Times are monotonic, in nanoseconds."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Asked, int, Q]] = deque()
        self._known: set[Asked] = set()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def __len__(self) -> int:
        return len(self._waiting)

    def ask(self, session: int, request: int, query: Q, now: int) -> None:
        asked = session, request
        if asked not in self._known and len(self._waiting) < MAX_WAITING:
            self._known.add(asked)
            self._waiting.append((asked, now, query))

    def take(self, now: int) -> tuple[int, int, Q] | None:
        """The session, number and query to answer next; None if none is left."""
        while self._waiting:
            asked, asked_at, query = self._waiting.popleft()
            self._known.discard(asked)
            if now - asked_at < MAX_AGE:
                return *asked, query
        return None
