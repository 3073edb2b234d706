"""Files that appear under their names once they are whole. Until then nothing of them can be seen.

Where the system has it, such a file has no name before that. So nothing is left of it, also after a kill. Elsewhere it
has a hidden name, and is removed when the export ends early.
"""

import errno
import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO, Final

from matching_exchange.process.files import PRIVATE_FILE, named, sync_directory, sync_file
from matching_exchange.tools.export.errors import ExportError, UsageError

BUFFER_BYTES: Final = 1024 * 1024

NAMELESS: Final[int] = getattr(os, "O_TMPFILE", 0)
"""Asks for a file without a name; zero where the system has none."""

UNSUPPORTED: Final = (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL)
"""What a file system says that has no such files."""


class Output:
    """A file in the making."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._hidden: Path | None = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
        descriptor = self._open_nameless()
        if descriptor is None:
            assert self._hidden is not None, "it has just been named"
            descriptor = os.open(self._hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        self.file: BinaryIO = os.fdopen(descriptor, "wb", BUFFER_BYTES)
        self._spool: IO[bytes] | None = None

    def spool(self) -> IO[bytes]:
        """A file beside it that is never seen, for what is to be written later."""
        self._spool = tempfile.TemporaryFile(dir=self.path.parent)  # noqa: SIM115  closed by `close`
        return self._spool

    def finish(self) -> int:
        """Give the file its name. Returns its size in bytes."""
        assert self._hidden is not None, "it is finished once"
        self.file.flush()
        descriptor = self.file.fileno()
        sync_file(descriptor)
        size = os.fstat(descriptor).st_size
        if not self._hidden.exists():
            self._name(descriptor, self._hidden)
        self._hidden.replace(self.path)
        self._hidden = None
        sync_directory(self.path.parent)
        return size

    def close(self) -> None:
        """Forget the file, if it has not been finished."""
        for file in (self.file, self._spool):
            # What is still buffered is to go nowhere. That a disk does not take it was told before.
            with suppress(OSError):
                if file is not None:
                    file.close()
        if self._hidden is not None:
            self._hidden.unlink(missing_ok=True)

    def _name(self, descriptor: int, name: Path) -> None:
        """Give a file without a name this one."""
        directory = os.open(name.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # The directory is what makes Python follow the link to the file.
            os.link(f"/proc/self/fd/{descriptor}", name, src_dir_fd=directory, follow_symlinks=True)
        finally:
            os.close(directory)

    def _open_nameless(self) -> int | None:
        """A file without a name in the directory; None if there are none."""
        if not NAMELESS:
            return None
        try:
            return os.open(self.path.parent, os.O_RDWR | NAMELESS, PRIVATE_FILE)
        except OSError as error:
            if error.errno in UNSUPPORTED and self.path.parent.is_dir():
                return None
            raise


@contextmanager
def outputs(paths: Sequence[Path]) -> Iterator[list[Output]]:
    """Files for these paths. Those that are not finished leave nothing. Raises ExportError if a disk does not take
    one."""
    with ExitStack() as stack:
        found = []
        for path in paths:
            try:
                with named(path):
                    output = Output(path)
            except OSError as error:
                raise ExportError(f"{path} cannot be written: {error.strerror}") from error
            stack.callback(output.close)
            found.append(output)
        try:
            yield found
        except OSError as error:
            raise ExportError(f"{paths[0]} cannot be written: {error.strerror or error}") from error


def check_free(paths: Sequence[Path], *, force: bool) -> None:
    """Raise UsageError if a file is there already, or can never be."""
    for path in paths:
        if not path.parent.is_dir():
            raise UsageError(f"OUTPUT: {path.parent} is no directory")
        if path.is_dir():
            raise UsageError(f"OUTPUT: {path} is a directory; takes a file")
        if path.exists() and not force:
            raise UsageError(f"OUTPUT: {path} exists; --force replaces it")
