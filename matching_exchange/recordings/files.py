"""The files of a recording: text, plain or compressed with xz. Each is opened once, so a pipe works like a file."""

import lzma
from collections.abc import Iterator
from functools import partial
from io import BufferedReader, TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import Final, TextIO

from matching_exchange.recordings.recording import RecordingError

XZ_FIRST_BYTE: Final = b"\xfd"
"""No UTF-8 text begins with these bytes."""

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
    try:
        with path.open("rb") as file, decoded(file) as text:
            for number, line in enumerate(iter(partial(text.readline, MAX_LINE), ""), 1):
                check_line(path, line, number)
                if not line.strip():
                    blanks += 1
                    continue
                yield from ((number - blanks + blank, "") for blank in range(blanks))
                blanks = 0
                yield number, line.rstrip("\r\n")
    except OSError as error:
        raise RecordingError(path, error.strerror or str(error)) from error
    except (lzma.LZMAError, EOFError) as error:
        raise RecordingError(path, f"broken xz file: {error}", number + 1) from error
    if number == blanks:
        raise RecordingError(path, "is empty")


def decoded(file: BufferedReader) -> TextIO:
    """What is no UTF-8 stays in the text as surrogates, so that the line is known when it is refused."""
    # A pipe gives what it has, which is at least one byte.
    compressed = file.peek(1)[:1] == XZ_FIRST_BYTE
    return TextIOWrapper(lzma.open(file) if compressed else file, encoding="utf-8", errors="surrogateescape")


def check_line(path: Path, line: str, number: int) -> None:
    if len(line) == MAX_LINE:
        raise RecordingError(path, f"takes less than {MAX_LINE:,} characters", number)
    if not line.isascii():
        try:
            line.encode()
        except UnicodeEncodeError as error:
            raise RecordingError(path, "not text in UTF-8, plain or compressed with xz", number) from error
