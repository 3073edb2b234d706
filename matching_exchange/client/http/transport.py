"""What both clients make of an attempt that failed in httpx."""

import ssl
from typing import Final

import httpx

from matching_exchange.client.connection import KEEP_ALIVE_SECONDS

CONNECTIONS: Final = 100
"""Connections of one client at most; further calls wait for one."""

NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Errors before anything of the request was sent."""

LIMITS: Final = httpx.Limits(
    max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=KEEP_ALIVE_SECONDS
)

MAX_MESSAGE: Final = 64 * 1024 * 1024
"""The largest message of a stream, in bytes: an update of an account may hold thousands of orders."""


def verified(context: ssl.SSLContext | None, *, encrypted: bool) -> ssl.SSLContext | bool:
    """What httpx verifies certificates with. Without https there are none, and loading the authorities takes time."""
    return context if context is not None else encrypted


def reason_of(error: Exception) -> str:
    """One sentence."""
    text = str(error).rstrip(".")
    return f"{type(error).__name__}: {text}." if text else f"{type(error).__name__}."
