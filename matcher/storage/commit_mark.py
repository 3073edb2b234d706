"""How far the log is committed, for readers in other processes: a small file beside the segments.

The matcher keeps the file mapped, and notes its position when an append returns. It holds a lock on the file for as
long as it does. Without that lock the file tells nothing: no matcher runs, it is one of an earlier version, or the disk
had no room for the file. A reader then syncs what it has read before it takes it.
"""

import fcntl
import mmap
import os
import struct
import time
from pathlib import Path
from typing import Final

from matcher.storage.log import Position
from matching_exchange.process.files import make_directory, named, open_private

COMMITTED: Final = "committed"
"""The file, in the folder of the journal."""

_POSITION: Final = struct.Struct("@Q")

TRIES: Final = 100
"""How often the lock is tried, a millisecond apart: a reader holds it for a moment, to see whether it is free."""


class CommitMark:
    """The matcher's side."""

    def __init__(self, directory: Path, position: Position) -> None:
        """Begin with this position. OSError if the file cannot be had; readers then go on without it."""
        path = directory / COMMITTED
        make_directory(directory)
        with named(path):
            self._descriptor = open_private(path, os.O_RDWR | os.O_CREAT)
            try:
                # Written, not only made longer: a mapped page without room on the disk ends the process that fills it.
                os.pwrite(self._descriptor, _POSITION.pack(position), 0)
                self._lock()
                self._map = mmap.mmap(self._descriptor, _POSITION.size)
            except OSError:
                os.close(self._descriptor)
                raise
        self._noted = memoryview(self._map).cast("Q")

    def note(self, position: Position) -> None:
        """Everything up to this position is committed."""
        self._noted[0] = position

    def close(self) -> None:
        """Readers then sync the log themselves."""
        self._noted.release()
        self._map.close()
        os.close(self._descriptor)

    def _lock(self) -> None:
        for _ in range(TRIES - 1):
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.001)
            else:
                return
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class MarkReader:
    """A reader's side. The file may come later."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / COMMITTED
        self._descriptor: int | None = None

    def position(self) -> Position | None:
        """What the matcher has noted last; None before the first time."""
        if self._descriptor is None:
            try:
                self._descriptor = open_private(self._path, os.O_RDONLY)
            except FileNotFoundError:
                return None
        noted = os.pread(self._descriptor, _POSITION.size, 0)
        return int(_POSITION.unpack(noted)[0]) if len(noted) == _POSITION.size else None

    def is_kept(self) -> bool:
        """Whether a matcher keeps the file: then what is behind its position is not committed."""
        if self._descriptor is None:
            return False
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        return False

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
