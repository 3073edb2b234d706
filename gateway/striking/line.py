"""The connection of a call: what breaks it, and what keeps its messages back."""

import asyncio
from contextlib import suppress
from typing import Final, Protocol

from starlette.types import Message, Scope, Send

LINE: Final = "gateway.line"
"""The name, in the extensions of an ASGI scope, of the connection's transport."""

MOST_LATER: Final = 10_000
"""Messages that are kept back at most. The stream waits then, as for a peer that does not read."""


class Line(Protocol):
    """What breaks a connection: at once, or after what was sent."""

    def abort(self) -> None: ...
    def close(self) -> None: ...


def line(scope: Scope) -> Line:
    found: Line = scope["extensions"][LINE]
    return found


class Later:
    """Sends messages in their order, each at its time. Until one is to be kept back, it costs no task."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._queue: asyncio.Queue[tuple[float, Message]] = asyncio.Queue(MOST_LATER)
        self._task: asyncio.Task[None] | None = None

    async def send(self, message: Message, delay: float) -> None:
        """Send it after so many seconds, and after those before it."""
        if self._task is None and not delay:
            await self._send(message)
            return
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        await self._queue.put((asyncio.get_running_loop().time() + delay, message))

    async def drain(self) -> None:
        """Send all that is kept back, and end."""
        if self._task is None:
            return
        sent = asyncio.ensure_future(self._queue.join())
        await asyncio.wait([sent, self._task], return_when=asyncio.FIRST_COMPLETED)
        for task in (sent, self._task):
            task.cancel()

    async def _work(self) -> None:
        # The peer may have gone.
        with suppress(OSError, RuntimeError):
            while True:
                due, message = await self._queue.get()
                await asyncio.sleep(due - asyncio.get_running_loop().time())
                await self._send(message)
                self._queue.task_done()
        self._queue.task_done()
        # Nobody reads any more: what comes is dropped, so that no sender waits for room.
        while True:
            await self._queue.get()
            self._queue.task_done()
