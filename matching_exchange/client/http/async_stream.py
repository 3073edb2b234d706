"""A stream on asyncio."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, TypeVar
from weakref import finalize

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from matching_exchange.client.call import Call
from matching_exchange.client.errors import Disconnected, ExchangeError
from matching_exchange.client.http.transport import closed_by, reason_of
from matching_exchange.client.streams.machine import Machine, StreamBrokenError
from matching_exchange.client.streams.reconnecting import Reconnecting, may_pass, refused

Item = TypeVar("Item")


class AsyncStream(Generic[Item]):
    """Items of a stream, one after the other: `async for item in stream`. It ends when it is closed.

    It connects again after each loss, and resumes. A context manager: `async with` opens it, and closes it at the end.
    One task reads it; `close` may come from any of the same loop.
    """

    def __init__(
        self,
        machine: Machine[Item],
        connect: Callable[[], Awaitable[ClientConnection]],
        carry_out: Callable[[Call[Any]], Awaitable[Any]],
        timeout: float,
    ) -> None:
        self._machine = machine
        self._connect = connect
        self._carry_out = carry_out
        self._reconnecting = Reconnecting(timeout)
        self._socket: ClientConnection | None = None
        self._closed = asyncio.Event()
        self._guard: finalize[..., AsyncStream[Item]] | None = None
        self._not_before = 0.0
        # A reader's time may be over in the midst of a step: the next one waits for the same step.
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "AsyncStream[Item]":
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __aiter__(self) -> "AsyncStream[Item]":
        return self

    async def __anext__(self) -> Item:
        item = await self._next()
        if item is None:
            raise StopAsyncIteration
        return item

    async def open(self) -> None:
        """Connect, so that nothing is missed from now on. Without it the first item does so. Raises ExchangeError."""
        while not self._closed.is_set() and (self._socket is None or self._machine.wanted() is not None):
            await self._guarded_step()

    async def receive(self) -> Item:
        """The next item. The wait may be canceled, as by asyncio.timeout: no item is lost by that.

        Raises ExchangeError where the stream cannot go on, as Unauthorized for a revoked key, or is closed.
        """
        item = await self._next()
        if item is None:
            raise Disconnected("stream_closed", "The stream is closed.")
        return item

    async def close(self) -> None:
        """End the stream. What it has not given is dropped."""
        self._closed.set()
        running, self._running = self._running, None
        if running is not None and running is not asyncio.current_task():
            running.cancel()
        socket = self._socket
        if socket is not None:
            self._unguard()
            await socket.close()

    async def _next(self) -> Item | None:
        """The next item; None once the stream is closed."""
        items = self._machine.items
        while not items:
            if self._closed.is_set():
                return None
            await self._guarded_step()
        return items.popleft()

    async def _guarded_step(self) -> None:
        """The next step. An error closes the stream."""
        running = self._running
        if running is None:
            self._running = running = asyncio.create_task(self._step())
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            if running.cancelled():
                # `close` has ended it.
                return
            raise
        except Exception:
            await self.close()
            raise
        self._running = None

    async def _step(self) -> None:
        """Do what comes next: connect, ask for what is missing, or wait for a message."""
        if self._socket is None:
            await self._wait_to_connect()
            if not self._closed.is_set():
                await self._open()
            return
        try:
            call = self._machine.wanted()
            if call is not None:
                await self._fill(call)
                return
            message = await self._socket.recv(decode=False)
            self._reconnecting.worked()
            self._machine.receive(message)
        except StreamBrokenError as error:
            await self._lost(Disconnected("stream_broken", f"{error}."))
        except ConnectionClosed as error:
            if not self._closed.is_set():
                await self._lost(closed_by(error, self._machine))

    async def _fill(self, call: Call[Any]) -> None:
        try:
            found = await self._carry_out(call)
        except ExchangeError as error:
            if self._machine.failed(error):
                return
            if not may_pass(error):
                raise
            await self._lost(error)
            return
        self._machine.told(found)

    async def _open(self) -> None:
        self._reconnecting.begins(time.monotonic())
        try:
            socket = await self._connect()
        except InvalidStatus as error:
            answer = error.response
            await self._lost(refused(answer.status_code, answer.headers, bytes(answer.body or b"")))
        except (OSError, InvalidHandshake, InvalidURI) as error:
            await self._lost(Disconnected("disconnected", reason_of(error)))
        except ExchangeError as error:
            if not may_pass(error):
                raise
            await self._lost(error)
        else:
            self._socket = socket
            self._guard = finalize(self, _abandon, socket)
            self._guard.atexit = False
            if self._closed.is_set():
                await socket.close()
            self._reconnecting.opened(time.monotonic())
            self._machine.opened()

    async def _lost(self, error: ExchangeError) -> None:
        """Come back later. Raises the error where that is in vain."""
        socket, self._socket = self._socket, None
        if socket is not None:
            self._unguard()
            await socket.close()
        now = time.monotonic()
        self._not_before = now + self._reconnecting.lost(error, now)

    async def _wait_to_connect(self) -> None:
        """Wait for the end of the pause, or until the stream is closed."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closed.wait(), max(0.0, self._not_before - time.monotonic()))

    def _unguard(self) -> None:
        if self._guard is not None:
            self._guard.detach()


def _abandon(connection: ClientConnection) -> None:
    """End the connection of a stream that nobody holds any more."""
    # The collector may run on any thread, and after the loop.
    with suppress(RuntimeError):
        connection.loop.call_soon_threadsafe(connection.transport.abort)
