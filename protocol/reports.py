"""Reports: the frames that carry answers and results to a session. Only append fields and tags.

`session` is the session's public number (`protocol.public_number`), never its id.
"""

from msgspec import Struct

from protocol.answers import Answer
from protocol.happenings import KeyRevoked, KeySet
from protocol.metrics import ProcessMetrics
from protocol.node import NodePulse
from protocol.results import AccountUpdate, Result


class Welcome(Struct, frozen=True, array_like=True, tag=1):
    """Answers Hello.

    epoch: the number of this start of the matcher; it grows with each start.
    journal: the id of the journal, the same for its lifetime.
    taken: the last number that the matcher took from the session. If it is below `answered`, the journal has lost
        answered commands.
    answered: that of the Hello.
    """

    version: int
    session: int
    epoch: int
    journal: str
    taken: int
    answered: int = 0


class Answers(Struct, frozen=True, array_like=True, tag=2):
    """Answers to consecutive commands of a session. All have the same `timestamp`.

    number: the number of the first answered command; the others have the next numbers.
    sequence: the sequence of the first answered command; the others have the next sequences.
    """

    session: int
    epoch: int
    number: int
    sequence: int
    timestamp: int
    answers: list[Answer]


class SessionUnknown(Struct, frozen=True, array_like=True, tag=3):
    """The matcher does not know the session, or has forgotten it. It took no command of the frame."""

    session: int
    number: int


class FrameRefused(Struct, frozen=True, array_like=True, tag=4):
    """The matcher cannot read the frame that began with `number`. It took no command of it."""

    session: int
    number: int
    detail: str


class QueryResult(Struct, frozen=True, array_like=True, tag=5):
    """The result of the query `request`, as of the command with this `sequence`."""

    session: int
    request: int
    sequence: int
    timestamp: int
    result: Result


class Pulse(Struct, frozen=True, array_like=True, tag=6):
    """Tells all sessions that the matcher is alive.

    sequence: that of the last command.
    timestamp: the matcher's time, the base of deadlines; zero from a matcher too old to tell it.
    """

    version: int
    epoch: int
    journal: str
    sequence: int
    timestamp: int = 0


Report = (
    Welcome
    | Answers
    | SessionUnknown
    | FrameRefused
    | QueryResult
    | Pulse
    | AccountUpdate
    | KeySet
    | KeyRevoked
    | ProcessMetrics
    | NodePulse
)
