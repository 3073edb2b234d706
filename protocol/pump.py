"""One client's exchange with the matcher: the commands of its session, and its queries.

It touches no socket and no clock. Frames come out, reports go in, times (seconds, monotonic) are arguments.
"""

from collections.abc import Callable, Iterator

from msgspec import Struct

from protocol.codec import encode
from protocol.commands import VERSION, Ask, Commands, Query
from protocol.events import QueryResult, Report
from protocol.session import Answered, ClientSession, Lost, SessionState

ONCE = float("inf")
"""The `repeat_every` of a query that is asked once."""


class _Asked(Struct):
    query: Query
    repeat_every: float
    ask_at: float
    sent: bool = False


class Pump:
    """`submit` commands to the `session`, `ask` queries, send the `due` frames, hand each report to `receive`.

    Send the due frames at least every RESEND_AFTER seconds (see `protocol.session`).
    """

    def __init__(self, new_session: Callable[[], int]) -> None:
        self.session = ClientSession(new_session)
        self._asked: dict[int, _Asked] = {}
        self._request = 0

    @property
    def asked(self) -> int:
        """The number of queries that wait for their results."""
        return len(self._asked)

    def ask(self, query: Query, now: float, repeat_every: float = ONCE) -> int:
        """Ask now, and again every `repeat_every` seconds. Returns the number of the request."""
        self._request += 1
        self._asked[self._request] = _Asked(query, repeat_every, now)
        return self._request

    def is_sent(self, request: int) -> bool:
        """Whether the query was sent."""
        asked = self._asked.get(request)
        return asked is None or asked.sent

    def forget(self, request: int) -> None:
        """Drop a query whose result is no longer needed."""
        self._asked.pop(request, None)

    def ask_again(self) -> None:
        """Ask all queries again at once: whoever was asked is gone."""
        for asked in self._asked.values():
            asked.ask_at = float("-inf")

    def due(self, now: float) -> Iterator[bytes]:
        """The frames to send now. A frame counts as sent when you take the next one: stop when the transport is full.

        Queries follow the commands, and wait until the session is open.
        """
        session = self.session
        while (frame := session.next_frame(now)) is not None:
            yield encode(frame)
            if isinstance(frame, Commands):
                session.sent(frame, now)
        if session.state is not SessionState.OPEN:
            return
        for request, asked in self._asked.items():
            if asked.ask_at <= now:
                yield encode(Ask(VERSION, session.session, request, asked.query))
                asked.sent = True
                asked.ask_at = now + asked.repeat_every

    def receive(self, report: Report, now: float) -> list[Answered] | QueryResult | Lost | None:
        """Take in a report. Returns the answers to commands in order, the result of a query, or the end of the session.

        Returns None for a report with none of these.
        """
        if isinstance(report, QueryResult):
            waited_for = report.session == self.session.public and self._asked.pop(report.request, None) is not None
            return report if waited_for else None
        return self.session.receive(report, now)
