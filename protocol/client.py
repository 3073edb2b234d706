"""A ZeroMQ client library for blocking programs: a command client, and a market data reader.

Use each object from one thread. Prices and quantities are the instrument's integers (see `protocol.units`).
"""

import time
from collections import deque
from collections.abc import Iterable, Sequence

import zmq
from msgspec import Struct

from protocol import topics
from protocol.bases import base_endpoints
from protocol.book_feeds import BookSnapshotMessage, OrdersSnapshotMessage
from protocol.checks import check_command, check_query
from protocol.codec import decode_market_data, decode_report
from protocol.commands import VERSION, Command, Query
from protocol.curve import ClientKeys
from protocol.events import Answer, Pulse, QueryResult
from protocol.handshakes import Handshakes
from protocol.leader import Leadership
from protocol.leader_watch import NOWHERE, LeaderWatch
from protocol.market_data import MarketDataMessage, TradeMessage
from protocol.pump import ONCE, Pump
from protocol.session import Answered, Lost, NotOpenError, SessionState, new_session
from protocol.sockets import message_receiver, move, open_commands, open_market_data, open_reports

REPEAT_QUERY_AFTER = 1.0
"""Seconds without a result after which a query is asked again."""


class MatcherAwayError(Exception):
    """No matcher has answered within the timeout. `reason` tells of a failed handshake; else it is empty."""

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(f"{message}: {reason}" if reason else message)
        self.reason = reason


class OutcomeUnknownError(Exception):
    """The session ended before the answer came. The commands may have been executed or not."""


class CommandClient:
    """Sends commands over one session and waits for the answers. To have many in flight, `send` them, then `receive`.

    A context manager. Each wait raises MatcherAwayError after `timeout` seconds. It raises OutcomeUnknownError if the
    session ends. `keys` are needed where the matcher has CURVE.

    matchers: base addresses of the nodes of a replicated log, such as "a:5555", in place of the two endpoints. The
        client speaks to the one that leads. ValueError for a bad one.
    """

    def __init__(
        self,
        commands: str = "tcp://127.0.0.1:5555",
        reports: str = "tcp://127.0.0.1:5557",
        timeout: float = 10.0,
        keys: ClientKeys | None = None,
        matchers: Sequence[str] = (),
    ) -> None:
        nodes = [base_endpoints(address) for address in matchers]
        if nodes:
            # Until one of them is heard to lead.
            commands, reports = NOWHERE.commands, NOWHERE.reports
        self._timeout = timeout
        self._context = zmq.Context()
        self._pump = Pump(new_session)
        self._session = self._pump.session
        self._watch = LeaderWatch(self._context, nodes, keys, Leadership()) if nodes else None
        self._commands = open_commands(self._context, commands, keys)
        self._reports = open_reports(self._context, reports, self._session.public, keys)
        self._handshakes = Handshakes(self._commands, keys)
        self._receive_message = message_receiver(self._reports)
        self._subscribed = self._session.public
        self._answers: deque[Answered] = deque()
        self._results: dict[int, QueryResult] = {}

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
        self._handshakes.close()
        self._commands.close()
        self._reports.close()
        if self._watch is not None:
            self._watch.close()
        self._context.term()

    @property
    def waiting(self) -> int:
        """The number of commands that wait for an answer."""
        return self._session.waiting

    def connect(self) -> None:
        """Wait until a matcher has opened the session."""
        deadline = time.monotonic() + self._timeout
        while self._session.state is not SessionState.OPEN:
            self._turn(deadline)

    def send(self, commands: Iterable[Command]) -> list[int]:
        """Send commands, and return their numbers. Raises WindowFullError if WINDOW commands wait for answers.

        Raises FieldError if a field of a command is not of its type. None of the commands is numbered or sent then.
        """
        commands = list(commands)
        for command in commands:
            check_command(command)
        try:
            numbers = [self._session.submit(command) for command in commands]
        except NotOpenError as error:
            raise MatcherAwayError("the matcher has gone away") from error
        self._push()
        return numbers

    def receive(self) -> Answered:
        """Wait for the next answer. Answers come in the order of the commands."""
        deadline = time.monotonic() + self._timeout
        while not self._answers:
            self._turn(deadline)
        return self._answers.popleft()

    def command(self, command: Command) -> Answer:
        """Send one command and wait for its answer. Call it only while no other command waits for an answer."""
        self.send([command])
        return self.receive().answer

    def ask(self, query: Query) -> int:
        """Send a query behind all commands sent before, and return its request number. FieldError as in `send`."""
        return self._ask(query, ONCE, time.monotonic() + self._timeout)

    def result(self, request: int) -> QueryResult:
        """Wait for the result of a query that `ask` has sent. It is not asked again if it was lost."""
        return self._result(request, time.monotonic() + self._timeout)

    def query(self, query: Query) -> QueryResult:
        """Ask a query and wait for its result. Asks again every REPEAT_QUERY_AFTER seconds."""
        deadline = time.monotonic() + self._timeout
        request = self._ask(query, REPEAT_QUERY_AFTER, deadline)
        try:
            return self._result(request, deadline)
        finally:
            self._pump.forget(request)

    def _ask(self, query: Query, repeat_every: float, deadline: float) -> int:
        check_query(query)
        request = self._pump.ask(query, time.monotonic(), repeat_every)
        try:
            self._push()
            while not self._pump.is_sent(request):
                self._turn(deadline)
        except (MatcherAwayError, OutcomeUnknownError):
            self._pump.forget(request)
            raise
        return request

    def _result(self, request: int, deadline: float) -> QueryResult:
        while request not in self._results:
            self._turn(deadline)
        return self._results.pop(request)

    def _push(self) -> None:
        """Send the due frames until the transport is full."""
        if self._watch is not None:
            self._follow(self._watch)
        if self._subscribed != self._session.public:
            self._reports.unsubscribe(topics.reports(self._subscribed))
            self._subscribed = self._session.public
            self._reports.subscribe(topics.reports(self._subscribed))
        for payload in self._pump.due(time.monotonic()):
            try:
                self._commands.send(payload, zmq.NOBLOCK)
            except zmq.Again:
                return

    def _follow(self, watch: LeaderWatch) -> None:
        """Go to the node that leads, if that is another one now."""
        moved = watch.look(time.monotonic())
        if moved is not None:
            move(self._commands, moved.before.commands, moved.now.commands)
            move(self._reports, moved.before.reports, moved.now.reports)
            self._pump.receive(moved.pulse, time.monotonic())

    def _turn(self, deadline: float) -> None:
        """Wait at most 50 milliseconds for reports, and take them in. Raises MatcherAwayError after the deadline."""
        self._push()
        left = deadline - time.monotonic()
        if left <= 0:
            self._handshakes.take()
            raise MatcherAwayError(f"no matcher answered within {self._timeout:g} seconds", self._handshakes.reason)
        if not self._reports.poll(min(50, int(left * 1000) + 1)):
            return
        while True:
            try:
                _, payload = self._receive_message()
            except zmq.Again:
                return
            report = decode_report(payload)
            if isinstance(report, Pulse) and report.version != VERSION:
                raise MatcherAwayError(f"the matcher speaks version {report.version}: takes version {VERSION}")
            outcome = self._pump.receive(report, time.monotonic())
            if isinstance(outcome, Lost):
                raise OutcomeUnknownError(outcome.reason)
            if isinstance(outcome, QueryResult):
                self._results[outcome.request] = outcome
            elif outcome:
                self._answers.extend(outcome)


