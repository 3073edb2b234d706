"""Serves one socket from its handshake to its end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.binance.refusals import told
from gateway.binance.sockets.client import TOO_SLOW, SocketClient
from gateway.http.closing import CloseFrame, Closing, accept, close_stream
from gateway.http.frames import FAREWELL, READ_FREELY, write_frame_of

MOST_SECONDS: Final = 24 * 60 * 60
"""How long a socket may be open."""

PONG_SECONDS: Final = 60.0
"""How long a client may take to answer a ping."""

GOING_AWAY: Final = 1001
REFUSED: Final = 1008
FAILED: Final = 1011
TRY_AGAIN: Final = 1013

Hear = Callable[[str], Awaitable[None]]


def _error_frame(error: Exception) -> CloseFrame | None:
    found = told(error)
    if found is None:
        return None
    return CloseFrame(TRY_AGAIN if found.status in (429, 503) else REFUSED, found.message)


CLOSING: Final = Closing(_error_frame, TOO_SLOW)


async def serve_socket(websocket: WebSocket, client: SocketClient, hear: Hear, farewell: Callable[[], bytes]) -> None:
    """Accept the socket, hand each of its messages to `hear`, one after the other, and send what the client is offered.

    farewell: the last payload, when the gateway stops.
    """
    extensions = websocket.scope.get("extensions") or {}
    await accept(websocket)
    if READ_FREELY in extensions:
        extensions[READ_FREELY](PONG_SECONDS)
        extensions[FAREWELL](farewell)
    client.connect(write_frame_of(websocket.scope))
    frame = CloseFrame(GOING_AWAY, "a socket is open for 24 hours at most")
    ending = asyncio.get_running_loop().call_later(MOST_SECONDS, client.end, frame)
    try:
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(_write(websocket, client))
            while (message := await websocket.receive())["type"] != "websocket.disconnect":
                text = message.get("text")
                await hear(bytes(message.get("bytes") or b"").decode("utf-8", "replace") if text is None else text)
            writer.cancel()
    except* WebSocketDisconnect:
        pass
    finally:
        ending.cancel()


async def _write(websocket: WebSocket, client: SocketClient) -> None:
    try:
        while isinstance(text := await client.next(), str):
            await websocket.send_text(text)
        await close_stream(websocket, text)
    except RuntimeError as error:
        # The server is closing the connection already.
        raise WebSocketDisconnect from error
