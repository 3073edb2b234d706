"""Reports: the frames that carry answers and results to a session. Fields and tags are only ever appended."""

from msgspec import Struct

from protocol.answers import Answer
from protocol.results import AccountUpdate, QueryResult


class Welcome(Struct, frozen=True, array_like=True, tag=1):
    """Answers Hello, whose `answered` it repeats. `journal` names the journal for its lifetime, `taken` is the last
    number that the matcher took from the session: below `answered`, the journal has lost what was answered."""

    version: int
    session: int
    epoch: int
    journal: str
    taken: int
    answered: int = 0


class Answers(Struct, frozen=True, array_like=True, tag=2):
    """Answers in the order of the commands' numbers, the first one to `number` and stamped `sequence`, the following
    the next ones."""

    session: int
    epoch: int
    number: int
    sequence: int
    timestamp: int
    answers: list[Answer]


class SessionUnknown(Struct, frozen=True, array_like=True, tag=3):
    """The matcher does not know the session, or not any more: nothing of the frame was taken."""

    session: int
    number: int


class FrameRefused(Struct, frozen=True, array_like=True, tag=4):
    """The frame that began with `number` is no sound frame: nothing of it was taken."""

    session: int
    number: int
    detail: str


class QueryAnswer(Struct, frozen=True, array_like=True, tag=5):
    """The result of the query `request`, as of `sequence`."""

    session: int
    request: int
    sequence: int
    timestamp: int
    result: QueryResult


class Pulse(Struct, frozen=True, array_like=True, tag=6):
    """The matcher is alive; goes to all sessions. `timestamp` is the matcher's time, from which deadlines are made;
    zero where an older matcher does not tell it."""

    version: int
    epoch: int
    journal: str
    sequence: int
    timestamp: int = 0


Report = Welcome | Answers | SessionUnknown | FrameRefused | QueryAnswer | Pulse | AccountUpdate
