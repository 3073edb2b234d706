"""CURVE as settings take it: keys in Z85, as ZeroMQ prints them, and what a client must have of them.

It touches no socket: `protocol.curve` does.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from matching_exchange.process.command_line import end_with_line
from matching_exchange.process.settings import Setting, one_of

KEY_LENGTH: Final = 40

KEY: Final = f"a key of {KEY_LENGTH} characters, as `keys curve` prints it"
KEYS: Final = "keys as `keys curve` prints them, with commas between"

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_GROUP: Final = 5
"""Characters of Z85 that hold four bytes."""


def curve_key(text: str) -> str:
    """A key; empty for none."""
    key = text.strip()
    if key and not is_key(key):
        raise ValueError(text)
    return key


def curve_keys(text: str) -> tuple[str, ...]:
    """Keys with commas or white space between; none where the text is empty."""
    keys = tuple(key for key in re.split(r"[,\s]+", text) if key)
    if not all(is_key(key) for key in keys):
        raise ValueError(text)
    return keys


def is_key(text: str) -> bool:
    """Whether the text is a key: 32 bytes in Z85."""
    if len(text) != KEY_LENGTH or any(digit not in _DIGITS for digit in text):
        return False
    return all(_value(text[first : first + _GROUP]) < 2**32 for first in range(0, KEY_LENGTH, _GROUP))


def _value(group: str) -> int:
    value = 0
    for digit in group:
        value = value * len(_DIGITS) + _DIGITS.index(digit)
    return value


MARKET_DATA: Final = Setting(
    "curve-market-data",
    "on",
    lambda text: one_of("on", "off")(text) == "on",
    "on or off",
    "whether the market data has CURVE where the other sockets have it",
)
"""Of the matcher and of its clients."""

CLIENT_SETTINGS: Final = (
    Setting(
        "curve-server",
        "",
        curve_key,
        KEY,
        "the matcher's public key: its sockets have CURVE",
        from_file=True,
    ),
    Setting(
        "curve-secret", "", curve_key, KEY, "the secret key of this client", secret=True, has_flag=False, from_file=True
    ),
    MARKET_DATA,
)
"""Those of a process that connects to the matcher."""


def check_client(program: str, prefix: str, values: Mapping[str, Any], *, needs_secret: bool) -> None:
    """End the process with one line where one of its keys lacks the other."""
    server, secret = (setting.variable(prefix) for setting in CLIENT_SETTINGS[:2])
    if values["curve_secret"] and not values["curve_server"]:
        end_with_line(program, f"{server}: takes the matcher's public key: {secret} needs it")
    if needs_secret and values["curve_server"] and not values["curve_secret"]:
        end_with_line(program, f"{secret}: takes a secret key that the matcher allows: {server} needs it")
