"""A connection of the gateway's server without a socket or a clock: what the peer sends is said here, and time passes
when told."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from starlette.types import Message, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, Protocol

from gateway.faults import told_natively
from gateway.http.admission import Admission
from gateway.http.bounds import Bounds
from gateway.http.callers import Limits
from gateway.http.connections import HttpConnection
from gateway.http.errors import HttpError
from gateway.http.places import Open, Places
from gateway.http.rates import Holder, Kind, Rates
from gateway.limit_settings import Network
from gateway.native.problems import http_error_response
from gateway.native.work import work_of
from gateway.rate import Rate
from tests.unit.gateway.fakes import settle

Value = TypeVar("Value")

POST = b"POST /orders HTTP/1.1\r\nHost: localhost\r\n"
"""The beginning of a request that has a body."""

GET = b"GET /next HTTP/1.1\r\nHost: localhost\r\n\r\n"

HANDSHAKE = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
"""The headers of a request for a WebSocket."""

BOUNDS = Bounds(descriptors=1000)
DEADLINE = 5.0
HIGH_WATER = 65_536


class Timer:
    def __init__(self, at: float, callback: Callable[[], None]) -> None:
        self.at = at
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class Loop:
    """The running loop, with a clock that stands still."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._timers: list[Timer] = []
        self._running = asyncio.get_running_loop()

    def time(self) -> float:
        return self.now

    def create_task(self, work: Coroutine[Any, Any, Value]) -> "asyncio.Task[Value]":
        return self._running.create_task(work)

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        timer = Timer(self.now + delay, callback)
        self._timers.append(timer)
        return timer

    def timers(self) -> int:
        return sum(timer.callback is not None for timer in self._timers)

    async def advance(self, seconds: float) -> None:
        """Let so much time pass, and all that is due by then happen."""
        end = self.now + seconds
        while due := [timer for timer in self._timers if timer.callback is not None and timer.at <= end]:
            timer = min(due, key=lambda each: each.at)
            self._timers.remove(timer)
            self.now = max(self.now, timer.at)
            assert timer.callback is not None
            timer.callback()
            await settle()
        self.now = end


class Socket:
    def __init__(self, number: int, address: str) -> None:
        self.number = number
        self.address = address

    def fileno(self) -> int:
        return self.number

    def getpeername(self) -> tuple[str, int]:
        return self.address, 40_000

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", 8000


class Transport(asyncio.Transport):
    """Keeps what is written. While `stuck` is set, nothing of it leaves."""

    def __init__(self, number: int = 10, address: str = "192.0.2.1") -> None:
        super().__init__()
        self.written = b""
        self.reading = True
        self.ended = False
        self.closed = False
        self.stuck = False
        self.protocol: Any = None
        self._socket = Socket(number, address)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._socket if name == "socket" else default

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def get_write_buffer_size(self) -> int:
        return len(self.written) if self.stuck else 0

    def drain(self) -> None:
        """All that waits leaves."""
        self.stuck = False
        self.protocol.resume_writing()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed and not self.ended
        self.written += data
        if self.stuck and len(self.written) > HIGH_WATER:
            self.protocol.pause_writing()


