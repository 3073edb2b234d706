"""What a backup holds: the files of a data directory up to one position, and a list of them with their sums.

A backup is a directory that looks like a data directory. `backup.json` is written last: without it there is no backup.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from matcher.core.digest import digest
from matcher.state import JournalMismatchError
from matcher.storage.data_directory import CRASHED_COMMANDS, HISTORY, JOURNAL_ID, DataDirectory, DirectoryError
from matcher.storage.journal_format import (
    HEADER_BYTES,
    SUFFIX,
    DamageError,
    JournalError,
    corrupt,
    find_whole_record,
    read_header,
    read_record,
)
from matcher.storage.log import Record
from matcher.storage.recovery import recover
from matcher.storage.snapshot import read_snapshot
from matcher.storage.snapshot_file import SnapshotError, snapshots
from matching_exchange.process.files import (
    PRIVATE_DIRECTORY,
    list_files,
    make_directory,
    named,
    open_private,
    open_regular,
    read_file,
    replace_file,
    sync_directory,
    sync_file,
)

FORMAT: Final = 1

LIST: Final = "backup.json"
MAX_LIST_BYTES: Final = 64 * 1024 * 1024

PIECE_BYTES: Final = 1024 * 1024
"""Bytes that are copied at a time."""

TABLES: Final = f"{HISTORY}/history.sqlite"
"""The tables of the history, below the directory."""

BESIDE: Final = (JOURNAL_ID, CRASHED_COMMANDS, "keys/server.key", "readers/history.json")
"""Files that are copied as they are, where they are there."""


class BackupError(Exception):
    """There is no sound backup. The message is one line."""


class Listed(Struct, frozen=True):
    """A file of the backup. path: below its directory."""

    path: str
    bytes: int
    sha256: str


class Contents(Struct, frozen=True):
    """What a backup holds.

    version: the one that has made it. created: in UTC.
    journal: the id of the journal. sequence: the position, that of its last command. time: of that command, in
    nanoseconds. digest: of the state there, as /admin/digest tells it.
    history: the position of the tables; None without tables.
    """

    format: int
    version: str
    created: str
    journal: str
    sequence: int
    time: int
    digest: str
    history: int | None
    files: list[Listed]


_decode = msgspec.json.Decoder(Contents).decode


class Standing(Struct, frozen=True):
    """The state that a start brings back."""

    journal: str
    sequence: int
    time: int
    digest: str


def is_of_node(directory: Path) -> bool:
    """Whether it is the data directory of a node of a replicated log: it has snapshots, and no journal."""
    data = DataDirectory(directory)
    return not list_files(data.journal, SUFFIX) and bool(snapshots(data.snapshots))


def state_of(directory: Path) -> Standing:
    """Bring the state back as a matcher does. Check every record, and every snapshot with its digest. Changes nothing.

    BackupError where something there is not sound.
    """
    data = DataDirectory(directory)
    try:
        if is_of_node(directory):
            return _state_of_node(data)
        check_records(data.journal)
        for path in snapshots(data.snapshots):
            head, state = read_snapshot(path)
            if digest(state.registry) != head.digest:
                raise BackupError(f"{path}: its state does not have its digest")
        recovered = recover(data)
    except (DirectoryError, JournalError, JournalMismatchError, SnapshotError) as error:
        raise BackupError(str(error)) from error
    if recovered.unfit:
        raise BackupError(f"{recovered.unfit[0]}: does not fit the journal")
    state = recovered.state
    return Standing(recovered.journal.id, state.sequence, state.time, digest(state.registry))


def _state_of_node(data: DataDirectory) -> Standing:
    """That of the newest snapshot. A log that several matchers share is in no data directory."""
    newest, *_ = snapshots(data.snapshots)
    head, state = read_snapshot(newest)
    if digest(state.registry) != head.digest:
        raise BackupError(f"{newest}: its state does not have its digest")
    return Standing(head.journal, head.sequence, head.time, head.digest)


class Chain:
    """Reads segments, oldest first, and checks that each record follows the one before it."""

    def __init__(self) -> None:
        self._journal: bytes | None = None
        self._crc: int | None = None

    def records(self, path: Path) -> Iterator[tuple[Record, int]]:
        """The records of the next segment, each with the offset of its end, up to one that is not whole. Raises
        JournalError for what is damaged before a whole one."""
        with named(path), open_regular(path) as file:
            data = file.read()
        try:
            header = read_header(data)
        except DamageError as damage:
            raise corrupt(path, 0, str(damage)) from damage
        except JournalError as error:
            raise JournalError(f"{path}: {error}") from error
        if self._journal not in (None, header.journal_id) or self._crc not in (None, header.previous_crc):
            raise corrupt(path, 0, "the segment before it is missing or incomplete")
        self._journal, self._crc = header.journal_id, header.previous_crc
        offset = HEADER_BYTES
        while offset < len(data):
            try:
                record, crc, end = read_record(data, offset, self._crc)
            except DamageError as damage:
                if find_whole_record(data, offset + 1) is not None:
                    raise corrupt(path, offset, str(damage)) from damage
                return
            self._crc, offset = crc, end
            yield record, end


def check_records(journal: Path) -> None:
    """Read every record, also those that a start does not need. Raises JournalError."""
    chain = Chain()
    for path in list_files(journal, SUFFIX):
        end = HEADER_BYTES
        for _, end in chain.records(path):  # noqa: B007
            pass
        if path.stat().st_size != end:
            raise corrupt(path, end, "a record is not whole")


def copy_file(source: Path, directory: Path, name: str, upto: int | None = None) -> None:
    """Copy the file, or so many bytes of it, to this name below the directory."""
    target = directory / name
    make_directory(target.parent)
    with (
        named(source),
        open_regular(source) as read,
        named(target),
        open(target, "xb", opener=open_private) as written,
    ):
        left = read.seek(0, 2) if upto is None else upto
        read.seek(0)
        while left:
            piece = read.read(min(left, PIECE_BYTES))
            if not piece:
                raise BackupError(f"{source}: ends before byte {upto}")
            written.write(piece)
            left -= len(piece)
        written.flush()
        sync_file(written.fileno())


def listed(directory: Path) -> list[Listed]:
    """The files below the directory, without the list itself."""
    return [
        Listed(str(path.relative_to(directory)), path.stat().st_size, _sum(path))
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name != LIST
    ]


def write_list(directory: Path, contents: Contents) -> None:
    """Write the list, which makes the backup one. OSError if the disk does not take it."""
    for folder in (*(path for path in directory.rglob("*") if path.is_dir()), directory):
        sync_directory(folder)
    replace_file(directory / LIST, msgspec.json.format(msgspec.json.encode(contents), indent=2) + b"\n")


def read_list(directory: Path) -> Contents:
    """The list of a backup. BackupError where there is none that this version reads."""
    path = directory / LIST
    try:
        contents = _decode(read_file(path, MAX_LIST_BYTES))
    except FileNotFoundError as error:
        raise BackupError(f"{directory}: holds no {LIST}: it is no backup, or one that was not finished") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BackupError(f"{path}: is no list of a backup: {error}") from error
    if contents.format != FORMAT:
        raise BackupError(f"{path}: has format {contents.format}, this version reads {FORMAT}: use {contents.version}")
    for each in contents.files:
        if Path(each.path).is_absolute() or ".." in Path(each.path).parts:
            raise BackupError(f"{path}: {each.path}: takes paths below the backup")
    return contents


def copy_listed(backup: Path, directory: Path, expected: Listed) -> None:
    """Copy a file of the backup. BackupError where the copy is not what the list says."""
    source = backup / expected.path
    if not source.is_file():
        raise BackupError(f"{source}: is missing, and {LIST} names it")
    copy_file(source, directory, expected.path)
    if _sum(directory / expected.path) != expected.sha256:
        raise BackupError(f"{source}: is damaged: its SHA-256 is not that of {LIST}")


def make_empty(path: Path) -> None:
    """Make the directory. BackupError where it holds something."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise BackupError(f"{path}: takes a directory that is empty or not there")
    make_directory(path)
    path.chmod(PRIVATE_DIRECTORY)


def _sum(path: Path) -> str:
    found = hashlib.sha256()
    with named(path), open_regular(path) as file:
        while piece := file.read(PIECE_BYTES):
            found.update(piece)
    return found.hexdigest()
