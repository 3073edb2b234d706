"""What carries the calls of a ZmqClient: a session, its sockets and two threads."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final, TypeVar

import zmq

from matching_exchange.client.errors import Disconnected, Unavailable
from matching_exchange.client.parameters import seconds
from matching_exchange.client.zmq.addresses import addresses_of, curve_keys
from matching_exchange.client.zmq.callbacks import Callbacks
from matching_exchange.client.zmq.calls.markets import instrument
from matching_exchange.client.zmq.calls.markets import instruments as all_instruments
from matching_exchange.client.zmq.feeds import Ears, Feeds, Stop, Topics
from matching_exchange.client.zmq.link import FRAMES_QUEUED, Link, Outcome, no_matcher
from matching_exchange.client.zmq.link import Order as Submitted
from matching_exchange.client.zmq.moving import Go, Moving, commands_of, market_data_of, reports_of
from matching_exchange.client.zmq.reader import Reader
from matching_exchange.client.zmq.runner import Runner, deadlines
from matching_exchange.client.zmq.states import ConnectionState, Hole
from matching_exchange.client.zmq.steps import Known, Send, Step
from matching_exchange.client.zmq.surface import Waiting
from matching_exchange.client.zmq.tickets import Ticket
from protocol.commands import Command, Query
from protocol.events import QueryResult
from protocol.handshakes import Handshakes
from protocol.instrument import Instrument
from protocol.sockets import open_commands, open_market_data, open_reports, open_updates, sender
from protocol.units import DEFAULT_ACCOUNT

TIMEOUT: Final = 10.0
"""Seconds that a call waits for its answer by default."""

WINDOW: Final = 1_024
"""Commands that wait for their answers at once by default."""

ORDER_DEADLINE: Final = 5.0
"""Seconds after which the matcher takes an order no more, by default. As GATEWAY_DEADLINE."""

T = TypeVar("T")


class Threads(Waiting):
    """Of any thread. `ZmqClient` has the parameters."""

    def __init__(
        self,
        commands: str = "tcp://127.0.0.1:5555",
        reports: str = "tcp://127.0.0.1:5557",
        market_data: str = "tcp://127.0.0.1:5556",
        *,
        account: str = DEFAULT_ACCOUNT,
        timeout: float = TIMEOUT,
        window: int = WINDOW,
        order_deadline: float | None = ORDER_DEADLINE,
        server_key: str | None = None,
        secret_key: str | None = None,
        plain_market_data: bool = False,
        matchers: Sequence[str] = (),
    ) -> None:
        keys = curve_keys(server_key, secret_key, plain_market_data=plain_market_data)
        self._moving = Moving(addresses_of(commands, reports, market_data, keys, matchers))
        self._timeout = seconds(timeout, "timeout")
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._is_open = threading.Event()
        self._is_closed = threading.Event()
        self._link = Link(window, self._connection_changed, self._moving.leadership)
        self._runner = Runner(self._link, time.monotonic)
        self.known = Known(account, deadlines(self._link.clock, order_deadline))
        self._callbacks = Callbacks("zmq-client-callbacks", self._tick)
        self._feeds: Feeds | None = None
        self._gap_handlers: list[Callable[[Hole], None]] = []
        self._connection_handlers: list[Callable[[ConnectionState], None]] = []
        self._reader: Reader | None = None
        self._waits_for_room = 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._moving.addresses.commands!r}, account={self.known.account!r})"

    def connect(self) -> None:
        """Open the sockets, wait for a session with the matcher, and learn the instruments.

        Raises Disconnected after the timeout, with the reason where a handshake fails.
        """
        if self._reader is None:
            self._open()
        if not self._is_open.wait(self._timeout):
            raise Disconnected("matcher_unavailable", self._no_session())
        self.finish(self.begin(all_instruments(self.known)))

    def close(self) -> None:
        """End the session's use. What waits ends with OutcomeUnknown or Unavailable. Of any thread."""
        with self._lock:
            if self._is_closed.is_set():
                return
            self._is_closed.set()
            self._link.close()
            self._room.notify_all()
        if self._reader is None:
            self._callbacks.stop(0, lambda: None)
            return
        self._reader.stop()
        with self._lock:
            self._commands.close()
        # It still runs where a callback does not end. It then ends by itself, and is the last.
        self._callbacks.stop(self._timeout, self._context.term)

    def run(self) -> None:
        """Wait until somebody closes the client: for programs that only call back."""
        self._is_closed.wait()

    @property
    def waiting(self) -> int:
        """The number of commands that wait for their answers."""
        return self._link.waiting

    # Calls.

    def begin(self, step: Step[T]) -> Ticket[T]:
        """Begin a call."""
        ticket: Ticket[T] = self.new_ticket()
        with self._lock:
            if isinstance(step, Send):
                self._wait_for_room(1)
            else:
                self._check_open()
            self._runner.begin(step, ticket.settle, ticket.under)
            self._flush()
        return ticket

    def new_ticket(self) -> Ticket[Any]:
        return Ticket(self._lock, self._timeout, self._callbacks.later, self._drive)

    def _drive(self, done: Callable[[], bool], seconds: float) -> None:
        if self._reader is not None and not self._is_closed.is_set():
            self._reader.drive(done, seconds)

    def finish(self, ticket: Ticket[T]) -> T:
        """Wait for the end of a call that nobody else waits for."""
        try:
            return ticket.result()
        finally:
            if not ticket.done() and ticket.under.request is not None:
                with self._lock:
                    self._link.forget(ticket.under.request)

    def _wait_for_room(self, count: int) -> None:
        """Under the lock: wait until the window takes so many commands, or until no matcher takes any."""
        self._check_open()
        deadline = time.monotonic() + self._timeout
        self._waits_for_room += 1
        try:
            while self._link.window >= count > self._link.room and self._link.available(now := time.monotonic()):
                if not self._room.wait(deadline - now):
                    raise self._link.full()
                self._check_open()
        finally:
            self._waits_for_room -= 1

    def _check_open(self) -> None:
        if self._process != os.getpid():
            raise no_matcher("The client is of the process before a fork: make a new one here.")
        if self._reader is None:
            raise no_matcher("The client is not connected: use it in a with statement, or call connect.")
        if self._is_closed.is_set():
            raise no_matcher("The client is closed.")

    def _flush(self) -> None:
        """Under the lock: send the due frames."""
        if self._is_closed.is_set():
            return
        for payload in self._link.due(time.monotonic()):
            try:
                self._send_frame(payload)
            except zmq.Again:
                self._link.refuse_unsent()
                return

    # The connection.

    def _open(self) -> None:
        addresses = self._moving.addresses
        keys = addresses.keys
        self._context = zmq.Context()
        self._commands = open_commands(self._context, addresses.commands, keys, FRAMES_QUEUED)
        self._send_frame = sender(self._commands)
        reports = open_reports(self._context, addresses.reports, self._link.public, keys)
        self._handshakes = Handshakes(self._commands, keys)
        self._moving.open(self._context)
        self._moving.add(commands_of(self._commands))
        self._moving.add(reports_of(reports))
        self._reader = Reader(
            "zmq-client-reader",
            self._link,
            self._moving,
            reports,
            self._handshakes,
            self._lock,
            self._flush,
            self._took,
            self._connection_changed,
        )
        self._reader.start()

    def _no_session(self) -> str:
        reason = self._handshakes.reason
        return f"No matcher answered within {self._timeout:g} seconds{': ' if reason else ''}{reason}."

    def _took(self) -> None:
        if self._waits_for_room:
            self._room.notify_all()

    def _connection_changed(self, state: ConnectionState) -> None:
        if state.other_history:
            self.known.doubt()
        if state.state == "open":
            self._is_open.set()
        if self._connection_handlers or self._feeds is not None:
            self._callbacks.later(lambda: self._tell_connection(state))

    # On the thread of callbacks.

    def _tell_connection(self, state: ConnectionState) -> None:
        if self._feeds is not None:
            self._feeds.connection(state)
        for handler in self._connection_handlers:
            handler(state)

    def _tell_gap(self, hole: Hole) -> None:
        for handler in self._gap_handlers:
            handler(hole)

    def _tick(self, now: float) -> None:
        if self._feeds is not None:
            self._feeds.tick(now)

    def _instrument(self, symbol: str) -> Instrument:
        """Raises NotFound."""
        if not self.known.knows(symbol):
            self.finish(self.begin(instrument(self.known, symbol)))
        return self.known.instruments[symbol]

    def _follow(self, begin: Callable[[Feeds, Ears], Stop]) -> Stop:
        """Begin a subscription, and wait until it has begun, unless a callback has called. Returns what ends it.

        Raises Disconnected after the timeout.
        """
        with self._lock:
            self._check_open()
        stops: list[Stop] = []
        begun = threading.Event()
        failures: list[Exception] = []

        def failed(error: Exception) -> None:
            failures.append(error)
            begun.set()

        ears = Ears(nobody, begun.set, failed)

        def start() -> None:
            stops.append(begin(self._feeds_here(), ears))

        def stop() -> None:
            for stop_it in stops:
                stop_it()

        def stop_later() -> None:
            self._callbacks.later(stop)

        self._callbacks.later(start)
        if not self._callbacks.is_current and not begun.wait(self._timeout):
            stop_later()
            message = f"The subscription has not begun within {self._timeout:g} seconds."
            raise Disconnected("matcher_unavailable", message)
        if failures:
            stop_later()
            raise failures[0]
        return stop_later

    def _feeds_here(self) -> Feeds:
        """The feeds, and their sockets with the first one."""
        if self._feeds is None:
            with self._lock:
                addresses = self._moving.addresses
                market = open_market_data(self._context, addresses.market_data, addresses.keys)
                updates = open_updates(self._context, addresses.reports, addresses.keys)
                self._moving.add(self._on_callbacks(market_data_of(market)))
                self._moving.add(self._on_callbacks(reports_of(updates)))
            self._feeds = Feeds(
                _Desk(self),
                self.known,
                Topics(market.subscribe, market.unsubscribe),
                Topics(updates.subscribe, updates.unsubscribe),
                self._tell_gap,
            )
            self._callbacks.read(market, self._feeds.receive_market)
            self._callbacks.read(updates, self._feeds.receive_report)
        return self._feeds

    def _on_callbacks(self, go: Go) -> Go:
        """The same on the thread to which the socket belongs."""
        return lambda before, now: self._callbacks.later(lambda: go(before, now))

    # For the feeds.

    def ask_for_feeds(self, query: Query, found: Callable[[QueryResult], None]) -> None:
        def took(result: QueryResult | Exception) -> None:
            if isinstance(result, QueryResult):
                self._callbacks.later(lambda: found(result))

        with self._lock:
            self._runner.ask(query, took)
            self._flush()

    def command_for_feeds(self, command: Command, done: Callable[[Outcome], None]) -> None:
        def took(outcome: Outcome) -> None:
            self._callbacks.later(lambda: done(outcome))

        with self._lock:
            try:
                self._runner.submit([Submitted(command, took)])
            except Unavailable as error:
                took(error)
            self._flush()


def nobody(_: Hole) -> None:
    """The client tells holes itself."""


class _Desk:
    """Where the feeds ask."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    def ask(self, query: Query, found: Callable[[QueryResult], None]) -> None:
        self._threads.ask_for_feeds(query, found)

    def command(self, command: Command, done: Callable[[Outcome], None]) -> None:
        self._threads.command_for_feeds(command, done)
