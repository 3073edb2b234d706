"""Empties a data directory, and nothing that is not one."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from history.follower.lock import LockedError, held
from matcher.storage.data_directory import HISTORY, NAMES, DataDirectory, DirectoryError
from protocol.demo import SOCKET

KNOWN: Final = NAMES | {f"{name}.new" for name in NAMES} | {SOCKET}
"""What a matcher makes in its data directory, and the socket of a killed demo."""


def empty(path: Path) -> None:
    """Remove what a matcher has left there. Raises DirectoryError if the directory is in use, holds other files, or
    cannot be emptied."""
    try:
        names = {entry.name for entry in path.iterdir()}
    except FileNotFoundError:
        return
    except OSError as error:
        raise DirectoryError(f"{path} cannot be emptied: {error.strerror}") from error
    foreign = names - KNOWN
    if foreign:
        raise DirectoryError(f"{path} is not emptied: it holds {min(foreign)}, which is not a matcher's")
    with DataDirectory(path), _without_history(path):
        for name in sorted(names - {"lock"}):
            try:
                _remove(path / name)
            except OSError as error:
                raise DirectoryError(f"{path} cannot be emptied: {error}") from error


@contextmanager
def _without_history(path: Path) -> Iterator[None]:
    """DirectoryError while a history follows the journal there."""
    if not (path / HISTORY).exists():
        yield
        return
    try:
        with held(path):
            yield
    except LockedError as error:
        raise DirectoryError(str(error)) from error


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
