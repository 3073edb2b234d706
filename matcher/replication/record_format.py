"""The bytes of a record in a replicated log: a head, and behind it the record as a journal has it.

The head, integers little-endian: a mark, the format, the kind, the node, the engine, the epoch, the CRC-32 of the
answers, a CRC-32 of the fields before it. A record's place in the chain is the CRC-32 of its bytes but for the head's
CRC: a CRC over fields and their own CRC is the same for all fields. The journal's record behind the head names the
place of the record before.
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

_KINDS: Final = frozenset(int(kind) for kind in Kind)

HEAD_BYTES: Final = _HEAD.size + _CRC.size


class NewerFormatError(Exception):
    """The record was written by a version that this one does not read. The message is one line that says which."""


def pack(record: Record, previous: int) -> tuple[bytes, int]:
    """The bytes of the record behind that with the CRC `previous`, and its own CRC."""
    head = _HEAD.pack(MARK, FORMAT, record.kind, record.node, ENGINE, record.epoch, record.outputs)
    body, _ = pack_record(record, previous)
    head_crc = crc32(head)
    return head + _CRC.pack(head_crc) + body, crc32(body, head_crc)


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
    head_crc = crc32(packed[: _HEAD.size])
    if _CRC.unpack_from(packed, _HEAD.size)[0] != head_crc:
        raise DamageError("a record's head has another CRC")
    if engine != ENGINE:
        raise NewerFormatError(f"a record of engine {engine}: this version has engine {ENGINE}, use that one")
    if kind not in _KINDS:
        raise NewerFormatError(
            f"a record of kind {kind}: this version knows kinds up to {max(_KINDS)}, use a newer one"
        )
    inner, _, end = read_record(packed, HEAD_BYTES, previous)
    if end != len(packed):
        raise DamageError("a record is longer than it says")
    record = Record(inner.sequence, inner.time, inner.entries, Kind(kind), epoch, node, outputs)
    return record, crc32(memoryview(packed)[HEAD_BYTES:], head_crc)
