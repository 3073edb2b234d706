"""keys curve: the keys with which a matcher and a gateway know each other, as settings or as files of settings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from matching_exchange.process.command_line import EXIT_FAILED, Parser, end_with_line
from matching_exchange.process.files import make_directory, replace_file, what_failed
from protocol.curve import new_keys

PROGRAM: Final = "keys curve"

DESCRIPTION: Final = (
    "Make CURVE keys of a matcher and of a gateway, and print the settings of both. With --files DIR, write them "
    "to files below DIR."
)

MATCHER: Final = ("matcher/secret", "matcher/allowed")
GATEWAY: Final = ("gateway/secret", "gateway/server")
"""The files: the own secret key, and the public key of the other."""


def main(arguments: Sequence[str]) -> int:
    """The exit status."""
    parser = Parser(PROGRAM, DESCRIPTION)
    parser.add_argument(
        "--files",
        type=Path,
        metavar="DIR",
        help=f"write {', '.join((*MATCHER, *GATEWAY))} below DIR and print nothing; what is there already stays",
    )
    directory: Path | None = parser.parse_args(arguments).files
    if directory is None:
        print(settings())
        return 0
    try:
        write(directory)
    except OSError as error:
        end_with_line(PROGRAM, f"--files: {what_failed(error)}", EXIT_FAILED)
    return 0


def settings() -> str:
    """New keys, as lines that a shell reads."""
    (matcher_public, matcher_secret), (gateway_public, gateway_secret) = new_keys(), new_keys()
    return f"""# Of the matcher:
export MATCHER_CURVE_SECRET='{matcher_secret}'
export MATCHER_CURVE_ALLOWED='{gateway_public}'
# Of the gateway, and of other clients with these rights:
export GATEWAY_CURVE_SECRET='{gateway_secret}'
export GATEWAY_CURVE_SERVER='{matcher_public}'"""


def write(directory: Path) -> None:
    """Write the files, unless all are there. Raises OSError."""
    files = [directory / name for name in (*MATCHER, *GATEWAY)]
    if all(file.exists() for file in files):
        return
    (matcher_public, matcher_secret), (gateway_public, gateway_secret) = new_keys(), new_keys()
    for file, key in zip(files, (matcher_secret, gateway_public, gateway_secret, matcher_public), strict=True):
        make_directory(file.parent)
        replace_file(file, f"{key}\n".encode())
