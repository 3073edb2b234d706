"""What a record of the log holds: the frames that changed the state, and the commands of the matcher itself."""

from typing import Final

import msgspec
from msgspec import Struct

from matcher.storage.log import Record
from protocol.commands import Commands, Hello, OwnCommand

OWN_SESSION: Final = 0
"""The session id of entries that the matcher itself has made."""


class OwnCommands(Struct, frozen=True, array_like=True, tag=3):
    """Commands of the matcher itself: instruments of its list, what the clocks bring."""

    commands: list[OwnCommand]


Entry = Hello | Commands | OwnCommands

_decode = msgspec.msgpack.Decoder(Entry).decode


def read_entry(payload: bytes) -> Entry:
    """The entry in a record's payload."""
    entry: Entry = _decode(payload)
    return entry


def last_sequence(record: Record) -> int:
    """The sequence of the record's last command; that before its first one if it holds none."""
    entries = (read_entry(payload) for payload in record.entries)
    return record.sequence - 1 + sum(len(entry.commands) for entry in entries if not isinstance(entry, Hello))
