"""The start: the newest good snapshot, then the journal's tail, through the same calls as live commands.

Reading changes nothing on the disk. What the start has found out is carried out by `settle`, once the start has
succeeded: a torn record is cut off, snapshots that do not fit the journal are set aside, and the journal's id is noted
beside it.

A journal that is missing or empty is that of a new exchange only where nothing tells of another one: neither a snapshot
nor a noted id.
"""

import time
from pathlib import Path
from typing import Final

import structlog
from msgspec import Struct

from matcher.data_directory import JOURNAL_ID, DataDirectory
from matcher.engine import Engine
from matcher.journal import ENGINE, Journal, JournalError, Place
from matcher.snapshot import read_snapshot
from matcher.snapshot_file import SnapshotError, read_head, snapshots
from matcher.state import State

KEPT: Final = 2
"""Snapshots that stay: the newest, and one to fall back on."""

log = structlog.get_logger("matcher")


class Recovered(Struct):
    """What a start begins with: the journal, ready to be appended to, and the state that it and the snapshots hold.
    `unfit` are snapshots that do not fit the journal."""

    directory: DataDirectory
    journal: Journal
    state: State
    unfit: list[Path]

    def settle(self) -> None:
        """Carry out what was found, now that the start has succeeded. OSError where the disk does not take it."""
        journal = self.journal
        if journal.torn is not None:
            path, offset, size = journal.torn
            journal.cut_torn()
            log.warning("torn record cut off: it was never answered", file=str(path), offset=offset, bytes=size)
        for path in self.unfit:
            # They would pass for the newest ones, whose age says what else may go.
            aside = path.rename(path.with_name(path.name + ".unfit"))
            log.warning("snapshot set aside: it does not fit the journal", file=str(aside))
        if not journal.is_empty() and self.directory.read_journal_id() != journal.id:
            self.directory.write_journal_id(journal.id)


def recover(directory: DataDirectory) -> Recovered:
    """Bring the state back. JournalError or SnapshotError, with one line that names the folder or the file, where that
    cannot be done."""
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
    """The journal is there where something tells that it was, and it is the one that was."""
    journal = Journal(directory.journal)
    remembered = directory.read_journal_id()
    if journal.is_empty():
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
    elif remembered is not None and (found := journal.read_id()) not in (remembered, None):
        raise JournalError(
            f"{directory.journal}: is the journal {found}, but {directory.path / JOURNAL_ID} names {remembered}: "
            "bring that one back, or remove that file to go on with this one"
        )


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


def drop_superseded(directory: DataDirectory, journal: Journal, keep_journal: bool) -> None:
    """Remove the snapshots beyond those that are kept and, unless the whole journal is, the segments that no kept one
    needs."""
    paths = snapshots(directory.snapshots)
    for path in paths[KEPT:]:
        path.unlink()
    _remove_unfinished(directory.snapshots)
    if len(paths) < KEPT or keep_journal:
        return
    try:
        oldest = read_head(paths[KEPT - 1], ENGINE)
    except SnapshotError as error:
        log.error("journal not dropped: no snapshot is there to fall back on", error=str(error))
        return
    journal.drop_before(oldest.sequence)


def _remove_unfinished(directory: Path) -> None:
    """Remove what a killed child has left."""
    for path in directory.glob("*.new"):
        path.unlink()
