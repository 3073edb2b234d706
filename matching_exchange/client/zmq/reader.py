"""The thread of a ZmqClient that takes in answers, and sends again what was lost. It never calls a user back."""

import threading
import time
from collections.abc import Callable
from typing import Final

import msgspec
import zmq

from matching_exchange.client.zmq.callbacks import READ_AT_ONCE, Waker
from matching_exchange.client.zmq.link import Link
from matching_exchange.client.zmq.states import ConnectionState
from protocol import topics
from protocol.codec import decode_report
from protocol.handshakes import Handshakes
from protocol.sockets import Socket, message_receiver

BUSY_MILLISECONDS: Final = 50
IDLE_MILLISECONDS: Final = 250
"""Milliseconds between two looks at the clock, at most: while something waits for the matcher, and else."""


class Reader:
    """`lock` guards the link. `flush` sends what is due, and `took` hears that something may have changed: both are
    called under the lock. `tell` hears why a handshake fails."""

    def __init__(
        self,
        name: str,
        link: Link,
        reports: Socket,
        handshakes: Handshakes,
        lock: threading.Lock,
        flush: Callable[[], None],
        took: Callable[[], None],
        tell: Callable[[ConnectionState], None],
    ) -> None:
        self._link = link
        self._reports = reports
        self._handshakes = handshakes
        self._lock = lock
        self._flush = flush
        self._took = took
        self._tell = tell
        self._subscribed = link.public
        self._closing = False
        self._waker = Waker()
        self._poller = zmq.Poller()
        self._poller.register(self._waker, zmq.POLLIN)
        self._poller.register(reports, zmq.POLLIN)
        self._strange = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and wait for that."""
        self._closing = True
        self._waker.wake()
        self._thread.join()
        self._waker.close()

    def _run(self) -> None:
        receive_message = message_receiver(self._reports)
        try:
            while not self._closing:
                with self._lock:
                    now = time.monotonic()
                    self._link.tick(now)
                    self._flush()
                    self._took()
                    wait = BUSY_MILLISECONDS if self._link.busy else IDLE_MILLISECONDS
                self._follow_session()
                if not self._poller.poll(wait):
                    for reason in self._handshakes.take():
                        self._tell(ConnectionState("away", 0, reason))
                self._waker.clear()
                for _ in range(READ_AT_ONCE):
                    try:
                        _, payload = receive_message()
                    except zmq.Again:
                        break
                    self._take(payload)
        finally:
            self._handshakes.close()
            self._reports.close()

    def _take(self, payload: bytes) -> None:
        try:
            report = decode_report(payload)
        except msgspec.MsgspecError as error:
            # All others have the same cause.
            if not self._strange:
                self._strange = True
                self._tell(ConnectionState("away", 0, f"the matcher speaks another version: {error}"))
            return
        with self._lock:
            self._link.receive(report, time.monotonic())

    def _follow_session(self) -> None:
        """Read the reports of the session that is the link's now."""
        if self._subscribed != self._link.public:
            self._reports.unsubscribe(topics.reports(self._subscribed))
            self._subscribed = self._link.public
            self._reports.subscribe(topics.reports(self._subscribed))
