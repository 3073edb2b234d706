"""The gateway's session with the matcher: commands and queries out, answers and account updates in.

Each worker has one, on its event loop. Commands of one turn of the loop leave together in one frame. Without a matcher
a command is refused at once: it is never queued for later.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec
import structlog
import zmq
from msgspec import Struct

from gateway.link.answers import Stamped
from gateway.link.clock_watch import ClockWatch
from gateway.link.connection import Connection
from gateway.link.errors import MatcherUnavailableError, NoResultError, OutcomeUnknownError, TooMuchInFlightError
from gateway.link.group import Group
from gateway.link.published import ForAll, Handler, KeyHandler, Published, Reports
from matching_exchange.process.histogram import Histogram
from protocol import topics
from protocol.codec import decode_report
from protocol.commands import VERSION, Command, Query
from protocol.curve import ClientKeys
from protocol.events import Answer, Pulse, QueryResult, Result
from protocol.matcher_clock import MatcherClock
from protocol.metrics import Family
from protocol.pump import Pump
from protocol.session import Lost, NotOpenError, SessionState, WindowFullError, new_session

TICK: Final = 0.05
"""Seconds between two checks of the clock: for hellos, repeated frames, overdue answers."""

PULSE_TIMEOUT: Final = 1.0
"""Seconds without a pulse after which the matcher counts as away. It has then missed five."""

QUERY_TIMEOUT: Final = 2.0
QUERY_REPEAT: Final = 0.5
"""Seconds that a query waits for its result, and seconds until it is asked again."""

MAX_QUERIES: Final = 4_096
"""Queries that wait at most at once."""

READ_AT_ONCE: Final = 256
"""Reports that are read at most before other work of the loop gets its turn."""

NANOSECONDS: Final = 1_000_000_000
"""In a second."""

ANSWER_GRACE: Final = 1.0
"""Seconds beyond its deadline after which an unanswered command has an unknown outcome."""

Value = TypeVar("Value")

log = structlog.get_logger("gateway")


class _Waiting(Struct):
    future: "asyncio.Future[Stamped[Answer]]"
    overdue_at: float


class Broker:
    """`deadline` is the greatest age of a command when the matcher takes it, in seconds. `keys` are needed where the
    matcher has CURVE.

    published: what the matcher tells all gateways; there once the broker has started.
    command_times: from a command to its answer, in nanoseconds.
    groups: what is known of the nodes of replicated logs; none where the matcher has a journal of its own.
    """

    groups: tuple[Group, ...] = ()

    def __init__(self, commands: str, reports: str, deadline: float, keys: ClientKeys | None = None) -> None:
        self._keys = keys
        self._commands_endpoint = commands
        self._reports_endpoint = reports
        self._deadline = int(deadline * NANOSECONDS)
        self._answer_timeout = deadline + ANSWER_GRACE
        self._clock = MatcherClock()
        self._clock_watch = ClockWatch(self._deadline)
        self._pump = Pump(new_session)
        self._session = self._pump.session
        self._waiting: dict[int, _Waiting] = {}
        self._asked: dict[int, asyncio.Future[Stamped[Result]]] = {}
        self.submitted = 0
        self._flushing = False
        self._pulse_at = float("-inf")
        self._pulse_epoch = self._pulse_sequence = 0
        self._journal = ""
        self._was_available = False
        self._strange_reports = 0
        self._on_reset: list[Callable[[], None]] = []
        self._on_open: list[Callable[[], None]] = []
        self.command_times = Histogram()

    async def start(self) -> None:
        """Connect; the matcher may come later."""
        self._loop = asyncio.get_running_loop()
        self._context = zmq.Context()
        self._topics: Reports = self._connect()
        self.published = Published(self._topics, lambda: self._loop.call_soon(self._read))
        self._subscribed = self._session.public
        self._ticking = self._loop.call_soon(self._tick)

    async def stop(self) -> None:
        """Disconnect. Whatever still waits ends as if the matcher had gone away."""
        self._ticking.cancel()
        for waiting in self._waiting.values():
            _fail(waiting.future, OutcomeUnknownError("the gateway is stopping"))
        for result in self._asked.values():
            _fail(result, MatcherUnavailableError("the gateway is stopping"))
        self._waiting.clear()
        self._asked.clear()
        self._disconnect()
        self._context.term()

    def _connect(self) -> Reports:
        """Open the sockets. Returns what is subscribed to by topics."""
        connection = self._connection = self._open(self._commands_endpoint, self._reports_endpoint)
        self._send_frame = connection.send
        self._receive_message = connection.receive
        self._loop.add_reader(connection.descriptor, self._read)
        return connection

    def _open(self, commands: str, reports: str) -> Connection:
        return Connection(self._context, commands, reports, self._session.public, self._keys)

    def _disconnect(self) -> None:
        self._loop.remove_reader(self._connection.descriptor)
        self._connection.close()

    @property
    def available(self) -> bool:
        """Whether a matcher has welcomed the session, and its pulse is heard. The pulse of a later matcher does not
        count."""
        welcome = self._session.state is SessionState.OPEN and self._session.epoch >= self._pulse_epoch
        return welcome and time.monotonic() - self._pulse_at < PULSE_TIMEOUT

    @property
    def epoch(self) -> int:
        """The epoch of the matcher that welcomed the session last. Zero before the first welcome, and after the session
        was lost."""
        return self._session.epoch

    @property
    def journal(self) -> str:
        """The id of the matcher's journal; empty before the first welcome."""
        return self._journal

    @property
    def sequence(self) -> int:
        """That of the last command, as the last pulse told it."""
        return self._pulse_sequence

    def now(self) -> int:
        """The matcher's time, in nanoseconds since 1970."""
        return self._clock.now()

    def deadline(self) -> int:
        """The latest time, by the matcher's clock, at which a command that arrives now may be executed."""
        return self._clock.now() + self._deadline

    @property
    def clock_difference(self) -> int:
        """Nanoseconds by which the matcher's time is ahead of this machine's clock; negative where it is behind."""
        return self._clock.difference()

    @property
    def brokers(self) -> tuple["Broker"]:
        """Itself, for its matcher is the only one."""
        return (self,)

    def of(self, _symbol: str) -> "Broker":
        """Itself: its matcher owns every symbol that it is asked for."""
        return self

    @property
    def metrics(self) -> list[Family]:
        """What the matcher has told last of itself."""
        return self.published.metrics

    def on_reset(self, callback: Callable[[], None]) -> None:
        """Call back when the matcher has another history than before: nothing that was read of it holds."""
        self._on_reset.append(callback)

    def on_open(self, callback: Callable[[], None]) -> None:
        """Call back each time that a matcher has welcomed the session. What it published meanwhile may be lost."""
        self._on_open.append(callback)

    def subscribe(self, account: str, handler: Handler) -> Callable[[], None]:
        """As that of `published`."""
        return self.published.subscribe(account, handler)

    def subscribe_keys(self, handler: KeyHandler) -> None:
        """As that of `published`."""
        self.published.subscribe_keys(handler)

    @property
    def in_flight(self) -> tuple[int, int]:
        """Commands, and queries, that wait for the matcher."""
        return len(self._waiting), len(self._asked)

    def submit(self, command: Command) -> "asyncio.Future[Stamped[Answer]]":
        """Send a command; the future of its answer, which fails as `command` does. MatcherUnavailableError at once
        without a matcher."""
        if not self.available:
            raise MatcherUnavailableError("there is no matcher")
        try:
            number = self._session.submit(command)
        except NotOpenError as error:
            raise MatcherUnavailableError("there is no matcher") from error
        except WindowFullError as error:
            raise TooMuchInFlightError("too many commands wait for their answers") from error
        self.submitted += 1
        future: asyncio.Future[Stamped[Answer]] = self._loop.create_future()
        self._waiting[number] = _Waiting(future, time.monotonic() + self._answer_timeout)
        self._flush_soon()
        return future

    async def command(self, command: Command) -> Stamped[Answer]:
        """Send a command and wait for its answer. MatcherUnavailableError: not taken. OutcomeUnknownError: taken or
        not."""
        return await self.submit(command)

    async def query(
        self,
        query: Query,
        timeout: float = QUERY_TIMEOUT,  # noqa: ASYNC109
        repeat: float = QUERY_REPEAT,
    ) -> Stamped[Result]:
        """Ask a query, again every `repeat` seconds, and wait for its result, at most `timeout` seconds.

        MatcherUnavailableError: not asked. NoResultError, a kind of it: asked, and no result came.
        """
        if not self.available:
            raise MatcherUnavailableError("there is no matcher")
        if len(self._asked) >= MAX_QUERIES:
            raise TooMuchInFlightError("too many queries wait for their results")
        request = self._pump.ask(query, time.monotonic(), repeat)
        result: asyncio.Future[Stamped[Result]] = self._loop.create_future()
        self._asked[request] = result
        self._loop.call_later(timeout, self._give_up, request)
        self._flush_soon()
        try:
            return await result
        finally:
            self._asked.pop(request, None)
            self._pump.forget(request)

    def _give_up(self, request: int) -> None:
        result = self._asked.pop(request, None)
        if result is not None:
            _fail(result, NoResultError("the matcher did not answer in time"))

    def _flush_soon(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Send all frames that are due."""
        self._flushing = False
        for payload in self._pump.due(time.monotonic()):
            if not self._send(payload):
                self._refuse_unsent()
                return

    def _send(self, payload: bytes) -> bool:
        try:
            self._send_frame(payload)
        except zmq.Again:
            return False
        return True

    def _refuse_unsent(self) -> None:
        """Refuse the commands that the transport has never taken."""
        for number in self._session.withdraw_unsent():
            _fail(self._waiting.pop(number).future, MatcherUnavailableError("the matcher takes no commands"))

    def _read(self) -> None:
        """Take in all reports that have come. The descriptor signals changes only, so none may be left."""
        if self._connection.closed:
            return
        for _ in range(READ_AT_ONCE):
            try:
                _, payload = self._receive_message()
            except zmq.Again:
                return
            self._take_in(payload)
        self._loop.call_soon(self._read)

    def _take_in(self, payload: bytes) -> None:
        try:
            report = decode_report(payload)
        except msgspec.MsgspecError as error:
            self._count_strange_report(str(error))
            return
        now = time.monotonic()
        if isinstance(report, ForAll):
            self.published.hand_on(report)
            return
        if isinstance(report, Pulse) and not self._hear(report, now):
            return
        was_connecting = self._session.state is SessionState.CONNECTING
        outcome = self._pump.receive(report, now)
        if isinstance(outcome, Lost):
            self._lose(outcome)
        elif isinstance(outcome, QueryResult):
            result = self._asked.get(outcome.request)
            if result is not None and not result.done():
                result.set_result(Stamped(outcome.sequence, outcome.timestamp, outcome.result))
        elif outcome:
            for answered in outcome:
                waiting = self._waiting.pop(answered.number, None)
                if waiting is not None and not waiting.future.done():
                    self.command_times.observe(int((now - waiting.overdue_at + self._answer_timeout) * NANOSECONDS))
                    waiting.future.set_result(Stamped(answered.sequence, answered.timestamp, answered.answer))
        elif was_connecting and self._session.state is SessionState.OPEN:
            self._opened()

    def _hear(self, pulse: Pulse, now: float) -> bool:
        """Whether the pulse is that of a matcher of this version."""
        if pulse.version != VERSION:
            self._count_strange_report(f"version {pulse.version}: takes version {VERSION}")
            return False
        self._pulse_at = now
        self._pulse_epoch = pulse.epoch
        self._pulse_sequence = pulse.sequence
        self._clock.hear(pulse.timestamp)
        return True

    def _count_strange_report(self, detail: str) -> None:
        """Log the first one only: all others have the same cause."""
        if not self._strange_reports:
            log.error("the matcher speaks another version: its reports cannot be read", detail=detail)
        self._strange_reports += 1

    def _opened(self) -> None:
        if self._journal and self._journal != self._session.journal:
            log.warning("matcher has another journal", journal=self._session.journal)
            for callback in self._on_reset:
                callback()
        self._journal = self._session.journal
        for callback in self._on_open:
            callback()
        self._flush_soon()

    def _lose(self, lost: Lost) -> None:
        log.error("session lost", reason=lost.reason, unknown_outcomes=len(lost.sent), refused=len(lost.unsent))
        for number in lost.sent:
            waiting = self._waiting.pop(number, None)
            if waiting is not None:
                _fail(waiting.future, OutcomeUnknownError(lost.reason))
        for number in lost.unsent:
            waiting = self._waiting.pop(number, None)
            if waiting is not None:
                _fail(waiting.future, MatcherUnavailableError(lost.reason))
        self._topics.unsubscribe(topics.reports(self._subscribed))
        self._subscribed = self._session.public
        self._topics.subscribe(topics.reports(self._subscribed))
        self._flush_soon()

    def _tick(self) -> None:
        self._ticking = self._loop.call_later(TICK, self._tick)
        self._read()
        self._flush()
        now = time.monotonic()
        overdue = []
        for number, waiting in self._waiting.items():
            if waiting.overdue_at > now:
                break
            overdue.append(number)
        for number in overdue:
            _fail(self._waiting.pop(number).future, OutcomeUnknownError("the matcher did not answer in time"))
        self._clock_watch.compare(self.clock_difference)
        self._tell_failures()
        if self.available is not self._was_available:
            self._was_available = not self._was_available
            if self._was_available:
                log.info("matcher connected", commands=self._commands_endpoint, epoch=self._session.epoch)
            else:
                log.warning("matcher away", commands=self._commands_endpoint)

    def _tell_failures(self) -> None:
        for reason in self._connection.failures():
            log.warning("no connection to the matcher", endpoint=self._commands_endpoint, reason=reason)


def _fail(future: "asyncio.Future[Stamped[Value]]", error: Exception) -> None:
    """End the future with an error, unless its waiter has gone."""
    if not future.done():
        future.set_exception(error)
