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

READ_FREELY: Final = "gateway.read_freely"
"""The name, in the scope, of what lets the peer send much: larger messages, many at a time, without turns. It takes the
seconds that the peer has for a pong."""

FAREWELL: Final = "gateway.farewell"
"""The name, in the scope, of what takes a maker of the last payload. It is sent when the server stops."""

SHORT: Final = 126
LONG: Final = 65536
"""From these sizes on, a frame tells its size in two bytes, and in eight."""

WriteFrame = Callable[[bytes], bool]


class Message(Struct, frozen=True):
    """One message for many clients: its text, and the frame that carries it."""

    text: str
    frame: bytes


def message(text: str) -> Message:
    return Message(text, Frame(Opcode.TEXT, text.encode()).serialize(mask=False))


def frame_of(payload: bytes) -> bytes:
    """The frame that carries a text."""
    size = len(payload)
    if size < SHORT:
        return b"\x81%c%b" % (size, payload)
    if size < LONG:
        return b"\x81\x7e%b%b" % (size.to_bytes(2), payload)
    return b"\x81\x7f%b%b" % (size.to_bytes(8), payload)


def write_frame_of(scope: MutableMapping[str, Any]) -> WriteFrame | None:
    """The short way of the connection; None where its server does not offer it."""
    found: WriteFrame | None = scope.get("extensions", {}).get(EXTENSION)
    return found
