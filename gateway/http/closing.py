"""How a WebSocket is closed: with a code and a reason, or with an HTTP answer before it is opened."""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from msgspec import Struct
from starlette.types import Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.http.responses import HttpResponse

MAX_REASON_BYTES: Final = 123
"""The longest reason that fits in a close frame."""

SUBPROTOCOL: Final = "exchange"
"""What a page offers beside its key: a browser closes a stream that selects none of what was offered."""

START_AGAIN: Final = 1012
"""What the stream has told no longer holds: the client should connect again."""


class CloseFrame(Struct, frozen=True):
    """The last frame of a WebSocket."""

    code: int
    reason: str


class Closing(Struct, frozen=True):
    """How a dialect closes its streams.

    error: the frame that tells an error. None for an unknown error: the gateway has failed.
    too_slow: the code for a client that would have missed something.
    """

    error: Callable[[Exception], CloseFrame | None]
    too_slow: int


async def accept(websocket: WebSocket) -> None:
    """Open the stream. Of the offered subprotocols SUBPROTOCOL is selected: others may hold a secret."""
    await websocket.accept(SUBPROTOCOL if SUBPROTOCOL in websocket.scope.get("subprotocols", ()) else None)


async def close_stream(websocket: WebSocket, frame: CloseFrame) -> None:
    await websocket.close(frame.code, frame.reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore"))


async def refuse_stream(websocket: WebSocket, frame: CloseFrame) -> None:
    """Close a stream that is not open yet.

    It is accepted first: browsers hide the code of a refused handshake from pages.
    """
    with suppress(WebSocketDisconnect):
        await accept(websocket)
        await close_stream(websocket, frame)


async def deny_stream(send: Send, response: HttpResponse) -> None:
    """Answer the request for a stream over HTTP: nothing is opened."""
    await send({"type": "websocket.http.response.start", "status": response.status, "headers": response.headers})
    await send({"type": "websocket.http.response.body", "body": response.body})
