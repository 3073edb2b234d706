"""How a stream ends: the close code and the reason that its client is told."""

from contextlib import suppress
from typing import Final

from msgspec import Struct
from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.problems import ProblemError

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
    """Close a stream that is not open yet. It is accepted first, since browsers hide the code of a refused handshake from pages."""
    with suppress(WebSocketDisconnect):
        await websocket.accept()
        await close_stream(websocket, problem_ending(problem))
