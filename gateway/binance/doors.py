"""The WebSockets of the dialect: which path is which, and what opens there."""

import re
from typing import Final
from urllib.parse import unquote

from msgspec import Struct
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from gateway.binance.desk import Desk
from gateway.binance.sockets.serving import CLOSING
from gateway.binance.streams.channel import StreamClient
from gateway.binance.streams.hub import Hub
from gateway.binance.streams.socket import StreamSocket
from gateway.binance.times import MICROSECOND, MILLISECOND, unit_of
from gateway.binance.users.accounts import Accounts
from gateway.binance.wsapi.client import ApiClient
from gateway.binance.wsapi.socket import ApiSocket
from gateway.http.counting import ROUTE
from gateway.streams.serve import StreamCount, serve_stream

API_PATH: Final = "/ws-api/v3"

STREAMS: Final = "/ws/{stream}"
"""What every other path of the dialect counts as."""

_RAW: Final = re.compile(r"/ws/?|/ws/[0-9]+|/stream/ws(?:/[0-9]*)?")
_COMBINED: Final = re.compile(r"/stream/?")
_LISTEN_KEY: Final = re.compile(r"/ws/([A-Za-z0-9]{60})")


class Opened(Struct, frozen=True):
    """What a path of streams asks for."""

    names: list[str]
    combined: bool


def read_path(path: str, query: bytes) -> Opened | None:
    """What the path, without escapes, asks for; None for one that is not the dialect's."""
    if _RAW.fullmatch(path):
        return Opened([], combined=False)
    if _COMBINED.fullmatch(path):
        return Opened(_split(query_value(query, "streams")), combined=True)
    if found := _LISTEN_KEY.fullmatch(path):
        return Opened([found[1]], combined=False)
    if path.startswith("/ws/"):
        names = _split(path.removeprefix("/ws/"))
        if any("@" in name or name.startswith("!") for name in names):
            return Opened(names, combined=False)
    return None


def query_value(query: bytes, name: str) -> str:
    """The value of the query's first parameter of that name, without escapes; a plus sign is one."""
    for pair in query.decode("latin-1").split("&"):
        found, _, value = pair.partition("=")
        if found == name:
            return unquote(value)
    return ""


def _split(names: str) -> list[str]:
    """The names, each once."""
    return list(dict.fromkeys(filter(None, names.split("/"))))


class Doors:
    """Serves every WebSocket of the dialect."""

    def __init__(self, desk: Desk, count: StreamCount) -> None:
        self._desk = desk
        self._hub = Hub(desk)
        self._count = count
        self._accounts = {unit: Accounts(desk, unit) for unit in (MILLISECOND, MICROSECOND)}

    def opens(self, scope: Scope) -> bool:
        """Whether the path is one of the dialect's."""
        return scope["path"] == API_PATH or read_path(scope["path"], scope["query_string"]) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        is_api = scope["path"] == API_PATH
        scope[ROUTE] = API_PATH if is_api else STREAMS
        stream = self._api if is_api else self._streams
        await serve_stream(websocket, self._count, CLOSING, stream)

    async def _api(self, websocket: WebSocket) -> None:
        query = websocket.scope["query_string"]
        unit = unit_of(query_value(query, "timeUnit"))
        limits = query_value(query, "returnRateLimits") != "false"
        await ApiSocket(self._desk, self._accounts[unit], ApiClient(unit), limits=limits).serve(websocket)

    async def _streams(self, websocket: WebSocket) -> None:
        query = websocket.scope["query_string"]
        opened = read_path(websocket.scope["path"], query)
        assert opened is not None, "the route has looked"
        unit = unit_of(query_value(query, "timeUnit"))
        client = StreamClient(unit, combined=opened.combined)
        await StreamSocket(self._hub, self._desk, self._accounts[unit], client).serve(websocket, opened.names)
