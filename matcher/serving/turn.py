"""One turn of the loop: what it has taken in, and what it sends once that is safe."""

from msgspec import Struct

from matcher.reply import Reply
from matcher.state import Caused

TURN_TIME = 20_000_000
"""Nanoseconds after which a turn takes in nothing more. The command that runs then is finished."""


class Turn(Struct):
    """All of one turn is stamped with one `time`.

    first_sequence: that of its first command.
    until: the monotonic time at which it takes in nothing more.
    entries: what is to be logged.
    replies: the answers to commands.
    reports: other reports, as topic and payload.
    caused: what each command has caused.
    """

    first_sequence: int
    time: int
    until: int
    entries: list[bytes]
    replies: list[Reply]
    reports: list[tuple[bytes, bytes]]
    caused: list[Caused]


def new_turn(first_sequence: int, time: int, now: int) -> Turn:
    """A turn that begins at the monotonic time `now`."""
    return Turn(first_sequence, time, now + TURN_TIME, [], [], [], [])
