"""Work on the state as it stands now, in a forked child, while the matcher goes on.

The child sees the state as of the fork and nothing that comes later. It holds none of the matcher's sockets, files or locks, and dies with
the matcher: a matcher that is killed starts again at once, on the same ports and the same directory.
"""

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Final

PR_SET_PDEATHSIG: Final = 1
"""prctl(2): the signal that a process gets when its parent dies."""

MAX_RESULT_BYTES: Final = 4096
"""The longest result of a child: what a pipe takes in one write."""

_prctl = getattr(ctypes.CDLL(None, use_errno=True), "prctl", None)


class Forked:
    """A child at work. When `descriptor` becomes readable, the child has gone and `result` gives what the work returned."""

    def __init__(self, work: Callable[[], str]) -> None:
        parent = os.getpid()
        self._pipe, writing = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            _run(work, writing, parent)
        os.close(writing)
        # Not the pipe: it speaks while the child's memory is still being given back, and waiting for that end takes its time.
        self.descriptor = os.pidfd_open(self._child)

    def result(self) -> str | None:
        """What the work returned, None where it failed."""
        content = os.read(self._pipe, MAX_RESULT_BYTES)
        return content.decode() if self._reap() == 0 else None

    def kill(self) -> None:
        os.kill(self._child, signal.SIGKILL)
        self._reap()

    def _reap(self) -> int:
        """Wait for the child's end; its status."""
        os.close(self._pipe)
        os.close(self.descriptor)
        _, status = os.waitpid(self._child, 0)
        return status


def _run(work: Callable[[], str], writing: int, parent: int) -> None:
    """The child's life. It ends here, whatever happens: nothing of the parent's way back is to be run twice."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # The standard streams stay; the parent's sockets, its lock and its journal do not.
        os.closerange(3, writing)
        os.closerange(writing + 1, os.sysconf("SC_OPEN_MAX"))
        if _prctl is not None:
            _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == parent:
            os.write(writing, work().encode()[:MAX_RESULT_BYTES])
            status = 0
    except BaseException:
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(status)
