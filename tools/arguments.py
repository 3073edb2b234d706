"""Command lines of tools: a bad argument ends the process with one line and EXIT_BAD_ARGUMENT."""

import argparse
import sys
from collections.abc import Callable
from typing import Final, NoReturn, TypeVar

from process.settings import bounded

EXIT_BAD_ARGUMENT: Final = 2
EXIT_INTERRUPTED: Final = 130

MAX_NUMBER: Final = 10**9

Value = TypeVar("Value")


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}", file=sys.stderr)
        sys.exit(EXIT_BAD_ARGUMENT)


def number(least: int) -> Callable[[str], int]:
    """A parser of whole numbers."""
    return told(bounded(least, MAX_NUMBER), f"a whole number from {least} to {MAX_NUMBER}")


def told(parse: Callable[[str], Value], takes: str) -> Callable[[str], Value]:
    """The parser, with an error that says what it takes."""

    def tell(text: str) -> Value:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r}: takes {takes}") from error

    return tell
