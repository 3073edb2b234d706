"""One client of an account's stream: all updates that it was not sent yet, in a bounded queue, and its beginnings.

A beginning is a fresh start or, where the client comes back, what it has missed. Updates that come before it is told
are held back and follow it. It is told piece by piece, the next one when all before it was sent, so that a slow client
has little waiting here.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from gateway.http.closing import CloseFrame
from gateway.streams.clients import Client

UPDATES_WAITING: Final = 10_000
CHARACTERS_WAITING: Final = 16 * 1024 * 1024
"""The most updates that wait for one client, and how much text. One more is taken where less than that waits, however
large it is."""


class UserClient(Client):
    """`after` is the sequence up to which the client knows everything; None where it knows nothing. `begin` is awaited
    when the client needs a beginning: it tells it, or a piece of it, by `tell`, and at the end of it calls `go_on`."""

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
        """The next update; one that the client knows is nothing to it."""
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
        """What follows does not join on to what the client was told: it needs a beginning that tells at least what was
        before `since`."""
        self._holding = True
        self.since = since
        self._changed.set()

    def tell(self, texts: Iterable[str]) -> None:
        """A piece of the client's beginning."""
        self._queue.extend((text, False) for text in texts)

    def go_on(self, sequence: int) -> None:
        """The beginning told everything up to `sequence`."""
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
