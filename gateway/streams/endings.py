"""How a stream ends: the close code and the reason that its client is told, or the HTTP answer where none is opened."""

from contextlib import suppress
from typing import Final

from msgspec import Struct
from starlette.types import Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.http.resources import problem_reply
from gateway.native.problems import ProblemError

MAX_REASON_BYTES: Final = 123
"""What a close frame holds."""

PROBLEM_BASE: Final = 4000
"""A problem ends a stream with this code plus its status."""

TOO_SLOW: Final = 4408
"""The client would have missed a trade."""

START_AGAIN: Final = 1012
"""What the stream has told so far no longer holds: the client does well to connect again."""


class Ending(Struct, frozen=True):
    code: int
    reason: str


def problem_ending(problem: ProblemError) -> Ending:
    return Ending(PROBLEM_BASE + problem.status, problem.detail)


async def close_stream(websocket: WebSocket, ending: Ending) -> None:
    await websocket.close(ending.code, ending.reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore"))


async def refuse_stream(websocket: WebSocket, problem: ProblemError) -> None:
    """Close a stream that is not open yet. It is accepted first, since browsers hide the code of a refused handshake
    from pages."""
    with suppress(WebSocketDisconnect):
        await websocket.accept()
        await close_stream(websocket, problem_ending(problem))


async def deny_stream(send: Send, problem: ProblemError) -> None:
    """Answer the request for a stream with the problem, over HTTP: nothing is opened."""
    reply = problem_reply(problem)
    await send({"type": "websocket.http.response.start", "status": reply.status, "headers": reply.headers})
    await send({"type": "websocket.http.response.body", "body": reply.body})
