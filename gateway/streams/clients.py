"""One stream each: what its client is to be sent, until its ending.

A client of depth holds the newest state that it was not sent yet, and nothing else. A client of trades holds a bounded
queue, and is ended rather than made to miss a trade in silence.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from typing import Final

from gateway.http.frames import Message, WriteFrame
from gateway.streams.endings import TOO_SLOW, Ending

TRADES_QUEUE: Final = 10_000
"""The most trades that wait for one client."""


class Client(ABC):
    """One stream: what it is to be sent, until its ending. Its writer sends what `next` returns; while that waits, and
    nothing else is to be sent, a frame may go the short way, past it."""

    def __init__(self) -> None:
        self._ending: Ending | None = None
        self._changed = asyncio.Event()
        self._waiting = False
        self._write_frame: WriteFrame | None = None

    def connect(self, write_frame: WriteFrame | None) -> None:
        """The stream is open from now on; it has the short way, or not."""
        self._write_frame = write_frame

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
        self._waiting = True
        try:
            await self._changed.wait()
        finally:
            self._waiting = False

    def _send_now(self, message: Message) -> bool:
        """Send the message the short way, if it is free; whether it was."""
        if not self._waiting or self._changed.is_set() or self._write_frame is None:
            return False
        return self._write_frame(message.frame)

    @abstractmethod
    def _take(self) -> str | None:
        """The next text, if there is one."""


class DepthClient(Client):
    """Holds the newest depth that was not sent yet."""

    def __init__(self) -> None:
        super().__init__()
        self._newest: str | None = None
        self._sequence = -1

    def offer(self, sequence: int, message: Message) -> None:
        """A state of the book; one that is not newer than the last is nothing to the client."""
        if sequence > self._sequence:
            self._sequence = sequence
            if not self._send_now(message):
                self._newest = message.text
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

    def offer(self, message: Message) -> None:
        """The next trade."""
        if self._ending is not None or self._send_now(message):
            return
        if len(self._queue) >= TRADES_QUEUE:
            self._queue.clear()
            self.end(Ending(TOO_SLOW, f"too slow: {TRADES_QUEUE} trades were waiting"))
            return
        self._queue.append(message.text)
        self._changed.set()

    def _take(self) -> str | None:
        return self._queue.popleft() if self._queue else None
