"""One session with the matcher: no socket, no clock, no thread. The clients put those around it.

Commands and queries go in with a function that takes what becomes of them. Frames come out, reports go in. Times are
seconds of a monotonic clock.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from matching_exchange.client.errors import OutcomeUnknown, Unavailable
from matching_exchange.client.parameters import whole
from matching_exchange.client.zmq.states import ConnectionState
from protocol.checks import check_command, check_query
from protocol.commands import VERSION, Command, Query
from protocol.events import AccountUpdate, Pulse, QueryResult, Report
from protocol.leader import Leadership
from protocol.matcher_clock import MatcherClock
from protocol.pump import Pump
from protocol.session import WINDOW, Answered, Lost, SessionState, new_session

PULSE_TIMEOUT: Final = 1.0
"""Seconds without a pulse after which the matcher counts as away. It has then missed five."""

REPEAT_QUERY_AFTER: Final = 1.0
"""Seconds without a result after which a query is asked again."""

FRAMES_QUEUED: Final = 4 * WINDOW
"""Frames that wait in the socket at most. ZeroMQ tells late what was read, by up to a half. So a socket that takes no
frame has no matcher, however many commands are under way."""

NANOSECONDS: Final = 1_000_000_000
"""In a second."""

Outcome = Answered | Exception
Done = Callable[[Outcome], None]
"""Takes the answer to a command, or why there is none."""

Found = Callable[[QueryResult | Exception], None]
"""Takes the result of a query, or why there is none."""


class WindowFull(Unavailable):
    """As many commands as the client's window holds wait for their answers. Nothing of this call was sent."""


class Order(Struct, frozen=True):
    """A command, and who takes its outcome."""

    command: Command
    done: Done


def no_matcher(message: str) -> Unavailable:
    return Unavailable("matcher_unavailable", message)


