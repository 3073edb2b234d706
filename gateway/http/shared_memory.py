"""Memory that the workers of one gateway share, with locks that no killed worker leaves behind.

The supervisor makes it, and each worker gets it while it is spawned. It has no name in the file system, and is gone
with the last process that has it.
"""

import fcntl
import mmap
import os
import sys
import tempfile
from multiprocessing.reduction import DupFd
from typing import Any, Final

_NAME: Final = "gateway"


class SharedMemory:
    """Bytes that are zero at first.

    The locks are those of POSIX: the kernel gives them back when their process ends. They hold between processes, not
    between threads.

    shared: whether several processes use it. If not, nothing is locked.
    """

    def __init__(self, size: int, *, shared: bool) -> None:
        self.size = size
        self._descriptor: int | None = None
        if shared:
            self._descriptor = _nameless_file()
            os.ftruncate(self._descriptor, size)
        self._map()

    def _map(self) -> None:
        self.bytes = mmap.mmap(-1 if self._descriptor is None else self._descriptor, self.size)

    @property
    def shared(self) -> bool:
        return self._descriptor is not None

    def lock(self, start: int, size: int) -> None:
        """Wait until no other process has these bytes locked, and lock them."""
        if self._descriptor is not None:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX, size, start)

    def unlock(self, start: int, size: int) -> None:
        if self._descriptor is not None:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, size, start)

    def try_lock(self, start: int, size: int) -> bool:
        """Lock the bytes if no other process has them locked; whether that went well. They may lie behind the end."""
        if self._descriptor is None:
            return True
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, size, start)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def close(self) -> None:
        self.bytes.close()
        if self._descriptor is not None:
            os.close(self._descriptor)

    def __getstate__(self) -> tuple[int, Any]:
        """What a spawned process gets. RuntimeError anywhere else: memory of one process cannot be sent."""
        if self._descriptor is None:
            raise RuntimeError("this memory is not shared")
        return self.size, DupFd(self._descriptor)

    def __setstate__(self, state: tuple[int, Any]) -> None:
        self.size, descriptor = state
        self._descriptor = descriptor.detach()
        self._map()


def _nameless_file() -> int:
    if sys.platform == "linux":
        # It needs no writable file system.
        return os.memfd_create(_NAME)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
