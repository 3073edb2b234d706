"""The HTTP side of a connection: uvicorn's, with bounds on the sizes and the times of each request.

A request that breaks a rule of HTTP or a bound is refused. The error is told after the answers to earlier requests, and
the connection takes nothing more. An offered upgrade to a WebSocket is taken, any other is ignored.
"""

import asyncio
import time
from collections.abc import Callable, MutableMapping
from functools import partial
from typing import Any, Final, NoReturn

import httptools
import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.server import ServerState

from gateway.http.admission import Admission
from gateway.http.bounds import MAX_HEAD_BYTES, Bounds
from gateway.http.callers import REFUSED, Limits
from gateway.http.counted_connection import CountedConnection
from gateway.http.cycle import BODY, HEAD, NOTHING, Cycle, LingeringTransport, Part
from gateway.http.errors import HttpError
from gateway.http.heads import check_fields, offers_websocket, put_target, size_of, without_offer
from gateway.http.rates import Kind
from gateway.http.responses import AnswerError, response_app
from gateway.http.stream_protocol import StreamProtocol

PIECE: Final = 16 * 1024
"""Bytes parsed at a time. After each piece the connection checks whether a request has to wait."""

_ARRIVAL: Final = "gateway.arrival"
_GET_ONLY: Final = {"allow": "GET"}

log = structlog.get_logger("gateway")


def arrival(scope: MutableMapping[str, Any]) -> float:
    """When the first byte of the request came, in seconds of time.monotonic(). Now, under a server that does not tell
    it."""
    try:
        found: float = scope["extensions"][_ARRIVAL]
    except KeyError:
        return time.monotonic()
    return found


