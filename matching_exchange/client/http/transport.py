"""What both clients make of httpx and websockets: bounds, and what their errors mean."""

import logging
import ssl
from functools import lru_cache
from typing import Any, Final

import httpx
from websockets.exceptions import ConnectionClosed

from matching_exchange.client.connection import KEEP_ALIVE_SECONDS, Request
from matching_exchange.client.errors import ExchangeError
from matching_exchange.client.streams.machine import Machine
from matching_exchange.client.streams.reconnecting import RESTART, closed

CONNECTIONS: Final = 100
"""Connections of one client at most; further calls wait for one."""

NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Errors before anything of the request was sent."""

LIMITS: Final = httpx.Limits(
    max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=KEEP_ALIVE_SECONDS
)

OPEN_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 1.0
"""How long the handshake of a stream may take, and its end."""

MAX_MESSAGE: Final = 64 * 1024 * 1024
"""The largest message of a stream, in bytes: an update of an account may hold thousands of orders."""


STREAM_LOGGER: Final = logging.getLogger("matching_exchange.client.streams")
"""In place of that of websockets, which tells all headers at the level debug, secrets too."""

STREAM_LOGGER.setLevel(logging.INFO)

_parsed = lru_cache(maxsize=256)(httpx.URL)
"""Most calls of a program go to few URLs."""

_HEADERS: Final = {"accept": "*/*", "user-agent": "matching-exchange"}


def verified(context: ssl.SSLContext | None, *, encrypted: bool) -> ssl.SSLContext | bool:
    """What httpx verifies certificates with. Without https there are none, and loading the authorities takes time."""
    return context if context is not None else encrypted


def http_request(request: Request, seconds: float) -> httpx.Request:
    """The request for a transport of httpx. Its client would add cookies and redirects, which no call has, and half of
    the time that a call takes here."""
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), seconds)
    return httpx.Request(
        request.method,
        _parsed(request.url),
        headers={**_HEADERS, **request.headers},
        content=request.content,
        extensions={"timeout": timeouts},
    )


def reason_of(error: Exception) -> str:
    """One sentence."""
    text = str(error).rstrip(".")
    return f"{type(error).__name__}: {text}." if text else f"{type(error).__name__}."


def closed_by(error: ConnectionClosed, machine: Machine[Any]) -> ExchangeError:
    """Why a stream has ended; the machine is told if the exchange has lost what it had told."""
    frame = error.rcvd
    if frame is None:
        return closed(None, reason_of(error))
    if frame.code == RESTART and frame.reason:
        machine.restarted(frame.reason)
    return closed(frame.code, frame.reason)
