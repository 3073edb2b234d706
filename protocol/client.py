"""The ZeroMQ edge as a library, for programs that wait: a command client with its session, and a market data reader.

Both are for one thread. Prices and quantities are the instrument's integers.
"""

import secrets
import time
from collections import deque
from collections.abc import Iterable

import zmq
from msgspec import Struct

from protocol import topics
from protocol.codec import decode_market_data, decode_report, encode
from protocol.commands import VERSION, Ask, Command, Commands, Query
from protocol.events import Answer, QueryAnswer, QueryResult
from protocol.market_data import MarketDataMessage
from protocol.session import Answered, ClientSession, Lost, NotOpenError, SessionState
from protocol.sockets import is_ipv6, message_receiver

MAX_REPORT_BYTES = 512 * 1024 * 1024
"""The largest report: the answer to an order that trades with, or a cancel that hits, a million orders fits."""

REPEAT_QUERY_AFTER = 1.0
"""After so many seconds without an answer a query is asked again."""


def new_session() -> int:
    """A session id that no other client has: 63 random bits."""
    return secrets.randbits(63) or 1


def open_commands(context: "zmq.Context[zmq.Socket[bytes]]", endpoint: str) -> "zmq.Socket[bytes]":
    """A PUSH socket to a matcher that refuses at once what it cannot deliver."""
    socket = context.socket(zmq.PUSH)
    # Without a matcher a send fails at once instead of queueing into the void.
    socket.set(zmq.IMMEDIATE, 1)
    # What has not left at exit was never taken: nobody waits for it.
    socket.set(zmq.LINGER, 0)
    # Beyond it the matcher does not keep up, and the session's window tells.
    socket.set(zmq.SNDHWM, 1_000)
    # The other side sends nothing but greetings.
    socket.set(zmq.MAXMSGSIZE, 1_024)
    _connect(socket, endpoint)
    return socket


def open_reports(context: "zmq.Context[zmq.Socket[bytes]]", endpoint: str, session: int) -> "zmq.Socket[bytes]":
    """A SUB socket to the session's reports and the matcher's pulse."""
    socket = context.socket(zmq.SUB)
    socket.set(zmq.LINGER, 0)
    # What overflows is a hole that the session sees and asks for again.
    socket.set(zmq.RCVHWM, 10_000)
    socket.set(zmq.MAXMSGSIZE, MAX_REPORT_BYTES)
    socket.subscribe(topics.PULSE)
    socket.subscribe(topics.reports(session))
    _connect(socket, endpoint)
    return socket


def open_market_data(context: "zmq.Context[zmq.Socket[bytes]]", endpoint: str) -> "zmq.Socket[bytes]":
    """A SUB socket to the public market data, subscribed to nothing yet."""
    socket = context.socket(zmq.SUB)
    socket.set(zmq.LINGER, 0)
    # A reader that falls behind by so many messages loses some and sees the hole.
    socket.set(zmq.RCVHWM, 10_000)
    socket.set(zmq.MAXMSGSIZE, 1024 * 1024)
    _connect(socket, endpoint)
    return socket


def _connect(socket: "zmq.Socket[bytes]", endpoint: str) -> None:
    """Connect, notice a peer that has vanished without a word after three silent seconds, and look for it again at
    least every second."""
    socket.set(zmq.HEARTBEAT_IVL, 1_000)
    socket.set(zmq.HEARTBEAT_TIMEOUT, 3_000)
    # A name may have another address by now (a container that was restarted); the system would try the old one for two
    # minutes.
    socket.set(zmq.CONNECT_TIMEOUT, 2_000)
    socket.set(zmq.HANDSHAKE_IVL, 2_000)
    socket.set(zmq.RECONNECT_IVL, 50)
    socket.set(zmq.RECONNECT_IVL_MAX, 1_000)
    socket.set(zmq.IPV6, is_ipv6(endpoint))
    socket.connect(endpoint)


class MatcherAwayError(Exception):
    """No matcher answered in time."""


class OutcomeUnknownError(Exception):
    """The session ended before the answer came: the commands may have been executed or not."""


class QueryResponse(Struct, frozen=True):
    """The result of a query, as of `sequence`."""

    sequence: int
    timestamp: int
    result: QueryResult


