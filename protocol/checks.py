"""What a client checks before it numbers and sends a command or a query: every field, against its type and bounds.

The check encodes the message and decodes it as the matcher will. It takes about a microsecond for a new order.
"""

import re
from typing import Final, get_args

import msgspec
from msgspec import Struct

from protocol.commands import Command, Query

_INDEX: Final = re.compile(r"\[(\d+)\]")

_encode = msgspec.msgpack.Encoder().encode
_decode_command = msgspec.msgpack.Decoder(Command).decode
_decode_query = msgspec.msgpack.Decoder(Query).decode

_COMMANDS: Final = frozenset(get_args(Command))
_QUERIES: Final = frozenset(get_args(Query))


class FieldError(ValueError):
    """A field of a command or a query has a value that no matcher takes. Nothing was numbered or sent.

    field: its name; with a point between for a part of a field, such as `terms.display_quantity`. Empty if the whole
        message is at fault.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def check_command(command: Command) -> None:
    """Raise FieldError for the first field that is not of its type or within its bounds."""
    if type(command) not in _COMMANDS:
        raise FieldError(f"takes a command, not {_shown(command)}")
    try:
        _decode_command(_encode(command))
    except (msgspec.MsgspecError, TypeError, OverflowError, UnicodeEncodeError) as error:
        raise _explained(command, error) from error


def check_query(query: Query) -> None:
    """As `check_command`, for a query."""
    if type(query) not in _QUERIES:
        raise FieldError(f"takes a query, not {_shown(query)}")
    try:
        _decode_query(_encode(query))
    except (msgspec.MsgspecError, TypeError, OverflowError, UnicodeEncodeError) as error:
        raise _explained(query, error) from error


def _explained(message: Struct, error: Exception) -> FieldError:
    text = str(error)
    detail, _, path = text.partition(" - at `$")
    names, value = _named(message, path) if path else _unencodable(message)
    field = ".".join(names)
    return FieldError(f"{type(message).__name__}.{field} takes no {_shown(value)}: {detail}", field)


def _named(message: object, path: str) -> tuple[list[str], object]:
    """The names along a path such as "[9][3]", and the value at its end."""
    names: list[str] = []
    for index in _INDEX.findall(path):
        if not isinstance(message, Struct):
            break
        # A tag comes before the fields.
        place = int(index) - (message.__struct_config__.tag is not None)
        names.append(message.__struct_fields__[place])
        message = getattr(message, names[-1])
    return names, message


def _unencodable(message: object) -> tuple[list[str], object]:
    """The names to the first value that cannot be encoded, and that value."""
    for name in message.__struct_fields__ if isinstance(message, Struct) else ():
        value = getattr(message, name)
        try:
            _encode(value)
        except (TypeError, OverflowError, UnicodeEncodeError):
            names, value = _unencodable(value)
            return [name, *names], value
    return [], message


def _shown(value: object) -> str:
    return f"{type(value).__name__} {value!r:.80}"
