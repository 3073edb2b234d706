"""Copies a data directory while its exchange runs: everything up to one committed position, checked by its digest.

The matcher goes on meanwhile, and is not asked. A registration in `readers/` keeps what is being copied.
"""

import fcntl
import os
import signal
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Final

from history.config import PREFIX, SETTINGS
from history.schema.database import Database, sqlite_database
from matcher.storage.commit_mark import MarkReader
from matcher.storage.data_directory import APPLIED, READERS, DataDirectory
from matcher.storage.entries import last_sequence
from matcher.storage.journal_follower import UNBOUNDED
from matcher.storage.journal_format import ENGINE, SUFFIX, JournalError, first_sequence
from matcher.storage.log import Position
from matcher.storage.readers import Registration, register
from matcher.storage.snapshot_file import SnapshotError, read_head, snapshots
from matching_exchange.process.command_line import EXIT_FAILED, EXIT_INTERRUPTED, end_with_line, run_program
from matching_exchange.process.files import list_files, make_directory, open_private, sync_path, what_failed
from matching_exchange.process.logs import configure_logs
from matching_exchange.process.settings import read_value
from matching_exchange.process.settings_file import read_settings_file
from matching_exchange.process.version import VERSION
from matching_exchange.tools.arguments import Parser
from matching_exchange.tools.backup_files import (
    BESIDE,
    FORMAT,
    TABLES,
    BackupError,
    Chain,
    Contents,
    copy_file,
    is_of_node,
    listed,
    make_empty,
    state_of,
    write_list,
)

PROGRAM: Final = "backup"

MAX_KEPT_BYTES: Final = 10**15
"""What the matcher may keep for a backup."""

_SETTINGS: Final = {setting.name: setting for setting in SETTINGS}


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    parser = Parser(
        PROGRAM,
        "Copy a data directory while its exchange runs, up to one committed position, and check the copy.",
        "The backup holds the journal, the snapshots, the saved books, the server key of API keys, and the tables of "
        "the history where they are in SQLite. It holds no CURVE keys, no settings and no PostgreSQL. Of a node of a "
        "replicated log, the state is that of its newest snapshot.",
    )
    parser.add_argument("backup", metavar="DIR", type=Path, help="where the backup is to be: empty, or not there")
    parser.add_argument(
        "--data-dir", metavar="DIR", help="the data directory (default: ./data; environment: MATCHER_DATA_DIR)"
    )
    parser.add_argument(
        "--without-history", action="store_true", help="leave the tables of the history out: they can be rebuilt"
    )
    options = parser.parse_args(arguments)
    file = read_settings_file(PROGRAM, None, environment)
    data: Path = read_value(PROGRAM, PREFIX, _SETTINGS["data-dir"], options.data_dir, environment, file)
    named: Database | None = None
    if options.data_dir is None:
        named = read_value(PROGRAM, PREFIX, _SETTINGS["database"], None, environment, file)
    tables = None if options.without_history else named or sqlite_database(data / TABLES)
    configure_logs("warning")
    try:
        contents = make_backup(data, options.backup, tables)
    except BackupError as error:
        end_with_line(PROGRAM, str(error), EXIT_FAILED)
    except OSError as error:
        if error.filename is None:
            raise
        end_with_line(PROGRAM, what_failed(error), EXIT_FAILED)
    print(told(contents, options.backup))
    if tables is not None and tables.path is None:
        print(f"The tables of the history are in {tables.name}, and not in the backup.")
    return 0


def stop(_: int, __: FrameType | None) -> None:
    """What is registered is removed first."""
    sys.exit(EXIT_INTERRUPTED)


def make_backup(data: Path, target: Path, tables: Database | None) -> Contents:
    """Copy the data directory, and check the copy. BackupError or OSError if there is none then; what was copied
    stays, and is no backup."""
    directory = DataDirectory(data)
    of_node = is_of_node(data)
    if not directory.journal.is_dir() and not of_node:
        if (data / APPLIED).exists():
            raise BackupError(
                f"{data}: holds no snapshot yet: a node writes one after MATCHER_SNAPSHOT_EVERY commands, and when it "
                "stops"
            )
        raise BackupError(f"{data}: holds no journal: takes the data directory of a matcher (--data-dir)")
    owner = data.stat().st_uid
    if owner != os.geteuid():
        # The matcher could not read the registration, and so would keep nothing.
        raise BackupError(f"{data}: belongs to the user with id {owner}: make the backup as that user")
    if target.resolve().is_relative_to(data.resolve()):
        raise BackupError(f"{target}: takes a directory outside of the data directory")
    make_empty(target)
    with _registered(directory):
        # The tables come first: what they hold, the journal of the backup holds too.
        history = None if tables is None or tables.path is None else _copy_tables(tables.path, target)
        limit = UNBOUNDED if of_node else _committed(directory)
        for name in BESIDE:
            if (data / name).is_file():
                copy_file(data / name, target, name)
        for path in list_files(data / "state", ".json"):
            copy_file(path, target, f"state/{path.name}")
        if of_node:
            _copy_newest_snapshot(directory, target)
        else:
            _copy_snapshots(directory, target, limit)
            _copy_journal(directory, target, limit)
    standing = state_of(target)
    if limit != UNBOUNDED and standing.sequence != limit:
        raise BackupError(f"{target}: reaches sequence {standing.sequence}, and {limit} was committed")
    created = datetime.now(UTC).isoformat(timespec="seconds")
    contents = Contents(
        FORMAT,
        VERSION,
        created,
        standing.journal,
        standing.sequence,
        standing.time,
        standing.digest,
        history,
        listed(target),
    )
    write_list(target, contents)
    return contents


