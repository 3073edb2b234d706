"""The clients of an exchange in process: what they send goes to its application."""

import asyncio
from typing import TYPE_CHECKING, Any, NoReturn, cast
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosedError
from websockets.frames import Close

from matching_exchange.client.http.async_client import AsyncClient
from matching_exchange.client.http.sync_client import Client
from matching_exchange.testing.in_process.asgi import ABNORMAL, Stream, StreamClosedError
from matching_exchange.testing.in_process.transport import AsyncTransport, Respond, RespondNow, SyncTransport

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from websockets.asyncio.client import ClientConnection


class InProcessClient(Client):
    """A Client for calls. Nobody would run the exchange while it waited for a message of a stream."""

    def __init__(self, url: str, respond: RespondNow, **options: Any) -> None:
        super().__init__(url, transport=SyncTransport(respond), **options)

    def _stream(self, *_: Any) -> NoReturn:
        raise TypeError(
            "Client has no streams in process: use those of async_client(), or testing.Exchange, which has processes"
        )


class InProcessAsyncClient(AsyncClient):
    """An AsyncClient for calls and streams."""

    def __init__(
        self, url: str, respond: Respond, open_stream: "Callable[..., Awaitable[Stream]]", **options: Any
    ) -> None:
        super().__init__(url, transport=AsyncTransport(respond), **options)
        self._open_stream = open_stream

    async def _connect(self, url: str, headers: dict[str, str]) -> "ClientConnection":
        parts = urlsplit(url)
        sent = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
        stream = await self._open_stream(f"{parts.path}?{parts.query}", sent)
        return cast("ClientConnection", await _Socket(stream).open())


class _Socket:
    """As much of a connection of websockets as a stream of a client needs."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.loop = asyncio.get_running_loop()
        self.transport = stream

    async def open(self) -> "_Socket":
        try:
            await self._stream.__aenter__()
        except StreamClosedError as error:
            raise ConnectionResetError(str(error)) from error
        return self

    async def recv(self, *, decode: bool) -> bytes:
        try:
            return (await self._stream.receive_text()).encode()
        except StreamClosedError as error:
            frame = None if error.code == ABNORMAL else Close(error.code, error.reason)
            raise ConnectionClosedError(frame, None) from error

    async def close(self) -> None:
        await self._stream.close()