class Link:
    """`window` is how many commands may wait for their answers, from 1 to 16,384. `tell` hears each change of the
    connection.

    leadership: what is known of the nodes of a replicated log, where there are some.
    """

    def __init__(
        self, window: int, tell: Callable[[ConnectionState], None], leadership: Leadership | None = None
    ) -> None:
        self._leadership = leadership
        self.window = whole(window, "window", WINDOW)
        self.clock = MatcherClock()
        self._tell = tell
        self._pump = Pump(new_session)
        self._session = self._pump.session
        self._waiting: deque[Done] = deque()
        self._asked: dict[int, Found] = {}
        self._pulse_at = float("-inf")
        self._pulse_epoch = 0
        self._journal = ""
        self._was_available = False
        self._closed = False

    @property
    def public(self) -> int:
        """The public number of the session, which names the topic of its reports."""
        return self._session.public

    @property
    def waiting(self) -> int:
        """The number of commands that wait for their answers."""
        return len(self._waiting)

    @property
    def room(self) -> int:
        """How many commands the window takes now."""
        return self.window - len(self._waiting)

    @property
    def busy(self) -> bool:
        """Whether anything waits for the matcher."""
        return bool(self._waiting or self._asked) or self._session.state is not SessionState.OPEN

    def available(self, now: float) -> bool:
        """Whether a matcher has welcomed the session, its pulse is heard, and it can write to its log."""
        if self._leadership is not None and not self._leadership.takes_commands(now):
            return False
        welcome = self._session.state is SessionState.OPEN and self._session.epoch >= self._pulse_epoch
        return welcome and not self._closed and now - self._pulse_at < PULSE_TIMEOUT

    def submit(self, orders: Sequence[Order], now: float) -> None:
        """Queue commands, all or none.

        Raises FieldError, WindowFull, or Unavailable without a matcher.
        """
        for order in orders:
            check_command(order.command)
        if not self.available(now):
            raise no_matcher("There is no matcher. Nothing was sent.")
        if len(orders) > self.room:
            raise self.full()
        for order in orders:
            self._session.submit(order.command)
            self._waiting.append(order.done)

    def full(self) -> WindowFull:
        """The error of a call for which there is no room."""
        return WindowFull(
            "too_much_in_flight",
            f"{self.waiting} commands wait for their answers: the window takes {self.window}. Nothing was sent.",
        )

    def ask(self, query: Query, found: Found, now: float) -> int:
        """Ask, again and again until there is a result. Returns a number for `forget`. Raises FieldError."""
        check_query(query)
        request = self._pump.ask(query, now, REPEAT_QUERY_AFTER)
        self._asked[request] = found
        return request

    def forget(self, request: int) -> None:
        """Nobody waits for that result any more."""
        self._asked.pop(request, None)
        self._pump.forget(request)

    def due(self, now: float) -> Iterator[bytes]:
        """The frames to send now, as of `Pump.due`."""
        return self._pump.due(now)

    def refuse_unsent(self) -> None:
        """The transport takes nothing: end the commands that were never sent. They are not carried out later."""
        numbers = self._session.withdraw_unsent()
        refused = [self._waiting.pop() for _ in numbers]
        for done in reversed(refused):
            done(no_matcher("The matcher takes no commands now. This one was not sent."))

    def receive(self, report: Report, now: float) -> AccountUpdate | None:
        """Take in a report. Returns the update of a watched account."""
        if self._closed:
            # What waited was told so. The sockets may still bring what was on its way.
            return None
        if isinstance(report, AccountUpdate):
            return report
        if isinstance(report, Pulse):
            self._hear(report, now)
            if report.version != VERSION:
                return None
        was_open = self._session.state is SessionState.OPEN
        outcome = self._pump.receive(report, now)
        if isinstance(outcome, Lost):
            self._lose(outcome)
        elif isinstance(outcome, QueryResult):
            found = self._asked.pop(outcome.request, None)
            if found is not None:
                found(outcome)
        elif outcome:
            for answered in outcome:
                self._waiting.popleft()(answered)
        if not was_open and self._session.state is SessionState.OPEN:
            self._opened(now)
        return None

    def tick(self, now: float) -> None:
        """Tell where the matcher has fallen silent. Call it several times a second."""
        available = self.available(now)
        if self._was_available and not available:
            self._was_available = False
            self._tell(ConnectionState("away", self._session.epoch, "no matcher is heard: what waits goes on later"))
        elif available and not self._was_available:
            self._was_available = True
            self._tell(ConnectionState("open", self._session.epoch))

    def close(self) -> None:
        """End all that waits, and take nothing more."""
        self._closed = True
        waiting, self._waiting = list(self._waiting), deque()
        asked, self._asked = list(self._asked.values()), {}
        for done in waiting:
            done(OutcomeUnknown("The client was closed before the answer came."))
        for found in asked:
            found(no_matcher("The client was closed before the result came."))

    def _hear(self, pulse: Pulse, now: float) -> None:
        if pulse.version != VERSION:
            detail = f"the matcher speaks version {pulse.version}: this client takes version {VERSION}"
            self._tell(ConnectionState("away", pulse.epoch, detail))
            return
        self._pulse_at = now
        self._pulse_epoch = pulse.epoch
        self.clock.hear(pulse.timestamp)

    def _opened(self, now: float) -> None:
        # A Welcome is as good as a pulse.
        self._pulse_at = now
        other = bool(self._journal) and self._journal != self._session.journal
        self._journal = self._session.journal
        self._was_available = True
        detail = "the exchange has another history than before" if other else ""
        self._tell(ConnectionState("open", self._session.epoch, detail, other))

    def _lose(self, lost: Lost) -> None:
        waiting, self._waiting = list(self._waiting), deque()
        for done in waiting[: len(lost.sent)]:
            done(OutcomeUnknown(f"The session has ended: {lost.reason}."))
        for done in waiting[len(lost.sent) :]:
            done(no_matcher(f"The session has ended before it was sent: {lost.reason}."))
        self._was_available = False
        detail = f"{lost.reason}: {len(lost.sent)} commands have an unknown outcome"
        self._tell(ConnectionState("lost", 0, detail))
