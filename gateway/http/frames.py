"""The short way to many WebSockets: a frame is encoded once, and written straight to each idle connection.

The long way of a text leads through the ASGI server. It wakes a task for each client and encodes the frame for each
again. A connection that is behind takes the long way. So does every one whose server does not offer the short way.
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
    """The short way of the connection; None where its server does not offer it."""
    found: WriteFrame | None = scope.get("extensions", {}).get(EXTENSION)
    return found
