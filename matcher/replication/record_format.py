"""The bytes of a record in a replicated log: a head, and behind it the record as a journal has it.

The head, integers little-endian: a mark, the format, the kind, the node, the engine, the epoch, the CRC-32 of the
answers, a CRC-32 of the fields before it. A record's place in the chain is the CRC-32 of all its bytes. The journal's
record behind the head names that of the record before.
"""

import struct
from typing import Final
from zlib import crc32

from matcher.storage.journal_format import ENGINE, DamageError, pack_record, read_record
from matcher.storage.log import Kind, Record

FORMAT: Final = 1
"""The version of the head's layout, and of what the kinds hold."""

MARK: Final = b"XL"

_HEAD = struct.Struct("<2sBBHHQI")
_CRC = struct.Struct("<I")

HEAD_BYTES: Final = _HEAD.size + _CRC.size


class NewerFormatError(Exception):
    """The record was written by a version that this one does not read. The message is one line that says which."""


def pack(record: Record, previous: int) -> tuple[bytes, int]:
    """The bytes of the record behind that with the CRC `previous`, and its own CRC."""
    head = _HEAD.pack(MARK, FORMAT, record.kind, record.node, ENGINE, record.epoch, record.outputs)
    body, _ = pack_record(record, previous)
    packed = head + _CRC.pack(crc32(head)) + body
    return packed, crc32(packed)


def unpack(packed: bytes, previous: int | None) -> tuple[Record, int]:
    """The record, and its CRC. `previous` is that of the record before, None if it is not known. DamageError or
    NewerFormatError if it cannot be read."""
    if len(packed) < HEAD_BYTES:
        raise DamageError("a record's head is not whole")
    mark, layout, kind, node, engine, epoch, outputs = _HEAD.unpack_from(packed)
    if mark != MARK:
        raise DamageError("a record's head is not sound")
    if layout > FORMAT:
        raise NewerFormatError(f"a record of format {layout}: this version reads up to {FORMAT}, use a newer one")
    if _CRC.unpack_from(packed, _HEAD.size)[0] != crc32(packed[: _HEAD.size]):
        raise DamageError("a record's head has another CRC")
    if engine != ENGINE:
        raise NewerFormatError(f"a record of engine {engine}: this version has engine {ENGINE}, use that one")
    inner, _, end = read_record(packed, HEAD_BYTES, previous)
    if end != len(packed):
        raise DamageError("a record is longer than it says")
    record = Record(inner.sequence, inner.time, inner.entries, Kind(kind), epoch, node, outputs)
    return record, crc32(packed)
