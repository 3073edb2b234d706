"""Calls of one connection that run beside each other, without a task for each.

A call that changes orders begins when it comes, and waits for its command's answer. The next one begins meanwhile. One
that has sent no command yet is waited for: else the next would overtake it.
"""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any, Final

from gateway.link.broker import Broker

MOST_RUNNING: Final = 1_000
"""Calls of one connection that run at most."""


class Running:
    """The calls of one connection.

    `_sent` is what the broker had taken when the newest call was about to send its command; None before.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._count = 0
        self._sent: int | None = None
        self._changed: asyncio.Future[None] | None = None

    async def begin(self, call: Coroutine[Any, Any, None]) -> None:
        """Begin the call, which never fails. Wait until the next one may begin."""
        self._sent = None
        self._count += 1
        self._step(call)
        if self._sent is None or self._broker.submitted == self._sent:
            await self.wait()
        while self._count >= MOST_RUNNING:
            await self._wait_for_one()

    def sends_next(self) -> None:
        """The call that was begun last knows its caller. What it sends from now on is its command."""
        self._sent = self._broker.submitted

    async def wait(self) -> None:
        """Wait until none runs."""
        while self._count:
            await self._wait_for_one()

    async def _wait_for_one(self) -> None:
        if self._changed is None:
            self._changed = asyncio.get_running_loop().create_future()
        await self._changed

    def _step(self, call: Coroutine[Any, Any, None], _: Any = None) -> None:
        """Run the call up to the next future that it waits for."""
        try:
            waited = call.send(None)
        except StopIteration:
            self._count -= 1
            if self._changed is not None:
                changed, self._changed = self._changed, None
                changed.set_result(None)
            return
        if waited is None:
            asyncio.get_running_loop().call_soon(self._step, call)
            return
        # As a task does, for the future's own check.
        waited._asyncio_future_blocking = False
        waited.add_done_callback(partial(self._step, call))
