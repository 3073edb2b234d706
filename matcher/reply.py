"""A reply: what a session hears of its commands. It is kept until the session has it, and snapshots hold it."""

from msgspec import Struct

from protocol.events import Answer


class Reply(Struct):
    """The answers to commands of one session: the first to `number`, stamped `sequence`, the following to the next
    ones."""

    session: int
    number: int
    sequence: int
    timestamp: int
    answers: list[Answer]
