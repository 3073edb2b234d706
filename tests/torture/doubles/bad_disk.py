"""A matcher on a disk that fails: `BAD_DISK=<how>:<number>`.

full: no file grows beyond so many bytes (the system itself writes short, then fails). no-space, sync-error: the
journal's write, or sync, of that number fails.
"""

import errno
import os
import resource
import sys
from unittest.mock import patch

from matcher.__main__ import main
from matcher.storage.journal import DiskFile


class Fault:
    """Fails at the call of that number, and ever after."""

    def __init__(self, number: int, error: int) -> None:
        self._left = number
        self._error = error

    def __call__(self) -> None:
        self._left -= 1
        if self._left <= 0:
            raise OSError(self._error, os.strerror(self._error))


_write, _sync = DiskFile.write, DiskFile.sync


def run(how: str, number: int) -> int:
    if how == "full":
        # Python would leave half of a module's bytecode beside its source.
        sys.dont_write_bytecode = True
        resource.setrlimit(resource.RLIMIT_FSIZE, (number, number))
        return main()
    fault = Fault(number, errno.ENOSPC if how == "no-space" else errno.EIO)

    def write(file: DiskFile, data: bytes) -> None:
        if how == "no-space":
            try:
                fault()
            except OSError:
                # Some of it reaches the disk.
                _write(file, data[: len(data) // 2])
                raise
        _write(file, data)

    def sync(file: DiskFile) -> None:
        if how == "sync-error":
            fault()
        _sync(file)

    with patch.object(DiskFile, "write", write), patch.object(DiskFile, "sync", sync):
        return main()


if __name__ == "__main__":
    how, _, number = os.environ["BAD_DISK"].partition(":")
    sys.exit(run(how, int(number)))
