"""Settings of a process: an environment variable and a command-line flag of the same name each; the flag wins.

A bad value ends the process at once with one line that names the setting, the value and what it takes.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any, Final, NoReturn

from msgspec import Struct

EXIT_BAD_SETTING: Final = 2
MAX_PORT: Final = 65_535


class Setting(Struct, frozen=True):
    """`name` is that of the flag ("data-dir"); `parse` turns its text into the value or raises ValueError; `takes` says what it takes."""

    name: str
    default: str
    parse: Callable[[str], Any]
    takes: str
    help: str

    def variable(self, prefix: str) -> str:
        """The environment variable: MATCHER_DATA_DIR for "data-dir"."""
        return f"{prefix}_{self.name.replace('-', '_').upper()}"

    @property
    def key(self) -> str:
        return self.name.replace("-", "_")

    def title(self, prefix: str) -> str:
        """Both ways to set it, for what is found to be wrong with a value later."""
        return f"{self.variable(prefix)} (--{self.name})"


class Switch(Struct, frozen=True):
    """A flag without a value that asks for another action than the process's usual one."""

    name: str
    help: str


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a command line as `read_settings` says what is wrong with a value."""

    def __init__(self, program: str, description: str) -> None:
        super().__init__(prog=f"python -m {program}", description=description, allow_abbrev=False)
        self._program = program

    def error(self, message: str) -> NoReturn:
        # An argument in the message may have more lines than one.
        end_with_line(self._program, " ".join(message.split()))


def end_with_line(program: str, message: str, status: int = EXIT_BAD_SETTING) -> NoReturn:
    """End the process because of what its user has to change."""
    print(f"{program}: {message}", file=sys.stderr)
    sys.exit(status)


def read_settings(
    program: str,
    prefix: str,
    description: str,
    settings: Sequence[Setting],
    arguments: Sequence[str],
    environment: Mapping[str, str],
    switches: Sequence[Switch] = (),
) -> dict[str, Any]:
    """The parsed values by key ("data_dir"), switches as booleans. Ends the process on a bad one, or after --help."""
    parser = _Parser(program, description)
    for setting in settings:
        default = setting.default or "not set"
        parser.add_argument(
            f"--{setting.name}",
            metavar="VALUE",
            help=f"{setting.help}; takes {setting.takes} (default: {default}; environment: {setting.variable(prefix)})".replace("%", "%%"),
        )
    for switch in switches:
        parser.add_argument(f"--{switch.name}", action="store_true", help=switch.help)
    given = vars(parser.parse_args(arguments))
    values: dict[str, Any] = {switch.name.replace("-", "_"): given[switch.name.replace("-", "_")] for switch in switches}
    for setting in settings:
        variable = setting.variable(prefix)
        flag = given[setting.key]
        source, text = (f"--{setting.name}", flag) if flag is not None else (variable, environment.get(variable, setting.default))
        try:
            values[setting.key] = setting.parse(text)
        except ValueError:
            end_with_line(program, f"{source}: {text!r}: takes {setting.takes}")
    return values


def port(text: str) -> int:
    number = whole_number(text)
    if number > MAX_PORT:
        raise ValueError(text)
    return number


def whole_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ValueError(text)
    return int(text)


def bounded(lowest: int, highest: int) -> Callable[[str], int]:
    """A parser of whole numbers from lowest to highest."""

    def parse(text: str) -> int:
        number = whole_number(text)
        if not lowest <= number <= highest:
            raise ValueError(text)
        return number

    return parse


def is_loopback(host: str) -> bool:
    """Whether a listener on this host can only be reached from this machine."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
