"""The dialect's routes: one for all of its calls, since their paths begin alike."""

from typing import Any, Final

from starlette.datastructures import URLPath
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.binance.desk import Desk
from gateway.binance.doors import Doors
from gateway.binance.rest import Rest
from gateway.streams.serve import StreamCount

PREFIXES: Final = ("/api/", "/sapi/", "/fapi/", "/dapi/", "/eapi/")
"""How every path of the dialect's calls begins."""


def binance_routes(desk: Desk, count: StreamCount) -> list[BaseRoute]:
    """All routes. count: of the worker's open streams, also those of other doors."""
    return [Prefixed(Rest(desk)), Sockets(Doors(desk, count))]


def is_ours(path: str) -> bool:
    """Whether a call with this path is the dialect's."""
    return path.startswith(PREFIXES)


class Prefixed(BaseRoute):
    """Every HTTP path that begins so. It is looked at first for each request, and must cost next to nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and scope["path"].startswith(PREFIXES):
            return Match.FULL, {}
        return Match.NONE, {}

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class Sockets(BaseRoute):
    """Every WebSocket of the dialect."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "websocket" and self._doors.opens(scope):
            return Match.FULL, {}
        return Match.NONE, {}

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._doors(scope, receive, send)
