"""Sessions between a gateway and the matcher: every command is taken once, in order, and answered, over sockets that
lose messages.

The client numbers its commands from 1 without a hole. The matcher takes only the next number, and answers each command;
the answer is the acknowledgement. It keeps answers until the client says, with its next commands, up to which number it
has them all. What is not answered in time, or behind a hole in the answers, the client sends again: the matcher repeats
the answers to what it has taken and takes the rest. A client that the matcher does not know, or that it knows less far
than it has answered, starts a new session; what was sent and not answered has then an unknown outcome.

Epochs of a matcher ascend: what comes late from an earlier one is told by its epoch and ignored.

Neither side here touches a socket or a clock: messages go in and come out, times (seconds, monotonic) are arguments.
"""

import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Final, Generic, TypeVar

from msgspec import Struct

from protocol.commands import VERSION, Command, Commands, Hello
from protocol.events import Answer, Answers, FrameRefused, Pulse, Report, SessionUnknown, Welcome

WINDOW: Final = 16_384
"""The most commands of one session that wait for an answer, and the most answers that the matcher keeps for it."""

MAX_SESSIONS: Final = 1_024
"""How many sessions the matcher knows; a new one beyond them makes it forget the one that has been silent longest."""

FRAME_COMMANDS: Final = 256
"""The most commands that a client puts in one frame."""

RESEND_AFTER: Final = 0.25
"""After so many seconds without progress the client sends again what is not answered."""

HELLO_EVERY: Final = 0.05
"""So many seconds pass between two hellos of a client that has no welcome yet."""


def new_session() -> int:
    """A session id that no other client has: 63 random bits."""
    return secrets.randbits(63) or 1


class SessionState(Enum):
    CONNECTING = "connecting"
    OPEN = "open"


class WindowFullError(Exception):
    """WINDOW commands wait for their answers; this one was not taken."""


class NotOpenError(Exception):
    """There is no session with a matcher; the command was not taken."""


class Answered(Struct, frozen=True):
    """The answer to the command of that number, stamped with its sequence and time."""

    number: int
    sequence: int
    timestamp: int
    answer: Answer


class Lost(Struct, frozen=True):
    """The session ended. The commands `sent` may have been executed or not; those `unsent` were not and will not be."""

    reason: str
    sent: list[int]
    unsent: list[int]


class ClientSession:
    """The client's side. `new_session` makes an id that no other session has: a random one.

    `submit` commands, send what `next_frame` gives (and say so by `sent`), hand each report to `receive`, call
    `next_frame` again at least every RESEND_AFTER seconds.
    """

    def __init__(self, new_session: Callable[[], int]) -> None:
        self._new_session = new_session
        self.session = new_session()
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
        """How many commands wait for an answer."""
        return len(self._pending)

    def submit(self, command: Command) -> int:
        """Take a command to be sent; its number."""
        if self.state is not SessionState.OPEN:
            raise NotOpenError
        if len(self._pending) >= WINDOW:
            raise WindowFullError
        self._pending.append(command)
        return self._answered + len(self._pending)

    def next_frame(self, now: float) -> Hello | Commands | None:
        """What is to be sent now, if anything. It is not taken for sent before `sent` is called."""
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
        """The transport has taken the frame of `next_frame`."""
        if self._highest_sent == self._answered:
            self._progress_at = now
        self._next_to_send = frame.number + len(frame.commands)
        self._highest_sent = max(self._highest_sent, self._next_to_send - 1)

    def withdraw_unsent(self) -> list[int]:
        """Give up the commands that were never sent: the transport does not take them. Their numbers."""
        last = self._answered + len(self._pending)
        numbers = list(range(self._highest_sent + 1, last + 1))
        for _ in numbers:
            self._pending.pop()
        return numbers

    def receive(self, report: Report, now: float) -> list[Answered] | Lost | None:
        """Take in a report: the answers that it brings, in order, or the end of the session; None where it brings
        neither."""
        if isinstance(report, Answers):
            current = report.session == self.session and report.epoch == self.epoch and self.state is SessionState.OPEN
            return self._receive_answers(report, now) if current else None
        if isinstance(report, Pulse) or (isinstance(report, Welcome) and self.state is SessionState.OPEN):
            if self.state is SessionState.OPEN and report.epoch > self.epoch:
                self._connect_again()
            return None
        if isinstance(report, Welcome):
            return self._receive_welcome(report, now) if report.session == self.session else None
        if isinstance(report, SessionUnknown) and report.session == self.session and self.state is SessionState.OPEN:
            return self._lose("the matcher does not know the session")
        if isinstance(report, FrameRefused) and report.session == self.session and report.number > self._answered:
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
        self.epoch = 0
        self.journal = ""
        self._answered = 0
        self._next_to_send = 1
        self._highest_sent = 0
        self._connect_again()
        return Lost(reason, sent, unsent)