class HttpConnection(CountedConnection):
    """One connection. Its requests are parsed as they come, and answered one after the other."""

    parser: Any

    def __init__(
        self,
        bounds: Bounds,
        admission: Admission,
        limits: Limits,
        answer_error: AnswerError,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(limits, answer_error, config, server_state, app_state, _loop)
        self._bounds = bounds
        self._admission = admission
        self._clock = clock
        self._part: Part = NOTHING
        self._refused = False
        self._ended = False
        # Bytes that are not parsed yet, and when the last of them came.
        self._rest = b""
        self._received_at = 0.0
        # When the first byte of the newest request came.
        self._arrived = 0.0
        # Bytes parsed in all, and that count when the request last advanced: began, had its head, got some body.
        self._parsed = 0
        self._advanced = 0
        # The bytes of the head and of its trailers; zero before the first trailer.
        self._with_trailers = 0
        # Why a callback of the parser has stopped it.
        self._found: HttpError | None = None
        # When the peer must have done its part; None while the peer waits for us.
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    # What the transport tells

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        connected = transport.get_extra_info("socket")
        try:
            # A system gives the lowest free descriptor.
            if connected is not None and connected.fileno() >= self._bounds.descriptors:
                raise HttpError("too_many_connections")
            self._count_connection()
        except HttpError as error:
            # One that has no place must not stay.
            self._refuse(error, linger=error.code == "rate_limited")
        else:
            self._due = self._clock() + self._bounds.request
            self._look_at(self._due)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._current is not None:
            # The server tells the newest request alone that nobody reads its answer.
            self._current.disconnect()
        self.pipeline.clear()
        super().connection_lost(exc)
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._received_at = self._clock()
        self._rest += data
        self._parse()

    def eof_received(self) -> bool:  # type: ignore[override]
        """The peer sends no more, but may still read: what it has asked for is answered first."""
        self._ended = True
        if self._part is not NOTHING and not self._refused:
            self._refuse(HttpError("bad_request", "The connection ended before the request was complete."))
        if self.cycle is None or self.cycle.response_complete:
            return False
        self.cycle.keep_alive = False
        return True

    # What the parser finds

    def _parse(self) -> None:
        """Parse until a request has to wait for the one before it."""
        while self._rest and not self.pipeline:
            piece, self._rest = self._rest[:PIECE], self._rest[PIECE:]
            self._parse_piece(piece)

    def _parse_piece(self, piece: bytes) -> None:
        self._parsed += len(piece)
        head_ends: int | None = None
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as offer:
            head_ends = offer.args[0]
        except httptools.HttpParserError as error:
            self._refuse(self._found or self._error_of(error))
            return
        if head_ends is not None:
            self._take_offer(piece[head_ends:])
        elif self._part is not NOTHING:
            self._expect_more()
        elif self._parsed - self._advanced > MAX_HEAD_BYTES:
            # Blank lines before a request are allowed, but not without end.
            self._refuse(HttpError("head_too_large"))

    def _expect_more(self) -> None:
        """A part of the request is still to come."""
        if self._parsed - self._advanced > MAX_HEAD_BYTES:
            self._refuse(self._too_large())
        elif self._due is not None and self._due < self._timer_at:
            self._look_at(self._due)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._part is NOTHING:
            self._part = HEAD
            self._arrived = self._received_at
            self._due = self._clock() + self._bounds.request
            self._advanced = self._parsed
            self._with_trailers = 0
        self.scope["extensions"] = {_ARRIVAL: self._arrived}

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._part is HEAD:
            self.headers.append((name.lower(), value))
            return
        # A trailer is counted and dropped: it must not pass for a header.
        self._with_trailers = (self._with_trailers or self._head_bytes()) + size_of((name, value))
        if self._with_trailers > MAX_HEAD_BYTES:
            self._stop(HttpError("head_too_large"))

    def on_headers_complete(self) -> None:
        if self._parsed - self._advanced > MAX_HEAD_BYTES - PIECE and self._head_bytes() > MAX_HEAD_BYTES:
            self._stop(self._too_large())
        if self.parser.should_upgrade():
            # The parser stops here: see `_take_offer`.
            return
        try:
            self._take_head()
        except HttpError as error:
            self._stop(error)
        keep_alive = self.scope["http_version"] != "1.0" and self.parser.should_keep_alive()
        try:
            self._caller_of_request().take(Kind.REQUESTS)
        except HttpError as error:
            self._tell_limit(error, keep_alive=keep_alive)
        else:
            self._begin(self.app, self.transport, keep_alive=keep_alive)
        # A request that fails before has not begun: see `_refuse`.
        self._part = BODY
        self._advanced = self._parsed

    def on_body(self, body: bytes) -> None:
        self._advanced = self._parsed
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.body += body
            if len(cycle.body) > HIGH_WATER_LIMIT:
                self.flow.pause_reading()
            cycle.message_event.set()

    def on_message_complete(self) -> None:
        if self._part is HEAD:
            # It offers an upgrade: its body is still to come.
            return
        cycle = self.cycle
        if cycle.response_complete:
            self._due = self._clock() + self._bounds.idle
        else:
            self._due = None
            cycle.more_body = False
            cycle.message_event.set()
        self._part = NOTHING
        self._advanced = self._parsed

    def _stop(self, error: HttpError) -> NoReturn:
        """End the parser's work, from one of its callbacks."""
        self._found = error
        raise error

    def _head_bytes(self) -> int:
        return len(b"%s %s HTTP/1.1\r\n\r\n" % (self.parser.get_method(), self.url)) + sum(map(size_of, self.headers))

    def _too_large(self) -> HttpError:
        return HttpError("request_line_too_long" if len(self.url) > MAX_HEAD_BYTES // 2 else "head_too_large")

    def _take_head(self) -> None:
        """Put the head into the scope. HttpError where it breaks a rule."""
        version = self.scope["http_version"] = self.parser.get_http_version()
        self.scope["method"] = self.parser.get_method().decode()
        self.expect_100_continue = check_fields(self.headers, version)
        host = put_target(self.scope, self.url, self.root_path)
        if host is not None:
            # A host in the target counts more than the header.
            self.headers[:] = [(name, host if name == b"host" else value) for name, value in self.headers]

    def _take_offer(self, rest: bytes) -> None:
        """The head is complete, and offers an upgrade. `rest` came after it."""
        method, version = self.parser.get_method(), self.parser.get_http_version()
        if method == b"CONNECT":
            self._refuse(HttpError("method_not_allowed", "The gateway is no proxy.", _GET_ONLY))
        elif version != "1.0" and offers_websocket(self.headers):
            self._open_stream(rest)
        else:
            # The parser would take the body for the other protocol. A fresh one reads the request without the offer.
            head = without_offer(method, self.url, version, self.headers)
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            self._rest = rest + self._rest
            self._parse_piece(head)

    def _open_stream(self, rest: bytes) -> None:
        """The connection is a WebSocket's from now on."""
        try:
            self._hand_over(rest)
        except HttpError as error:
            self._refuse(error)
            return
        except Exception as error:
            # As the parser does with what its callbacks raise.
            self._refuse(self._failed(error))
            return
        self._rest = b""
        self.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        # It refers to this connection. Both would wait for the garbage collector.
        self.parser = None

    def _hand_over(self, rest: bytes) -> None:
        """Let a stream take the connection over. HttpError for a request that opens none."""
        self._take_head()
        if self.cycle is not None and not self.cycle.response_complete:
            raise HttpError("bad_request", "A WebSocket is opened when all requests before it are answered.")
        self._caller_of_request()
        reading = self._admission.reading
        shared = self._limits.counts, self._place
        stream = StreamProtocol(self.config, self.server_state, self.app_state, reading, *shared, self.loop)
        stream.open(self.transport, self.scope, rest + self._rest)

    def _begin(self, app: Any, transport: Any, *, keep_alive: bool) -> None:
        """Let the application answer the newest request, after those before it."""
        before = self.cycle
        cycle = Cycle.of(self, transport, keep_alive=keep_alive)
        if app is self.app and REFUSED not in self.scope["extensions"]:
            cycle.work = self._admission.work_of(self.scope)
        if before is None or before.response_complete:
            self._start(cycle, app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, app))
        self.cycle = cycle

    def _start(self, cycle: Any, app: Any) -> None:
        """Start the application, or let it wait for its turn."""
        self._current = cycle
        if cycle.work == 0:
            self._start_asgi_task(cycle, app)
        elif self._admission.admits(cycle.work):
            self._start_order(cycle, app)
        else:
            self._admission.wait(cycle.work, partial(self._start_order, cycle, app))

    def _start_order(self, cycle: Any, app: Any) -> None:
        if self._clock() - arrival(cycle.scope) > self._admission.deadline:
            app = response_app(self._answer_error(HttpError("overloaded"), cycle.scope["path"]))
        if not self.transport.is_closing():
            self._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        assert self._current is not None, "its answer is complete"
        self._count_answer(self._current, self._clock() - arrival(self._current.scope))
        if self.transport.is_closing():
            return
        if self.pipeline:
            self._start(*self.pipeline.pop())
        if self._refused:
            return
        if self._rest:
            self._parse()
        if not self.pipeline:
            self.flow.resume_reading()
        if self.cycle.response_complete:
            self._due = self._clock() + (self._bounds.idle if self._part is NOTHING else self._bounds.request)

    def _refuse(self, error: HttpError, *, linger: bool = True) -> None:
        """Answer the newest request with the error. Take nothing more from this connection."""
        self._refused = True
        self._rest = b""
        self._due = None
        self._log(error)
        transport: Any = LingeringTransport(self.transport, self._linger) if linger else self.transport
        if self._part is not BODY:
            super().on_message_begin()
            self.scope["method"] = "GET"
            self.expect_100_continue = False
            self._begin(response_app(self._answer_to(error)), transport, keep_alive=False)
            return
        self.cycle.error = error
        self.cycle.keep_alive = False
        self.cycle.transport = transport
        self.cycle.message_event.set()
        if self.cycle.response_complete:
            self._linger()

    def _linger(self) -> None:
        """Everything is sent. Give the peer time to read it: closing while it still sends could break the connection
        first."""
        if self._ended or not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write_eof()
        # What still comes is dropped.
        self.flow.resume_reading()
        self._due = self._clock() + self._bounds.linger
        self._look_at(self._due)

    def _look_at(self, moment: float) -> None:
        """Check at that moment whether the peer has done its part."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = moment
        self._timer = self.loop.call_later(moment - self._clock(), self._look)

    def _look(self) -> None:
        now = self._clock()
        if self._due is None or self.flow.read_paused:
            # The peer waits for us.
            self._look_at(now + self._bounds.request)
        elif now < self._due:
            self._look_at(self._due)
        elif self._refused or self._part is NOTHING or (self._part is BODY and self.cycle.response_complete):
            self.transport.close()
        else:
            self._refuse(HttpError("request_timeout"))

    def _error_of(self, error: httptools.HttpParserError) -> HttpError:
        if isinstance(error, httptools.HttpParserCallbackError):
            return self._failed(error)
        return HttpError("bad_request", f"The request cannot be read: {error}.")

    def _failed(self, error: Exception) -> HttpError:
        """The error for a failure that nobody has expected while a request was read. The log tells what it was."""
        if (left_out := self.brake.passes("unexpected")) is not None:
            log.error("a request could not be read", exc_info=error, **left_out)
        return HttpError("internal_error")
