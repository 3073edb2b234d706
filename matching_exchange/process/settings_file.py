"""The settings file: TOML with a table for each process. Flags and variables win over it.

`[gateway] port = 8000` stands for the variable GATEWAY_PORT. A process checks the names of its own table.
"""

import os
import stat
import tomllib
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from matching_exchange.process.command_line import end_with_line
from matching_exchange.process.files import OTHERS, read_file, what_failed

VARIABLE: Final = "EXCHANGE_CONFIG"
"""Names the file. Empty: none is read."""

FLAG: Final = "config"

USUAL: Final = "exchange.toml"
"""The file that is read where no other is named, if it is there."""

HELP: Final = f"the settings file (default: ./{USUAL} where it is there; environment: {VARIABLE})"

MAX_BYTES: Final = 64 * 1024

TABLES: Final = ("matcher", "gateway", "history")

TAKES: Final = "takes a text, a whole number, or a list of texts"


class SettingsFile:
    """What a file sets. path: None without a file. texts: by the variable that each stands for."""

    def __init__(self, path: Path | None = None, texts: Mapping[str, str] = MappingProxyType({})) -> None:
        self.path = path
        self.texts = texts

    def place(self, variable: str) -> str:
        """Where a setting stands, or may stand: `exchange.toml: [gateway] port`."""
        return f"{self.path}: {_entry(variable)}"

    def check(self, program: str, prefix: str, known: Collection[str], secrets: Collection[str]) -> None:
        """End the process with one line if its table has a name that is none of these variables, or if others may read
        a secret."""
        for variable in self.texts:
            if variable.startswith(f"{prefix}_") and variable not in known:
                meant = get_close_matches(_entry(variable), [_entry(name) for name in known], n=1)
                end_with_line(program, f"{self.place(variable)} is no setting" + (f": {meant[0]}?" if meant else ""))
        told = [variable for variable in self.texts if variable in secrets]
        if told and self.path is not None and stat.S_IMODE(self.path.stat().st_mode) & OTHERS:
            end_with_line(program, f"{self.place(told[0])}: other users may read the file: chmod 600 ends that")


NO_FILE: Final = SettingsFile()


def read_settings_file(program: str, flag: str | None, environment: Mapping[str, str]) -> SettingsFile:
    """The file of the flag, else of the variable, else ./exchange.toml where it is there. Ends the process if it cannot
    be read, or holds something else than tables of settings."""
    named = environment.get(VARIABLE) if flag is None else flag
    if named == "" or (named is None and not os.path.exists(USUAL)):
        return NO_FILE
    path = Path(USUAL if named is None else named)
    source = f"--{FLAG}" if flag is not None else VARIABLE
    try:
        content = tomllib.loads(read_file(path, MAX_BYTES).decode())
    except OSError as error:
        end_with_line(program, f"{source}: {what_failed(error)}")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        end_with_line(program, f"{path}: takes TOML: {error}")
    texts: dict[str, str] = {}
    for table, entries in content.items():
        if table not in TABLES or not isinstance(entries, dict):
            meant = get_close_matches(table, TABLES, n=1)
            told = f": [{meant[0]}]?" if meant else ""
            end_with_line(program, f"{path}: {table}: takes the tables [{'], ['.join(TABLES)}]{told}")
        for key, value in entries.items():
            text = _text(value)
            if text is None:
                end_with_line(program, f"{path}: [{table}] {key}: {TAKES}")
            texts[f"{table}_{key}".upper() if key.islower() else f"{table.upper()}_{key}"] = text
    return SettingsFile(path, texts)


def _entry(variable: str) -> str:
    table, _, key = variable.partition("_")
    return f"[{table.lower()}] {key.lower() if key.isupper() else key}"


def _text(value: Any) -> str | None:
    """The value as a variable would have it; None for one that is no setting's."""
    if isinstance(value, list):
        return ",".join(value) if all(isinstance(each, str) for each in value) else None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value)
