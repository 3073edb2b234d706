"""Follows a journal that a matcher may be writing: each committed record once, in order, without a lock.

What is behind `committed` is taken only while no matcher keeps that file (`matcher.storage.commit_mark`), and after
this process has synced it. A record that is not whole, and zeros ahead of the records, are not there yet.
"""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from matcher.storage.commit_mark import MarkReader
from matcher.storage.entries import last_sequence
from matcher.storage.journal_format import (
    HEADER_BYTES,
    RECORD_HEADER_BYTES,
    SUFFIX,
    DamageError,
    JournalError,
    corrupt,
    crc_at,
    find_whole_record,
    first_sequence,
    read_header,
    read_record,
    record_bytes,
)
from matcher.storage.log import Logged, Position, Record, RewoundError, TrimmedError
from matching_exchange.process.files import list_files, named, open_regular, sync_file

CHUNK_BYTES: Final = 1024 * 1024
"""Bytes that are read of a segment at once. A larger record is read as a whole."""

TAKE_BYTES: Final = 4 * 1024 * 1024
"""Bytes of records in one take, after which it ends."""

TAKE_RECORDS: Final = 4_096

SETTLED: Final = 1_000_000_000
"""Nanoseconds after which two writes have two times of change."""

LOOK_SECONDS: Final = 0.05
"""How often to look behind what the matcher has noted last: it may be gone."""

UNBOUNDED: Final = (1 << 64) - 1
"""Above every position."""


class Segment:
    """An open segment, read from the start. `crc` is that of the last record before `offset`."""

    def __init__(self, path: Path) -> None:
        """Raises OSError, DamageError or JournalError if it cannot be read, or its header is not whole."""
        self.path = path
        self._file = open_regular(path)
        self._descriptor = self._file.fileno()
        try:
            self._header = self._read(HEADER_BYTES, 0)
            self.header = read_header(self._header)
        except (OSError, DamageError, JournalError):
            self._file.close()
            raise
        self.offset = HEADER_BYTES
        self.crc = self.header.previous_crc
        self._last: int | None = None
        self._buffer = b""
        self._at = 0
        self._searched: tuple[int, int] | None = None

    def peek(self) -> tuple[Record, int, int] | None:
        """The next record, its CRC and its size in bytes; None if there is no whole one that fits."""
        found = self._parse()
        if found is None:
            self._fill(CHUNK_BYTES)
            found = self._parse()
        if found is None and (size := record_bytes(self._buffer)) > CHUNK_BYTES:
            self._fill(size)
            found = self._parse()
        return found

    def advance(self, crc: int, size: int) -> None:
        """Step over the record that `peek` has returned."""
        self._last = self.offset
        self.offset += size
        self._at += size
        self.crc = crc

    def has_more(self) -> bool:
        """Whether there is something behind the offset that is no room for records."""
        return any(self._read(RECORD_HEADER_BYTES, self.offset))

    def is_short(self) -> bool:
        """Whether the file was removed, or does not reach the offset any more."""
        status = os.fstat(self._descriptor)
        return not status.st_nlink or status.st_size < self.offset

    def is_as_read(self) -> bool:
        """Whether the header and the last record are those that were read."""
        if self._read(HEADER_BYTES, 0) != self._header:
            return False
        return self._last is None or crc_at(self._read(RECORD_HEADER_BYTES, self._last)) == self.crc

    def is_followed(self) -> bool:
        """Whether a whole record stands somewhere behind the offset. Looks once at each state of the file."""
        status = os.fstat(self._descriptor)
        if self.is_searched():
            return False
        if status.st_mtime_ns < time.time_ns() - SETTLED:
            self._searched = (status.st_size, status.st_mtime_ns)
        rest = self._read(max(0, status.st_size - self.offset), self.offset)
        return find_whole_record(rest, 0) is not None

    def is_searched(self) -> bool:
        """Whether `is_followed` has found nothing, and nothing was written since."""
        status = os.fstat(self._descriptor)
        return self._searched == (status.st_size, status.st_mtime_ns)

    def sync(self) -> None:
        with named(self.path):
            sync_file(self._descriptor)

    def close(self) -> None:
        self._file.close()

    def _parse(self) -> tuple[Record, int, int] | None:
        try:
            record, crc, end = read_record(self._buffer, self._at, self.crc)
        except DamageError:
            return None
        return record, crc, end - self._at

    def _fill(self, size: int) -> None:
        self._buffer, self._at = self._read(size, self.offset), 0

    def _read(self, size: int, offset: int) -> bytes:
        with named(self.path):
            return os.pread(self._descriptor, size, offset)


