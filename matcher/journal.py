"""The journal: what the matcher has taken in, in order, on disk before anything is said of it.

A batch is one record: a mark, the payload's length, a CRC-32 over all that follows it, the CRC of the record before (a
chain), the first sequence, the time, and the entries as they were received. Records stand in segments; each begins with
a header that names the journal, the formats, and where its chain begins. Integers are little-endian.

Reading tells two kinds of damage apart. A record that is not whole at the end of the last segment, with no whole one
behind it, was torn while it was written: nothing of it was ever answered, and it is cut off before anything is
appended. Anything else that does not fit is corruption: JournalError names the file and the offset. Reading changes
nothing.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol
from zlib import crc32

import msgspec
from msgspec import Struct

from matching_exchange.process.files import (
    list_files,
    make_directory,
    named,
    open_private,
    open_regular,
    sync_directory,
    sync_file,
    sync_path,
)

FORMAT: Final = 1
"""The version of the record's layout."""

ENGINE: Final = 1
"""The version of the engine's rules: a journal of another one would replay to another state."""

SEGMENT_BYTES: Final = 64 * 1024 * 1024
"""A segment that has reached this size is followed by another."""

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

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[bytes]).decode


class JournalError(Exception):
    """The journal cannot be used; the message is one line: which file, which offset, what to do. `damage` is where it
    is damaged."""

    def __init__(self, message: str, damage: tuple[Path, int] | None = None) -> None:
        super().__init__(message)
        self.damage = damage


class Record(Struct, frozen=True):
    """One batch. `entries` are the frames as received, `sequence` is that of their first command, `time` their
    stamp."""

    sequence: int
    time: int
    entries: list[bytes]


class Place(Struct, frozen=True):
    """A place in the chain: after the record of that CRC, which ends with that sequence, in the journal of that id."""

    journal: str
    sequence: int
    crc: int


class File(Protocol):
    """What the journal does with an open segment; a test puts a disk that fails in its place."""

    def write(self, data: bytes) -> None: ...

    def sync(self) -> None: ...

    def close(self) -> None: ...


class DiskFile:
    """A segment on disk. A write or sync that fails raises OSError and must end the process: what the disk holds is
    then unknown."""

    def __init__(self, path: Path, append: bool) -> None:
        self._descriptor = open_private(path, os.O_WRONLY | (os.O_APPEND if append else os.O_CREAT | os.O_EXCL))

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def sync(self) -> None:
        sync_file(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)


class _Header(Struct, frozen=True):
    journal_id: bytes
    first_sequence: int
    previous_crc: int


class _DamageError(Exception):
    """A record, or a header, is not whole; the message says how."""


