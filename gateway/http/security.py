"""Which callers are served: by the host that they call, and by the page that they come from.

A page may call its own host. An attacker's page can give its own name this gateway's address. So only hosts with a
known name are served. Browsers send the origin of a page, other clients send none. Pages of this host may call, and
pages of the configured origins. Reads over HTTP need no such check: a browser hides their answers from other pages
unless CORS headers allow them.
"""

import re
from collections.abc import Callable, Collection
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from gateway.config import ANY_HOST, WILDCARDS, GatewayConfig, host_name
from gateway.http.callers import REFUSED
from gateway.http.closing import CloseFrame, deny_stream, refuse_stream
from gateway.http.errors import HttpError
from gateway.http.responses import AnswerError
from matching_exchange.process.settings import is_loopback

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

MAX_REMEMBERED: Final = 1024
"""Allowed Host headers that are remembered, and not read again."""

_HOST: Final = re.compile(r"(\[[^\[\]]+\]|[^\[\]:]+)(?::[0-9]*)?")


class AllowedHosts:
    """The hosts that are served: local names, the bound address, and those of the setting."""

    def __init__(self, config: GatewayConfig) -> None:
        bound = () if config.host in WILDCARDS else (host_name(config.host),)
        self._names = frozenset((*config.allowed_hosts, *bound))
        self._any = ANY_HOST in config.allowed_hosts
        self.remembered: set[bytes | None] = set()
        """Headers that need no second look. None means HTTP/1.0 without a Host, which no browser speaks."""

    def serve(self, header: bytes | None) -> bool:
        """Whether the Host header names one of them, with any port or none."""
        if header is not None and not self._any and not self._is_named(header):
            return False
        if len(self.remembered) < MAX_REMEMBERED:
            self.remembered.add(header)
        return True

    def _is_named(self, header: bytes) -> bool:
        found = _HOST.fullmatch(header.strip().decode("latin-1"))
        if found is None:
            return False
        try:
            name = host_name(found[1])
        except ValueError:
            return False
        return name in self._names or is_loopback(name)


class CallerCheck:
    """Refuses every call to another host. Refuses to pages of other origins streams, and calls that change something.

    answer_error, close_frame: how the dialect tells why.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: AllowedHosts,
        origins: Collection[str],
        answer_error: AnswerError,
        close_frame: Callable[[HttpError], CloseFrame],
    ) -> None:
        self._answer_error = answer_error
        self._close_frame = close_frame
        self._app = app
        self._hosts = hosts
        self._remembered = hosts.remembered
        self._origins = frozenset(origin.encode() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refused: HttpError | None = (scope.get("extensions") or {}).get(REFUSED)
        if refused is not None:
            await self._answer_error(refused, scope["path"]).send(send)
            return
        host: bytes | None = None
        origin: bytes | None = None
        for name, value in scope["headers"]:
            if name == b"host":
                host = value
            elif name == b"origin" and origin is None:
                origin = value
        if host not in self._remembered and not self._hosts.serve(host):
            response = self._answer_error(HttpError("host_not_allowed"), scope["path"])
            await (deny_stream(send, response) if scope["type"] == "websocket" else response.send(send))
        elif origin is None or self._may_call(origin, host, scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await refuse_stream(WebSocket(scope, receive, send), self._close_frame(HttpError("origin_not_allowed")))
        else:
            await self._answer_error(HttpError("origin_not_allowed"), scope["path"]).send(send)

    def _may_call(self, origin: bytes, host: bytes | None, scope: Scope) -> bool:
        if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
            return True
        if origin in self._origins:
            return True
        # A proxy in front may speak TLS while this process does not. So the scheme does not count.
        scheme, _, page = origin.partition(b"://")
        return scheme in (b"http", b"https") and page != b"" and page == host
