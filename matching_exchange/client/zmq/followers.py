"""What all followers share. A follower reads one feed without a hole: what is missing it asks for.

Followers touch no socket and no clock. Each belongs to one thread or one event loop.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final, Protocol

from matching_exchange.client.zmq.link import Outcome
from matching_exchange.client.zmq.states import ConnectionState, Hole
from protocol.commands import Command, Query
from protocol.events import QueryResult

FIRST_CHECK: Final = 0.25
LAST_CHECK: Final = 5.0
"""Seconds of silence after which the matcher is asked whether something was lost: at first, and at the most. Each check
without news doubles the time."""

MESSAGES_WAITING: Final = 10_000
"""Messages that wait at most for missing ones. The oldest beyond them are asked for again."""

Tell = Callable[[Hole], None]


class Desk(Protocol):
    """Where followers ask. Each function is called back on the follower's own thread, once or never."""

    def ask(self, query: Query, found: Callable[[QueryResult], None]) -> None: ...

    def command(self, command: Command, done: Callable[[Outcome], None]) -> None: ...


class Follower(ABC):
    """`tell` hears of each hole. `on_begun` is called once it is known where the feed begins: all that comes later is
    told."""

    def __init__(self, desk: Desk, tell: Tell) -> None:
        self.on_begun: Callable[[], None] | None = None
        self._desk = desk
        self._tell = tell
        self._asking = False
        self._ask_again = False
        self._delay = FIRST_CHECK
        self._check_at = float("-inf")
        self._news = False

    def tick(self, now: float) -> None:
        """Ask whether something was lost, from time to time."""
        if self._news:
            self._news = False
            self._delay = FIRST_CHECK
            self._check_at = now + FIRST_CHECK
        elif now >= self._check_at:
            self._check_at = now + self._delay
            self._delay = min(2 * self._delay, LAST_CHECK)
            self.check()

    def heard(self) -> None:
        """Something has come. What comes behind it may be lost: check again soon."""
        self._news = True

    def connection(self, state: ConnectionState) -> None:
        """The connection has changed. Messages may be lost."""
        if state.other_history:
            self.forget()
        if state.state == "open":
            self.check()

    def check(self) -> None:
        """Ask for what is missing. A question under way may be too early for the latest loss."""
        if self._asking:
            self._ask_again = True
            return
        self._asking = True
        self._ask_again = False
        self._ask()

    def _has_begun(self) -> None:
        """Call it each time that a beginning is known."""
        begun, self.on_begun = self.on_begun, None
        if begun is not None:
            begun()

    def _answered(self, *, more: bool = False) -> None:
        """A question has its answer. Ask the next one, if there is one."""
        self._asking = False
        if more or self._ask_again:
            self.check()

    @abstractmethod
    def _ask(self) -> None:
        """Ask the desk; call `_answered` in the end."""

    @abstractmethod
    def forget(self) -> None:
        """The exchange has another history: begin anew."""
