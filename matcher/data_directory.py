"""The data directory: made where it is missing, locked while a matcher runs, and where saved books lie."""

import errno
import fcntl
import os
import stat
from pathlib import Path
from types import TracebackType

import msgspec

from process.files import make_directory, open_private, read_file, replace_file
from protocol.saved_book import SavedBook

MAX_SAVED_BOOK_BYTES = 256 * 1024 * 1024
"""The largest saved book that is loaded: about a million orders."""

CRASHED_COMMANDS = "crashed_commands.json"

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


class CrashedCommand(msgspec.Struct, frozen=True):
    """A command, by its session and number, that crashed the matcher, and the error."""

    session: int
    number: int
    error: str


CrashedCommands = dict[tuple[int, int], str]
"""The errors by session and number."""

MAX_CRASHED_COMMANDS = 1_000
"""The most crashed commands that are remembered, the last ones."""

MAX_ERROR_LENGTH = 1_000
"""So many characters of an error are written down."""

MAX_CRASHED_COMMANDS_BYTES = 16 * 1024 * 1024
"""More than so many commands with such errors can take."""


class DataDirectory:
    """A context manager that holds the lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    @property
    def journal(self) -> Path:
        """Where the journal's segments lie."""
        return self.path / "journal"

    @property
    def snapshots(self) -> Path:
        """Where the snapshots lie."""
        return self.path / "snapshots"

    @property
    def open_to_others(self) -> bool:
        """Whether users of the machine beyond the owner and its group may look into it."""
        return bool(self.path.stat().st_mode & stat.S_IRWXO)

    def __enter__(self) -> "DataDirectory":
        try:
            make_directory(self.path)
            lock = open_private(self.path / "lock", os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise DirectoryError(f"the data directory {self.path} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise DirectoryError(f"the data directory {self.path} is in use by another matcher") from error
        self._lock = lock
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if self._lock is not None:
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
                raise SavedBookTooLargeError(f"{_file_of(symbol)} is larger than {MAX_SAVED_BOOK_BYTES} bytes") from error
            raise BadSavedBookError(f"{_file_of(symbol)} cannot be read: {error.strerror}") from error
        try:
            return _decoder.decode(content)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise BadSavedBookError(f"{_file_of(symbol)} is no saved book: {error}") from error

    def read_crashed_commands(self) -> CrashedCommands:
        """The commands that crashed an earlier run and are to be refused."""
        path = self.path / CRASHED_COMMANDS
        try:
            crashed = msgspec.json.decode(read_file(path, MAX_CRASHED_COMMANDS_BYTES), type=list[CrashedCommand])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise DirectoryError(f"{path} cannot be read: {reason}; remove it to go on without it") from error
        return {(command.session, command.number): command.error for command in crashed}

    def write_crashed_commands(self, crashed: CrashedCommands) -> None:
        """Remember the commands for the next start."""
        commands = [CrashedCommand(session, number, error[:MAX_ERROR_LENGTH]) for (session, number), error in crashed.items()]
        replace_file(self.path / CRASHED_COMMANDS, _encoder.encode(commands[-MAX_CRASHED_COMMANDS:]))


def _file_of(symbol: str) -> str:
    return f"state/orderbook_{symbol}.json"
