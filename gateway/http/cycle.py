"""One request and its answer: uvicorn's, with an error for a request whose rest never comes."""

import asyncio
from collections.abc import Callable, Coroutine
from enum import Enum, auto
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from gateway.http.errors import HttpError
from gateway.http.responses import HttpResponse


class Part(Enum):
    """The part of a request that is being received. The trailers belong to the body."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()


NOTHING, HEAD, BODY = Part


class Cycle(RequestResponseCycle):
    """One request and its answer.

    error: why the rest of the body will never come; `receive` raises it.
    work: the orders that it counts as, see `admission`.
    status: that of the answer; zero before it begins.
    """

    scope: Any
    error: HttpError | None = None
    work = 0
    status = 0

    @classmethod
    def of(cls, connection: HttpToolsProtocol, transport: Any, *, keep_alive: bool) -> "Cycle":
        """That of the connection's newest request."""
        return cls(
            connection.scope,
            transport,
            connection.flow,
            connection.logger,
            connection.access_logger,
            connection.access_log,
            connection.server_state.default_headers,
            asyncio.Event(),
            connection.expect_100_continue,
            keep_alive,
            connection.on_response_complete,
        )

    def disconnect(self) -> None:
        """The connection is gone: nothing more is read from it or written to it."""
        self.disconnected = True
        self.message_event.set()

    def tell(self, response: HttpResponse) -> None:
        """Answer at once, without an application: nothing waits before this request."""
        self.waiting_for_100_continue = False
        self.status = response.status
        self.response_started = self.response_complete = True
        lines = [b"%s: %s\r\n" % header for header in (*self.default_headers, *response.headers)]
        closing = b"" if self.keep_alive else b"connection: close\r\n"
        body = b"" if self.scope["method"] == "HEAD" else response.body
        self.transport.write(b"".join((STATUS_LINE[response.status], *lines, closing, b"\r\n", body)))
        if not self.keep_alive:
            self.transport.close()

    def send(self, message: Any) -> Coroutine[Any, Any, None]:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        return super().send(message)

    async def receive(self) -> Any:
        if self.error is None and not self.disconnected and not self.response_complete:
            if self.waiting_for_100_continue and not self.transport.is_closing():
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                self.waiting_for_100_continue = False
            if self.more_body:
                self.flow.resume_reading()
            if not self.message_event.is_set():
                await self.message_event.wait()
            self.message_event.clear()
        if self.error is not None:
            raise self.error
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        body, self.body = bytes(self.body), bytearray()
        return {"type": "http.request", "body": body, "more_body": self.more_body}


class LingeringTransport:
    """The transport of a refused request's cycle. Its `close` lets the connection outlive the answer for a short
    time."""

    def __init__(self, transport: asyncio.Transport, linger: Callable[[], None]) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = linger