Kept = TypeVar("Kept")
"""The form in which the matcher keeps the answers to a frame: its bytes, or what they are made of."""


class _Peer(Generic[Kept]):
    """What the matcher knows of a session: the last number taken, and the answers kept, in order: (first number, last
    number, answers)."""

    __slots__ = ("answers", "taken")

    def __init__(self) -> None:
        self.taken = 0
        self.answers: deque[tuple[int, int, Kept]] = deque()


class Taken(Struct, frozen=True):
    """The commands to execute now, the first of which bears `number`."""

    number: int
    commands: list[Command]


class Repeat(Struct, Generic[Kept], frozen=True):
    """Nothing new: these answers are to be sent again."""

    answers: list[Kept]


class Unknown(Struct, frozen=True):
    """The session is not known: the client must start a new one."""


class MatcherSessions(Generic[Kept]):
    """The matcher's side: what it has taken from each session, and the answers that the session may still ask for.

    Which sessions are known, and what is taken, depends on nothing but the frames that opened a session or were taken
    before, in their order: a journal of those frames brings the same state back.
    """

    def __init__(self) -> None:
        self._peers: OrderedDict[int, _Peer[Kept]] = OrderedDict()
        self._latest: _Peer[Kept] | None = None

    def __len__(self) -> int:
        return len(self._peers)

    def knows(self, session: int) -> bool:
        return session in self._peers

    def hello(self, frame: Hello) -> int:
        """Open the session where it is new; the last number taken from it."""
        peer = self._peers.get(frame.session)
        if peer is None:
            self._latest = peer = self._peers[frame.session] = _Peer()
            if len(self._peers) > MAX_SESSIONS:
                self._peers.popitem(last=False)
        return peer.taken

    def receive(self, frame: Commands) -> Taken | Repeat[Kept] | Unknown:
        """What to do with the frame. Commands that are Taken count as taken from here on."""
        peer = self._peers.get(frame.session)
        if peer is None:
            return Unknown()
        answers = peer.answers
        while answers and answers[0][1] <= frame.answered:
            answers.popleft()
        last = frame.number + len(frame.commands) - 1
        skip = peer.taken + 1 - frame.number
        if skip < 0:
            return Repeat([])
        if last <= peer.taken:
            return Repeat([kept for first, final, kept in answers if final >= frame.number and first <= last])
        if last - frame.answered > WINDOW:
            return Repeat([])
        peer.taken = last
        if peer is not self._latest:
            self._latest = peer
            self._peers.move_to_end(frame.session)
        return Taken(frame.number + skip, frame.commands[skip:] if skip else frame.commands)

    def keep(self, session: int, number: int, count: int, answers: Kept) -> None:
        """Keep the answers to `count` commands from `number` on until the session has them."""
        peer = self._peers.get(session)
        if peer is not None:
            peer.answers.append((number, number + count - 1, answers))

    def known(self) -> Iterator[tuple[int, int, list[Kept]]]:
        """Each session, the one that was silent longest first: its id, the last number taken, the answers kept."""
        for session, peer in self._peers.items():
            yield session, peer.taken, [kept for _, _, kept in peer.answers]

    def restore(self, session: int, taken: int, answers: Iterable[tuple[int, int, Kept]]) -> None:
        """Bring back a session of `known`, with the number and count of each of its kept answers."""
        self._latest = peer = self._peers[session] = _Peer()
        peer.taken = taken
        peer.answers.extend((number, number + count - 1, kept) for number, count, kept in answers)
