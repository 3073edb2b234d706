"""A session with a matcher that costs its client little: commands are encoded before, answers are read after.

While it is measured, only the counts of answers are looked at; `check` reads all of them. The sockets queue more than
is under way, so the loopback loses nothing, and nothing needs to be sent again where no matcher drops frames. A missing
answer is a BenchError.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Final, TypeVar

import msgspec
import zmq
from msgspec import Raw, Struct

from matching_exchange.tools.bench.measure import BenchError
from protocol import topics
from protocol.codec import decode_report, encode
from protocol.commands import VERSION, Ask, Command, Hello, Query
from protocol.curve import ClientKeys, open_with
from protocol.events import (
    Answers,
    CommandRefused,
    FrameRefused,
    OrderResult,
    QueryResult,
    Result,
    SessionUnknown,
    Welcome,
)
from protocol.public_number import public_number
from protocol.session import new_session

PATIENCE: Final = 120.0
"""How many seconds anything may take."""

ASK_EVERY: Final = 0.02
"""So often, in seconds, a matcher that starts is asked again."""


class Frame(Struct, frozen=True):
    """A number of commands, encoded."""

    count: int
    commands: Raw


class _Commands(Struct, frozen=True, array_like=True, tag=2):
    """As protocol's Commands, with encoded commands."""

    version: int
    session: int
    number: int
    answered: int
    commands: Raw


class _Answers(Struct, frozen=True, array_like=True, tag=2):
    """As protocol's Answers, with encoded answers."""

    session: int
    epoch: int
    number: int
    sequence: int
    timestamp: int
    answers: list[Raw]


Kind = TypeVar("Kind", Welcome, QueryResult)

_decode = msgspec.msgpack.Decoder(Welcome | _Answers | SessionUnknown | FrameRefused | QueryResult).decode


def frames(commands: Iterable[Command], count: int) -> Iterator[Frame]:
    """The commands in frames of `count`; the last frame may have fewer."""
    rest = iter(commands)
    while some := list(islice(rest, count)):
        yield Frame(len(some), Raw(encode(some)))


class Throughput(Struct, frozen=True):
    """The number of answered commands, and the seconds. `busy` is the share of that time in which the sender worked."""

    commands: int
    seconds: float
    busy: float

    @property
    def per_second(self) -> float:
        return self.commands / self.seconds


