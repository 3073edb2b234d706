"""One client of an account's stream: its unsent updates, in a bounded queue, and its beginnings.

A beginning is a fresh start, or the updates that the client has missed. Updates that come meanwhile are held back and
follow it. It is sent piece by piece, each after the one before has left. So a slow client has little waiting here.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from gateway.http.closing import CloseFrame
from gateway.streams.clients import Client

UPDATES_WAITING: Final = 10_000
CHARACTERS_WAITING: Final = 16 * 1024 * 1024
"""Updates and characters that wait at most for one client. Below that one more update is taken, however large."""


class UserClient(Client):
    """`after` is the last sequence that the client knows; None for a new client.

    `begin` is awaited when the client needs a beginning. It sends a piece by `tell`, and calls `go_on` after the last
    one.
    """

    def __init__(self, after: int | None, begin: "Callable[[UserClient], Awaitable[None]]", too_slow: int) -> None:
        super().__init__()
        self._too_slow = too_slow
        self.after = after
        self.resumed = False
        self.since = 0
        self._begin = begin
        self._holding = True
        self._held: deque[tuple[int, str]] = deque()
        self._position = 0
        self._queue: deque[tuple[str, bool]] = deque()
        self._updates = 0
        self._characters = 0

    def offer(self, sequence: int, text: str) -> None:
        """The next update. One that the client knows is dropped."""
        if self._close_frame is not None or (sequence <= self._position and not self._holding):
            return
        if self._updates >= UPDATES_WAITING or self._characters >= CHARACTERS_WAITING:
            waiting = f"{self._updates} updates were waiting"
            self._queue.clear()
            self._held.clear()
            self.end(CloseFrame(self._too_slow, f"too slow: {waiting}"))
            return
        self._updates += 1
        self._characters += len(text)
        if self._holding:
            self._held.append((sequence, text))
        else:
            self._position = sequence
            self._queue.append((text, True))
            self._changed.set()

    def hold(self, since: int) -> None:
        """Updates are missing before the next one. The client needs a beginning that covers everything before
        `since`."""
        self._holding = True
        self.since = since
        self._changed.set()

    def tell(self, texts: Iterable[str]) -> None:
        """A piece of the client's beginning."""
        self._queue.extend((text, False) for text in texts)

    def go_on(self, sequence: int) -> None:
        """The beginning has covered everything up to `sequence`."""
        self._holding = False
        self.after = None
        self._position = sequence
        held, self._held = self._held, deque()
        for number, text in held:
            self._updates -= 1
            self._characters -= len(text)
            self.offer(number, text)

    async def _wait(self) -> None:
        if self._holding:
            await self._begin(self)
        else:
            await super()._wait()

    def _take(self) -> str | None:
        if not self._queue:
            return None
        text, counted = self._queue.popleft()
        if counted:
            self._updates -= 1
            self._characters -= len(text)
        return text
