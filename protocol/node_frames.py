"""Frames to the nodes of a replicated log, from those who run them. Only append fields.

They have the form of other frames: `session` is zero, for nobody waits for an answer.
"""

from typing import Annotated

from msgspec import Meta, Struct

from protocol.units import MAX_INTEGER

MAX_NODE = 31

NodeNumber = Annotated[int, Meta(ge=0, le=MAX_NODE)]
ReaderName = Annotated[str, Meta(min_length=1, max_length=64)]
LogPosition = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]


class HandOver(Struct, frozen=True, array_like=True, tag=4, gc=False):
    """Let this node lead from now on. The leader ends; another node drops the frame."""

    version: int
    session: int
    node: NodeNumber


class NoteReader(Struct, frozen=True, array_like=True, tag=5, gc=False):
    """A reader of the log has what it needs up to this position. The leader then trims no further than that."""

    version: int
    session: int
    name: ReaderName
    position: LogPosition
