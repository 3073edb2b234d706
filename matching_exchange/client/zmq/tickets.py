"""What becomes of a call that is under way: like a future, and cheaper."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar, cast

from matching_exchange.client.errors import Disconnected, ExchangeError, OutcomeUnknown
from matching_exchange.client.zmq.runner import Under

T = TypeVar("T")

_NOTHING = object()


class Ticket(Generic[T]):
    """The answer to a call, which comes later. Of any thread.

    `lock` is that of its client; its client calls `settle` under it. `later` calls a function on the thread of
    callbacks. `drive` reads answers until a function gives true, at most so many seconds; it may return early.
    """

    __slots__ = ("_callbacks", "_drive", "_later", "_lock", "_timeout", "_value", "_waiters", "under")

    def __init__(
        self,
        lock: threading.Lock,
        timeout: float,
        later: Callable[[Callable[[], None]], None],
        drive: Callable[[Callable[[], bool], float], None],
    ) -> None:
        self._lock = lock
        self._drive = drive
        self._timeout = timeout
        self._later = later
        self._value: object = _NOTHING
        self._waiters: list[threading.Lock] | None = None
        self._callbacks: list[Callable[[Ticket[T]], None]] | None = None
        self.under = Under()

    def done(self) -> bool:
        """Whether `result` answers or raises at once."""
        return self._value is not _NOTHING

    def result(self, timeout: float | None = None) -> T:
        """Wait for the answer, at most `timeout` seconds; None means the client's timeout.

        Raises what the call raises. Raises OutcomeUnknown after the timeout if a command was sent, else Disconnected.
        The answer may still come: ask again.
        """
        value = self._wait(timeout)
        if isinstance(value, Exception):
            raise value
        return cast("T", value)

    def exception(self, timeout: float | None = None) -> Exception | None:
        """Wait as `result`. The error of the call; None for an answer."""
        value = self._wait(timeout)
        return value if isinstance(value, Exception) else None

    def add_done_callback(self, callback: "Callable[[Ticket[T]], None]") -> None:
        """Call back with this ticket when it is done, on the client's thread of callbacks."""
        with self._lock:
            if self._value is _NOTHING:
                self._callbacks = [*(self._callbacks or ()), callback]
                return
        self._later(lambda: callback(self))

    def settle(self, value: T | Exception) -> None:
        """The answer has come, or will not come. Called once, under the lock."""
        self._value = value
        for waiter in self._waiters or ():
            waiter.release()
        for callback in self._callbacks or ():
            self._later(_call(callback, self))
        self._waiters = self._callbacks = None

    def _wait(self, timeout: float | None) -> object:
        if self._value is _NOTHING:
            seconds = max(self._timeout if timeout is None else timeout, 0.0)
            deadline = time.monotonic() + seconds
            self._drive(self.done, seconds)
            if self._value is _NOTHING:
                self._wait_for_others(deadline)
            if self._value is _NOTHING:
                return no_answer(self.under, seconds)
        return self._value

    def _wait_for_others(self, deadline: float) -> None:
        """Wait while another thread reads."""
        waiter = threading.Lock()
        with self._lock:
            if self._value is _NOTHING:
                waiter.acquire()
                self._waiters = [*(self._waiters or ()), waiter]
        waiter.acquire(timeout=max(deadline - time.monotonic(), 0.0))


def no_answer(under: Under, seconds: float) -> ExchangeError:
    """The error of a call without an answer after so many seconds."""
    message = f"No answer came within {seconds:g} seconds."
    if under.sent:
        return OutcomeUnknown(message, client_order_id=under.client_order_id)
    return Disconnected("matcher_unavailable", message)


def _call(callback: Callable[[Ticket[T]], None], ticket: Ticket[T]) -> Callable[[], None]:
    return lambda: callback(ticket)
