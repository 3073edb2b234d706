"""The layout of a journal on disk: segments of records, integers little-endian.

The fields of a record, in order:
- a mark,
- the payload's length,
- a CRC-32 over all that follows it,
- the CRC of the record before, which makes a chain,
- the first sequence,
- the time,
- the entries.

A segment begins with a header that names the journal, the versions, and where its chain begins.
"""

import struct
from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec
from msgspec import Struct

from matcher.storage.log import Record

FORMAT: Final = 1
"""The version of the record's layout."""

ENGINE: Final = 1
"""The version of the engine's rules. A journal of another one would replay to another state."""

MAX_RECORD_BYTES: Final = 1024 * 1024 * 1024
"""The largest record: it holds a saved book of the largest size."""

MAGIC: Final = b"EXJOURNL"
MARK: Final = b"\xf7REC"
SUFFIX: Final = ".journal"

_SEGMENT = struct.Struct("<8sHH16sQI")
_SEGMENT_CRC = struct.Struct("<I")
_RECORD = struct.Struct("<4sIIIQQ")
_CHECKED_FROM = 12

HEADER_BYTES: Final = _SEGMENT.size + _SEGMENT_CRC.size
RECORD_HEADER_BYTES: Final = _RECORD.size

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[bytes]).decode


class JournalError(Exception):
    """The journal cannot be used; the message is one line: which file, which offset, what to do. `damage` says where
    it is damaged."""

    def __init__(self, message: str, damage: tuple[Path, int] | None = None) -> None:
        super().__init__(message)
        self.damage = damage


class DamageError(Exception):
    """A record, or a header, is not whole. The message says how."""


class Place(Struct, frozen=True):
    """A place in a journal's chain: after the record with this CRC and this last sequence."""

    journal: str
    sequence: int
    crc: int


class Header(Struct, frozen=True):
    """What a segment's header says."""

    journal_id: bytes
    first_sequence: int
    previous_crc: int


def pack_header(header: Header) -> bytes:
    packed = _SEGMENT.pack(MAGIC, FORMAT, ENGINE, header.journal_id, header.first_sequence, header.previous_crc)
    return packed + _SEGMENT_CRC.pack(crc32(packed))


def pack_record(record: Record, previous_crc: int) -> tuple[bytes, int]:
    """The record as it stands on disk, and its CRC."""
    payload = _encode(record.entries)
    fields = _RECORD.pack(MARK, len(payload), 0, previous_crc, record.sequence, record.time)
    body = fields[_CHECKED_FROM:] + payload
    crc = crc32(body)
    return MARK + struct.pack("<II", len(payload), crc) + body, crc


def read_header(data: bytes) -> Header:
    if len(data) < HEADER_BYTES:
        raise DamageError("the segment's header is not whole")
    magic, layout, engine, journal_id, first_sequence, previous_crc = _SEGMENT.unpack_from(data)
    (crc,) = _SEGMENT_CRC.unpack_from(data, _SEGMENT.size)
    if crc != crc32(data[: _SEGMENT.size]) or magic != MAGIC:
        raise DamageError("the segment's header is not sound")
    if (layout, engine) != (FORMAT, ENGINE):
        raise JournalError(
            f"was written as format {layout} of engine {engine}, this is format {FORMAT} of engine {ENGINE}: use "
            "that version"
        )
    return Header(journal_id, first_sequence, previous_crc)


def read_record(data: bytes, offset: int, previous_crc: int | None) -> tuple[Record, int, int]:
    """The record at the offset, its CRC, and the offset of its end. `previous_crc` is that of the record before;
    None if it is not known."""
    if len(data) - offset < _RECORD.size:
        raise DamageError("a record's header is not whole")
    mark, length, crc, previous, sequence, time = _RECORD.unpack_from(data, offset)
    end = offset + _RECORD.size + length
    if mark != MARK or length > MAX_RECORD_BYTES:
        raise DamageError("a record's header is not sound")
    if end > len(data):
        raise DamageError("a record is not whole")
    if crc != crc32(memoryview(data)[offset + _CHECKED_FROM : end]):
        raise DamageError("a record's CRC does not fit")
    if previous_crc is not None and previous != previous_crc:
        raise DamageError("a record does not follow the one before it")
    return Record(sequence, time, _decode(data[offset + _RECORD.size : end])), crc, end


def record_bytes(data: bytes) -> int:
    """The size of the record that begins there, by its header; 0 if that is not sound."""
    if len(data) < _RECORD.size:
        return 0
    mark, length, *_ = _RECORD.unpack_from(data)
    return _RECORD.size + int(length) if mark == MARK and length <= MAX_RECORD_BYTES else 0


def crc_at(data: bytes) -> int | None:
    """The CRC in the record's header that stands there; None without one."""
    if len(data) < _RECORD.size:
        return None
    mark, _, crc, *_ = _RECORD.unpack_from(data)
    return int(crc) if mark == MARK else None


def find_whole_record(data: bytes, start: int) -> int | None:
    """The offset of the first whole record from `start` on; None without one."""
    offset = data.find(MARK, start)
    while offset >= 0:
        try:
            read_record(data, offset, None)
        except DamageError:
            offset = data.find(MARK, offset + 1)
        else:
            return offset
    return None


def first_sequence(path: Path) -> int:
    """The sequence with which the segment of that name begins."""
    if not path.stem.isdigit():
        raise JournalError(f"{path}: is no segment of a journal: move it away")
    return int(path.stem)


def corrupt(path: Path, offset: int, what: str) -> JournalError:
    """The error of a journal that is damaged at an offset."""
    advice = "restore the file from a copy, or see what scripts/repair would cut off"
    return JournalError(f"{path}: damaged at byte {offset}: {what}; {advice}", (path, offset))
