"""The messages that wait for one stream, until it is closed.

A client of depth holds only the newest unsent state. A client of trades or of a book holds a bounded queue; its stream
is closed before it would miss a message in silence.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from typing import Final

from gateway.http.closing import CloseFrame
from gateway.http.frames import Message, WriteFrame

TRADES_QUEUE: Final = 10_000
"""Trades that wait at most for one client."""


class Client(ABC):
    """One stream. Its writer sends what `next` returns.

    While the writer waits and nothing is queued, a frame may go past it by the short way of `http.frames`.
    """

    def __init__(self) -> None:
        self._close_frame: CloseFrame | None = None
        self._changed = asyncio.Event()
        self._waiting = False
        self._write_frame: WriteFrame | None = None

    def connect(self, write_frame: WriteFrame | None) -> None:
        """The stream is open from now on. `write_frame` is its short way, if it has one."""
        self._write_frame = write_frame

    def end(self, frame: CloseFrame) -> None:
        """Send nothing more. The first frame holds."""
        self._close_frame = self._close_frame or frame
        self._changed.set()

    async def next(self) -> str | CloseFrame:
        """Wait for the next text, or for the frame that closes the stream."""
        while self._close_frame is None:
            text = self._take()
            if text is not None:
                return text
            await self._wait()
        return self._close_frame

    async def _wait(self) -> None:
        """Wait until there may be something to take."""
        self._changed.clear()
        self._waiting = True
        try:
            await self._changed.wait()
        finally:
            self._waiting = False

    def _send_now(self, message: Message) -> bool:
        """Send the message the short way; whether that was free."""
        return self._send_frame(message.frame)

    def _send_frame(self, frame: bytes) -> bool:
        """As `_send_now`, for a frame or several."""
        if not self._waiting or self._changed.is_set() or self._write_frame is None:
            return False
        return self._write_frame(frame)

    @abstractmethod
    def _take(self) -> str | None:
        """The next text, if there is one."""


class DepthClient(Client):
    """Holds the newest unsent depth."""

    def __init__(self) -> None:
        super().__init__()
        self._newest: str | None = None
        self._sequence = -1

    def offer(self, sequence: int, message: Message) -> None:
        """A state of the book. One that is not newer than the last is dropped."""
        if sequence > self._sequence:
            self._sequence = sequence
            if not self._send_now(message):
                self._newest = message.text
                self._changed.set()

    def start_again(self) -> None:
        """The next state is new, whatever its sequence."""
        self._sequence = -1

    def _take(self) -> str | None:
        text, self._newest = self._newest, None
        return text


class TradesClient(Client):
    """Holds all unsent trades."""

    def __init__(self, too_slow: int) -> None:
        """`too_slow` is the close code of a client that would have missed a trade."""
        super().__init__()
        self._too_slow = too_slow
        self._queue: deque[str] = deque()

    def offer(self, message: Message) -> None:
        """The next trade."""
        if self._close_frame is not None or self._send_now(message):
            return
        if len(self._queue) >= TRADES_QUEUE:
            self._queue.clear()
            self.end(CloseFrame(self._too_slow, f"too slow: {TRADES_QUEUE} trades were waiting"))
            return
        self._queue.append(message.text)
        self._changed.set()

    def _take(self) -> str | None:
        return self._queue.popleft() if self._queue else None


UPDATES_QUEUE: Final = 10_000
"""Updates of a book that wait at most for one client."""


class BookClient(Client):
    """Holds a snapshot that is made part by part as it is sent, and all unsent updates that follow it."""

    def __init__(self, too_slow: int) -> None:
        """`too_slow` is the close code of a client that would have missed an update."""
        super().__init__()
        self._too_slow = too_slow
        self._snapshot: Iterator[str] | None = None
        self._queue: deque[str] = deque()
        self._begun = False

    def begin(self, snapshot: Iterator[str]) -> None:
        """Begin anew with the parts of a snapshot. What waits is of before."""
        self._begun = True
        self._snapshot = snapshot
        self._queue.clear()
        self._changed.set()

    def offer(self, message: Message) -> None:
        """The next update. The snapshot of a client that has none yet will hold it."""
        if not self._begun or self._close_frame is not None:
            return
        if self._snapshot is None and not self._queue and self._send_now(message):
            return
        if len(self._queue) >= UPDATES_QUEUE:
            self._snapshot = None
            self._queue.clear()
            self.end(CloseFrame(self._too_slow, f"too slow: {UPDATES_QUEUE} updates were waiting"))
            return
        self._queue.append(message.text)
        self._changed.set()

    def _take(self) -> str | None:
        if self._snapshot is not None:
            part = next(self._snapshot, None)
            if part is not None:
                return part
            self._snapshot = None
        return self._queue.popleft() if self._queue else None
