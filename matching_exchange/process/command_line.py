"""Command lines: an error is one line, and every program takes --help and --version."""

import argparse
import sys
from typing import Final, NoReturn

from matching_exchange.process.version import VERSION

EXIT_BAD_SETTING: Final = 2


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


def end_with_line(program: str, message: str, status: int = EXIT_BAD_SETTING) -> NoReturn:
    """End the process because of what its user has to change."""
    print(f"{program}: {message}", file=sys.stderr)
    sys.exit(status)
