"""The start: the newest good snapshot, then the journal's tail, through the same calls as live commands.

Reading changes nothing on the disk. `settle` carries out what the start has found, once it has succeeded. It cuts off a
torn record. It sets aside snapshots that do not fit the journal.

A missing or empty journal means a new exchange only if no snapshot and no noted id exists.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import structlog
from msgspec import Struct

from matcher.engine import Engine
from matcher.state import State
from matcher.storage.data_directory import APPLIED, JOURNAL_ID, DataDirectory
from matcher.storage.journal import Journal
from matcher.storage.journal_format import ENGINE, JournalError, Place
from matcher.storage.log import Position
from matcher.storage.readers import Kept, with_readers
from matcher.storage.snapshot import read_snapshot
from matcher.storage.snapshot_file import Head, SnapshotError, read_head, snapshots

KEPT: Final = 2
"""Snapshots that stay: the newest, and one to fall back on."""

log = structlog.get_logger("matcher")


class Recovered(Struct):
    """The result of a recovery: the journal, ready for new records, and the state. `unfit` are snapshots that do not
    fit the journal."""

    directory: DataDirectory
    journal: Journal
    state: State
    unfit: list[Path]

    def settle(self) -> None:
        """Carry out what was found, now that the start has succeeded, and before anything is appended. OSError if the
        disk does not take it."""
        journal = self.journal
        if journal.torn is not None:
            path, offset, size = journal.torn
            journal.cut_torn()
            log.warning("torn record cut off: it was never answered", file=str(path), offset=offset, bytes=size)
        for path in self.unfit:
            # They would count as the newest ones, and older good ones would be removed.
            aside = path.rename(path.with_name(path.name + ".unfit"))
            log.warning("snapshot set aside: it does not fit the journal", file=str(aside))

    def note_journal(self) -> None:
        """Note the journal's id beside it, once it has begun. OSError if the disk does not take it."""
        if not self.journal.is_empty() and self.directory.read_journal_id() != self.journal.id:
            self.directory.write_journal_id(self.journal.id)


def recover(directory: DataDirectory) -> Recovered:
    """Bring the state back. Raises JournalError or SnapshotError, with one line that names the folder or the file."""
    paths = snapshots(directory.snapshots)
    _check_journal(directory, paths)
    first_error: JournalError | None = None
    unfit: list[Path] = []
    for path in paths:
        try:
            head, state = read_snapshot(path)
        except SnapshotError as error:
            log.warning("snapshot not used", error=str(error))
            unfit.append(path)
            continue
        log.info("snapshot read", file=str(path), sequence=head.sequence)
        try:
            journal = _replay(directory, state, Place(head.journal, head.sequence, head.crc))
        except JournalError as error:
            log.warning("snapshot not used", error=str(error))
            unfit.append(path)
            first_error = first_error or error
        else:
            return Recovered(directory, journal, state, unfit)
    state = State(Engine())
    try:
        journal = _replay(directory, state, None)
    except JournalError as error:
        raise first_error or error from error
    if first_error is not None and state.sequence == 0:
        raise first_error
    return Recovered(directory, journal, state, unfit)


def _check_journal(directory: DataDirectory, paths: list[Path]) -> None:
    """Check that the journal is the one of the snapshots and of the noted id. It may be missing only without them."""
    journal = Journal(directory.journal)
    remembered = directory.read_journal_id()
    if journal.is_empty():
        if (directory.path / APPLIED).exists():
            raise JournalError(
                f"{directory.path}: holds the state of a node of a replicated log: name that log with MATCHER_LOG "
                "(--log), or make a directory with a journal by python -m matcher.adopt --to-data-dir"
            )
        if paths:
            raise JournalError(
                f"{directory.journal}: holds no journal, but {paths[0]} was taken of one: "
                "bring the folder back, or use another data directory"
            )
        if remembered is not None:
            raise JournalError(
                f"{directory.journal}: holds no journal, but {directory.path / JOURNAL_ID} names one: "
                "bring the folder back, or remove that file to begin anew"
            )
        return
    found = journal.read_id()
    if remembered is not None and found is None:
        raise JournalError(
            f"{directory.journal}: its first segment is damaged, and {directory.path / JOURNAL_ID} names its journal: "
            "bring the file back, or remove both to begin anew"
        )
    if remembered is not None and found != remembered:
        raise JournalError(
            f"{directory.journal}: is the journal {found}, but {directory.path / JOURNAL_ID} names {remembered}: "
            "bring that one back, or remove that file to go on with this one"
        )
    for path, head in _heads(paths):
        if remembered is None and found is not None and head.journal != found:
            raise JournalError(
                f"{directory.journal}: is the journal {found}, but {path} was taken of {head.journal}: "
                "bring that one back, or move the snapshots away to go on with this one"
            )


def _heads(paths: list[Path]) -> Iterator[tuple[Path, Head]]:
    """The heads of the snapshots that have one."""
    for path in paths:
        try:
            yield path, read_head(path, ENGINE)
        except SnapshotError:
            # Reading it shows that.
            continue


def _replay(directory: DataDirectory, state: State, place: Place | None) -> Journal:
    started = time.monotonic()
    before = state.sequence
    journal = Journal(directory.journal)
    for record in journal.records(place):
        state.replay(record)
    if state.sequence > before:
        milliseconds = int((time.monotonic() - started) * 1000)
        log.info(
            "journal replayed", commands=state.sequence - before, sequence=state.sequence, milliseconds=milliseconds
        )
    return journal


def drop_superseded(directory: DataDirectory, trim: Callable[[Position], None], *, keep_journal: bool) -> None:
    """Remove all but the kept snapshots and those that a reader needs. Unless the whole journal is kept, remove the
    segments that neither a kept snapshot nor a reader needs."""
    paths = snapshots(directory.snapshots)
    own = 0 if keep_journal or len(paths) < KEPT else _oldest_kept(paths[KEPT - 1])
    kept = with_readers(directory, Kept(own, frozenset(paths[:KEPT])))
    for path in paths:
        if path not in kept.snapshots:
            path.unlink()
    _remove_unfinished(directory.snapshots)
    if kept.position:
        trim(kept.position)


def _oldest_kept(path: Path) -> Position:
    """The position of the snapshot to fall back on; 0 if it cannot be read."""
    try:
        return read_head(path, ENGINE).sequence
    except SnapshotError as error:
        log.error("journal not dropped: no snapshot is there to fall back on", error=str(error))
        return 0


def _remove_unfinished(directory: Path) -> None:
    """Remove what a killed child has left."""
    for path in directory.glob("*.new"):
        path.unlink()
