"""The WebSocket side of a connection: uvicorn's, with the short way of `frames`. It bounds what one peer costs.

Received bytes are read a little at a time, in turn with all streams of the worker. A peer that sends more waits. So
does a peer that does not read its pongs. Nothing is read before the handshake is answered.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from starlette.types import Scope
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.datastructures import Headers
from websockets.frames import CloseCode, Frame
from websockets.http11 import Request
from websockets.protocol import Protocol, State

from gateway.http.counting import OPENED, ROUTE, UNKNOWN, HttpCounts
from gateway.http.errors import HttpError
from gateway.http.frames import EXTENSION, FAREWELL, READ_FREELY, frame_of
from gateway.http.heads import declared_length
from gateway.http.places import Place
from gateway.http.reading import READ_OF_ONE, Reading

_GET_ONLY: Final = {"allow": "GET"}

MAX_FRAMES: Final = 128
"""Frames that one message may have at most."""


MAX_FREE_MESSAGE: Final = 64 * 1024
"""The largest message of a peer that may send much."""


class StreamProtocol(WebSocketsSansIOProtocol):
    """One WebSocket."""

    scope: Any

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        reading: Reading,
        counts: HttpCounts,
        place: Place,
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._reading = reading
        self._counts = counts
        # What it counts as, once it is open.
        self._route = ""
        self._is_behind = False
        # The connection's, of which this is the owner as soon as it is open.
        self._place = place
        # Received bytes that were not read yet.
        self._rest = memoryview(b"")
        self._owes_pongs = False
        self._is_free = False
        self._farewell: Callable[[], bytes] | None = None

    def open(self, transport: asyncio.Transport, scope: Scope, received: bytes) -> None:
        """Take the connection over. HttpError where the request is not a proper one; then nothing has changed.

        scope: of the HTTP request for a WebSocket.
        received: the bytes that came after it.
        """
        if scope["method"] != "GET":
            raise HttpError("method_not_allowed", "A WebSocket is opened with GET.", _GET_ONLY)
        if declared_length(scope["headers"]) != 0:
            raise HttpError("bad_request", "The request for a WebSocket has no body.")
        headers = Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]])
        self.response = self.conn.accept(Request(scope["path"], headers))
        if self.response.status_code != 101:
            raise HttpError(
                "bad_request", "A WebSocket takes a Sec-WebSocket-Key of 16 bytes and Sec-WebSocket-Version: 13."
            )
        # The head was read already: frames come next.
        self.conn.parser = Protocol.parse(self.conn)
        next(self.conn.parser)
        self.connection_made(transport)
        transport.set_protocol(self)
        transport.pause_reading()
        self._rest = memoryview(received)
        self.handshake_initiated = True
        protocols = [value.decode("latin-1") for name, value in scope["headers"] if name == b"sec-websocket-protocol"]
        self.scope = {
            **scope,
            "type": "websocket",
            "scheme": self.scheme,
            "subprotocols": [each.strip() for value in protocols for each in value.split(",")],
            "extensions": {
                **scope["extensions"],
                "websocket.http.response": {},
                EXTENSION: self.write_frame,
                READ_FREELY: self._read_freely,
                FAREWELL: self._say_at_last,
            },
        }
        self.queue.put_nowait({"type": "websocket.connect"})
        task = self.loop.create_task(self.run_asgi())
        task.add_done_callback(self.on_task_complete)
        self.tasks.add(task)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._count_end()
        self._place.free()
        self._reading.leave(self._read)
        # An object that refers to itself waits for the garbage collector. The garbage of 10,000 streams would stop the
        # loop for a second.
        self.conn.parser.close()
        self.scope = self._farewell = None

    def write_frame(self, frame: bytes) -> bool:
        """Send the frame, if the connection is open and all before it has left; whether it was sent."""
        transport = self.transport
        if self.conn.state is not State.OPEN or transport.is_closing() or transport.get_write_buffer_size():
            return False
        transport.write(frame)
        return True

    def _say_at_last(self, farewell: Callable[[], bytes]) -> None:
        self._farewell = farewell

    def shutdown(self) -> None:
        """The server stops: say so, where the stream has words for it."""
        if self._farewell is None or self.close_sent or not self.handshake_complete or self.transport.is_closing():
            super().shutdown()
            return
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": CloseCode.GOING_AWAY})
        self.conn.send_close(CloseCode.GOING_AWAY)
        self.transport.write(frame_of(self._farewell()) + b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()

    # What the peer sends

    def _read_freely(self, pong_seconds: float) -> None:
        self._is_free = True
        self.ping_timeout = pong_seconds
        self.conn.max_message_size = MAX_FREE_MESSAGE

    def data_received(self, data: bytes) -> None:
        if self._is_free and not self._rest and self._may_read():
            super().data_received(data)
            return
        self._rest = memoryview(bytes(self._rest) + data if self._rest else data)
        if self._reading.admits():
            self._read()
        else:
            self._read_on()

    def _read(self) -> None:
        """Read a little of the received bytes."""
        if self._rest and self._may_read():
            piece, self._rest = self._rest[:READ_OF_ONE], self._rest[READ_OF_ONE:]
            self._reading.take(self.loop, len(piece))
            super().data_received(bytes(piece))
        self._read_on()

    def _may_read(self) -> bool:
        return self.handshake_complete and not self.read_paused and not self._owes_pongs

    def _read_on(self) -> None:
        """Read the rest in its turn, or else new bytes. Read nothing while the peer has to act first."""
        if self.transport.is_closing():
            self._rest = memoryview(b"")
        elif self._rest or not self._may_read():
            self.transport.pause_reading()
            if self._may_read():
                self._reading.wait(self.loop, self._read)
        else:
            self.transport.resume_reading()

    def start_keepalive(self) -> None:
        # The handshake was answered just now.
        super().start_keepalive()
        self._read_on()

    async def send(self, message: Any) -> None:
        kind = message["type"]
        if kind != "websocket.send" and not self._route:
            self._count_handshake(kind, message)
        await super().send(message)
        if kind == "websocket.http.response.body":
            # Otherwise the server would log that nothing was answered.
            self.handshake_complete = True

    async def receive(self) -> Any:
        message = await self.queue.get()
        if self.queue.empty():
            self.read_paused = False
            self._read_on()
        return message

    def pause_writing(self) -> None:
        super().pause_writing()
        self._set_behind(behind=True)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._set_behind(behind=False)
        if self._owes_pongs:
            self._owes_pongs = False
            self._read_on()

    def handle_ping(self) -> None:
        super().handle_ping()
        self._owes_pongs = not self.writable.is_set()

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) < MAX_FRAMES:
            super().handle_cont(event)
        else:
            self._fail(CloseCode.POLICY_VIOLATION, f"a message takes at most {MAX_FRAMES} frames")

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self._fail(CloseCode.INVALID_DATA, "a text takes UTF-8")
                return
        super().send_receive_event_to_app()

    def _fail(self, code: CloseCode, reason: str) -> None:
        """End the connection for what the peer has sent."""
        if not self.transport.is_closing():
            self.conn.fail(code, reason)
            self.handle_parser_exception()

    # What is counted

    def _count_handshake(self, kind: str, message: Any) -> None:
        """The request for the stream is answered with this message, or with one that follows it."""
        route = self.scope.get(ROUTE, UNKNOWN)
        if kind == "websocket.accept":
            self._route = route
            self._counts.shook_hands(route, OPENED)
        elif kind == "websocket.http.response.start":
            self._counts.shook_hands(route, str(message["status"]))

    def _count_end(self) -> None:
        self._counts.connections -= 1
        self._set_behind(behind=False)
        if self._route:
            frame = self.conn.close_sent or self.conn.close_rcvd
            code = CloseCode.ABNORMAL_CLOSURE if frame is None else frame.code
            self._counts.closed(self._route, int(code), by_peer=bool(self.conn.close_rcvd_then_sent))

    def _set_behind(self, *, behind: bool) -> None:
        self._counts.behind += behind - self._is_behind
        self._is_behind = behind
