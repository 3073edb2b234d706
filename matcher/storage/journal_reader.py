"""Reading a journal: from its segments, without a lock and without changing anything.

Reading tells two kinds of damage apart. A record that is not whole at the end of the last segment, with no whole one
behind it, was torn while it was written: nothing of it was ever answered. Anything else that does not fit is
corruption: JournalError names the file and the offset. Zeros at the end of a segment are room for records to come.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from matcher.storage.journal_follower import JournalFollower
from matcher.storage.journal_format import (
    HEADER_BYTES,
    MARK,
    SUFFIX,
    DamageError,
    JournalError,
    Place,
    corrupt,
    find_whole_record,
    first_sequence,
    read_header,
    read_record,
)
from matcher.storage.log import Logged, Position, Record, RewoundError
from matching_exchange.process.files import list_files, named, open_regular


class JournalReader:
    """The segments of one directory, as a LogReader. A position is the sequence of a record's last command.

    `torn` tells, once the records are read, what is to be cut off: file, offset, bytes.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._id = b""
        self._crc = 0
        self._size = 0
        self._path: Path | None = None
        self.torn: tuple[Path, int, int] | None = None

    @property
    def id(self) -> str:
        """Names this journal for its lifetime; empty before it has begun."""
        if not self._id and not self.is_empty():
            return self.read_id() or ""
        return self._id.hex()

    @property
    def crc(self) -> int:
        """The CRC of the last record that was read or written: with its sequence, a place in the chain."""
        return self._crc

    def records(self, after: Place | None = None) -> Iterator[Record]:
        """The records, oldest first: all of them, or those after a place in the chain. JournalError if the journal is
        damaged, or the place is not in it."""
        paths = self._segments()
        if after is not None:
            while len(paths) > 1 and first_sequence(paths[1]) <= after.sequence:
                paths.pop(0)
        elif paths and first_sequence(paths[0]) > 1:
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

    def is_empty(self) -> bool:
        """Whether nothing was ever written here, or all of it is gone. OSError if that cannot be told."""
        return not self._segments()

    def read_id(self) -> str | None:
        """The id in the header of the first segment; None if that is not whole. OSError if it cannot be read."""
        (path, *_) = self._segments()
        try:
            with named(path), open_regular(path) as file:
                return read_header(file.read(HEADER_BYTES)).journal_id.hex()
        except DamageError:
            return None

    def head(self) -> Position:
        """The sequence of the last command in the journal; 0 without one."""
        return max((logged.position for logged in self.read(0)), default=0)

    def holds(self, position: Position, crc: int) -> bool:
        """As `LogReader.holds`."""
        if position == 0:
            return True
        with closing(JournalFollower(self._directory, position, crc)) as follower:
            try:
                return follower.is_joined()
            except RewoundError:
                return False

    def read(self, after: Position) -> Iterator[Logged]:
        """The committed records with commands behind a sequence."""
        with closing(JournalFollower(self._directory, after)) as follower:
            while found := follower.take():
                yield from found

    def follow(self, after: Position, crc: int | None = None) -> JournalFollower:
        """Read on behind a sequence, for as long as the journal grows."""
        return JournalFollower(self._directory, after, crc)

    def _segments(self) -> list[Path]:
        return list_files(self._directory, SUFFIX)

    def _read_segment(self, path: Path, *, first: bool, last: bool) -> Iterator[Record]:
        with named(path), open_regular(path) as file:
            data = file.read()
        try:
            header = read_header(data)
        except DamageError as damage:
            if last and data.find(MARK) < 0 and len(data) <= HEADER_BYTES:
                self.torn = (path, 0, len(data))
                return
            raise corrupt(path, 0, str(damage)) from damage
        except JournalError as error:
            raise JournalError(f"{path}: {error}") from error
        if first:
            self._id, self._crc = header.journal_id, header.previous_crc
        elif header.journal_id != self._id:
            raise corrupt(path, 0, "it belongs to another journal")
        elif header.previous_crc != self._crc:
            raise corrupt(path, 0, "the segment before it is missing or incomplete")
        self._path = path
        offset = HEADER_BYTES
        while offset < len(data):
            try:
                record, crc, end = read_record(data, offset, self._crc)
            except DamageError as damage:
                written = data[offset:].rstrip(b"\0")
                if not written:
                    break
                if last and find_whole_record(data, offset + 1) is None:
                    self.torn = (path, offset, len(written))
                    break
                raise corrupt(path, offset, str(damage)) from damage
            yield record
            self._crc = crc
            offset = end
        self._size = offset


def count_records(path: Path, start: int) -> int:
    """Count the whole records of the segment from the offset on, and skip damage between them."""
    with named(path), open_regular(path) as file:
        data = file.read()
    count = 0
    offset = find_whole_record(data, start)
    while offset is not None:
        _, _, end = read_record(data, offset, None)
        count += 1
        offset = find_whole_record(data, end)
    return count
