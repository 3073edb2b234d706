"""The futures of calls on an event loop: what ends them, in time."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import Struct

from matching_exchange.client.zmq.callbacks import log
from matching_exchange.client.zmq.runner import Under
from matching_exchange.client.zmq.tickets import no_answer

T = TypeVar("T")


class _Waiting(Struct):
    """A call that may wait too long."""

    at: float
    future: asyncio.Future[Any]
    under: Under


class Overdue:
    """Ends futures without an answer after so many seconds."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._waiting: deque[_Waiting] = deque()

    def add(self, future: asyncio.Future[Any], under: Under, now: float) -> None:
        """A call begins to wait."""
        self._waiting.append(_Waiting(now + self._timeout, future, under))

    def end(self, now: float) -> None:
        """End those that have waited too long."""
        waiting = self._waiting
        while waiting and (waiting[0].future.done() or waiting[0].at <= now):
            overdue = waiting.popleft()
            if not overdue.future.done():
                overdue.future.set_exception(no_answer(overdue.under, self._timeout))


def settler(future: asyncio.Future[T]) -> Callable[[T | Exception], None]:
    """What ends the future of a call, unless it has ended before."""

    def settle(outcome: T | Exception) -> None:
        if future.done():
            return
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)

    return settle


def guarded(callback: Callable[[T], object]) -> Callable[[T], None]:
    """The callback of a user. Its error is logged, and the loop goes on."""

    def call(told: T) -> None:
        try:
            callback(told)
        except Exception as error:
            log.error("a callback has failed", exc_info=error)

    return call