class Update(Struct, frozen=True):
    """One market data message.

    missed: the number of messages of its topic that were lost before it.
    fresh: false if this message, or this trade, was read before. Parts of a snapshot of a book always count as fresh.
    """

    topic: str
    message: MarketDataMessage
    missed: int
    fresh: bool


class MarketDataReader:
    """Reads topics of the market data socket, by prefixes, and counts lost messages. A context manager. `keys` are
    needed where the market data has CURVE.

    matchers: base addresses of the nodes of a replicated log, in place of the endpoint. All are heard. What comes of an
        earlier epoch than the newest one is dropped: a former leader has said it.
    """

    def __init__(
        self,
        prefixes: Iterable[bytes],
        market_data: str = "tcp://127.0.0.1:5556",
        keys: ClientKeys | None = None,
        matchers: Sequence[str] = (),
    ) -> None:
        nodes = [base_endpoints(address).market_data for address in matchers]
        self._context = zmq.Context()
        self._socket = open_market_data(self._context, "" if nodes else market_data, keys)
        for endpoint in nodes:
            move(self._socket, "", endpoint)
        self._is_one = not nodes
        self._epoch = 0
        self._seen: dict[bytes, tuple[int, int, int]] = {}
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
        """Wait for the next message; None if none comes within `timeout` seconds. A `timeout` of None waits forever."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if deadline is None else max(0, int((deadline - time.monotonic()) * 1000))
            if not self._socket.poll(left):
                return None
            topic, payload = self._socket.recv_multipart()
            message = decode_market_data(payload)
            if self._is_one or message.epoch >= self._epoch:
                self._epoch = message.epoch
                return self._update(topic, message)

    def _update(self, topic: bytes, message: MarketDataMessage) -> Update:
        epoch, number, timestamp = self._seen.get(topic, (0, 0, 0))
        missed, fresh = 0, True
        newest = message.number
        if message.epoch == epoch:
            fresh = message.number > number or isinstance(message, BookSnapshotMessage | OrdersSnapshotMessage)
            missed = max(0, message.previous - number)
            newest = max(number, newest)
        elif isinstance(message, TradeMessage) and message.number <= number and message.timestamp <= timestamp:
            # The leader of another epoch publishes the last trades again. Their numbers go on.
            fresh, newest = False, number
        self._seen[topic] = (message.epoch, newest, max(timestamp, message.timestamp))
        return Update(topic.decode(), message, missed, fresh)
