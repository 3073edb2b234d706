"""Answers queries: light ones at once, lists in their share of each turn."""

from collections.abc import Callable

from matcher.serving.book_feeds import BookFeeds
from matcher.serving.queries import EngineQuery, answer_query
from matcher.serving.query_queue import SHARE, QueryQueue, is_light
from matcher.serving.turn import Turn
from matcher.state import State
from protocol import topics
from protocol.codec import encode
from protocol.commands import AccountUpdatesQuery, BookUpdatesQuery, SessionsQuery, StatusQuery
from protocol.events import MatcherStatus, QueryResult, Result, SessionList, SessionState
from protocol.public_number import public_number

StateQuery = EngineQuery | StatusQuery | AccountUpdatesQuery | BookUpdatesQuery | SessionsQuery
"""What the matcher answers by itself. Digests and saves are made by children."""


class QueryDesk:
    """`status` tells how the matcher does, `monotonic` is in nanoseconds."""

    def __init__(
        self, state: State, books: BookFeeds, status: Callable[[], MatcherStatus], monotonic: Callable[[], int]
    ) -> None:
        self._state = state
        self._books = books
        self._status = status
        self._monotonic = monotonic
        self._waiting: QueryQueue[StateQuery] = QueryQueue()

    def __bool__(self) -> bool:
        """Whether lists wait to be answered."""
        return bool(self._waiting)

    @property
    def waiting(self) -> int:
        """Lists that wait to be answered."""
        return len(self._waiting)

    def ask(self, session: int, request: int, query: StateQuery, turn: Turn) -> None:
        """Answer a light query at once, in order with the commands. Let another one wait. `session` is the public
        number."""
        if is_light(query):
            self._answer(session, request, query, turn)
        else:
            self._waiting.ask(session, request, query, self._monotonic())

    def answer_waiting(self, turn: Turn) -> None:
        """Answer lists that wait, at least one, until their share of the turn is used up."""
        begun = now = self._monotonic()
        while now - begun < SHARE and (asked := self._waiting.take(now)) is not None:
            self._answer(*asked, turn)
            now = self._monotonic()

    def _answer(self, session: int, request: int, query: StateQuery, turn: Turn) -> None:
        report = QueryResult(session, request, self._state.sequence, turn.told, self._result(query))
        turn.reports.append((topics.reports(session), encode(report)))

    def _result(self, query: StateQuery) -> Result:
        if isinstance(query, StatusQuery):
            return self._status()
        if isinstance(query, AccountUpdatesQuery):
            return self._state.streams.after(query.account, query.after)
        if isinstance(query, BookUpdatesQuery):
            return self._books.after(query)
        if isinstance(query, SessionsQuery):
            return self._sessions()
        return answer_query(self._state.registry, query)

    def _sessions(self) -> SessionList:
        known = [
            SessionState(public_number(session), taken, len(answers))
            for session, taken, answers in self._state.sessions.known()
        ]
        known.reverse()
        return SessionList(known)
