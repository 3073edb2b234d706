"""A relay in front of a gateway, for what happens on the way: it lets everything through, or treats some connections
badly."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from threading import Lock, Thread
from urllib.parse import urlsplit

CHUNK = 65_536
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Treatment(Enum):
    """What becomes of new connections."""

    PASS = auto()
    NO_ANSWER_TO_WEBSOCKETS = auto()
    WEBSOCKETS_REFUSED = auto()
    """They are answered with 431."""
    AWAY = auto()
    """All are closed at once."""


class Relay:
    """Listens on a port of its own; `treatment` may be changed at any time."""

    def __init__(self, target: str) -> None:
        self.treatment = Treatment.PASS
        self._target = (urlsplit(target).hostname, urlsplit(target).port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        self._closed = False
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def cut(self) -> None:
        """Break all connections."""
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def serve(self) -> None:
        """Until it is closed."""
        with self._listener:
            while not self._closed:
                connection, _ = self._listener.accept()
                Thread(target=self._treat, args=(connection,), daemon=True).start()

    def close(self) -> None:
        self._closed = True
        socket.create_connection(self._listener.getsockname()).close()  # so that it wakes
        self.cut()

    def _treat(self, client: socket.socket) -> None:
        with self._held(client), suppress(OSError):
            if self.treatment is Treatment.AWAY:
                return
            head = b""
            while b"\r\n\r\n" not in head and (data := client.recv(CHUNK)):
                head += data
            is_websocket = b"upgrade: websocket" in head.lower()
            if is_websocket and self.treatment is Treatment.WEBSOCKETS_REFUSED:
                client.sendall(TOO_LONG)
            elif is_websocket and self.treatment is Treatment.NO_ANSWER_TO_WEBSOCKETS:
                while client.recv(CHUNK):
                    pass
            else:
                self._pass_on(client, head)

    def _pass_on(self, client: socket.socket, head: bytes) -> None:
        with self._held(socket.create_connection(self._target)) as gateway:
            gateway.sendall(head)
            back = Thread(target=_copy, args=(gateway, client), daemon=True)
            back.start()
            _copy(client, gateway)
            back.join()

    @contextmanager
    def _held(self, connection: socket.socket) -> Iterator[socket.socket]:
        with self._lock:
            self._open.add(connection)
        try:
            with connection:
                yield connection
        finally:
            with self._lock:
                self._open.discard(connection)


def _copy(source: socket.socket, sink: socket.socket) -> None:
    """All that comes, and its end."""
    with suppress(OSError):
        while data := source.recv(CHUNK):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def relay_to(target: str) -> Iterator[Relay]:
    relay = Relay(target)
    thread = Thread(target=relay.serve, daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        relay.close()
        thread.join()
