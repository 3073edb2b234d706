"""What carries the calls of an AsyncZmqClient: a session and its sockets on an event loop."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final, TypeVar
from weakref import WeakSet

import msgspec
import zmq

from matching_exchange.client.errors import Disconnected, Unavailable
from matching_exchange.client.parameters import seconds
from matching_exchange.client.zmq.addresses import addresses_of, curve_keys
from matching_exchange.client.zmq.callbacks import READ_AT_ONCE
from matching_exchange.client.zmq.calls.markets import instrument
from matching_exchange.client.zmq.calls.markets import instruments as all_instruments
from matching_exchange.client.zmq.feeds import Feeds, Topics
from matching_exchange.client.zmq.futures import Overdue, settler
from matching_exchange.client.zmq.link import FRAMES_QUEUED, Link, Outcome, no_matcher
from matching_exchange.client.zmq.link import Order as Submitted
from matching_exchange.client.zmq.moving import Moving, commands_of, market_data_of, reports_of
from matching_exchange.client.zmq.runner import Runner, Under, deadlines
from matching_exchange.client.zmq.states import ConnectionState, Hole
from matching_exchange.client.zmq.steps import Known, Send, Step
from matching_exchange.client.zmq.stream import Begin, Item, ZmqStream
from matching_exchange.client.zmq.surface import Awaited
from matching_exchange.client.zmq.threads import ORDER_DEADLINE, TIMEOUT, WINDOW
from protocol import topics
from protocol.codec import decode_report
from protocol.commands import Command, Query
from protocol.events import QueryResult
from protocol.handshakes import Handshakes
from protocol.instrument import Instrument
from protocol.sockets import (
    Socket,
    message_receiver,
    open_commands,
    open_market_data,
    open_reports,
    open_updates,
    sender,
)
from protocol.units import DEFAULT_ACCOUNT

TICK: Final = 0.05
"""Seconds between two looks at the clock: for hellos, repeated frames, overdue answers."""

T = TypeVar("T")


class Loop(Awaited):
    """On one event loop. `AsyncZmqClient` has the parameters."""

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
        self._link = Link(window, self._connection_changed, self._moving.leadership)
        self._runner = Runner(self._link, time.monotonic)
        self.known = Known(account, deadlines(self._link.clock, order_deadline))
        self._is_open = False
        self._is_closed = False
        self._opened = asyncio.Event()
        self._flushing = False
        self._overdue = Overdue(self._timeout)
        self._room: deque[asyncio.Future[None]] = deque()
        self._sockets: dict[Socket, Callable[[bytes, bytes], None]] = {}
        self._feeds: Feeds | None = None
        self._gap_handlers: list[Callable[[Hole], object]] = []
        self._connection_handlers: list[Callable[[ConnectionState], object]] = []
        self._streams: WeakSet[ZmqStream[Any]] = WeakSet()
        self._strange = False

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._moving.addresses.commands!r}, account={self.known.account!r})"

    async def connect(self) -> None:
        """Open the sockets, wait for a session with the matcher, and learn the instruments.

        Raises Disconnected after the timeout, with the reason where a handshake fails.
        """
        if not self._is_open:
            self._open()
        try:
            async with asyncio.timeout(self._timeout):
                await self._opened.wait()
        except TimeoutError as error:
            reason = self._handshakes.reason
            message = f"No matcher answered within {self._timeout:g} seconds{': ' if reason else ''}{reason}."
            raise Disconnected("matcher_unavailable", message) from error
        await self.carry_out(all_instruments(self.known))

    async def close(self) -> None:
        """End the session's use. What waits ends with OutcomeUnknown or Unavailable."""
        if self._is_closed:
            return
        self._is_closed = True
        self._link.close()
        for stream in list(self._streams):
            stream.close()
        for waiter in self._room:
            if not waiter.done():
                waiter.set_result(None)
        if not self._is_open:
            return
        self._ticking.cancel()
        self._handshakes.close()
        for opened in self._sockets:
            self._loop.remove_reader(int(opened.getsockopt(zmq.FD)))
            opened.close()
        self._commands.close()
        for descriptor in self._moving.descriptors:
            self._loop.remove_reader(descriptor)
        self._moving.close()
        self._context.term()

    @property
    def waiting(self) -> int:
        """The number of commands that wait for their answers."""
        return self._link.waiting

    async def carry_out(self, step: Step[T]) -> T:
        """The answer. Raises ExchangeError."""
        if isinstance(step, Send):
            await self._wait_for_room(1)
        under = Under()
        future = self._begin(step, under)
        try:
            return await future
        finally:
            if under.request is not None:
                self._link.forget(under.request)

    def begin(self, step: Step[T]) -> asyncio.Future[T]:
        """Begin a call. WindowFull if the window is full."""
        return self._begin(step, Under())

    def _begin(self, step: Step[T], under: Under) -> asyncio.Future[T]:
        self._check_open()
        future: asyncio.Future[T] = self._loop.create_future()
        self._runner.begin(step, settler(future), under)
        self._await(future, under)
        return future

    def _await(self, future: asyncio.Future[T], under: Under) -> None:
        """A call is under way: send it, and end its future in time."""
        self._overdue.add(future, under, time.monotonic())
        self._flush_soon()

    async def _wait_for_room(self, count: int) -> None:
        """Wait until the window takes so many commands, or until no matcher takes any. WindowFull after the timeout."""
        deadline = time.monotonic() + self._timeout
        while self._link.window >= count > self._link.room and self._link.available(now := time.monotonic()):
            self._check_open()
            waiter: asyncio.Future[None] = self._loop.create_future()
            self._room.append(waiter)
            try:
                async with asyncio.timeout(max(0.0, deadline - now)):
                    await waiter
            except TimeoutError as error:
                raise self._link.full() from error

    def _check_open(self) -> None:
        if not self._is_open:
            raise no_matcher("The client is not connected: use it in an async with statement, or call connect.")
        if self._is_closed:
            raise no_matcher("The client is closed.")

    # The connection.

    def _open(self) -> None:
        addresses, keys = self._moving.addresses, self._moving.addresses.keys
        self._loop = asyncio.get_running_loop()
        self._context = zmq.Context()
        self._commands = open_commands(self._context, addresses.commands, keys, FRAMES_QUEUED)
        self._send_frame = sender(self._commands)
        self._handshakes = Handshakes(self._commands, keys)
        self._reports = open_reports(self._context, addresses.reports, self._link.public, keys)
        self._subscribed = self._link.public
        self._read_from(self._reports, self._take_report)
        self._moving.open(self._context)
        self._moving.add(commands_of(self._commands))
        self._moving.add(reports_of(self._reports))
        for descriptor in self._moving.descriptors:
            self._loop.add_reader(descriptor, self._follow_leader)
        self._is_open = True
        self._ticking = self._loop.call_soon(self._tick)

    def _follow_leader(self) -> None:
        pulse = self._moving.look(time.monotonic())
        if pulse is not None:
            self._link.receive(pulse, time.monotonic())
            self._flush_soon()

    def _read_from(self, opened: Socket, receive: Callable[[bytes, bytes], None]) -> None:
        self._sockets[opened] = receive
        self._loop.add_reader(int(opened.getsockopt(zmq.FD)), self._drain, opened, message_receiver(opened), receive)

    def _drain(
        self, opened: Socket, receive_message: Callable[[], list[bytes]], receive: Callable[[bytes, bytes], None]
    ) -> None:
        """Take in what has come. The descriptor signals changes only, so none may be left."""
        for _ in range(READ_AT_ONCE):
            if opened.closed:
                return
            try:
                topic, payload = receive_message()
            except zmq.Again:
                self._after_reading()
                return
            receive(topic, payload)
        self._after_reading()
        self._loop.call_soon(self._drain, opened, receive_message, receive)

    def _take_report(self, _: bytes, payload: bytes) -> None:
        try:
            report = decode_report(payload)
        except msgspec.MsgspecError as error:
            # All others have the same cause.
            if not self._strange:
                self._strange = True
                self._tell(ConnectionState("away", 0, f"the matcher speaks another version: {error}"))
            return
        self._link.receive(report, time.monotonic())

    def _after_reading(self) -> None:
        """Answers make room for others, and ask for the next steps."""
        self._flush()
        free = self._link.room
        while self._room and free > 0:
            waiter = self._room.popleft()
            if not waiter.done():
                waiter.set_result(None)
                free -= 1

    def _flush_soon(self) -> None:
        """Commands of one turn of the loop leave together."""
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if self._is_closed:
            return
        for payload in self._link.due(time.monotonic()):
            try:
                self._send_frame(payload)
            except zmq.Again:
                self._link.refuse_unsent()
                return

    def _tick(self) -> None:
        self._ticking = self._loop.call_later(TICK, self._tick)
        now = time.monotonic()
        self._follow_leader()
        for opened, receive in list(self._sockets.items()):
            self._drain(opened, message_receiver(opened), receive)
        if self._is_closed:
            return
        self._link.tick(now)
        if self._subscribed != self._link.public:
            self._reports.unsubscribe(topics.reports(self._subscribed))
            self._subscribed = self._link.public
            self._reports.subscribe(topics.reports(self._subscribed))
        self._flush()
        self._overdue.end(now)
        if not self._link.available(now):
            # They hear that there is no matcher.
            self._release_all()
        for reason in self._handshakes.take():
            self._tell(ConnectionState("away", 0, reason))
        if self._feeds is not None:
            self._feeds.tick(now)

    def _release_all(self) -> None:
        while self._room:
            waiter = self._room.popleft()
            if not waiter.done():
                waiter.set_result(None)

    def _connection_changed(self, state: ConnectionState) -> None:
        if state.other_history:
            self.known.doubt()
        if state.state == "open":
            self._opened.set()
            if self._is_open:
                self._flush_soon()
        self._loop.call_soon(self._tell, state)

    def _tell(self, state: ConnectionState) -> None:
        if self._feeds is not None and not self._is_closed:
            self._feeds.connection(state)
        for handler in self._connection_handlers:
            handler(state)

    def _tell_gap(self, hole: Hole) -> None:
        for handler in self._gap_handlers:
            handler(hole)

    # For the feeds.

    def _stream(self, begin: Begin[Item]) -> ZmqStream[Item]:
        """A stream, which is closed with the client."""
        stream = ZmqStream(begin, self._timeout)
        self._streams.add(stream)
        return stream

    async def _instrument(self, symbol: str) -> Instrument:
        """Raises NotFound."""
        if not self.known.knows(symbol):
            await self.carry_out(instrument(self.known, symbol))
        return self.known.instruments[symbol]

    def _feeds_here(self) -> Feeds:
        """The feeds, and their sockets with the first one."""
        self._check_open()
        if self._feeds is None:
            addresses = self._moving.addresses
            market = open_market_data(self._context, addresses.market_data, addresses.keys)
            updates = open_updates(self._context, addresses.reports, addresses.keys)
            self._feeds = Feeds(_Desk(self), self.known, self._topics(market), self._topics(updates), self._tell_gap)
            self._read_from(market, self._feeds.receive_market)
            self._read_from(updates, self._feeds.receive_report)
            self._moving.add(market_data_of(market))
            self._moving.add(reports_of(updates))
        return self._feeds

    def _topics(self, opened: Socket) -> Topics:
        """A change of a subscription may take the signal of what has come: what has come is read then."""

        def drain() -> None:
            if not opened.closed:
                self._drain(opened, message_receiver(opened), self._sockets[opened])

        def subscribe(topic: bytes) -> None:
            opened.subscribe(topic)
            self._loop.call_soon(drain)

        def unsubscribe(topic: bytes) -> None:
            if not opened.closed:
                opened.unsubscribe(topic)
                self._loop.call_soon(drain)

        return Topics(subscribe, unsubscribe)

    def ask_for_feeds(self, query: Query, found: Callable[[QueryResult], None]) -> None:
        def took(result: QueryResult | Exception) -> None:
            if isinstance(result, QueryResult):
                self._loop.call_soon(found, result)

        self._runner.ask(query, took)
        self._flush_soon()

    def command_for_feeds(self, command: Command, done: Callable[[Outcome], None]) -> None:
        def took(outcome: Outcome) -> None:
            self._loop.call_soon(done, outcome)

        try:
            self._runner.submit([Submitted(command, took)])
        except Unavailable as error:
            took(error)
        self._flush_soon()


class _Desk:
    """Where the feeds ask."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def ask(self, query: Query, found: Callable[[QueryResult], None]) -> None:
        self._loop.ask_for_feeds(query, found)

    def command(self, command: Command, done: Callable[[Outcome], None]) -> None:
        self._loop.command_for_feeds(command, done)
