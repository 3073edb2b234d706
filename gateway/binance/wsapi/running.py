"""Calls of one connection that run beside each other, without a task for each.

A call that changes orders begins when it comes, and waits for its command's answer. The next one begins meanwhile. One
that has sent no command yet is waited for: else the next would overtake it.

Up to its command's answer, and right after it, such a call runs in no task of its own: it uses no `asyncio.timeout`
there. Where it waits for anything else, a task goes on with it.
"""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any, Final

from gateway.link.matcher_link import MatcherLink

MOST_RUNNING: Final = 1_000
"""Calls of one connection that run at most."""

Call = Coroutine[Any, Any, None]


class Running:
    """The calls of one connection.

    `_sent` is what the broker had taken when the newest call was about to send its command; None before.
    """

    def __init__(self, broker: MatcherLink) -> None:
        self._broker = broker
        self._count = 0
        self._sent: int | None = None
        self._changed: asyncio.Future[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, call: Call) -> None:
        """Begin the call, which never fails. Wait until the next one may begin."""
        self._sent = None
        self._count += 1
        self._step(call, is_first=True)
        if self._has_sent():
            while self._count >= MOST_RUNNING:
                await self._wait_for_one()
        else:
            await self.wait()

    def sends_next(self) -> None:
        """The call that was begun last knows its caller. What it sends from now on is its command."""
        self._sent = self._broker.submitted

    async def wait(self) -> None:
        """Wait until none runs."""
        while self._count:
            await self._wait_for_one()

    def _has_sent(self) -> bool:
        return self._sent is not None and self._broker.submitted != self._sent

    async def _wait_for_one(self) -> None:
        if self._changed is None:
            self._changed = asyncio.get_running_loop().create_future()
        await self._changed

    def _step(self, call: Call, _: Any = None, *, is_first: bool = False) -> None:
        """Run the call up to what it waits for."""
        try:
            waited: asyncio.Future[Any] | None = call.send(None)
        except StopIteration:
            self._end()
            return
        go_on = self._step if is_first and self._has_sent() else self._go_on_in_task
        if waited is None:
            asyncio.get_running_loop().call_soon(go_on, call)
            return
        # As a task does, for the future's own check.
        waited._asyncio_future_blocking = False
        waited.add_done_callback(partial(go_on, call))

    def _go_on_in_task(self, call: Call, _: Any = None) -> None:
        task = asyncio.get_running_loop().create_task(call)
        self._tasks.add(task)
        task.add_done_callback(self._end_task)

    def _end_task(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._end()

    def _end(self) -> None:
        self._count -= 1
        if self._changed is not None:
            changed, self._changed = self._changed, None
            changed.set_result(None)
