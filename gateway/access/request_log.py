"""A line of the log for each request and each stream: what, with which result, of which key and account.

No secret stands in it: no query, which may hold a signature, no header, no body, no listen key.
"""

import re
import time
from typing import Any, Final
from urllib.parse import quote

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.access.caller import CALLER, Caller
from gateway.http.callers import address_of
from gateway.http.connections import arrival

MAX_PATH: Final = 200
"""Characters of a path that are logged."""

HIDDEN: Final = "***"

_NAME: Final = re.compile(r"[A-Za-z0-9]{60,}")
"""What may be a listen key: it opens the events of an account."""

_PLAIN: Final = "/:@!$&'()*+,;="
"""What a path holds without an escape, beside letters and digits."""

log = structlog.get_logger("gateway")


class NamingCaller(Caller):
    """A caller without a key, who remembers the account for which he has acted."""

    __slots__ = ("named",)

    def __init__(self) -> None:
        super().__init__()
        self.named: str | None = None

    def account(self, named: str | None) -> str:
        self.named = super().account(named)
        return self.named

    def filter(self, named: str | None) -> str | None:
        self.named = super().filter(named)
        return self.named


class RequestLog:
    """An application whose requests are logged. What is refused before it, by a limit of rate or a broken head, is
    not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        status = 0

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
            elif message["type"] == "websocket.accept":
                status = 101
            await send(message)

        scope[CALLER] = NamingCaller()
        try:
            await self._app(scope, receive, send_and_note)
        finally:
            log.info("request", **_told(scope, status))


def _told(scope: Scope, status: int) -> dict[str, Any]:
    """The parts of a line. milliseconds: from the first byte to the answer's last, or the life of a stream."""
    caller: Caller = scope[CALLER]
    of_key = {} if caller.key is None else {"key": caller.key.key}
    account = caller.named if isinstance(caller, NamingCaller) else caller.account(None)
    # Decoded first: a name with escapes opens as much as one without.
    path = quote(_NAME.sub(HIDDEN, scope["path"]), _PLAIN)
    return {
        "method": "WS" if scope["type"] == "websocket" else scope["method"],
        "path": path if len(path) <= MAX_PATH else f"{path[:MAX_PATH]}...",
        "status": status,
        "milliseconds": round((time.monotonic() - arrival(scope)) * 1000, 3),
        **of_key,
        **({} if account is None else {"account": account}),
        "address": address_of(scope),
    }
