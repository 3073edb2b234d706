"""Joins a gateway's application to a matcher in the same process: its broker and its feed, without sockets.

Each application has one event loop. What another loop causes is handed over to it.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from gateway.link.answers import Stamped
from gateway.link.broker import QUERY_REPEAT, QUERY_TIMEOUT, Broker
from gateway.link.feed import Handler, MarketDataFeed
from gateway.link.published import Published
from matching_exchange.testing.in_process.clock import NANOSECONDS, Clock
from matching_exchange.testing.in_process.matcher import EPOCH, DirectMatcher, Update
from protocol.codec import decode_market_data
from protocol.commands import Command, Query
from protocol.events import Answer, Result
from protocol.market_data import MarketDataMessage

JOURNAL = "in-process"


class _NoReports:
    """Every report is handed on: none has to be subscribed to."""

    def subscribe(self, topic: bytes) -> None: ...

    def unsubscribe(self, topic: bytes) -> None: ...


def _on_loop(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *arguments: Any) -> None:
    """Call on the loop: at once if it is the one that runs. Nobody listens on one that is closed."""
    if loop.is_closed():
        return
    try:
        running = asyncio.get_running_loop()
    except RuntimeError:
        running = None
    if running is loop:
        call(*arguments)
    else:
        loop.call_soon_threadsafe(call, *arguments)


class DirectBroker(Broker):
    """A broker whose matcher is there, and answers at once. deadline: milliseconds."""

    def __init__(self, matcher: DirectMatcher, clock: Clock, deadline: int) -> None:
        super().__init__("", "", deadline / 1000)
        self._matcher = matcher
        self._time = clock
        self._most_age = deadline * NANOSECONDS // 1000

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.published = Published(_NoReports(), lambda: None)
        self._matcher.hear_update.append(self._hear_update)

    async def stop(self) -> None:
        self._matcher.hear_update.remove(self._hear_update)

    @property
    def available(self) -> bool:
        return True

    @property
    def epoch(self) -> int:
        return EPOCH

    @property
    def journal(self) -> str:
        return JOURNAL

    @property
    def sequence(self) -> int:
        return self._matcher.sequence

    def now(self) -> int:
        return self._time.now()

    def deadline(self) -> int:
        return self._time.now() + self._most_age

    @property
    def clock_difference(self) -> int:
        return 0

    def submit(self, command: Command) -> "asyncio.Future[Stamped[Answer]]":
        self.submitted += 1
        future: asyncio.Future[Stamped[Answer]] = asyncio.get_running_loop().create_future()
        future.set_result(Stamped(*self._matcher.submit(command)))
        return future

    async def query(
        self,
        query: Query,
        timeout: float = QUERY_TIMEOUT,  # noqa: ASYNC109
        repeat: float = QUERY_REPEAT,
    ) -> Stamped[Result]:
        return Stamped(*self._matcher.ask(query))

    def _hear_update(self, update: Update) -> None:
        _on_loop(self._loop, self.published.hand_on, update)


class DirectFeed(MarketDataFeed):
    """The market data of a matcher that is there."""

    def __init__(self, matcher: DirectMatcher) -> None:
        super().__init__("")
        self._matcher = matcher
        self._listeners: dict[bytes, list[Handler]] = {}
        self._newest: dict[bytes, MarketDataMessage] = {}

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._matcher.hear.append(self._hear)

    async def stop(self) -> None:
        self._matcher.hear.remove(self._hear)

    def subscribe(self, topic: bytes, handler: Handler) -> Callable[[], None]:
        listeners = self._listeners.get(topic)
        if listeners is None:
            self._listeners[topic] = [handler]
            self._matcher.subscribe(topic)
            self._loop.call_soon(self._matcher.tell)
        else:
            listeners.append(handler)
            if topic in self._newest:
                handler(self._newest[topic])

        def unsubscribe() -> None:
            remaining = self._listeners[topic]
            remaining.remove(handler)
            if not remaining:
                del self._listeners[topic]
                self._newest.pop(topic, None)
                self._matcher.unsubscribe(topic)

        return unsubscribe

    def _hear(self, topic: bytes, payload: bytes) -> None:
        if topic in self._listeners:
            _on_loop(self._loop, self._hand_on, topic, decode_market_data(payload))

    def _hand_on(self, topic: bytes, message: MarketDataMessage) -> None:
        listeners = self._listeners.get(topic)
        if listeners:
            self._newest[topic] = message
            for handler in list(listeners):
                handler(message)
