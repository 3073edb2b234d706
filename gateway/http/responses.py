"""Whole responses, and the headers that they share."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.http.errors import HttpError

Header = tuple[bytes, bytes]

NO_SNIFF: Final[Header] = (b"x-content-type-options", b"nosniff")
NO_STORE: Final[Header] = (b"cache-control", b"no-store")
JSON: Final[Header] = (b"content-type", b"application/json")

encode = msgspec.json.Encoder().encode


class HttpResponse:
    """A whole response."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: bytes, *headers: Header) -> None:
        self.status = status
        self.body = body
        self.headers = [*headers, NO_SNIFF, (b"content-length", b"%d" % len(body))]

    async def send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


ErrorResponse = Callable[[HttpError], HttpResponse]
"""How a dialect tells an error of HTTP."""

AnswerError = Callable[[HttpError, str], HttpResponse]
"""How the dialect of a path tells it. The path is empty where none is known yet."""


def json_response(value: Any) -> HttpResponse:
    """The answer to a read. It tells the state of this moment, so no cache keeps it."""
    return HttpResponse(200, encode(value), JSON, NO_STORE)


def response_app(response: HttpResponse) -> ASGIApp:
    """An application that answers every request with the response."""

    async def answer(_: Scope, __: Receive, send: Send) -> None:
        await response.send(send)

    return answer