class Journal:
    """The segments of one directory. First read all `records`, then `append`; only the owner of the data directory may.

    `open_file` opens a segment for writing. `torn` tells, once the records are read, what is to be cut off: (file,
    offset, bytes).
    """

    def __init__(self, directory: Path, open_file: "OpenFile" = DiskFile, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._directory = directory
        self._open_file = open_file
        self._segment_bytes = segment_bytes
        self._id = b""
        self._crc = 0
        self._size = 0
        self._file: File | None = None
        self._path: Path | None = None
        self._header_only = True
        self.torn: tuple[Path, int, int] | None = None

    @property
    def id(self) -> str:
        """Names this journal for its lifetime; empty before its records are read."""
        return self._id.hex()

    @property
    def crc(self) -> int:
        """The CRC of the last record: with its sequence, a place in the chain."""
        return self._crc

    def records(self, after: "Place | None" = None) -> Iterator[Record]:
        """Read the records, oldest first, all of them or those after a place in the chain; then the journal can be
        appended to. JournalError where it is damaged or the place is not in it. Changes nothing on the disk."""
        paths = self._segments()
        if after is not None:
            while len(paths) > 1 and _first_sequence(paths[1]) <= after.sequence + 1:
                paths.pop(0)
        elif paths and _first_sequence(paths[0]) > 1:
            raise JournalError(f"{paths[0]}: the segments before it are gone, and no snapshot stands in their place")
        found = after is None
        for path in paths:
            for record in self._read_segment(path, first=path is paths[0], last=path is paths[-1]):
                if after is not None and not found:
                    found = self._crc == after.crc and record.sequence == after.sequence + 1
                if found:
                    yield record
        if after is not None and not (found or self._crc == after.crc):
            raise JournalError(
                f"{self._directory}: it does not reach sequence {after.sequence}, where the snapshot stands"
            )
        if after is not None and self.id != after.journal:
            raise JournalError(f"{self._directory}: it is not the journal {after.journal} of the snapshot")
        if not self._id:
            self._id = os.urandom(16)

    def drop_before(self, sequence: int) -> None:
        """Remove the segments that hold nothing after the sequence."""
        paths = self._segments()
        dropped = False
        while len(paths) > 1 and _first_sequence(paths[1]) <= sequence + 1:
            paths.pop(0).unlink()
            dropped = True
        if dropped:
            sync_directory(self._directory)

    def is_empty(self) -> bool:
        """Whether nothing was ever written here, or all of it is gone. OSError where that cannot be told."""
        return not self._segments()

    def read_id(self) -> str | None:
        """The id in the header of the first segment; None where that is not whole. OSError where it cannot be read."""
        (path, *_) = self._segments()
        try:
            with named(path), open_regular(path) as file:
                return _read_header(file.read(HEADER_BYTES)).journal_id.hex()
        except _DamageError:
            return None

    def cut_torn(self) -> None:
        """Cut off the record that was torn at the end, if there is one; a segment that has nothing else goes
        altogether."""
        if self.torn is None:
            return
        (path, offset, _), self.torn = self.torn, None
        if offset == 0:
            path.unlink()
        else:
            os.truncate(path, offset)
            sync_path(path)
        sync_directory(self._directory)

    def _segments(self) -> list[Path]:
        return list_files(self._directory, SUFFIX)

    def append(self, sequence: int, time: int, entries: Sequence[bytes]) -> None:
        """Write one record; it is safe once `sync` has returned. OSError where the disk does not take it."""
        if self._file is None or self._size >= self._segment_bytes:
            self._next_segment(sequence)
        assert self._file is not None, "a segment was opened"
        payload = _encode(list(entries))
        body = _RECORD.pack(MARK, len(payload), 0, self._crc, sequence, time)[_CHECKED_FROM:] + payload
        crc = crc32(body)
        record = MARK + struct.pack("<II", len(payload), crc) + body
        self._file.write(record)
        self._crc = crc
        self._size += len(record)

    def sync(self) -> None:
        """Make what was appended last. OSError where the disk does not."""
        if self._file is not None:
            self._file.sync()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _next_segment(self, first_sequence: int) -> None:
        """Go on in the segment that was read last while it has room, else in a new one."""
        self.cut_torn()
        make_directory(self._directory)
        if self._file is None and self._path is not None and self._size < self._segment_bytes:
            self._file = self._open_file(self._path, True)
            return
        if self._file is not None:
            self._file.sync()
            self._file.close()
        self._path = self._directory / f"{first_sequence:020d}{SUFFIX}"
        self._file = self._open_file(self._path, False)
        header = _SEGMENT.pack(MAGIC, FORMAT, ENGINE, self._id, first_sequence, self._crc)
        self._file.write(header + _SEGMENT_CRC.pack(crc32(header)))
        self._file.sync()
        sync_directory(self._directory)
        self._size = HEADER_BYTES

    def _read_segment(self, path: Path, first: bool, last: bool) -> Iterator[Record]:
        with named(path), open_regular(path) as file:
            data = file.read()
        try:
            header = _read_header(data)
        except _DamageError as damage:
            if last and data.find(MARK) < 0 and len(data) <= HEADER_BYTES:
                self.torn = (path, 0, len(data))
                return
            raise _corrupt(path, 0, str(damage)) from damage
        except JournalError as error:
            raise JournalError(f"{path}: {error}") from error
        if first:
            self._id, self._crc = header.journal_id, header.previous_crc
        elif header.journal_id != self._id:
            raise _corrupt(path, 0, "it belongs to another journal")
        elif header.previous_crc != self._crc:
            raise _corrupt(path, 0, "the segment before it is missing or incomplete")
        self._path = path
        offset = HEADER_BYTES
        while offset < len(data):
            try:
                record, crc, end = _read_record(data, offset, self._crc)
            except _DamageError as damage:
                if last and _find_whole_record(data, offset + 1) is None:
                    self.torn = (path, offset, len(data) - offset)
                    break
                raise _corrupt(path, offset, str(damage)) from damage
            yield record
            self._crc = crc
            offset = end
        self._size = offset


class OpenFile(Protocol):
    """Opens a segment for writing: an existing one at its end where `append`, else a new one."""

    def __call__(self, path: Path, append: bool) -> File: ...


def _first_sequence(path: Path) -> int:
    """The sequence with which the segment of that name begins."""
    if not path.stem.isdigit():
        raise JournalError(f"{path}: is no segment of a journal: move it away")
    return int(path.stem)


def _read_header(data: bytes) -> _Header:
    if len(data) < HEADER_BYTES:
        raise _DamageError("the segment's header is not whole")
    magic, layout, engine, journal_id, first_sequence, previous_crc = _SEGMENT.unpack_from(data)
    (crc,) = _SEGMENT_CRC.unpack_from(data, _SEGMENT.size)
    if crc != crc32(data[: _SEGMENT.size]) or magic != MAGIC:
        raise _DamageError("the segment's header is not sound")
    if (layout, engine) != (FORMAT, ENGINE):
        raise JournalError(
            f"was written as format {layout} of engine {engine}, this is format {FORMAT} of engine {ENGINE}: use "
            "that version"
        )
    return _Header(journal_id, first_sequence, previous_crc)


def _read_record(data: bytes, offset: int, previous_crc: int | None) -> tuple[Record, int, int]:
    """The record at the offset, its CRC, and where it ends. `previous_crc` is that of the record before, None where it
    is not known."""
    if len(data) - offset < _RECORD.size:
        raise _DamageError("a record's header is not whole")
    mark, length, crc, previous, sequence, time = _RECORD.unpack_from(data, offset)
    end = offset + _RECORD.size + length
    if mark != MARK or length > MAX_RECORD_BYTES:
        raise _DamageError("a record's header is not sound")
    if end > len(data):
        raise _DamageError("a record is not whole")
    if crc != crc32(memoryview(data)[offset + _CHECKED_FROM : end]):
        raise _DamageError("a record's CRC does not fit")
    if previous_crc is not None and previous != previous_crc:
        raise _DamageError("a record does not follow the one before it")
    return Record(sequence, time, _decode(data[offset + _RECORD.size : end])), crc, end


def _find_whole_record(data: bytes, start: int) -> int | None:
    """The offset of the first sound record from `start` on."""
    offset = data.find(MARK, start)
    while offset >= 0:
        try:
            _read_record(data, offset, None)
        except _DamageError:
            offset = data.find(MARK, offset + 1)
        else:
            return offset
    return None


def _corrupt(path: Path, offset: int, what: str) -> JournalError:
    advice = "restore the file from a copy, or see what scripts/repair would cut off"
    return JournalError(f"{path}: damaged at byte {offset}: {what}; {advice}", (path, offset))


def count_records(path: Path, start: int) -> int:
    """How many sound records stand in the segment from the offset on, whatever stands between them."""
    with named(path), open_regular(path) as file:
        data = file.read()
    count = 0
    offset = _find_whole_record(data, start)
    while offset is not None:
        _, _, end = _read_record(data, offset, None)
        count += 1
        offset = _find_whole_record(data, end)
    return count
