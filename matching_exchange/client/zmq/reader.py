"""What takes in the answers of a ZmqClient, and sends again what was lost. It never calls a user back.

A thread does it. A caller that waits for an answer reads meanwhile by itself: then no answer goes from thread to
thread.
"""

import select
import threading
import time
from collections.abc import Callable
from typing import Final

import msgspec
import zmq

from matching_exchange.client.zmq.callbacks import READ_AT_ONCE, Waker
from matching_exchange.client.zmq.link import Link
from matching_exchange.client.zmq.moving import Moving
from matching_exchange.client.zmq.states import ConnectionState
from protocol import topics
from protocol.codec import decode_report
from protocol.handshakes import Handshakes
from protocol.sockets import Socket, message_receiver

BUSY_MILLISECONDS: Final = 50
IDLE_MILLISECONDS: Final = 250
"""Milliseconds between two looks at the clock, at most: while something waits for the matcher, and else."""


PARK_SECONDS: Final = 0.005
"""Seconds after which the thread looks whether a caller still reads."""


class Reader:
    """`lock` guards the link and `moving`. `flush` sends what is due, and `took` hears that something may have changed:
    both are called under the lock. `tell` hears why a handshake fails."""

    def __init__(
        self,
        name: str,
        link: Link,
        moving: Moving,
        reports: Socket,
        handshakes: Handshakes,
        lock: threading.Lock,
        flush: Callable[[], None],
        took: Callable[[], None],
        tell: Callable[[ConnectionState], None],
    ) -> None:
        self._link = link
        self._moving = moving
        self._reports = reports
        self._handshakes = handshakes
        self._lock = lock
        self._flush = flush
        self._took = took
        self._tell = tell
        self._subscribed = link.public
        self._closing = False
        self._waker = Waker()
        # Who holds it may use the socket. Its descriptor may be polled by all.
        self._reading = threading.Lock()
        self._receive_message = message_receiver(reports)
        self._descriptors = [int(reports.getsockopt(zmq.FD)), *moving.descriptors]
        self._driven = threading.Event()
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

    def drive(self, done: Callable[[], bool], seconds: float) -> None:
        """Read on the caller's thread until `done`, at most so many seconds. Returns early where another one reads."""
        if not self._reading.acquire(blocking=False):
            return
        try:
            deadline = time.monotonic() + seconds
            poller = self._new_poller()
            while not done() and not self._closing:
                if self._drain():
                    continue
                left = deadline - time.monotonic()
                if left <= 0:
                    return
                poller.poll(min(left * 1_000, BUSY_MILLISECONDS))
        finally:
            self._reading.release()
            if self._link.busy:
                # Others wait, whom the thread serves from now on.
                self._driven.set()

    def _new_poller(self) -> select.poll:
        poller = select.poll()
        for descriptor in self._descriptors:
            poller.register(descriptor, select.POLLIN)
        return poller

    def _run(self) -> None:
        poller = self._new_poller()
        poller.register(self._waker, select.POLLIN)
        try:
            while not self._closing:
                with self._lock:
                    self._link.tick(time.monotonic())
                    self._flush()
                    self._took()
                    wait = BUSY_MILLISECONDS if self._link.busy else IDLE_MILLISECONDS
                if not poller.poll(wait):
                    for reason in self._handshakes.take():
                        self._tell(ConnectionState("away", 0, reason))
                self._waker.clear()
                if self._reading.acquire(blocking=False):
                    try:
                        self._drain()
                    finally:
                        self._reading.release()
                else:
                    self._driven.wait(PARK_SECONDS)
                    self._driven.clear()
        finally:
            with self._reading:
                self._handshakes.close()
                self._reports.close()
                self._moving.close()

    def _drain(self) -> int:
        """Take in what has come, up to a bound. The descriptor signals changes only: the thread is woken for more."""
        if self._moving.leadership is not None:
            self._follow_leader()
        self._follow_session()
        for count in range(READ_AT_ONCE):
            try:
                _, payload = self._receive_message()
            except zmq.Again:
                return count
            self._take(payload)
        self._waker.wake()
        return READ_AT_ONCE

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

    def _follow_leader(self) -> None:
        with self._lock:
            pulse = self._moving.look(time.monotonic())
            if pulse is not None:
                self._link.receive(pulse, time.monotonic())
                self._flush()

    def _follow_session(self) -> None:
        """Read the reports of the session that is the link's now."""
        if self._subscribed != self._link.public:
            self._reports.unsubscribe(topics.reports(self._subscribed))
            self._subscribed = self._link.public
            self._reports.subscribe(topics.reports(self._subscribed))
