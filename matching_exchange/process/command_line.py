"""Command lines. A program tells in one line what is wrong with its own. It knows --help and --version. It leaves no
traceback when it is ended from outside."""

import argparse
import errno
import io
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, Final, NoReturn

from matching_exchange.process.version import VERSION

EXIT_FAILED: Final = 1
EXIT_BAD_SETTING: Final = 2
EXIT_INTERRUPTED: Final = 130
EXIT_UNREAD: Final = 141
"""Nobody reads the output any more: the status that a shell gives for SIGPIPE."""

STANDARD_OUTPUT: Final = 1


class Parser(argparse.ArgumentParser):
    """For the program of that name."""

    def __init__(self, program: str, description: str, epilog: str | None = None) -> None:
        super().__init__(prog=program, description=description, epilog=epilog, allow_abbrev=False)
        self.add_argument(
            "--version", action="version", version=f"{program} {VERSION}", help="show the version and exit"
        )

    def error(self, message: str) -> NoReturn:
        # An argument in the message may have more lines than one.
        end_with_line(self.prog, " ".join(message.split()))


class OutputError(Exception):
    """The standard output takes no more. No OSError: those are what a program knows how to handle."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror)
        self.unread = error.errno == errno.EPIPE


class _Output(io.FileIO):
    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            raise OutputError(error) from error


def end_with_line(program: str, message: str, status: int = EXIT_BAD_SETTING) -> NoReturn:
    """End the process because of what its user has to change."""
    print(f"{program}: {message}", file=sys.stderr)
    sys.exit(status)


def run_program(program: str, main: Callable[[], int | None], failed: int = EXIT_FAILED) -> NoReturn:
    """End the process with the status of `main`. Ctrl-C is a KeyboardInterrupt in `main`. If the output is full, print
    one line and end with the status `failed`. If nobody reads the output, end without a word."""
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _watch_output()
        try:
            status = main() or 0
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except OutputError as error:
        _drop_output()
        if not error.unread:
            end_with_line(program, f"standard output: {error}", failed)
        status = EXIT_UNREAD
    except KeyboardInterrupt:
        status = EXIT_INTERRUPTED
    # Nothing is left to be told of an interrupt.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(status)


def _watch_output() -> None:
    """Let the standard output, where there is one, fail with an OutputError."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(_Output(STANDARD_OUTPUT, "w", closefd=False)),
            encoding=sys.stdout.encoding,
            errors=sys.stdout.errors,
            line_buffering=sys.stdout.line_buffering,
            write_through=sys.stdout.write_through,
        )


def _drop_output() -> None:
    """Lose what is still to be written when the process ends."""
    with open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), STANDARD_OUTPUT)