class Application:
    """Answers each request with what it was: method, path, query, body. While `open` is not set, it does not answer."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.scopes: list[Scope] = []
        """All that was begun, in that order."""
        self.websockets: asyncio.Queue[Message] = asyncio.Queue()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        if scope["type"] == "websocket":
            await self._serve(receive, send)
            return
        body = b""
        more = scope["path"] != "/no-body"
        try:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return
                body += message["body"]
                more = message["more_body"]
        except HttpError as error:
            await http_error_response(error).send(send)
            return
        await self.open.wait()
        answer = json.dumps([scope["method"], scope["path"], scope["query_string"].decode(), body.decode()]).encode()
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(answer))]}
        )
        await send({"type": "http.response.body", "body": answer})

    async def _serve(self, receive: Receive, send: Send) -> None:
        await receive()
        await self.open.wait()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] != "websocket.disconnect":
            self.websockets.put_nowait(message)


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> tuple[int, str]:
        """Status and code of a problem document."""
        assert self.headers["content-type"] == "application/problem+json"
        assert self.json["status"] == self.status
        return self.status, self.json["code"]


def unlimited() -> Limits:
    """Limits that nothing of a test meets, on tables of their own."""
    return limited({}, {Open.CONNECTIONS: 1_000_000, Open.STREAMS: 1_000_000})


def limited(
    rates: dict[tuple[Kind, Holder], Rate],
    most: dict[Open, int],
    clock: Callable[[], int] = time.monotonic_ns,
    proxies: tuple[Network, ...] = (),
) -> Limits:
    """Limits of one worker, on small tables."""
    limits = Limits(Rates(rates, shared=False, clock=clock, groups=64), Places(1, groups=64), most, proxies)
    assert limits.join()
    return limits


class Wire:
    """One connection, inside a running loop."""

    def __init__(
        self,
        bounds: Bounds = BOUNDS,
        descriptor: int = 10,
        others: "Wire | None" = None,
        limits: Limits | None = None,
        address: str = "192.0.2.1",
    ) -> None:
        """`others` is a connection of the same worker."""
        self.loop: Loop = others.loop if others else Loop()
        self.app: Application = others.app if others else Application()
        self.admission: Admission = others.admission if others else Admission(DEADLINE, work_of)
        self.limits: Limits = limits or (others.limits if others else unlimited())
        config = Config(self.app, ws="none", log_config=None, access_log=False, proxy_headers=False, ws_max_size=4096)
        config.load()
        self.connection = HttpConnection(
            bounds,
            self.admission,
            self.limits,
            told_natively,
            config,
            ServerState(),
            {},
            self.loop,  # type: ignore[arg-type]
            self.loop.time,
        )
        self.transport = Transport(descriptor, address)
        self.transport.protocol = self.connection
        self.connection.connection_made(self.transport)

    async def say(self, *segments: bytes) -> None:
        """What the peer sends, one segment after the other, as long as it is read."""
        for segment in segments:
            if not self.transport.closed:
                self.transport.protocol.data_received(segment)
        await settle()

    async def lose(self) -> None:
        """The connection is gone."""
        protocol, self.transport.protocol = self.transport.protocol, None
        self.transport.closed = True
        protocol.connection_lost(None)
        await settle()

    async def finish(self) -> bool:
        """The peer sends no more; whether the connection stays open for answers."""
        stays: bool = self.transport.protocol.eof_received()
        await settle()
        return stays

    async def next_answers(self, count: int) -> list[Answer]:
        """So many answers, as soon as they are there."""
        answers = self.answers()
        while len(answers) < count:
            await settle()
            answers += self.answers()
        return answers

    async def open_stream(self, more: bytes = b"") -> None:
        """The peer asks for a WebSocket, and sends more at once; it is opened."""
        await self.say(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n" + HANDSHAKE + b"\r\n" + more)
        head, _, self.transport.written = self.transport.written.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head

    def frames(self) -> list[tuple[Opcode, bytes]]:
        """The frames that were sent since the last time."""
        reader = Protocol(CLIENT)
        reader.receive_data(self.transport.written)
        self.transport.written = b""
        return [(event.opcode, bytes(event.data)) for event in reader.events_received() if isinstance(event, Frame)]

    def answers(self) -> list[Answer]:
        """What was answered since the last time."""
        written, self.transport.written = self.transport.written, b""
        answers = []
        while written:
            head, separator, rest = written.partition(b"\r\n\r\n")
            assert separator, written
            status, *lines = head.decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines)
            length = int(headers.get("content-length", "0"))
            assert len(rest) >= length
            answers.append(Answer(int(status.split()[1]), headers, rest[:length]))
            written = rest[length:]
        return answers


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 60))


def frame(opcode: int, data: bytes = b"", *, fin: bool = True) -> bytes:
    """A frame of a client; its mask is zero."""
    length = bytes((0x80 | len(data),)) if len(data) < 126 else bytes((0x80 | 126,)) + len(data).to_bytes(2, "big")
    return bytes((0x80 * fin | opcode,)) + length + bytes(4) + data
