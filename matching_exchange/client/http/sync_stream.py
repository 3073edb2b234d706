"""A stream for programs that wait."""

import socket as sockets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, TypeVar
from weakref import finalize

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.sync.client import ClientConnection

from matching_exchange.client.call import Call
from matching_exchange.client.errors import Disconnected, ExchangeError
from matching_exchange.client.http.transport import closed_by, reason_of
from matching_exchange.client.streams.machine import Machine, StreamBrokenError
from matching_exchange.client.streams.reconnecting import Reconnecting, may_pass, refused

Item = TypeVar("Item")


class Stream(Generic[Item]):
    """Items of a stream, one after the other: `for item in stream`. It ends when it is closed.

    It connects again after each loss, and resumes. A context manager: `with` opens it, and closes it at the end. It
    belongs to one thread; `close` may come from any.
    """

    def __init__(
        self,
        machine: Machine[Item],
        connect: Callable[[], ClientConnection],
        carry_out: Callable[[Call[Any]], Any],
        timeout: float,
    ) -> None:
        self._machine = machine
        self._connect = connect
        self._carry_out = carry_out
        self._reconnecting = Reconnecting(timeout)
        self._socket: ClientConnection | None = None
        self._closed = threading.Event()
        self._guard: finalize[..., Stream[Item]] | None = None
        self._not_before = 0.0

    def __enter__(self) -> "Stream[Item]":
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> "Stream[Item]":
        return self

    def __next__(self) -> Item:
        item = self._next(None)
        if item is None:
            raise StopIteration
        return item

    def open(self) -> None:
        """Connect, so that nothing is missed from now on. Without it the first item does so. Raises ExchangeError."""
        while not self._closed.is_set() and (self._socket is None or self._machine.wanted() is not None):
            self._guarded_step(None)

    def receive(self, timeout: float | None = None) -> Item:
        """The next item. TimeoutError after `timeout` seconds without one.

        Raises ExchangeError where the stream cannot go on, as Unauthorized for a revoked key, or is closed.
        """
        item = self._next(None if timeout is None else time.monotonic() + timeout)
        if item is None:
            raise Disconnected("stream_closed", "The stream is closed.")
        return item

    def close(self) -> None:
        """End the stream. What it has not given is dropped."""
        self._closed.set()
        socket = self._socket
        if socket is not None:
            self._unguard()
            socket.close()

    def _next(self, deadline: float | None) -> Item | None:
        """The next item; None once the stream is closed."""
        items = self._machine.items
        while not items:
            if self._closed.is_set():
                return None
            self._guarded_step(deadline)
        return items.popleft()

    def _guarded_step(self, deadline: float | None) -> None:
        """The next step. An error closes the stream."""
        try:
            self._step(deadline)
        except TimeoutError:
            raise
        except Exception:
            self.close()
            raise

    def _step(self, deadline: float | None) -> None:
        """Do what comes next: connect, ask for what is missing, or wait for a message."""
        if self._socket is None:
            self._wait_to_connect(deadline)
            if not self._closed.is_set():
                self._open()
            return
        try:
            call = self._machine.wanted()
            if call is not None:
                self._fill(call)
                return
            remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
            message = self._socket.recv(timeout=remaining, decode=False)
            self._reconnecting.worked()
            self._machine.receive(message)
        except StreamBrokenError as error:
            self._lost(Disconnected("stream_broken", f"{error}."))
        except ConnectionClosed as error:
            if not self._closed.is_set():
                self._lost(closed_by(error, self._machine))

    def _fill(self, call: Call[Any]) -> None:
        try:
            found = self._carry_out(call)
        except ExchangeError as error:
            if self._machine.failed(error):
                return
            if not may_pass(error):
                raise
            self._lost(error)
            return
        self._machine.told(found)

    def _open(self) -> None:
        self._reconnecting.begins(time.monotonic())
        try:
            socket = self._connect()
        except InvalidStatus as error:
            answer = error.response
            self._lost(refused(answer.status_code, answer.headers, bytes(answer.body or b"")))
        except (OSError, InvalidHandshake, InvalidURI) as error:
            self._lost(Disconnected("disconnected", reason_of(error)))
        except ExchangeError as error:
            if not may_pass(error):
                raise
            self._lost(error)
        else:
            self._socket = socket
            self._guard = finalize(self, _abandon, socket)
            if self._closed.is_set():
                socket.close()
            self._reconnecting.opened(time.monotonic())
            self._machine.opened()

    def _lost(self, error: ExchangeError) -> None:
        """Come back later. Raises the error where that is in vain."""
        socket, self._socket = self._socket, None
        if socket is not None:
            self._unguard()
            socket.close()
        now = time.monotonic()
        self._not_before = now + self._reconnecting.lost(error, now)

    def _wait_to_connect(self, deadline: float | None) -> None:
        pause = self._not_before - time.monotonic()
        if deadline is not None and deadline < self._not_before:
            self._closed.wait(max(0.0, deadline - time.monotonic()))
            raise TimeoutError
        if pause > 0:
            self._closed.wait(pause)

    def _unguard(self) -> None:
        if self._guard is not None:
            self._guard.detach()


def _abandon(connection: ClientConnection) -> None:
    """End the connection of a stream that nobody holds any more: its threads end by that."""
    with suppress(OSError):
        connection.socket.shutdown(sockets.SHUT_RDWR)
