"""A stream that looks at something again and again, and tells what has changed."""

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final

from gateway.binance.desk import Context, Desk
from gateway.binance.streams.channel import StreamChannel
from gateway.link.errors import HistoryBehindError, MatcherUnavailableError, RefusedError
from history.reading.database import HistoryUnavailableError
from protocol import topics
from protocol.market_data import MarketDataMessage

if TYPE_CHECKING:
    from collections.abc import Callable

NANOSECONDS: Final = 1_000_000_000
"""In a second."""

ALL_TIMES: Final = 1
"""The unit in which looks are made: each socket's is made of it."""


class PeriodicStream(StreamChannel, ABC):
    """`is_dirty` is true from a change that was heard of to the next look."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._context = Context(desk, {}, None, ALL_TIMES)
        self.is_dirty = True
        self._looking: asyncio.Task[None] | None = None
        self._unsubscribe: list[Callable[[], None]] = []

    async def begun(self) -> None:
        if self._looking is None:
            self._looking = asyncio.get_running_loop().create_task(self._run())

    def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        for unsubscribe in self._unsubscribe:
            unsubscribe()

    def _watch_trades(self, symbol: str) -> None:
        self._unsubscribe.append(self._desk.feed.subscribe(topics.trades(symbol), self._hear))
        self._unsubscribe.append(self._desk.feed.subscribe(topics.instruments(symbol), self._hear))

    def _watch_depth(self, symbol: str) -> None:
        self._unsubscribe.append(self._desk.feed.subscribe(topics.depth(symbol), self._hear))

    def _hear(self, _: MarketDataMessage) -> None:
        self.is_dirty = True

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._delay())
            if not self._is_due():
                continue
            self.is_dirty = False
            try:
                await self._look()
            except (MatcherUnavailableError, HistoryUnavailableError, HistoryBehindError, RefusedError):
                # The next look finds the same.
                self.is_dirty = True

    @abstractmethod
    def _delay(self) -> float:
        """Seconds until the next look."""

    def _is_due(self) -> bool:
        """Whether a look may find something new."""
        return self.is_dirty

    @abstractmethod
    async def _look(self) -> None:
        """Look, and tell. Fails as the calls of the table."""
