"""The data directory: made if it is missing, locked while a matcher runs. It also holds the saved books."""

import errno
import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import msgspec

from matching_exchange.process.files import make_directory, open_private, read_file, replace_file
from protocol.saved_book import SavedBook

MAX_SAVED_BOOK_BYTES = 32 * 1024 * 1024
"""The largest saved book that is read."""

CRASHED_COMMANDS = "crashed_commands.json"
RUNNING_COMMAND = "running_command"

MAX_JOURNAL_ID_BYTES = 100
MAX_OWNER_BYTES = 20

JOURNAL_ID = "journal_id"
"""The file with the id of the directory's journal. It tells a lost journal folder from a new one."""

READERS = "readers"
"""The folder in which readers of the journal say how far they are."""

APPLIED = "applied"
"""The file with the last record of a replicated log that was carried out here."""

HISTORY = "history"
"""The folder of the history's own files."""

NAMES = frozenset(
    {
        "lock",
        "journal",
        "snapshots",
        "state",
        "keys",
        CRASHED_COMMANDS,
        RUNNING_COMMAND,
        JOURNAL_ID,
        READERS,
        APPLIED,
        HISTORY,
    }
)
"""The entries of the directory. While a file is being replaced, a second one exists with `.new` appended to its
name."""

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(SavedBook)


class DirectoryError(Exception):
    """The data directory cannot be used; the message is one line that says why."""


class NoSavedBookError(Exception):
    """There is no file of that symbol."""


class BadSavedBookError(Exception):
    """The file is no saved book; the message says why."""


class SavedBookTooLargeError(Exception):
    """The file is larger than MAX_SAVED_BOOK_BYTES."""


class DataDirectory:
    """A context manager that holds the lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    @property
    def journal(self) -> Path:
        """The folder of the journal's segments."""
        return self.path / "journal"

    @property
    def snapshots(self) -> Path:
        """The folder of the snapshots."""
        return self.path / "snapshots"

    @property
    def open_to_others(self) -> bool:
        """Whether users other than the owner and its group may read it."""
        return bool(self.path.stat().st_mode & stat.S_IRWXO)

    def __enter__(self) -> "DataDirectory":
        try:
            make_directory(self.path)
            lock = open_private(self.path / "lock", os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise DirectoryError(f"the data directory {self.path} cannot be used: {self._reason(error)}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = _read_owner(lock)
            os.close(lock)
            raise DirectoryError(
                f"the data directory {self.path} is in use by {owner}: stop it, or choose another with "
                "MATCHER_DATA_DIR (--data-dir); scripts/run --ports starts a second exchange"
            ) from error
        self._lock = lock
        _note_owner(lock, f"{os.getpid()}\n".encode())
        return self

    def _reason(self, error: OSError) -> str | None:
        """Why the directory cannot be made or opened."""
        if isinstance(error, FileExistsError | NotADirectoryError):
            for path in (self.path, *self.path.parents):
                if path.exists() and not path.is_dir():
                    return f"{path} is a file, not a directory"
        return error.strerror

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._lock is not None:
            _note_owner(self._lock, b"")
            os.close(self._lock)
            self._lock = None

    def write_book(self, saved: SavedBook) -> str:
        """Write the book to its file, whole or not at all; the file's name below the directory."""
        name = _file_of(saved.symbol)
        make_directory((self.path / name).parent)
        replace_file(self.path / name, msgspec.json.format(_encoder.encode(saved), indent=2) + b"\n")
        return name

    def read_book(self, symbol: str) -> SavedBook:
        """The book in the symbol's file."""
        path = self.path / _file_of(symbol)
        try:
            content = read_file(path, MAX_SAVED_BOOK_BYTES)
        except FileNotFoundError as error:
            raise NoSavedBookError(f"there is no {_file_of(symbol)}") from error
        except OSError as error:
            if error.errno == errno.EFBIG:
                raise SavedBookTooLargeError(
                    f"{_file_of(symbol)} is larger than {MAX_SAVED_BOOK_BYTES} bytes"
                ) from error
            raise BadSavedBookError(f"{_file_of(symbol)} cannot be read: {error.strerror}") from error
        try:
            return _decoder.decode(content)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise BadSavedBookError(f"{_file_of(symbol)} is no saved book: {error}") from error

    def read_journal_id(self) -> str | None:
        """The id of the journal that belongs here; None before it has begun. Raises OSError if the file cannot be
        read."""
        path = self.path / JOURNAL_ID
        try:
            return read_file(path, MAX_JOURNAL_ID_BYTES).decode("ascii").strip()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise DirectoryError(f"{path} is not the id of a journal; remove it to go on without it") from error

    def write_journal_id(self, journal: str) -> None:
        """Note which journal belongs here."""
        replace_file(self.path / JOURNAL_ID, f"{journal}\n".encode())


def _note_owner(lock: int, text: bytes) -> None:
    """Write into the locked file whose it is. It is for a message only: on a full disk the lock holds without it."""
    with suppress(OSError):
        os.truncate(lock, 0)
        os.pwrite(lock, text, 0)


def _read_owner(lock: int) -> str:
    """Who holds the lock, in words. Earlier versions noted nothing."""
    noted = os.pread(lock, MAX_OWNER_BYTES, 0).strip()
    return f"the matcher with process id {noted.decode()}" if noted.isdigit() else "a running matcher"


def _file_of(symbol: str) -> str:
    return f"state/orderbook_{symbol}.json"
