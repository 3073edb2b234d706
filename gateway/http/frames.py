"""The short way to many WebSockets: a frame that was encoded once goes straight to each connection that has nothing
else to send.

The long way of a text, through the ASGI server, wakes a task for each client and encodes the frame for each anew. It
stays the way of every connection that is behind, and the only one under a server that does not offer the short one.
"""

from collections.abc import Callable, MutableMapping
from typing import Any, Final

from msgspec import Struct
from websockets.frames import Frame, Opcode

EXTENSION: Final = "gateway.write_frame"
"""The name of the short way in a connection's ASGI scope."""

WriteFrame = Callable[[bytes], bool]


class Message(Struct, frozen=True):
    """One message for many clients: its text, and the frame that carries it."""

    text: str
    frame: bytes


def message(text: str) -> Message:
    return Message(text, Frame(Opcode.TEXT, text.encode()).serialize(mask=False))


def write_frame_of(scope: MutableMapping[str, Any]) -> WriteFrame | None:
    """The short way of the connection, where its server offers it."""
    found: WriteFrame | None = scope.get("extensions", {}).get(EXTENSION)
    return found
