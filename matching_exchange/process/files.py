"""Files that survive a power cut and that no other user may read, on every supported system."""

import errno
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from matching_exchange.process.descriptors import open_for_sure

PRIVATE_FILE: Final = 0o600
PRIVATE_DIRECTORY: Final = 0o700
"""The modes of what is made here; what is there already keeps its own."""

OTHERS: Final = 0o077
"""The bits of a mode that let others than the owner do something."""

_FULL_SYNC: Final[int | None] = getattr(fcntl, "F_FULLFSYNC", None)
_SYNC_DATA: Final[Callable[[int], None]] = getattr(os, "fdatasync", os.fsync)

SYNC_NAME: Final = _SYNC_DATA.__name__ if _FULL_SYNC is None else "F_FULLFSYNC"
"""What this system is asked for."""


def sync_file(descriptor: int) -> None:
    """Make what was written to the open file last. Raises OSError if the disk does not take it."""
    if not _flushes_disk(descriptor):
        _SYNC_DATA(descriptor)


def sync_path(path: Path) -> None:
    """As `sync_file`, for a file that is not open."""
    descriptor = _open(path, os.O_RDONLY)
    try:
        sync_file(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Make created, renamed and removed names of the directory last."""
    descriptor = _open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if not _flushes_disk(descriptor):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flushes_disk(descriptor: int) -> bool:
    """Sync as macOS needs it: its fsync leaves data in the disk's own cache. Returns whether that was possible."""
    if _FULL_SYNC is None:
        return False
    try:
        fcntl.fcntl(descriptor, _FULL_SYNC)
    except OSError:
        # Not every file system has it. If the disk has failed, the usual sync fails too.
        return False
    return True


def what_failed(error: OSError) -> str:
    """The file that the error names, and what is wrong with it."""
    return f"{os.fsdecode(error.filename)} cannot be used: {error.strerror}"


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Give the path to an OSError that does not know its file, such as one of a read."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def open_regular(path: Path) -> BinaryIO:
    """Open the file to read it. Raises OSError if it is no regular file: a named pipe would wait for its other side."""
    descriptor = _open(path, os.O_RDONLY | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is no regular file", str(path))


def read_file(path: Path, limit: int) -> bytes:
    """The file's content. Raises OSError, also if it has more than `limit` bytes."""
    with named(path), open_regular(path) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit} bytes", str(path))
    return content


def list_files(directory: Path, suffix: str) -> list[Path]:
    """The files of the directory whose names have this ending, sorted; none if the directory is missing. Raises
    OSError if it cannot be listed."""
    try:
        names = open_for_sure(lambda: os.listdir(directory))
    except FileNotFoundError:
        return []
    return [directory / name for name in sorted(names) if name.endswith(suffix)]


def make_directory(path: Path) -> None:
    """Make the directory and those above it, if they are missing."""
    if not path.parent.exists():
        make_directory(path.parent)
    path.mkdir(PRIVATE_DIRECTORY, exist_ok=True)


def open_private(path: str | Path, flags: int) -> int:
    """Open a file, and make it private if it is new. An `opener` for the built-in `open`."""
    return _open(path, flags)


def _open(path: str | Path, flags: int) -> int:
    """Files come before connections: they may use the descriptors that are kept."""
    return open_for_sure(lambda: os.open(path, flags, PRIVATE_FILE))


def replace_file(path: Path, content: bytes) -> None:
    """Write the file, whole or not at all, and make it last."""
    temporary = path.with_name(path.name + ".new")
    with named(temporary), open(temporary, "wb", opener=open_private) as file:
        file.write(content)
        file.flush()
        sync_file(file.fileno())
    temporary.rename(path)
    sync_directory(path.parent)
