"""The files of a recording: plain, or compressed with xz or gzip. Each is opened once, so a pipe works like a file."""

import gzip
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import BufferedReader, TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final, TextIO, cast

from matching_exchange.recordings.recording import RecordingError

XZ_FIRST_BYTE: Final = b"\xfd"
"""No UTF-8 text begins with these bytes."""

GZIP_FIRST_BYTES: Final = b"\x1f\x8b"

MAX_LINE: Final = 1024 * 1024
"""The longest line, in characters."""


class RecordingFile:
    """A file that is opened at the first look. Read its lines once. Raises RecordingError if they cannot be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = read_lines(path)

    def first_line(self) -> str:
        """The first line, which stays the first of `lines`."""
        first = next(self._lines)
        self._lines = chain([first], self._lines)
        return first[1]

    def lines(self) -> Iterator[tuple[int, str]]:
        """The lines with their numbers from 1, without the blank ones at the end."""
        return self._lines

    def is_same_pipe(self, other: "RecordingFile") -> bool:
        """Whether both are the same stream. Each would get only a part of it."""
        try:
            return not self.path.is_file() and self.path.samefile(other.path)
        except OSError:
            return False


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    number = blanks = 0
    with failures(path) as place, path.open("rb") as file, decoded(file, place) as text:
        place.line = 1
        for number, line in enumerate(iter(partial(text.readline, MAX_LINE), ""), 1):
            place.line = number + 1
            check_line(path, line, number)
            if not line.strip():
                blanks += 1
                continue
            yield from ((number - blanks + blank, "") for blank in range(blanks))
            blanks = 0
            yield number, line.rstrip("\r\n")
    if number == blanks:
        raise RecordingError(path, "is empty")


class Reached:
    """How far a file is read: `line` is the next one, of text. `packing` is what it is compressed with."""

    line: int | None = None
    packing: str = ""


@contextmanager
def failures(path: Path) -> Iterator[Reached]:
    """Turn what a file that cannot be read raises into a RecordingError."""
    reached = Reached()
    try:
        yield reached
    except (gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError) as error:
        raise RecordingError(path, f"broken {reached.packing} file: {error}", reached.line) from error
    except OSError as error:
        raise RecordingError(path, error.strerror or str(error)) from error


def decoded(file: BufferedReader, reached: Reached) -> TextIO:
    """What is no UTF-8 stays in the text as surrogates, so that the line is known when it is refused."""
    return TextIOWrapper(unpacked(file, reached), encoding="utf-8", errors="surrogateescape")


def unpacked(file: BufferedReader, reached: Reached) -> BinaryIO:
    """The bytes of the file, without its compression."""
    # A pipe gives what it has, which is at least one byte.
    first = file.peek(2)[:2]
    if first[:1] == XZ_FIRST_BYTE:
        reached.packing = "xz"
        return cast("BinaryIO", lzma.open(file))
    if first == GZIP_FIRST_BYTES:
        reached.packing = "gzip"
        return cast("BinaryIO", gzip.open(file))
    return file


def check_line(path: Path, line: str, number: int) -> None:
    if len(line) == MAX_LINE:
        raise RecordingError(path, f"takes less than {MAX_LINE:,} characters", number)
    if not line.isascii():
        try:
            line.encode()
        except UnicodeEncodeError as error:
            raise RecordingError(path, "not text in UTF-8, plain or compressed with xz or gzip", number) from error
