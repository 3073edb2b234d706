"""How a snapshot goes from a node of a replicated log to another process. Only append fields.

One asks, the other answers. Nothing is kept from one question to the next: who has lost an answer asks again.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

VERSION: Final = 1

PIECE_BYTES: Final = 256 * 1024
"""The largest piece of a snapshot in one answer."""

MAX_QUESTION_BYTES: Final = 256
MAX_ANSWER_BYTES: Final = 2 * PIECE_BYTES

MAX_LISTED: Final = 64
"""The most snapshots in one list."""

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class AskList(Struct, frozen=True, array_like=True, tag=1):
    """Which snapshots are there?"""

    version: int


class AskPiece(Struct, frozen=True, array_like=True, tag=2):
    """The bytes of a snapshot from this offset on."""

    version: int
    position: Count
    offset: Count


Question = AskList | AskPiece


class Listed(Struct, frozen=True, array_like=True):
    """A snapshot.

    position: in the log. sequence: of the last command before it. bytes: the size of its file.
    """

    position: Count
    sequence: Count
    bytes: Count


class SnapshotList(Struct, frozen=True, array_like=True, tag=1):
    """The snapshots of a node, newest first.

    log: names the log that they are of; empty without a snapshot.
    """

    version: int
    log: str
    snapshots: Annotated[list[Listed], Meta(max_length=MAX_LISTED)]


class Piece(Struct, frozen=True, array_like=True, tag=2):
    """Bytes of a snapshot; none behind its end."""

    version: int
    data: bytes


class NoPiece(Struct, frozen=True, array_like=True, tag=3):
    """The snapshot is not there any more, or the question cannot be read."""

    version: int


SnapshotAnswer = SnapshotList | Piece | NoPiece

encode = msgspec.msgpack.Encoder().encode
decode_question = msgspec.msgpack.Decoder(Question).decode
decode_answer = msgspec.msgpack.Decoder(SnapshotAnswer).decode