def told(contents: Contents, directory: Path) -> str:
    """What the backup holds, for people."""
    size = sum(each.bytes for each in contents.files)
    tables = "none" if contents.history is None else f"up to sequence {contents.history}"
    return (
        f"{directory}: {len(contents.files)} files, {size} bytes\n"
        f"journal   {contents.journal}\n"
        f"sequence  {contents.sequence}\n"
        f"digest    {contents.digest}\n"
        f"history   {tables}"
    )


@contextmanager
def _registered(directory: DataDirectory) -> Iterator[None]:
    """While inside, the matcher removes no snapshot and no segment. BackupError while another backup is made."""
    readers = directory.path / READERS
    make_directory(readers)
    lock = open_private(readers / f"{PROGRAM}.lock", os.O_RDWR | os.O_CREAT)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupError(f"{directory.path}: another backup of it is being made") from error
        try:
            oldest: Position | None = None
            # A snapshot may have been removed before the matcher could see the registration.
            while oldest is None or oldest != _oldest(directory):
                oldest = _oldest(directory)
                register(directory.path, Registration(PROGRAM, oldest, MAX_KEPT_BYTES))
            yield
        finally:
            (readers / f"{PROGRAM}.json").unlink(missing_ok=True)
    finally:
        os.close(lock)


def _oldest(directory: DataDirectory) -> Position:
    """The position of the oldest snapshot that can be read; 0 without one."""
    positions = [position for _, position in _heads(directory)]
    return min(positions, default=0)


def _heads(directory: DataDirectory) -> Iterator[tuple[Path, Position]]:
    for path in snapshots(directory.snapshots):
        try:
            yield path, read_head(path, ENGINE).sequence
        except (FileNotFoundError, SnapshotError):
            # It is no use to a start either.
            continue


def _committed(directory: DataDirectory) -> Position:
    """Up to where the journal is committed; UNBOUNDED while no matcher runs."""
    with closing(MarkReader(directory.journal)) as mark:
        position = mark.position()
        if position is not None and mark.is_kept():
            return mark.position() or position
    for path in list_files(directory.journal, SUFFIX)[-1:]:
        # The matcher may have died before it synced the last records.
        sync_path(path)
    return UNBOUNDED


def _copy_journal(directory: DataDirectory, target: Path, limit: Position) -> None:
    """Copy the records up to the position, and the greetings right behind it: a snapshot may stand behind those."""
    chain = Chain()
    for path in list_files(directory.journal, SUFFIX):
        if first_sequence(path) > limit + 1:
            return
        end = _end_in(chain, path, limit)
        if end is not None:
            copy_file(path, target / "journal", path.name, end)


def _end_in(chain: Chain, path: Path, limit: Position) -> int | None:
    """Where the last such record of the segment ends; None if it holds none."""
    end: int | None = None
    reached = 0
    try:
        for record, after in chain.records(path):
            if min(record.sequence, last_sequence(record)) > limit:
                break
            reached, end = last_sequence(record), after
    except JournalError as error:
        # What is being written behind the position may be read in parts.
        if reached < limit:
            raise BackupError(str(error)) from error
    return end


def _copy_snapshots(directory: DataDirectory, target: Path, limit: Position) -> None:
    for path, position in _heads(directory):
        if position <= limit:
            # The oldest one is kept for this backup, those behind it are not.
            with suppress(FileNotFoundError):
                copy_file(path, target / "snapshots", path.name)


def _copy_newest_snapshot(directory: DataDirectory, target: Path) -> None:
    """Copy the state that a node has written last. It may be replaced by a newer one meanwhile."""
    while heads := list(_heads(directory)):
        for path, _ in heads:
            with suppress(FileNotFoundError):
                copy_file(path, target / "snapshots", path.name)
                return
    raise BackupError(f"{directory.path}: holds no snapshot that can be read")


def _copy_tables(path: Path, target: Path) -> Position | None:
    """Copy the tables, in one transaction of their database, and tell their position. None where there are none."""
    if not path.exists():
        return None
    try:
        # Makes no file where the tables are put aside at this moment.
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as source:
            if source.execute("SELECT name FROM sqlite_master LIMIT 1").fetchone() is None:
                # The file is there before its tables, at the first start of the history.
                return None
            make_directory((target / TABLES).parent)
            os.close(open_private(target / TABLES, os.O_RDWR | os.O_CREAT | os.O_EXCL))
            with closing(sqlite3.connect(target / TABLES)) as copy:
                source.backup(copy)
                [sound] = copy.execute("PRAGMA quick_check(1)").fetchone()
                if sound != "ok":
                    raise BackupError(f"{path}: the tables of the history are damaged: {sound}")
                row = copy.execute("SELECT sequence FROM position").fetchone()
    except sqlite3.Error as error:
        raise BackupError(f"{path}: the tables of the history cannot be copied: {error}") from error
    return None if row is None else int(row[0])


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    run_program(PROGRAM, lambda: main(sys.argv[1:], os.environ))
