"""Shared parts of the tools' command lines: parsers of arguments, and the addresses of a running exchange.

Each tool reads the exchange's addresses and the keys of CURVE from the gateway's variables, or from the settings file.
A flag wins over a variable.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from gateway.config import PREFIX, SETTINGS
from matching_exchange.process import command_line
from matching_exchange.process.addresses import check_sockets, in_url, keep_apart, reachable
from matching_exchange.process.curve import CLIENT_SETTINGS, check_client
from matching_exchange.process.settings import Setting, bounded, read_value, warn_of_unknown
from matching_exchange.process.settings_file import read_settings_file
from protocol.curve import ClientKeys

MAX_NUMBER: Final = 10**9

Value = TypeVar("Value")

_UNSAID: Final = object()
"""In the place of a value that the environment gives."""

_SETTINGS: Final = {setting.name: setting for setting in SETTINGS}


class Parser(command_line.Parser):
    """Read the arguments by `read`, if they contain endpoints."""

    def __init__(self, program: str, description: str, epilog: str | None = None) -> None:
        super().__init__(program, description, epilog)
        self._endpoints: list[Setting] = []

    def add_endpoint(self, name: str, text: str, *, optional: bool = False) -> None:
        """A flag for one of the matcher's sockets: the gateway's setting of that name. An optional one is None if it
        is not given. It may be given without a value."""
        setting = _SETTINGS[name]
        self._endpoints.append(setting)
        help_text = f"{text} (default: {setting.default}; environment: {setting.variable(PREFIX)})"
        if optional:
            self.add_argument(f"--{name}", nargs="?", const=_UNSAID, metavar="ENDPOINT", help=help_text)
        else:
            self.add_argument(f"--{name}", default=_UNSAID, metavar="ENDPOINT", help=help_text)

    def read(self, arguments: Sequence[str], environment: Mapping[str, str]) -> argparse.Namespace:
        """The options; `keys` are those of CURVE, None without. Ends the process if one is bad."""
        options = self.parse_args(arguments)
        warn_of_unknown(self.prog, PREFIX, SETTINGS, environment)
        wanted = [setting for setting in self._endpoints if getattr(options, setting.key) is not None]
        for setting in wanted:
            flag = getattr(options, setting.key)
            setattr(options, setting.key, self._value(setting, None if flag is _UNSAID else flag, environment))
        keep_apart(self.prog, PREFIX, wanted, vars(options))
        check_sockets(self.prog, PREFIX, wanted, vars(options))
        options.keys = self._keys(environment) if wanted else None
        return options

    def _keys(self, environment: Mapping[str, str]) -> ClientKeys | None:
        values = {setting.key: self._value(setting, None, environment) for setting in CLIENT_SETTINGS}
        check_client(self.prog, PREFIX, values, needs_secret=False)
        keys = ClientKeys(values["curve_server"], values["curve_secret"], values["curve_market_data"])
        return keys if keys.server else None

    def gateway_value(self, name: str, environment: Mapping[str, str]) -> Any:
        """The gateway's setting of that name, as the environment has it. Ends the process if it is bad."""
        return self._value(_SETTINGS[name], None, environment)

    def gateway_url(self, environment: Mapping[str, str]) -> str:
        """The gateway that the environment names. Ends the process if that is bad."""
        host, port = (self.gateway_value(name, environment) for name in ("host", "port"))
        return f"http://{in_url(reachable(host))}:{port}"

    def _value(self, setting: Setting, flag: str | None, environment: Mapping[str, str]) -> Any:
        file = read_settings_file(self.prog, None, environment)
        return read_value(self.prog, PREFIX, setting, flag, environment, file)


def number(least: int, most: int = MAX_NUMBER) -> Callable[[str], int]:
    """A parser of whole numbers."""
    return told(bounded(least, most), f"a whole number from {least} to {most}")


def told(parse: Callable[[str], Value], takes: str) -> Callable[[str], Value]:
    """The parser, with an error that says what it takes."""

    def tell(text: str) -> Value:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r}: takes {takes}") from error

    return tell
