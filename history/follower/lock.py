"""One process at a time follows the journal of a data directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from matcher.storage.data_directory import HISTORY
from matching_exchange.process.files import make_directory, open_private

LOCK: Final = "lock"

MAX_OWNER_BYTES: Final = 20


class LockedError(Exception):
    """Another process follows. The message is one line."""


@contextmanager
def held(data: Path) -> Iterator[None]:
    """Hold the lock. Raises LockedError, or OSError if the directory cannot be used."""
    make_directory(data / HISTORY)
    lock = open_private(data / HISTORY / LOCK, os.O_RDWR | os.O_CREAT)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            noted = os.pread(lock, MAX_OWNER_BYTES, 0).strip()
            owner = f"process {noted.decode()}" if noted.isdigit() else "another process"
            raise LockedError(f"the journal of {data} is followed by {owner} already: stop that one") from error
        os.truncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(lock)
