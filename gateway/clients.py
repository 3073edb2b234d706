"""One stream each: what its client is to be sent, until its ending.

A client of depth holds the newest state that it was not sent yet, and nothing else. A client of trades holds a bounded queue, and is ended
rather than made to miss a trade in silence.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from typing import Final

from gateway.endings import TOO_SLOW, Ending

TRADES_QUEUE: Final = 10_000
"""The most trades that wait for one client."""


class Client(ABC):
    """One stream: what it is to be sent, until its ending."""

    def __init__(self) -> None:
        self._ending: Ending | None = None
        self._changed = asyncio.Event()

    def end(self, ending: Ending) -> None:
        """Send nothing more; the first ending holds."""
        self._ending = self._ending or ending
        self._changed.set()

    async def next(self) -> str | Ending:
        """Wait for what is to be sent next."""
        while self._ending is None:
            text = self._take()
            if text is not None:
                return text
            await self._wait()
        return self._ending

    async def _wait(self) -> None:
        """Wait until there may be something to take."""
        self._changed.clear()
        await self._changed.wait()

    @abstractmethod
    def _take(self) -> str | None:
        """The next text, if there is one."""


class DepthClient(Client):
    """Holds the newest depth that was not sent yet."""

    def __init__(self) -> None:
        super().__init__()
        self._newest: str | None = None
        self._sequence = -1

    def offer(self, sequence: int, text: str) -> None:
        """A state of the book; one that is not newer than the last is nothing to the client."""
        if sequence > self._sequence:
            self._sequence = sequence
            self._newest = text
            self._changed.set()

    def start_again(self) -> None:
        """Whatever state comes next is new."""
        self._sequence = -1

    def _take(self) -> str | None:
        text, self._newest = self._newest, None
        return text


class TradesClient(Client):
    """Holds all trades that were not sent yet."""

    def __init__(self) -> None:
        super().__init__()
        self._queue: deque[str] = deque()

    def offer(self, text: str) -> None:
        """The next trade."""
        if self._ending is not None:
            return
        if len(self._queue) >= TRADES_QUEUE:
            self._queue.clear()
            self.end(Ending(TOO_SLOW, f"too slow: {TRADES_QUEUE} trades were waiting"))
            return
        self._queue.append(text)
        self._changed.set()

    def _take(self) -> str | None:
        return self._queue.popleft() if self._queue else None
