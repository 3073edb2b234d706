"""python -m matching_exchange.tools.bench.listeners PORT PATH COUNT: COUNT WebSocket clients of a symbol's market
data, in their own process.

It is asked by lines of JSON (see Question) and answers each with one. The clients read all the time, asked or not.
"""

import os
import resource
import selectors
import socket
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from matching_exchange.tools.bench.distribution import Point, at_percentile, points_of
from matching_exchange.tools.bench.measure import BenchError

RECEIVED: Final = 262_144
QUIET: Final = 0.3
"""Seconds without a message after which the clients have received all."""

SETTLE_SECONDS: Final = 30.0

STAMP: Final = slice(14, 38)
"""Where the timestamp stands in a message: {"timestamp":"2026-01-31T12:00:00.000Z", ..."""

TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
MASKED: Final = 0x80

SPARE_FILES: Final = 200
"""Files that a process has open in addition to its clients."""


class Question(Struct, frozen=True):
    """Count the messages of some `seconds`. With zero, wait until no more come, and show the last one of each
    client."""

    seconds: float


class Heard(Struct, frozen=True):
    """Messages of all clients, and their delay in milliseconds. `busy` is the share of the time in which this
    process worked. `last` are the different messages that clients have had last: one, if all is well."""

    messages: int
    seconds: float
    p50: float
    p99: float
    points: list[Point]
    busy: float
    last: list[str]


class Listener:
    def __init__(self, port: int, path: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), SETTLE_SECONDS)
        self.received = b""
        self.last = b""
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        head += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        self.socket.sendall(head.encode())
        while b"\r\n\r\n" not in self.received:
            received = self.socket.recv(RECEIVED)
            if not received:
                raise BenchError("the server closed a connection instead of opening a stream")
            self.received += received
        answer, _, self.received = self.received.partition(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 101 "):
            raise BenchError(f"a stream was refused: {answer.decode(errors='replace')}")
        self.socket.settimeout(0)


class Audience:
    """All clients."""

    def __init__(self, port: int, path: str, count: int) -> None:
        self._selector = selectors.DefaultSelector()
        self._listeners = [Listener(port, path) for _ in range(count)]
        for listener in self._listeners:
            self._selector.register(listener.socket, selectors.EVENT_READ, listener)
        self._selector.register(0, selectors.EVENT_READ)
        self._stamps: dict[bytes, float] = {}
        self._late: list[float] = []
        self._heard_at = time.monotonic()

    def serve(self) -> None:
        """Answer questions until there are none."""
        while True:
            if self._turn(1.0):
                line = os.read(0, 4096)
                if not line:
                    return
                question = msgspec.json.decode(line, type=Question)
                print(
                    msgspec.json.encode(
                        self._listen(question.seconds) if question.seconds else self._settle()
                    ).decode(),
                    flush=True,
                )

    def _listen(self, seconds: float) -> Heard:
        self._late = []
        worked = time.process_time()
        started = time.perf_counter()
        end = started + seconds
        while (now := time.perf_counter()) < end:
            self._turn(end - now)
        took = time.perf_counter() - started
        busy = (time.process_time() - worked) / took
        late = sorted(self._late) or [0.0]
        tails = at_percentile(late, 50) * 1000, at_percentile(late, 99) * 1000
        return Heard(len(self._late), took, *tails, points_of(late, 1_000_000), busy, [])

    def _settle(self) -> Heard:
        deadline = time.monotonic() + SETTLE_SECONDS
        self._heard_at = time.monotonic()
        while time.monotonic() < min(deadline, self._heard_at + QUIET):
            self._turn(QUIET)
        return Heard(0, 0, 0, 0, [], 0, sorted({listener.last.decode() for listener in self._listeners}))

    def _turn(self, seconds: float) -> bool:
        """Take in what is there; whether a question waits."""
        asked = False
        for key, _ in self._selector.select(max(0.0, seconds)):
            if key.data is None:
                asked = True
            else:
                self._read(key.data)
        return asked

    def _read(self, listener: Listener) -> None:
        try:
            received = listener.socket.recv(RECEIVED)
        except BlockingIOError:
            return
        if not received:
            raise BenchError("the server closed a stream")
        now = time.time()
        self._heard_at = time.monotonic()
        data = listener.received + received
        start = 0
        while len(data) - start >= 2:
            kind, length, begin = data[start], data[start + 1], start + 2
            if length >= 126:
                size = 2 if length == 126 else 8
                length = int.from_bytes(data[begin : begin + size], "big")
                begin += size
            if len(data) < begin + length:
                break
            start = begin + length
            if kind == TEXT:
                listener.last = data[begin:start]
                self._late.append(now - self._time_of(listener.last[STAMP]))
            elif kind == PING:
                with suppress(BlockingIOError):
                    listener.socket.send(bytes((PONG, MASKED | length, 0, 0, 0, 0)) + data[begin:start])
            else:
                raise BenchError(f"the server sent a frame of kind {kind:#x}: {data[begin:start]!r}")
        listener.received = data[start:]

    def _time_of(self, stamp: bytes) -> float:
        found = self._stamps.get(stamp)
        if found is None:
            found = self._stamps[stamp] = datetime.fromisoformat(stamp.decode()).timestamp()
        return found


class Listeners:
    """The process, from outside. A context manager: inside, all its clients are connected."""

    def __init__(self, port: int, path: str, count: int, log: Path) -> None:
        self._arguments = [str(port), path, str(count)]
        self._log = log

    def __enter__(self) -> "Listeners":
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "matching_exchange.tools.bench.listeners", *self._arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        try:
            self.answer()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, seconds: float) -> None:
        assert self._process.stdin is not None, "it is a pipe"
        self._process.stdin.write(msgspec.json.encode(Question(seconds)) + b"\n")
        self._process.stdin.flush()

    def answer(self) -> Heard:
        """Wait for the answer. Raises BenchError if a stream has ended."""
        assert self._process.stdout is not None, "it is a pipe"
        line = self._process.stdout.readline()
        if not line:
            raise BenchError(f"the clients have ended:\n{self._log.read_text(errors='replace')}")
        return msgspec.json.decode(line, type=Heard)


def may_open(files: int) -> bool:
    """Let this process and its children open this many files. Returns whether they may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = files + SPARE_FILES
    if soft < wanted <= hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted <= hard


if __name__ == "__main__":
    audience = Audience(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
    print(msgspec.json.encode(Heard(0, 0, 0, 0, [], 0, [])).decode(), flush=True)
    audience.serve()
