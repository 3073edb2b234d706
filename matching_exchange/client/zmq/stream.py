"""One feed as an asynchronous iterator."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final, Generic, TypeVar
from weakref import WeakMethod, finalize

from msgspec import Struct

from matching_exchange.client.errors import Disconnected
from matching_exchange.client.zmq.feeds import Stop

Item = TypeVar("Item")
Value = TypeVar("Value")

ITEMS_WAITING: Final = 10_000
"""Items that wait at most for a slower reader. The feed then ends, and begins again once they are read."""

Make = Callable[[], Item | None]
"""Makes an item when the reader takes it. None: there is nothing to tell."""


class Sink(Struct, Generic[Item], frozen=True):
    """Where a feed puts what it tells."""

    put: Callable[[Make[Item]], None]
    begun: Callable[[], None]
    failed: Callable[[Exception], None]


Begin = Callable[[Sink[Item]], Awaitable[Stop]]
"""Begins a feed."""


class ZmqStream(Generic[Item]):
    """Items of one feed, in order: `async for item in stream`. It begins with `open`, `async with` or the first item.

    Use it in one task; `close` may come from another one.
    """

    def __init__(self, begin: Begin[Item], timeout: float) -> None:
        self._begin = begin
        self._timeout = timeout
        self._waiting: deque[Make[Item]] = deque()
        self._news = asyncio.Event()
        self._begun = asyncio.Event()
        self._stop: Stop | None = None
        self._closed = False
        self._failure: Exception | None = None
        self._guard: finalize[..., ZmqStream[Item]] | None = None

    async def __aenter__(self) -> "ZmqStream[Item]":
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __aiter__(self) -> "ZmqStream[Item]":
        return self

    async def __anext__(self) -> Item:
        item = await self._next()
        if item is None:
            raise StopAsyncIteration
        return item

    async def open(self) -> None:
        """Begin, and wait until it is known where: all that comes later is told. Raises Disconnected after the client's
        timeout, and NotFound for an unknown symbol."""
        await self._follow()
        try:
            async with asyncio.timeout(self._timeout):
                await self._begun.wait()
        except TimeoutError as error:
            message = f"The stream has not begun within {self._timeout:g} seconds."
            raise Disconnected("matcher_unavailable", message) from error
        self._raise_failure()

    async def receive(self) -> Item:
        """The next item. Raises Disconnected if the stream is closed."""
        item = await self._next()
        if item is None:
            raise Disconnected("stream_closed", "The stream is closed.")
        return item

    def close(self) -> None:
        """End the feed. Items that wait are dropped."""
        self._closed = True
        self._waiting.clear()
        self._end()
        self._news.set()

    async def _next(self) -> Item | None:
        """None once it is closed."""
        while not self._closed:
            if self._waiting:
                item = self._waiting.popleft()()
                if item is not None:
                    return item
            elif self._stop is None:
                await self._follow()
            elif self._failure is not None:
                self._raise_failure()
            else:
                self._news.clear()
                await self._news.wait()
        return None

    async def _follow(self) -> None:
        if self._stop is None and not self._closed:
            stop = await self._begin(Sink(_weakly(self._put), self._begun.set, _weakly(self._fail)))
            if self._closed or self._stop is not None:
                stop()
            else:
                self._stop = stop
                self._guard = finalize(self, stop)
                self._guard.atexit = False

    def _put(self, make: Make[Item]) -> None:
        if len(self._waiting) >= ITEMS_WAITING:
            self._end()
        elif not self._closed:
            self._waiting.append(make)
            self._news.set()

    def _fail(self, error: Exception) -> None:
        self._failure = error
        self._begun.set()
        self._news.set()

    def _raise_failure(self) -> None:
        """The feed cannot begin: the matcher refuses it."""
        if self._failure is not None:
            self.close()
            raise self._failure

    def _end(self) -> None:
        stop, self._stop = self._stop, None
        if self._guard is not None:
            self._guard.detach()
        if stop is not None:
            stop()


def _weakly(method: Callable[[Value], None]) -> Callable[[Value], None]:
    """Calls the method while its object lives: a feed keeps no stream that nobody reads any more."""
    weak = WeakMethod(method)

    def call(value: Value) -> None:
        found = weak()
        if found is not None:
            found(value)

    return call
