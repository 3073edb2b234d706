"""Settings of a process. Each has an environment variable, a command-line flag and a place in the settings file, of the
same name. The flag wins, then the variable.

A bad value ends the process at once. One line names the setting, the value and what the setting takes.
"""

import stat
import sys
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from matching_exchange.process.command_line import Parser, end_with_line
from matching_exchange.process.files import OTHERS, read_file
from matching_exchange.process.settings_file import FLAG, HELP, NO_FILE, SettingsFile, read_settings_file

MAX_PORT: Final = 65_535

FILE_SUFFIX: Final = "_FILE"
"""Ends the variable that names a file with the setting's text."""

MAX_FILE_BYTES: Final = 64 * 1024
"""The largest such file."""

NOT_FOR_PROCESSES: Final = frozenset({"GATEWAY_MEMORY", "HISTORY_MEMORY", "MATCHER_MEMORY"})
"""Variables of docker-compose.yml. They share the prefix of a process, and set nothing in it."""


class Setting(Struct, frozen=True):
    """One setting.

    name: that of its flag ("data-dir").
    default: a text, as a user would write it.
    parse: makes the value of a text. Raises ValueError for a bad one.
    takes: says which texts are good.
    secret: no message tells its value.
    has_flag: without one it stands only in the environment, which the list of processes does not show.
    from_file: the variable with `_FILE` behind it may name a file that holds the text. That of a secret may be read by
        its owner alone.
    full_variable: the environment variable, where it is one of another process.
    """

    name: str
    default: str
    parse: Callable[[str], Any]
    takes: str
    help: str
    secret: bool = False
    has_flag: bool = True
    from_file: bool = False
    full_variable: str = ""

    def variable(self, prefix: str) -> str:
        """The environment variable: MATCHER_DATA_DIR for "data-dir"."""
        return self.full_variable or f"{prefix}_{self.name.replace('-', '_').upper()}"

    @property
    def key(self) -> str:
        return self.name.replace("-", "_")

    def title(self, prefix: str) -> str:
        """Both ways to set it. Messages use it that are written after the settings were read."""
        return f"{self.variable(prefix)} (--{self.name})" if self.has_flag else self.variable(prefix)

    def file_variable(self, prefix: str) -> str:
        return self.variable(prefix) + FILE_SUFFIX

    def variables(self, prefix: str) -> tuple[str, ...]:
        """All environment variables that set it."""
        return (self.variable(prefix), *((self.file_variable(prefix),) if self.from_file else ()))

    def source(self, prefix: str, arguments: Sequence[str]) -> str:
        """The flag if it was given, else the environment variable."""
        flag = f"--{self.name}"
        return flag if any(argument.partition("=")[0] == flag for argument in arguments) else self.variable(prefix)


class Switch(Struct, frozen=True):
    """A flag without a value. It asks for another action than the usual one."""

    name: str
    help: str


class Values(dict[str, Any]):
    """The parsed values of settings by key. written: the keys of those that a flag, a variable or the file sets."""

    def __init__(self) -> None:
        self.written: set[str] = set()


def read_settings(
    program: str,
    prefix: str,
    description: str,
    settings: Sequence[Setting],
    arguments: Sequence[str],
    environment: Mapping[str, str],
    switches: Sequence[Switch] = (),
) -> Values:
    """The parsed values by key ("data_dir"), switches as booleans. Ends the process at a bad value, and after --help or
    --version."""
    parser = Parser(program, description, _told_flagless(prefix, settings))
    for setting in settings:
        if not setting.has_flag:
            continue
        default = setting.default or "not set"
        where = f"(default: {default}; environment: {' or '.join(setting.variables(prefix))})"
        told = f"{setting.help}; takes {setting.takes} {where}".replace("%", "%%")
        parser.add_argument(f"--{setting.name}", metavar="VALUE", help=told)
    parser.add_argument(f"--{FLAG}", metavar="FILE", help=HELP)
    for switch in switches:
        parser.add_argument(f"--{switch.name}", action="store_true", help=switch.help)
    given = vars(parser.parse_args(arguments))
    values = Values()
    values.update((switch.name.replace("-", "_"), given[switch.name.replace("-", "_")]) for switch in switches)
    warn_of_unknown(program, prefix, settings, environment)
    file = read_settings_file(program, given[FLAG], environment)
    file.check(
        program,
        prefix,
        [name for setting in settings for name in setting.variables(prefix)],
        [setting.variable(prefix) for setting in settings if setting.secret],
    )
    for setting in settings:
        flag = given.get(setting.key)
        values[setting.key] = read_value(program, prefix, setting, flag, environment, file)
        variables = setting.variables(prefix)
        if flag is not None or any(name in environment or name in file.texts for name in variables):
            values.written.add(setting.key)
    return values