class Wire:
    """A context manager. `sent` and `answered` count the session's commands; `trades` are those in the answers that
    were checked: trade_id, price and quantity."""

    def __init__(self, commands: str, reports: str, keys: ClientKeys | None = None) -> None:
        self.session = new_session()
        self.sent = 0
        self.answered = 0
        self._request = 0
        self.trades: list[tuple[int, int, int]] = []
        # Reports, each with how many of its answers came before in another one.
        self._unchecked: list[tuple[bytes, int]] = []
        self._checked = 0
        self._ahead: int | None = None
        self._last_order_id: int | None = None
        self._context = zmq.Context()
        self._commands = self._context.socket(zmq.PUSH)
        self._reports = self._context.socket(zmq.SUB)
        # Without a matcher nothing is queued. Otherwise it would first answer all earlier attempts.
        self._commands.set(zmq.IMMEDIATE, 1)
        self._reports.subscribe(topics.reports(public_number(self.session)))
        for socket, endpoint in ((self._commands, commands), (self._reports, reports)):
            socket.set(zmq.LINGER, 0)
            # A starting matcher is found at once. A pause would be part of the measurement.
            socket.set(zmq.RECONNECT_IVL, 2)
            socket.set(zmq.SNDHWM, 10_000)
            socket.set(zmq.RCVHWM, 100_000)
            open_with(socket, keys)
            socket.connect(endpoint)

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self._commands.close()
        self._reports.close()
        self._context.term()

    def open(self) -> None:
        """Wait until a matcher, which need not run yet, has welcomed the session."""
        self._ask(Hello(VERSION, self.session), Welcome)

    def query(self, query: Query) -> Result:
        """The result; waits for a matcher, which need not run yet. No command may be under way."""
        self._request += 1
        return self._ask(Ask(VERSION, self.session, self._request, query), QueryResult).result

    def _ask(self, question: Hello | Ask, kind: type[Kind]) -> Kind:
        """Ask again and again until there is an answer of the kind, to this question."""
        payload = encode(question)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(zmq.Again):
                self._commands.send(payload, zmq.NOBLOCK)
            while self._reports.poll(int(ASK_EVERY * 1000)):
                report = _decode(self._reports.recv_multipart()[1])
                if isinstance(report, kind) and (
                    not isinstance(report, QueryResult) or report.request == self._request
                ):
                    return report
        raise BenchError(f"no matcher answered within {PATIENCE:g} seconds")

    def send(self, frame: Frame) -> bytes:
        """Send a frame, and return its bytes. Wait while the matcher, on a busy machine, has not read those before."""
        payload = encode(_Commands(VERSION, self.session, self.sent + 1, self.answered, frame.commands))
        self.repeat(payload)
        self.sent += frame.count
        return payload

    def repeat(self, payload: bytes) -> None:
        """Send the bytes of a frame, which may have been sent before."""
        if not self._commands.poll(int(PATIENCE * 1_000), zmq.POLLOUT):
            raise BenchError(f"the matcher took no frame within {PATIENCE:g} seconds")
        self._commands.send(payload, zmq.NOBLOCK)

    def receive(self, patience: float = PATIENCE) -> int:
        """Take in the answers that wait. If there are none, wait up to `patience` seconds for the first. How many
        came."""
        before = self.answered
        if self._reports.poll(int(patience * 1000)):
            with suppress(zmq.Again):
                while True:
                    self.take(self._reports.recv_multipart(zmq.NOBLOCK)[1])
        elif patience == PATIENCE:
            raise BenchError(f"{self.sent - self.answered} commands were not answered within {PATIENCE:g} seconds")
        return self.answered - before

    def take(self, payload: bytes) -> None:
        """Take in one report."""
        report = _decode(payload)
        if isinstance(report, _Answers):
            known = self.answered + 1 - report.number
            if known < 0:
                raise BenchError(f"the answers from number {self.answered + 1} to {report.number - 1} are missing")
            # What was sent twice may be answered twice.
            if known < len(report.answers):
                self.answered += len(report.answers) - known
                self._unchecked.append((payload, known))
        elif isinstance(report, SessionUnknown | FrameRefused):
            raise BenchError(f"the matcher did not take a frame: {report}")

    def run(self, frames: Iterator[Frame], under_way: int, seconds: float = float("inf")) -> Throughput:
        """Send frames for some seconds, or until none is left, with a bounded number of commands under way. Wait for
        all answers."""
        before = self.answered
        busy = time.process_time()
        started = time.perf_counter()
        end = started + seconds
        frame = next(frames, None)
        while frame is not None or self.answered < self.sent:
            while frame is not None and self.sent - self.answered + frame.count <= under_way:
                self.send(frame)
                frame = next(frames, None) if time.perf_counter() < end else None
            self.receive()
        took = time.perf_counter() - started
        return Throughput(self.answered - before, took, (time.process_time() - busy) / took)

    def check(self) -> int:
        """Check all answers: one for each command, no refusal, no gap in sequences and new order ids. Returns the
        number of commands answered so far. Raises BenchError if a check fails."""
        for payload, known in self._unchecked:
            report = decode_report(payload)
            assert isinstance(report, Answers), "nothing else was kept"
            if self._ahead is not None and report.sequence - report.number != self._ahead:
                raise BenchError(
                    f"command {report.number} has the sequence {report.sequence}: something else was carried out "
                    "meanwhile"
                )
            self._ahead = report.sequence - report.number
            for number, answer in enumerate(report.answers[known:], report.number + known):
                if isinstance(answer, CommandRefused):
                    raise BenchError(f"command {number} was refused: {answer}")
                if isinstance(answer, OrderResult):
                    if self._last_order_id is not None and answer.order_id != self._last_order_id + 1:
                        raise BenchError(
                            f"command {number} placed the order {answer.order_id} after {self._last_order_id}"
                        )
                    self._last_order_id = answer.order_id
                    self.trades += [(trade.trade_id, trade.price, trade.quantity) for trade in answer.trades]
            self._checked += len(report.answers) - known
        self._unchecked.clear()
        if not self._checked == self.answered == self.sent:
            raise BenchError(f"{self.sent} commands were sent, {self._checked} answered")
        return self._checked
