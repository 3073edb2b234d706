"""One request and its answer: uvicorn's, with an error for a request whose rest never comes."""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gateway.http.errors import HttpError


class Cycle(RequestResponseCycle):
    """One request and its answer. `error` tells why the rest of the body will never come; `receive` raises it."""

    error: HttpError | None = None

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