class CommandClient:
    """Sends commands over one session and waits for the answers. Many may be under way: `send` them, then `receive`.

    A context manager; `timeout` (seconds) bounds each wait, and passing it raises MatcherAwayError.
    """

    def __init__(
        self, commands: str = "tcp://127.0.0.1:5555", reports: str = "tcp://127.0.0.1:5557", timeout: float = 10.0
    ) -> None:
        self._timeout = timeout
        self._context = zmq.Context()
        self._session = ClientSession(new_session)
        self._commands = open_commands(self._context, commands)
        self._reports = open_reports(self._context, reports, self._session.session)
        self._receive_message = message_receiver(self._reports)
        self._subscribed = self._session.session
        self._answers: deque[Answered] = deque()
        self._results: dict[int, QueryAnswer] = {}
        self._request = 0

    def __enter__(self) -> "CommandClient":
        try:
            self.connect()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._commands.close()
        self._reports.close()
        self._context.term()

    @property
    def waiting(self) -> int:
        """How many commands are not answered yet."""
        return self._session.waiting

    def connect(self) -> None:
        """Wait until a matcher has welcomed the session."""
        deadline = time.monotonic() + self._timeout
        while self._session.state is not SessionState.OPEN:
            self._turn(deadline)

    def send(self, commands: Iterable[Command]) -> list[int]:
        """Send commands; their numbers. WindowFullError where too many wait for their answers."""
        try:
            numbers = [self._session.submit(command) for command in commands]
        except NotOpenError as error:
            raise MatcherAwayError("the matcher has gone away") from error
        self._push()
        return numbers

    def receive(self) -> Answered:
        """The next answer, in the order of the commands."""
        deadline = time.monotonic() + self._timeout
        while not self._answers:
            self._turn(deadline)
        return self._answers.popleft()

    def command(self, command: Command) -> Answer:
        """Send one command and wait for its answer; no other may be under way."""
        self.send([command])
        return self.receive().answer

    def ask(self, query: Query) -> int:
        """Ask a query, after the commands that were sent before, as soon as a matcher takes it; its request number."""
        self._request += 1
        deadline = time.monotonic() + self._timeout
        while not self._send_query(self._request, query):
            self._turn(deadline)
        return self._request

    def result(self, request: int) -> QueryResponse:
        """Wait for the result of an asked query; one that was lost on the way is not asked again."""
        deadline = time.monotonic() + self._timeout
        while request not in self._results:
            self._turn(deadline)
        answer = self._results.pop(request)
        return QueryResponse(answer.sequence, answer.timestamp, answer.result)

    def query(self, query: Query) -> QueryResponse:
        """Ask a query, again if need be, and wait for its result."""
        self._request += 1
        request = self._request
        deadline = time.monotonic() + self._timeout
        ask_at = time.monotonic()
        while request not in self._results:
            if time.monotonic() >= ask_at and self._send_query(request, query):
                ask_at = time.monotonic() + REPEAT_QUERY_AFTER
            self._turn(deadline)
        return self.result(request)

    def _send_query(self, request: int, query: Query) -> bool:
        """Whether the transport has taken the query; it does not overtake a command."""
        if not self._push():
            return False
        try:
            self._commands.send(encode(Ask(VERSION, self._session.session, request, query)), zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def _push(self) -> bool:
        """Send what the session has to send, as far as the transport takes it; whether the session is open and all of
        it has gone."""
        if self._subscribed != self._session.session:
            self._reports.unsubscribe(topics.reports(self._subscribed))
            self._subscribed = self._session.session
            self._reports.subscribe(topics.reports(self._subscribed))
        now = time.monotonic()
        while (frame := self._session.next_frame(now)) is not None:
            try:
                self._commands.send(encode(frame), zmq.NOBLOCK)
            except zmq.Again:
                return False
            if isinstance(frame, Commands):
                self._session.sent(frame, now)
        return self._session.state is SessionState.OPEN

    def _turn(self, deadline: float) -> None:
        """Wait a moment for reports and take them in. MatcherAwayError after the deadline."""
        self._push()
        left = deadline - time.monotonic()
        if left <= 0:
            raise MatcherAwayError(f"no matcher answered within {self._timeout:g} seconds")
        if not self._reports.poll(min(50, int(left * 1000) + 1)):
            return
        while True:
            try:
                _, payload = self._receive_message()
            except zmq.Again:
                return
            report = decode_report(payload)
            if isinstance(report, QueryAnswer):
                if report.session == self._session.session:
                    self._results[report.request] = report
                continue
            outcome = self._session.receive(report, time.monotonic())
            if isinstance(outcome, Lost):
                raise OutcomeUnknownError(outcome.reason)
            if outcome:
                self._answers.extend(outcome)


class Update(Struct, frozen=True):
    """One market data message. `missed` is how many messages of its topic were lost before it; `fresh` is false where
    it says again what was said before."""

    topic: str
    message: MarketDataMessage
    missed: int
    fresh: bool


class MarketDataReader:
    """Reads topics, or prefixes of them, of the market data socket and notices holes. A context manager."""

    def __init__(self, prefixes: Iterable[bytes], market_data: str = "tcp://127.0.0.1:5556") -> None:
        self._context = zmq.Context()
        self._socket = open_market_data(self._context, market_data)
        self._seen: dict[bytes, tuple[int, int]] = {}
        for prefix in prefixes:
            self._socket.subscribe(prefix)

    def __enter__(self) -> "MarketDataReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()
        self._context.term()

    def read(self, timeout: float | None = None) -> Update | None:
        """The next message; None where none comes within so many seconds."""
        if not self._socket.poll(None if timeout is None else int(timeout * 1000)):
            return None
        topic, payload = self._socket.recv_multipart()
        message = decode_market_data(payload)
        epoch, number = self._seen.get(topic, (0, 0))
        missed, fresh = 0, True
        if message.epoch == epoch:
            fresh = message.number > number
            missed = max(0, message.previous - number)
        self._seen[topic] = (message.epoch, max(number, message.number) if message.epoch == epoch else message.number)
        return Update(topic.decode(), message, missed, fresh)
