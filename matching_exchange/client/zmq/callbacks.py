"""The thread on which a ZmqClient calls back. It reads the market data and the updates of accounts by itself.

So callbacks may call the client and wait: answers come on another thread. While a callback runs, messages wait in the
sockets, up to 10,000. What is lost beyond that is asked for.
"""

import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import zmq

from protocol.sockets import Socket, message_receiver

POLL_MILLISECONDS: Final = 250
"""Milliseconds between two ticks, at most, while nothing comes."""

READ_AT_ONCE: Final = 256
"""Messages of one socket that are read at most before the others have their turn."""

log = logging.getLogger("matching_exchange")


class Waker:
    """Wakes a thread that polls. Of any thread."""

    def __init__(self) -> None:
        self._reading, self._writing = socket.socketpair()
        self._lock = threading.Lock()
        self._woken = False
        self._closed = False

    def fileno(self) -> int:
        return self._reading.fileno()

    def wake(self) -> None:
        with self._lock:
            if not self._woken and not self._closed:
                self._woken = True
                self._writing.send(b"\0")

    def clear(self) -> None:
        """Before the thread looks at what there is to do."""
        with self._lock:
            if self._woken:
                self._woken = False
                self._reading.recv(1)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._reading.close()
            self._writing.close()


class Callbacks:
    """`tick` is called on the thread several times a second with the monotonic time. The thread begins with the first
    thing that there is to do."""

    def __init__(self, name: str, tick: Callable[[float], None]) -> None:
        self._name = name
        self._tick = tick
        self._lock = threading.Lock()
        self._tasks: deque[Callable[[], None]] = deque()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._waker = Waker()
        self._poller = zmq.Poller()
        self._poller.register(self._waker, zmq.POLLIN)
        self._sockets: dict[Socket, Callable[[bytes, bytes], None]] = {}
        self._at_end: list[Callable[[], None]] = []
        self._on_error: Callable[[Exception], object] | None = None

    def later(self, task: Callable[[], None]) -> None:
        """Call on the thread. Of any thread. After `stop` nothing is called."""
        with self._lock:
            if self._closing:
                return
            self._tasks.append(task)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
        self._waker.wake()

    def on_error(self, handler: Callable[[Exception], object]) -> None:
        self._on_error = handler

    def guarded(self, callback: Callable[..., object]) -> Callable[..., None]:
        """The function, most often a user's callback. Its error is reported, and the thread goes on."""

        def call(*arguments: Any) -> None:
            try:
                callback(*arguments)
            except Exception as error:
                self._report(error)

        return call

    def read(self, opened: Socket, receive: Callable[[bytes, bytes], None]) -> None:
        """On the thread: hand on each message of the socket, topic and payload. The thread closes it in the end."""
        self._sockets[opened] = receive
        self._poller.register(opened, zmq.POLLIN)

    @property
    def is_current(self) -> bool:
        """Whether this is the thread."""
        return self._thread is threading.current_thread()

    def stop(self, timeout: float, at_end: Callable[[], None]) -> None:
        """End the thread. Wait for that, at most `timeout` seconds, unless this is it. `at_end` is called after all."""
        with self._lock:
            self._closing = True
            self._tasks.clear()
            thread = self._thread
            if thread is not None:
                self._at_end.append(at_end)
        if thread is None:
            self._waker.close()
            at_end()
            return
        self._waker.wake()
        if not self.is_current:
            thread.join(timeout)

    def _run(self) -> None:
        try:
            while not self._closing:
                self._turn()
        finally:
            for opened in self._sockets:
                opened.close()
            self._waker.close()
            for at_end in self._at_end:
                at_end()

    def _turn(self) -> None:
        ready = dict(self._poller.poll(POLL_MILLISECONDS))
        self._waker.clear()
        for opened, receive in list(self._sockets.items()):
            if opened in ready:
                self._drain(opened, receive)
        for _ in range(len(self._tasks)):
            task = self._next_task()
            if task is not None:
                self.guarded(task)()
        if not self._closing:
            self.guarded(self._tick)(time.monotonic())

    def _next_task(self) -> Callable[[], None] | None:
        """None where `stop` has dropped the tasks."""
        with self._lock:
            return self._tasks.popleft() if self._tasks else None

    def _drain(self, opened: Socket, receive: Callable[[bytes, bytes], None]) -> None:
        receive_message = message_receiver(opened)
        for _ in range(READ_AT_ONCE):
            if self._closing:
                return
            try:
                topic, payload = receive_message()
            except zmq.Again:
                return
            self.guarded(receive)(topic, payload)

    def _report(self, error: Exception) -> None:
        if self._on_error is None:
            log.error("a callback has failed", exc_info=error)
        else:
            try:
                self._on_error(error)
            except Exception as failure:
                log.error("the handler of errors has failed", exc_info=failure)
