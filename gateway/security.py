"""Which pages may call: browsers send the origin of the page along, other clients send none.

Pages of this host may, and those of the configured origins. Reads over HTTP need no check: without CORS headers a browser keeps
their answers from other pages.
"""

from collections.abc import Collection
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from gateway.endings import refuse_stream
from gateway.problems import ProblemError
from gateway.resources import header, problem_reply

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class OriginCheck:
    """Refuses calls that change something, and streams, to pages of other origins."""

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        self._app = app
        self._allowed = frozenset(origin.encode() for origin in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = None if scope["type"] == "lifespan" else header(scope, b"origin")
        if origin is None or self._may_call(origin, scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await refuse_stream(WebSocket(scope, receive, send), ProblemError("origin_not_allowed"))
        else:
            await problem_reply(ProblemError("origin_not_allowed")).send(send)

    def _may_call(self, origin: bytes, scope: Scope) -> bool:
        if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
            return True
        if origin in self._allowed:
            return True
        # A proxy in front may speak TLS while this process does not: the scheme does not count.
        scheme, _, host = origin.partition(b"://")
        return scheme in (b"http", b"https") and host != b"" and host == header(scope, b"host")