class JournalFollower:
    """Follows the segments of a directory, as a `Follower`."""

    descriptor = None

    def __init__(self, directory: Path, after: Position, crc: int | None = None) -> None:
        self._directory = directory
        self._mark = MarkReader(directory)
        self._after = after
        self._wanted = crc
        self._position = after
        self._segment: Segment | None = None
        self._looked_at = float("-inf")

    def take(self) -> list[Logged]:
        """As `Follower.take`. JournalError if the journal is damaged. OSError if it cannot be read."""
        if not self.is_joined():
            return []
        assert self._segment is not None, "it has begun"
        limit = self._mark.position() or 0
        to_sync = False
        if limit <= self._position:
            if not self._may_have_more(limit):
                return []
            limit, to_sync = UNBOUNDED, True
        return self._take(self._segment, limit, to_sync=to_sync)

    def is_joined(self) -> bool:
        """Whether the journal holds the record behind which this begins. False without a journal; else RewoundError or
        TrimmedError."""
        return self._segment is not None or self._begin()

    def close(self) -> None:
        if self._segment is not None:
            self._segment.close()
            self._segment = None
        self._mark.close()

    def _may_have_more(self, noted: Position) -> bool:
        """Whether there may be records behind what the matcher has noted, which nobody else makes safe."""
        now = time.monotonic()
        if noted == self._position and now - self._looked_at < LOOK_SECONDS:
            return False
        self._looked_at = now
        segment = self._segment
        assert segment is not None, "it has begun"
        if segment.is_short():
            return True
        if segment.has_more() or ((path := self._next_path(segment)) is not None and path.exists()):
            return not segment.is_searched() and not self._mark.is_kept()
        if noted < self._position and self._mark.is_kept() and (self._mark.position() or 0) < self._position:
            raise self._rewound()
        return False

    def _take(self, segment: Segment, limit: Position, *, to_sync: bool) -> list[Logged]:
        found: list[Logged] = []
        size = 0
        while self._position < limit and size < TAKE_BYTES and len(found) < TAKE_RECORDS:
            if (peeked := segment.peek()) is None:
                if (following := self._behind(segment)) is None:
                    break
                if following is not segment:
                    if to_sync and found:
                        segment.sync()
                    segment.close()
                    self._segment = segment = following
                continue
            record, crc, length = peeked
            if record.sequence > limit:
                break
            segment.advance(crc, length)
            size += length
            # A record without commands, such as a hello, ends where the one before it ends.
            self._position = max(self._position, last_sequence(record))
            found.append(Logged(self._position, crc, record))
        if to_sync and found:
            # What this process has read may not be on the disk yet: a power cut must not take it back.
            segment.sync()
        return found

    def _behind(self, segment: Segment) -> Segment | None:
        """Where to read on if the segment has no further record: in the next one, in this one again; None if the next
        record is not there yet."""
        path = self._next_path(segment)
        following = None if path is None else self._open(path)
        if segment.peek() is not None:
            # The writer has filled it between the two looks.
            if following is not None:
                following.close()
            return segment
        if not segment.is_as_read():
            raise self._rewound()
        if following is not None:
            if following.header.journal_id != segment.header.journal_id or following.crc != segment.crc:
                following.close()
                raise corrupt(following.path, 0, "the segment before it is missing or incomplete")
            return following
        if segment.is_short():
            self._check_trimmed(list_files(self._directory, SUFFIX))
            raise self._rewound()
        if segment.is_followed():
            if segment.peek() is not None:
                return segment
            raise corrupt(segment.path, segment.offset, "a record is not sound")
        paths = list_files(self._directory, SUFFIX)
        self._check_trimmed(paths)
        later = [path for path in paths if first_sequence(path) > self._position]
        if segment.peek() is not None:
            return segment
        if later and first_sequence(later[0]) > self._position + 1:
            raise corrupt(later[0], 0, "the segment before it is missing or incomplete")
        return None

    def _begin(self) -> bool:
        """Open the segment that holds what comes next, and step over what was taken. False without a segment."""
        paths = list_files(self._directory, SUFFIX)
        self._check_trimmed(paths)
        starts = [path for path in paths if first_sequence(path) <= self._after + 1]
        if not starts:
            return False
        at_edge = first_sequence(starts[-1]) == self._after + 1
        # Records without commands may stand at the position too: then the segment before it may hold the wanted one.
        for path in starts[-1:] if self._wanted is None or not at_edge else starts[:-3:-1]:
            segment = self._open(path)
            if segment is None:
                return False
            if self._skip(segment):
                self._segment = segment
                return True
            segment.close()
        raise self._trimmed() if at_edge and len(starts) == 1 else self._rewound()

    def _skip(self, segment: Segment) -> bool:
        """Step over the records up to the position, or to that with the CRC. Whether that is there."""
        if self._wanted is not None and segment.crc == self._wanted:
            return first_sequence(segment.path) == self._after + 1
        while (peeked := segment.peek()) is not None:
            record, crc, size = peeked
            last = last_sequence(record)
            if last > self._after if self._wanted is not None else record.sequence > self._after:
                break
            segment.advance(crc, size)
            if crc == self._wanted and last == self._after:
                return True
        return self._wanted is None

    def _open(self, path: Path) -> Segment | None:
        """The segment; None if it is missing, or just being made."""
        with suppress(FileNotFoundError):
            try:
                return Segment(path)
            except DamageError as damage:
                if path.stat().st_size > HEADER_BYTES and self._is_old(path):
                    raise corrupt(path, 0, str(damage)) from damage
            except JournalError as error:
                raise JournalError(f"{path}: {error}") from error
        return None

    def _is_old(self, path: Path) -> bool:
        """Whether the segment holds a record: it was not just begun."""
        with named(path), open_regular(path) as file:
            return find_whole_record(file.read(), 0) is not None

    def _next_path(self, segment: Segment) -> Path | None:
        """What the next segment is called; None while this one has that name, as it holds no commands yet."""
        path = self._directory / f"{self._position + 1:020d}{SUFFIX}"
        return None if path == segment.path else path

    def _check_trimmed(self, paths: list[Path]) -> None:
        if paths and first_sequence(paths[0]) > self._position + 1:
            raise self._trimmed()

    def _trimmed(self) -> TrimmedError:
        return TrimmedError(f"{self._directory}: what comes after sequence {self._position} was trimmed")

    def _rewound(self) -> RewoundError:
        return RewoundError(f"{self._directory}: does not hold what was read of it up to sequence {self._position}")
