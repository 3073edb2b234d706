"""The setting EXCHANGE_COMPILE, which every program of the exchange reads alike."""

from collections.abc import Mapping
from typing import Final

from matcher.compiled import AUTO, CHOICES, VARIABLE
from matching_exchange.process.settings import Setting, one_of, read_value

PREFIX: Final = VARIABLE.partition("_")[0]
SETTING: Final = Setting(
    "compile",
    AUTO,
    one_of(*CHOICES),
    "auto, always or never",
    "which core runs: auto: the compiled one if it is built; always: no other; never: the sources",
)


def read_compile(program: str, environment: Mapping[str, str]) -> str:
    """AUTO, ALWAYS or NEVER. Ends the process with one line if the value is bad."""
    wanted: str = read_value(program, PREFIX, SETTING, None, environment)
    return wanted
