"""Work on the state as it stands now, in a forked child, while the matcher runs.

The child sees the state as of the fork and nothing that comes later. It holds none of the matcher's sockets, files or
locks, and dies with the matcher. So a killed matcher can start again at once, on the same ports and the same directory.

Each holds one end of a connection that carries no data. The system closes an end with its process, and the other side
notices.
"""

import errno
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from threading import Thread
from typing import BinaryIO, Final

import structlog

from matching_exchange.process.descriptors import open_for_sure
from matching_exchange.process.forks import no_garbage_collected

MAX_RESULT_BYTES: Final = 8 * 1024 * 1024
"""The longest result of a child that is not given another bound. What is longer fails."""

FIRST_DESCRIPTOR: Final = 3
"""Below it are the standard streams."""

MAX_DESCRIPTORS: Final = 65_536
"""Descriptors to check if the system does not list the open ones."""

log = structlog.get_logger("matcher")


class Forked:
    """A child at work. When `descriptor` becomes readable, the child has gone. `result` or `open_result` then gives
    what the work returned. `pause` is how long the fork has held up this process, in nanoseconds."""

    def __init__(self, work: Callable[[], str | bytes], most: int = MAX_RESULT_BYTES) -> None:
        """`most` is the longest result, in bytes. Raises OSError if the system has no process or no descriptor left."""
        with ExitStack() as opened:
            # A file without a name: a pipe holds too little for a long result, and the child must not wait.
            self._result = opened.enter_context(open_for_sure(_nameless_file))
            self._line, line_of_child = open_for_sure(socket.socketpair)
            opened.enter_context(self._line)
            opened.enter_context(line_of_child)
            began = time.monotonic_ns()
            with no_garbage_collected():
                self.pid = os.fork()
                if self.pid == 0:
                    _run(work, most, self._result.fileno(), line_of_child)
            self.pause = time.monotonic_ns() - began
            opened.pop_all()
        line_of_child.close()
        self.descriptor = self._line.fileno()

    def result(self) -> str | None:
        """What the work returned; None if it failed. Waits for the child's end."""
        with self._result as result, self._line:
            _, status = os.waitpid(self.pid, 0)
            result.seek(0)
            return result.read().decode() if status == 0 else None

    def open_result(self) -> BinaryIO | None:
        """A file of what the work returned, which the caller closes; None if it failed. Waits for the child's end."""
        with ExitStack() as opened, self._line:
            opened.enter_context(self._result)
            _, status = os.waitpid(self.pid, 0)
            if status:
                return None
            self._result.seek(0)
            opened.pop_all()
        return self._result

    def kill(self) -> None:
        with self._result, self._line:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def _run(work: Callable[[], str | bytes], most: int, writing: int, line: socket.socket) -> None:
    """The child's life. Always end here: the child must not run the parent's code that follows."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # The standard streams stay; the parent's sockets, its lock, its journal and its ends of lines do not.
        _close_all_but(writing, line.fileno())
        Thread(target=_end_with_parent, args=(line,), daemon=True).start()
        made = work()
        content = made if isinstance(made, bytes) else made.encode()
        if len(content) > most:
            raise OSError(errno.EFBIG, f"a result takes at most {most} bytes")
        with open(writing, "wb", closefd=False) as result:
            result.write(content)
        status = 0
    except OSError as error:
        log.error("work of a child failed", error=str(error))
    except BaseException as error:
        log.critical("work of a child failed", exc_info=error)
    finally:
        os._exit(status)


def _nameless_file() -> BinaryIO:
    """A file that ends with its last descriptor. In memory where the system has such files."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("result"), "w+b")
    return TemporaryFile()


def _end_with_parent(line: socket.socket) -> None:
    line.recv(1)
    os._exit(1)


def _close_all_but(*kept: int) -> None:
    """Close every descriptor but these and the standard streams."""
    first = FIRST_DESCRIPTOR
    for descriptor in sorted(kept):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, _descriptors())


def _descriptors() -> int:
    """A number that no open descriptor reaches. The limit may be so high that closing one by one up to it takes
    seconds."""
    try:
        return max(int(path.name) for path in Path("/dev/fd").iterdir()) + 1
    except OSError:
        limit = os.sysconf("SC_OPEN_MAX")
        return limit if 0 < limit < MAX_DESCRIPTORS else MAX_DESCRIPTORS
