"""Wakes the owner's poller: what other threads have finished, and a time that has come. On Linux alone."""

import ctypes
import os
import select
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Final

from matcher.replication.timings import BOOT_CLOCK, now

SECOND: Final = 1_000_000_000

_TFD_NONBLOCK: Final = 0o4000
_TFD_CLOEXEC: Final = 0o2000000

_c = ctypes.CDLL(None, use_errno=True)


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


class Waker:
    """`descriptor` is readable when there is something to do: calls that were put from any thread, or a time that has
    come. The owner takes them, and carries them out in its own thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._calls: deque[Callable[[], None]] = deque()
        self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._timer = _checked(_c.timerfd_create(BOOT_CLOCK, _TFD_NONBLOCK | _TFD_CLOEXEC))
        self._poll = select.epoll()
        self._poll.register(self._event, select.EPOLLIN)
        self._poll.register(self._timer, select.EPOLLIN)
        self.descriptor = self._poll.fileno()
        self._open = True

    def put(self, call: Callable[[], None]) -> None:
        """Have the owner carry this out. For any thread. What comes after `close` is dropped."""
        with self._lock:
            if self._open:
                self._calls.append(call)
                os.eventfd_write(self._event, 1)

    @property
    def backlog(self) -> int:
        """How many calls wait to be taken."""
        return len(self._calls)

    def wake(self) -> None:
        """Make `descriptor` readable until the next `take`."""
        with self._lock:
            if self._open:
                os.eventfd_write(self._event, 1)

    def wake_at(self, moment: int | None) -> None:
        """Wake at this time of the replication's clock, in place of an earlier order; None: at none."""
        # As a distance: what shifts the clocks of a process for tests (libfaketime) shifts no timer then.
        seconds, rest = divmod(0 if moment is None else max(1, moment - now()), SECOND)
        spec = _Itimerspec(_Timespec(0, 0), _Timespec(seconds, rest))
        _checked(_c.timerfd_settime(self._timer, 0, ctypes.byref(spec), None))

    def take(self) -> list[Callable[[], None]]:
        """What was put since the last time, in order."""
        for descriptor in (self._event, self._timer):
            try:
                os.read(descriptor, 8)
            except BlockingIOError:
                continue
        calls = []
        while self._calls:
            calls.append(self._calls.popleft())
        return calls

    def wait(self, seconds: float) -> None:
        """Wait until there is something to do, that long at the most."""
        self._poll.poll(seconds)

    def close(self) -> None:
        with self._lock:
            if not self._open:
                return
            self._open = False
            self._calls.clear()
        self._poll.close()
        os.close(self._event)
        os.close(self._timer)
