"""Work on the state as it stands now, in a forked child, while the matcher runs.

The child sees the state as of the fork and nothing that comes later. It holds none of the matcher's sockets, files or
locks, and dies with the matcher. So a killed matcher can start again at once, on the same ports and the same directory.

Each holds one end of a connection that carries no data. The system closes an end with its process, and the other side
notices.
"""

import os
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import Final

import structlog

from matching_exchange.process.descriptors import open_for_sure

MAX_RESULT_BYTES: Final = 4096
"""The longest result of a child: what a pipe takes in one write."""

FIRST_DESCRIPTOR: Final = 3
"""Below it are the standard streams."""

MAX_DESCRIPTORS: Final = 65_536
"""Descriptors to check if the system does not list the open ones."""

log = structlog.get_logger("matcher")


class Forked:
    """A child at work. When `descriptor` becomes readable, the child has gone and `result` gives what the work
    returned."""

    def __init__(self, work: Callable[[], str]) -> None:
        """Raises OSError if the system has no process or no descriptor left."""
        with ExitStack() as opened:
            self._pipe, writing = open_for_sure(os.pipe)
            opened.callback(os.close, self._pipe)
            opened.callback(os.close, writing)
            self._line, line_of_child = open_for_sure(socket.socketpair)
            opened.enter_context(self._line)
            opened.enter_context(line_of_child)
            self._child = os.fork()
            if self._child == 0:
                _run(work, writing, line_of_child)
            opened.pop_all()
        os.close(writing)
        line_of_child.close()
        # Not the pipe: it closes before the system has freed the child's memory, and waiting for that end would block.
        self.descriptor = self._line.fileno()

    def result(self) -> str | None:
        """What the work returned; None if it failed."""
        content = os.read(self._pipe, MAX_RESULT_BYTES)
        return content.decode() if self._reap() == 0 else None

    def kill(self) -> None:
        os.kill(self._child, signal.SIGKILL)
        self._reap()

    def _reap(self) -> int:
        """Wait for the child's end; its status."""
        os.close(self._pipe)
        self._line.close()
        _, status = os.waitpid(self._child, 0)
        return status


def _run(work: Callable[[], str], writing: int, line: socket.socket) -> None:
    """The child's life. Always end here: the child must not run the parent's code that follows."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # The standard streams stay; the parent's sockets, its lock, its journal and its ends of lines do not.
        _close_all_but(writing, line.fileno())
        Thread(target=_end_with_parent, args=(line,), daemon=True).start()
        os.write(writing, work().encode()[:MAX_RESULT_BYTES])
        status = 0
    except OSError as error:
        log.error("work of a child failed", error=str(error))
    except BaseException as error:
        log.critical("work of a child failed", exc_info=error)
    finally:
        os._exit(status)


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