def _told_flagless(prefix: str, settings: Sequence[Setting]) -> str | None:
    """What --help says of settings without a flag."""
    told = [
        f"{setting.variable(prefix)}: {setting.help}; takes {setting.takes}."
        + (f" {setting.file_variable(prefix)} may name a file of mode 600 that holds it." if setting.from_file else "")
        for setting in settings
        if not setting.has_flag
    ]
    return " ".join(["Only in the environment:", *told]) if told else None


def unknown_variables(prefix: str, settings: Sequence[Setting], environment: Mapping[str, str]) -> list[str]:
    """The variables that have the prefix, set nothing, and are for nothing else."""
    known = {name for setting in settings for name in setting.variables(prefix)} | NOT_FOR_PROCESSES
    return sorted(name for name in environment if name.startswith(f"{prefix}_") and name not in known)


def warn_of_unknown(program: str, prefix: str, settings: Sequence[Setting], environment: Mapping[str, str]) -> None:
    """Print a line for each variable that sets nothing, with the name that may be meant."""
    # Without the prefix, which makes all names alike.
    known = {setting.variable(prefix).removeprefix(prefix): setting.variable(prefix) for setting in settings}
    for name in unknown_variables(prefix, settings, environment):
        meant = get_close_matches(name.removeprefix(prefix), known, n=1)
        print(f"{program}: {name} is no setting" + (f": {known[meant[0]]}?" if meant else ""), file=sys.stderr)


def read_value(
    program: str,
    prefix: str,
    setting: Setting,
    flag: str | None,
    environment: Mapping[str, str],
    file: SettingsFile = NO_FILE,
) -> Any:
    """The parsed value of the flag, else of the variable, else of the settings file, else the default. Ends the process
    if it is bad."""
    variable, file_variable = setting.variable(prefix), setting.file_variable(prefix)
    given: Mapping[str, str] = environment
    sources = {name: name for name in (variable, file_variable)}
    if not any(name in environment for name in setting.variables(prefix)):
        given = file.texts
        sources = {name: file.place(name) for name in sources}
    source, text = (
        (f"--{setting.name}", flag) if flag is not None else (sources[variable], given.get(variable, setting.default))
    )
    named = given.get(file_variable) if setting.from_file and flag is None else None
    if named:
        if text:
            end_with_line(program, f"{sources[variable]} and {sources[file_variable]}: takes one of them")
        source = sources[file_variable]
        text = _content(program, source, Path(named), private=setting.secret)
    try:
        return setting.parse(text)
    except ValueError:
        told = "" if setting.secret else f"{text!r}: "
        end_with_line(program, f"{source}: {told}takes {setting.takes}")


def _content(program: str, source: str, file: Path, *, private: bool) -> str:
    """The text in the file that the variable names. Ends the process if it cannot be had."""
    try:
        if private and stat.S_IMODE(file.stat().st_mode) & OTHERS:
            end_with_line(program, f"{source}: {file}: other users may read it: chmod 600 ends that")
        return read_file(file, MAX_FILE_BYTES).decode("ascii")
    except OSError as error:
        end_with_line(program, f"{source}: {file} cannot be used: {error.strerror}")
    except UnicodeDecodeError:
        end_with_line(program, f"{source}: {file}: takes a file of ASCII text")


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
