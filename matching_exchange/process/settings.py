"""Settings of a process. Each has an environment variable and a command-line flag of the same name. The flag wins.

A bad value ends the process at once. One line names the setting, the value and what the setting takes.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from ipaddress import ip_address
from typing import Any, Final

from msgspec import Struct

from matching_exchange.process.command_line import Parser, end_with_line

MAX_PORT: Final = 65_535

NOT_FOR_PROCESSES: Final = frozenset({"GATEWAY_MEMORY", "MATCHER_MEMORY"})
"""Variables of docker-compose.yml. They share the prefix of a process, and set nothing in it."""


class Setting(Struct, frozen=True):
    """One setting.

    name: that of its flag ("data-dir").
    default: a text, as a user would write it.
    parse: makes the value of a text. Raises ValueError for a bad one.
    takes: says which texts are good.
    secret: no message shows its value.
    """

    name: str
    default: str
    parse: Callable[[str], Any]
    takes: str
    help: str
    secret: bool = False

    def variable(self, prefix: str) -> str:
        """The environment variable: MATCHER_DATA_DIR for "data-dir"."""
        return f"{prefix}_{self.name.replace('-', '_').upper()}"

    @property
    def key(self) -> str:
        return self.name.replace("-", "_")

    def title(self, prefix: str) -> str:
        """Both ways to set it. Messages use it that are written after the settings were read."""
        return f"{self.variable(prefix)} (--{self.name})"

    def source(self, prefix: str, arguments: Sequence[str]) -> str:
        """The flag if it was given, else the environment variable."""
        flag = f"--{self.name}"
        return flag if any(argument.partition("=")[0] == flag for argument in arguments) else self.variable(prefix)


class Switch(Struct, frozen=True):
    """A flag without a value. It asks for another action than the usual one."""

    name: str
    help: str


def read_settings(
    program: str,
    prefix: str,
    description: str,
    settings: Sequence[Setting],
    arguments: Sequence[str],
    environment: Mapping[str, str],
    switches: Sequence[Switch] = (),
) -> dict[str, Any]:
    """The parsed values by key ("data_dir"), switches as booleans. Ends the process at a bad value, and after --help or
    --version."""
    parser = Parser(program, description)
    for setting in settings:
        default = setting.default or "not set"
        where = f"(default: {default}; environment: {setting.variable(prefix)})"
        told = f"{setting.help}; takes {setting.takes} {where}".replace("%", "%%")
        parser.add_argument(f"--{setting.name}", metavar="VALUE", help=told)
    for switch in switches:
        parser.add_argument(f"--{switch.name}", action="store_true", help=switch.help)
    given = vars(parser.parse_args(arguments))
    values: dict[str, Any] = {
        switch.name.replace("-", "_"): given[switch.name.replace("-", "_")] for switch in switches
    }
    warn_of_unknown(program, prefix, settings, environment)
    for setting in settings:
        values[setting.key] = read_value(program, prefix, setting, given[setting.key], environment)
    return values


def unknown_variables(prefix: str, settings: Sequence[Setting], environment: Mapping[str, str]) -> list[str]:
    """The variables that have the prefix, set nothing, and are for nothing else."""
    known = {setting.variable(prefix) for setting in settings} | NOT_FOR_PROCESSES
    return sorted(name for name in environment if name.startswith(f"{prefix}_") and name not in known)


def warn_of_unknown(program: str, prefix: str, settings: Sequence[Setting], environment: Mapping[str, str]) -> None:
    """Print a line for each variable that sets nothing, with the name that may be meant."""
    # Without the prefix, which makes all names alike.
    known = {setting.variable(prefix).removeprefix(prefix): setting.variable(prefix) for setting in settings}
    for name in unknown_variables(prefix, settings, environment):
        meant = get_close_matches(name.removeprefix(prefix), known, n=1)
        print(f"{program}: {name} is no setting" + (f": {known[meant[0]]}?" if meant else ""), file=sys.stderr)


def read_value(program: str, prefix: str, setting: Setting, flag: str | None, environment: Mapping[str, str]) -> Any:
    """The parsed value of the flag, else of the variable, else the default. Ends the process if it is bad."""
    variable = setting.variable(prefix)
    source, text = (
        (f"--{setting.name}", flag) if flag is not None else (variable, environment.get(variable, setting.default))
    )
    try:
        return setting.parse(text)
    except ValueError:
        shown = "" if setting.secret else f" {text!r}:"
        end_with_line(program, f"{source}:{shown} takes {setting.takes}")


def port(text: str) -> int:
    number = whole_number(text)
    if number > MAX_PORT:
        raise ValueError(text)
    return number


def whole_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ValueError(text)
    return int(text)


def one_of(*words: str) -> Callable[[str], str]:
    """A parser of these words."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return parse


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
