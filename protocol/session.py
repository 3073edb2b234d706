"""Sessions between a gateway and the matcher, over sockets that lose messages. The matcher's side is
`matcher.sessions`.

The matcher takes every command once, in order, and answers it. The client numbers its commands from 1 without a hole.
The matcher takes only the next number. Its answer is the acknowledgement. It keeps answers until the client's next
commands say that they have arrived.

The client sends commands again if no answer comes in time, or if an answer before theirs is missing. The matcher then
repeats the answers to the commands that it has taken, and takes the rest.

The matcher may not know the session, or know fewer commands than it has answered. Then the client opens a new one.
Commands that were sent and not answered then have an unknown outcome.

The epoch of a matcher grows with each start. The client ignores a late message of an earlier epoch.

Neither side touches a socket or a clock: messages go in and come out, times (seconds, monotonic) are arguments.
"""

import secrets
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Final

from msgspec import Struct

from protocol.commands import VERSION, Command, Commands, Hello
from protocol.events import Answer, Answers, FrameRefused, Pulse, Report, SessionUnknown, Welcome
from protocol.public_number import public_number

WINDOW: Final = 16_384
"""Commands of one session that wait for an answer, at most. The matcher keeps as many answers for it."""

FRAME_COMMANDS: Final = 256
"""Commands in one frame at most."""

RESEND_AFTER: Final = 0.25
"""Seconds without progress after which the client sends its unanswered commands again."""

HELLO_EVERY: Final = 0.05
"""Seconds between two Hellos of a client that waits for its Welcome."""


def new_session() -> int:
    """Make a session id that no other client has and nobody guesses: 63 random bits. Tell it to the matcher alone."""
    return secrets.randbits(63) or 1


class SessionState(Enum):
    CONNECTING = "connecting"
    OPEN = "open"


class WindowFullError(Exception):
    """WINDOW commands wait for their answers. This one was not sent."""


class NotOpenError(Exception):
    """No session with a matcher is open. The command was not sent."""


class Answered(Struct, frozen=True):
    """The answer to the command of this number, with the command's sequence and time."""

    number: int
    sequence: int
    timestamp: int
    answer: Answer


class Lost(Struct, frozen=True):
    """The session has ended.

    sent: numbers of commands that may have been executed or not.
    unsent: numbers of commands that were not executed, and will not be.
    """

    reason: str
    sent: list[int]
    unsent: list[int]


class ClientSession:
    """The client's side. `new_session` makes an id that no other session has; `public` is its public number.

    `submit` commands, send the result of `next_frame`, and confirm it by `sent`. Hand each report to `receive`. Call
    `next_frame` again at least every RESEND_AFTER seconds.
    """

    def __init__(self, new_session: Callable[[], int]) -> None:
        self._new_session = new_session
        self.session = new_session()
        self.public = public_number(self.session)
        self.state = SessionState.CONNECTING
        self.epoch = 0
        self.journal = ""
        self._pending: deque[Command] = deque()
        self._answered = 0
        self._next_to_send = 1
        self._highest_sent = 0
        self._progress_at = 0.0
        self._hello_at = float("-inf")

    @property
    def waiting(self) -> int:
        """The number of commands that wait for an answer."""
        return len(self._pending)

    def submit(self, command: Command) -> int:
        """Queue a command, and return its number. Raises NotOpenError or WindowFullError."""
        if self.state is not SessionState.OPEN:
            raise NotOpenError
        if len(self._pending) >= WINDOW:
            raise WindowFullError
        self._pending.append(command)
        return self._answered + len(self._pending)

    def next_frame(self, now: float) -> Hello | Commands | None:
        """The next frame to send now, else None. It counts as sent after you call `sent`."""
        if self.state is SessionState.CONNECTING:
            if now - self._hello_at < HELLO_EVERY:
                return None
            self._hello_at = now
            return Hello(VERSION, self.session, self._answered)
        if self._highest_sent > self._answered and now - self._progress_at >= RESEND_AFTER:
            self._rewind(now)
        first = self._next_to_send - self._answered - 1
        if first >= len(self._pending):
            return None
        count = min(FRAME_COMMANDS, len(self._pending) - first)
        commands = (
            list(self._pending)
            if first == 0 and count == len(self._pending)
            else [self._pending[first + i] for i in range(count)]
        )
        return Commands(VERSION, self.session, self._next_to_send, self._answered, commands)

    def sent(self, frame: Commands, now: float) -> None:
        """Confirm that the transport has taken the frame of `next_frame`."""
        if self._highest_sent == self._answered:
            self._progress_at = now
        self._next_to_send = frame.number + len(frame.commands)
        self._highest_sent = max(self._highest_sent, self._next_to_send - 1)

    def withdraw_unsent(self) -> list[int]:
        """Drop the commands that were never sent, because the transport does not take them. Returns their numbers."""
        last = self._answered + len(self._pending)
        numbers = list(range(self._highest_sent + 1, last + 1))
        for _ in numbers:
            self._pending.pop()
        return numbers

    def receive(self, report: Report, now: float) -> list[Answered] | Lost | None:
        """Take in a report. Returns its answers in order, the end of the session, or None."""
        if isinstance(report, Answers):
            current = report.session == self.public and report.epoch == self.epoch and self.state is SessionState.OPEN
            return self._receive_answers(report, now) if current else None
        if isinstance(report, Pulse) or (isinstance(report, Welcome) and self.state is SessionState.OPEN):
            if self.state is SessionState.OPEN and report.epoch > self.epoch:
                self._connect_again()
            return None
        if isinstance(report, Welcome):
            return self._receive_welcome(report, now) if report.session == self.public else None
        if isinstance(report, SessionUnknown) and report.session == self.public and self.state is SessionState.OPEN:
            return self._lose("the matcher does not know the session")
        if isinstance(report, FrameRefused) and report.session == self.public and report.number > self._answered:
            return self._lose(f"the matcher refused a frame: {report.detail}")
        return None

    def _receive_answers(self, report: Answers, now: float) -> list[Answered] | None:
        skip = self._answered + 1 - report.number
        if skip < 0:
            if now - self._progress_at >= HELLO_EVERY:
                self._rewind(now)
            return None
        answers = [
            Answered(report.number + index, report.sequence + index, report.timestamp, report.answers[index])
            for index in range(skip, len(report.answers))
        ]
        if answers:
            for _ in answers:
                self._pending.popleft()
            self._answered += len(answers)
            self._next_to_send = max(self._next_to_send, self._answered + 1)
            self._progress_at = now
        return answers

    def _receive_welcome(self, report: Welcome, now: float) -> Lost | None:
        if report.epoch <= self.epoch or report.answered != self._answered:
            return None
        if self.journal and (report.journal != self.journal or report.taken < report.answered):
            return self._lose("the matcher's journal has lost what it had answered")
        self.epoch = report.epoch
        self.journal = report.journal
        self.state = SessionState.OPEN
        self._rewind(now)
        return None

    def _rewind(self, now: float) -> None:
        self._next_to_send = self._answered + 1
        self._progress_at = now

    def _connect_again(self) -> None:
        self.state = SessionState.CONNECTING
        self._hello_at = float("-inf")

    def _lose(self, reason: str) -> Lost:
        unsent = self.withdraw_unsent()
        sent = list(range(self._answered + 1, self._answered + len(self._pending) + 1))
        self._pending.clear()
        self.session = self._new_session()
        self.public = public_number(self.session)
        self.epoch = 0
        self.journal = ""
        self._answered = 0
        self._next_to_send = 1
        self._highest_sent = 0
        self._connect_again()
        return Lost(reason, sent, unsent)
