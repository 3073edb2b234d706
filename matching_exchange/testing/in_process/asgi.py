"""Drives the gateway's application without a server: one call, or one WebSocket."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import unquote

from msgspec import Struct
from starlette.types import ASGIApp, Message

from gateway.striking.line import LINE
from matching_exchange.testing.http import failed

HOST: Final = "exchange.invalid"
"""The name of an exchange in process. No network finds it."""

ABNORMAL: Final = 1006
"""The code of a WebSocket that ends without a last frame."""

Headers = Sequence[tuple[bytes, bytes]]


class BrokenError(Exception):
    """The connection broke."""


class StreamClosedError(Exception):
    """The exchange has closed a WebSocket. code, reason: of the last frame; ABNORMAL without one."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code}: {reason}" if reason else str(code))
        self.code = code
        self.reason = reason


class Response(Struct, frozen=True):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class _Line:
    """The connection, as a fault breaks it."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.broken = False

    def abort(self) -> None:
        self.broken = True
        self.gone.set()

    close = abort


def _scope(kind: str, target: str, headers: Headers, line: _Line) -> dict[str, Any]:
    path, _, query = target.partition("?")
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "http" if kind == "http" else "ws",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", HOST.encode()), *headers],
        "client": ("127.0.0.1", 0),
        "server": (HOST, 80),
        "extensions": {LINE: line},
    }


async def respond(app: ASGIApp, method: str, target: str, headers: Headers = (), body: bytes = b"") -> Response:
    """The answer to one request. BrokenError where none comes, or half of one."""
    line = _Line()
    sent: list[Message] = []
    asked = False

    async def receive() -> Message:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": body, "more_body": False}
        await line.gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app({**_scope("http", target, headers, line), "method": method}, receive, send)
    if line.broken or not sent:
        raise BrokenError("the exchange has broken the connection")
    told = b"" if method == "HEAD" else b"".join(message.get("body", b"") for message in sent[1:])
    return Response(sent[0]["status"], list(sent[0]["headers"]), told)


class Stream:
    """A WebSocket of an exchange in process: `async with` opens it, `async for` gives its messages as JSON.

    It ends with StreamClosedError. CallError where the exchange answers with an error in place of opening it.
    """

    def __init__(self, app: ASGIApp, target: str, headers: Headers = ()) -> None:
        self._app = app
        self._line = _Line()
        self._scope = {**_scope("websocket", target, headers, self._line), "subprotocols": []}
        self._scope["extensions"]["websocket.http.response"] = {}
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        self._to_app.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.create_task(self._run())
        opened = await self._from_app.get()
        if opened["type"] == "websocket.http.response.start":
            answer = await self._from_app.get()
            raise failed(f"WS {self._scope['path']}", opened["status"], answer.get("body", b""))
        if opened["type"] != "websocket.accept":
            raise _closed(opened)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End it, and wait for the exchange to do so."""
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await self._task

    def abort(self) -> None:
        """End it, and wait for nothing."""
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": ABNORMAL})

    async def send(self, message: Any) -> None:
        """Send JSON."""
        await self._to_app.put({"type": "websocket.receive", "text": json.dumps(message)})

    async def receive(self) -> Any:
        """The next message. StreamClosedError after the last one."""
        return json.loads(await self.receive_text())

    async def receive_text(self) -> str:
        """As `receive`, not read yet."""
        message = await self._from_app.get()
        if message["type"] != "websocket.send":
            self._from_app.put_nowait(message)
            raise _closed(message)
        text: str = message["text"]
        return text

    async def __aiter__(self) -> AsyncIterator[Any]:
        while True:
            yield await self.receive()

    async def _run(self) -> None:
        gone = asyncio.create_task(self._line.gone.wait())
        gone.add_done_callback(lambda _: self._to_app.put_nowait({"type": "websocket.disconnect", "code": ABNORMAL}))
        try:
            await self._app(self._scope, self._to_app.get, self._take)
        finally:
            gone.cancel()
            self._from_app.put_nowait({"type": "websocket.close", "code": ABNORMAL})

    async def _take(self, message: Message) -> None:
        if not self._line.broken:
            self._from_app.put_nowait(message)
        if message["type"] == "websocket.close":
            # The peer answers a close at once.
            self._to_app.put_nowait({"type": "websocket.disconnect", "code": message.get("code", 1000)})


def _closed(message: Message) -> StreamClosedError:
    return StreamClosedError(message.get("code", 1000), message.get("reason") or "")
