"""Writing a journal: what the matcher has taken in, in order, on disk before anything is said of it.

A turn is one record. Records stand in segments. Only the owner of the data directory may write.
"""

import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

from matcher.storage.journal_format import HEADER_BYTES, SUFFIX, Header, Place, first_sequence, pack_header, pack_record
from matcher.storage.journal_reader import JournalReader
from matcher.storage.log import Record
from matching_exchange.process.files import make_directory, open_private, sync_directory, sync_file, sync_path

RESERVED_BYTES: Final = 256 * 1024
"""Zeros that a file gets ahead of its records at once."""

SEGMENT_BYTES: Final = 64 * 1024 * 1024
"""A segment that has reached this size is followed by another."""


class File(Protocol):
    """What the journal does with an open segment. A test replaces it by a failing disk."""

    def write(self, data: bytes) -> None: ...

    def reserve(self) -> None: ...

    def sync(self) -> None: ...

    def close(self) -> None: ...


class DiskFile:
    """A segment on disk. A write or sync that fails raises OSError and must end the process: what the disk holds is
    then unknown.

    `reserve` gets zeros ahead of the records. A sync then leaves the file's size as it is, which takes half the time.
    Only a file that is synced after each record may have them: unsynced records could reach the disk in another order.
    A file that is closed has no zeros; a reader skips those of a process that died.
    """

    def __init__(self, path: Path, *, append: bool) -> None:
        self._descriptor = open_private(path, os.O_WRONLY | (0 if append else os.O_CREAT | os.O_EXCL))
        self._end = self._reserved = os.lseek(self._descriptor, 0, os.SEEK_END)

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self._end += len(data)

    def sync(self) -> None:
        sync_file(self._descriptor)

    def close(self) -> None:
        if self._reserved > self._end:
            os.ftruncate(self._descriptor, self._end)
        os.close(self._descriptor)

    def reserve(self) -> None:
        """Write zeros behind the last record, if it has used up those before. The next sync makes them last."""
        if self._reserved > self._end:
            return
        try:
            written = os.pwrite(self._descriptor, bytes(RESERVED_BYTES), self._end)
        except OSError as error:
            # A full disk may still take the record.
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            written = 0
        self._reserved = self._end + written


class OpenFile(Protocol):
    """Opens a segment for writing: an existing one at its end if `append`, else a new one."""

    def __call__(self, path: Path, *, append: bool) -> File: ...


class Journal(JournalReader):
    """The segments of one directory. First read all `records`, then `append`. `open_file` opens a segment for
    writing. `written` counts the bytes of appended records."""

    def __init__(self, directory: Path, open_file: OpenFile = DiskFile, segment_bytes: int = SEGMENT_BYTES) -> None:
        super().__init__(directory)
        self._open_file = open_file
        self._segment_bytes = segment_bytes
        self._file: File | None = None
        self.written = 0

    def records(self, after: Place | None = None) -> Iterator[Record]:
        """As JournalReader. Then the journal can be appended to: a new one has its id."""
        yield from super().records(after)
        if not self._id:
            self._id = os.urandom(16)

    def begin_behind(self, sequence: int, crc: int) -> None:
        """Begin a new journal in an empty folder, behind a snapshot at this sequence. `crc`: what the snapshot has for
        that of its last record. OSError if the disk does not take it."""
        self._id, self._crc = os.urandom(16), crc
        self._next_segment(sequence + 1)
        self.close()

    def drop_before(self, sequence: int) -> None:
        """Remove the segments that end before the sequence.

        That which ends with it stays: records without commands may stand behind its last command, and a snapshot at the
        sequence needs them.
        """
        paths = self._segments()
        dropped = False
        while len(paths) > 1 and first_sequence(paths[1]) <= sequence:
            paths.pop(0).unlink()
            dropped = True
        if dropped:
            sync_directory(self._directory)

    def cut_torn(self) -> None:
        """Cut off a torn record at the end. Remove a segment that holds nothing else."""
        if self.torn is None:
            return
        (path, offset, _), self.torn = self.torn, None
        if offset == 0:
            path.unlink()
        else:
            os.truncate(path, offset)
            sync_path(path)
        sync_directory(self._directory)

    def append(self, sequence: int, time: int, entries: Sequence[bytes], *, synced: bool = False) -> None:
        """Write one record; it is safe once `sync` has returned. `synced`: a sync follows each record at once. OSError
        if the disk does not take it."""
        if self._file is None or self._is_full(sequence):
            self._next_segment(sequence)
        assert self._file is not None, "a segment was opened"
        record, crc = pack_record(Record(sequence, time, list(entries)), self._crc)
        self._file.write(record)
        if synced:
            self._file.reserve()
        self._crc = crc
        self._size += len(record)
        self.written += len(record)

    def sync(self) -> None:
        """Make what was appended last. OSError if the disk does not."""
        if self._file is not None:
            self._file.sync()

    def sync_last(self) -> None:
        """Make the records last that were read: the process that wrote them may have died before it did. OSError if the
        disk does not take it."""
        if self._path is not None:
            sync_path(self._path)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _is_full(self, sequence: int) -> bool:
        """Whether the record begins another segment. One without commands does not end: the next has the same name."""
        assert self._path is not None, "a segment is open"
        return self._size >= self._segment_bytes and first_sequence(self._path) < sequence

    def _next_segment(self, sequence: int) -> None:
        """Continue in the segment that was read last while it has room, else in a new one."""
        self.cut_torn()
        make_directory(self._directory)
        if self._file is None and self._path is not None and not self._is_full(sequence):
            if self._path.stat().st_size > self._size:
                # Zeros that a process which died had ahead of its records.
                os.truncate(self._path, self._size)
            self._file = self._open_file(self._path, append=True)
            return
        if self._file is not None:
            self._file.sync()
            self._file.close()
        self._path = self._directory / f"{sequence:020d}{SUFFIX}"
        self._file = self._open_file(self._path, append=False)
        self._file.write(pack_header(Header(self._id, sequence, self._crc)))
        self._file.sync()
        sync_directory(self._directory)
        self._size = HEADER_BYTES
