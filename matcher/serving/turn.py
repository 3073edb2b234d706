"""One turn of the loop: what it has taken in, and what it sends once that is safe."""

from typing import TYPE_CHECKING

from mypy_extensions import mypyc_attr

if TYPE_CHECKING:
    from matcher.reply import Reply
    from matcher.state import Caused

TURN_TIME = 20_000_000
"""Nanoseconds after which a turn takes in nothing more. The command that runs then is finished."""


@mypyc_attr(acyclic=True)
class Turn:
    """All of one turn is stamped with one `time`.

    told: the time that results of queries bear. With a replicated log it is that of the last committed record, until
        the turn's first command has run.
    first_sequence: that of its first command.
    until: the monotonic time at which it takes in nothing more.
    entries: what is to be logged.
    replies: the answers to commands.
    reports: other reports, as topic and payload.
    caused: what each command has caused.
    public: further messages of market data, as topic and payload.
    """

    __slots__ = ("caused", "entries", "first_sequence", "public", "replies", "reports", "time", "told", "until")

    def __init__(self, first_sequence: int, time: int, until: int) -> None:
        self.first_sequence = first_sequence
        self.time = self.told = time
        self.until = until
        self.entries: list[bytes] = []
        self.replies: list[Reply] = []
        self.reports: list[tuple[bytes, bytes]] = []
        self.caused: list[Caused] = []
        self.public: list[tuple[bytes, bytes]] = []


def new_turn(first_sequence: int, time: int, now: int) -> Turn:
    """A turn that begins at the monotonic time `now`."""
    return Turn(first_sequence, time, now + TURN_TIME)
