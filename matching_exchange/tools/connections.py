"""Keep-alive HTTP connections that cost their client little: plain sockets, requests that are bytes already, and hardly
a parser.

One request at a time is under way on each connection. For one thread.
"""

import selectors
import socket
import time
from contextlib import suppress
from typing import Final

from msgspec import Struct

RECEIVED: Final = 65_536
"""Bytes that are read at once."""

CONNECT_SECONDS: Final = 10.0

BROKEN: Final = 0
"""The status of a response that never came, because the connection broke."""

_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "


class Response(Struct, frozen=True):
    """The response to the request of this number. `at` is the time of its last byte, by time.perf_counter."""

    number: int
    status: int
    body: bytes
    at: float


class _Connection:
    def __init__(self) -> None:
        self.socket: socket.socket | None = None
        self.number = 0
        self.received = b""


class Connections:
    """A number of connections to a server. Each is opened at its first use, and again after a break. Raises OSError
    if that fails."""

    def __init__(self, host: str, port: int, count: int) -> None:
        self._address = host, port
        self._all = [_Connection() for _ in range(count)]
        self._free = list(reversed(self._all))
        self._selector = selectors.DefaultSelector()

    @property
    def free(self) -> int:
        """How many requests may be sent now."""
        return len(self._free)

    @property
    def under_way(self) -> int:
        return len(self._all) - len(self._free)

    def open(self) -> None:
        """Open all that are not."""
        for connection in self._all:
            if connection.socket is None:
                self._connect(connection)

    def close(self) -> None:
        for connection in self._all:
            self._disconnect(connection)
        self._selector.close()

    def abandon(self) -> None:
        """Break the connections on which a request is under way: no response comes."""
        for connection in self._all:
            if connection not in self._free:
                self._disconnect(connection)
                self._free.append(connection)

    def send(self, number: int, request: bytes) -> None:
        """Send a request over a free connection."""
        connection = self._free.pop()
        connection.number = number
        connection.received = b""
        if connection.socket is None:
            self._connect(connection)
        assert connection.socket is not None, "it is open now"
        with suppress(OSError):
            # A break shows when the answer is read. The request is short, and the one before was answered: the kernel
            # takes all of it.
            connection.socket.send(request)

    def receive(self, seconds: float) -> list[Response]:
        """The responses that have come. If there are none, wait up to `seconds` seconds for some."""
        responses: list[Response] = []
        for key, _ in self._selector.select(seconds):
            response = self._read(key.data)
            if response is not None:
                responses.append(response)
        return responses

    def _read(self, connection: _Connection) -> Response | None:
        """The connection's response, if all of it is there."""
        assert connection.socket is not None, "it is watched"
        try:
            received = connection.socket.recv(RECEIVED)
        except BlockingIOError:
            return None
        except OSError:
            received = b""
        if not received:
            self._disconnect(connection)
            if connection in self._free:
                return None
            return self._give(connection, BROKEN, b"")
        data = connection.received = connection.received + received
        end = data.find(_END)
        if end < 0:
            return None
        head = data[:end].lower()
        at = head.find(_LENGTH) + len(_LENGTH)
        length = int(head[at : head.find(b"\r\n", at) if b"\r\n" in head[at:] else end])
        body = data[end + len(_END) :]
        return self._give(connection, int(data[9:12]), body) if len(body) >= length else None

    def _give(self, connection: _Connection, status: int, body: bytes) -> Response:
        self._free.append(connection)
        return Response(connection.number, status, body, time.perf_counter())

    def _connect(self, connection: _Connection) -> None:
        opened = socket.create_connection(self._address, CONNECT_SECONDS)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.settimeout(0)
        connection.socket = opened
        self._selector.register(opened, selectors.EVENT_READ, connection)

    def _disconnect(self, connection: _Connection) -> None:
        if connection.socket is not None:
            self._selector.unregister(connection.socket)
            connection.socket.close()
            connection.socket = None


def request_bytes(method: str, path: str, host: str, body: bytes = b"") -> bytes:
    """A request that keeps its connection open."""
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body
