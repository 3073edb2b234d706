"""python -m matching_exchange.tools.bench.forwarder IN OUT: pass messages from a PULL socket to a PUB socket, and do
nothing else.

Its client has as many messages under way as one of a matcher. A missing message is a BenchError.
"""

import sys
import time
from pathlib import Path
from typing import Final

import zmq

from matching_exchange.tools.bench.measure import BenchError
from matching_exchange.tools.bench.wire import PATIENCE, Throughput
from matching_exchange.tools.processes import Process, free_ports

PROBE: Final = b"probe"
PROBE_EVERY: Final = 20
"""Milliseconds."""

QUEUED: Final = 100_000


def forward(incoming: str, outgoing: str) -> None:
    context = zmq.Context()
    pull, pub = context.socket(zmq.PULL), context.socket(zmq.PUB)
    pull.set(zmq.RCVHWM, QUEUED)
    pub.set(zmq.SNDHWM, QUEUED)
    pull.bind(incoming)
    pub.bind(outgoing)
    receive, send = pull.recv, pub.send
    while True:
        send(receive())


class Forwarder:
    """A context manager: inside, the process runs and is connected."""

    def __init__(self, log: Path) -> None:
        incoming, outgoing = (f"tcp://127.0.0.1:{port}" for port in free_ports(2))
        self._process = Process("matching_exchange.tools.bench.forwarder", [incoming, outgoing], {}, log)
        self._context = zmq.Context()
        self._push, self._sub = self._context.socket(zmq.PUSH), self._context.socket(zmq.SUB)
        self._sub.subscribe(b"")
        for socket, endpoint in ((self._push, incoming), (self._sub, outgoing)):
            socket.set(zmq.LINGER, 0)
            socket.set(zmq.SNDHWM, QUEUED)
            socket.set(zmq.RCVHWM, QUEUED)
            socket.set(zmq.RECONNECT_IVL, 2)
            socket.connect(endpoint)

    def __enter__(self) -> "Forwarder":
        self._process.start()
        deadline = time.monotonic() + PATIENCE
        # A probe that is there before the subscription is lost; the others come back.
        while not self._sub.poll(PROBE_EVERY):
            if time.monotonic() > deadline:
                self.__exit__()
                raise BenchError(f"the forwarder did not answer within {PATIENCE:g} seconds")
            self._push.send(PROBE)
        while self._sub.poll(PROBE_EVERY):
            self._sub.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.close()
        self._push.close()
        self._sub.close()
        self._context.term()

    def run(self, payload: bytes, under_way: int, seconds: float) -> Throughput:
        """Send the payload again and again for some seconds, with a bounded number of messages under way. Wait for
        all of them."""
        send, receive, clock = self._push.send, self._sub.recv, time.perf_counter
        sent = received = 0
        busy = time.process_time()
        started = clock()
        end = started + seconds
        while received < sent or clock() < end:
            if clock() < end:
                for _ in range(under_way - (sent - received)):
                    send(payload)
                    sent += 1
            if not self._sub.poll(int(PATIENCE * 1000)):
                raise BenchError(f"{sent - received} messages did not come back within {PATIENCE:g} seconds")
            try:
                while True:
                    receive(zmq.NOBLOCK)
                    received += 1
            except zmq.Again:
                continue
        took = clock() - started
        return Throughput(received, took, (time.process_time() - busy) / took)


if __name__ == "__main__":
    forward(*sys.argv[1:])
