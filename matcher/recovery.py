"""The start: the newest good snapshot, then the journal's tail, through the same calls as live commands."""

import time
from pathlib import Path

import structlog

from matcher.data_directory import DataDirectory
from matcher.engine import Engine
from matcher.journal import Journal, JournalError, Place
from matcher.snapshot import KEPT, SnapshotError, read_head, read_snapshot, snapshots
from matcher.state import State

log = structlog.get_logger("matcher")


def recover(directory: DataDirectory) -> tuple[Journal, State]:
    """The journal, ready to be appended to, and the state that it and the snapshots hold. JournalError where neither way leads there.

    Snapshots that do not fit the journal are set aside: they would pass for the newest ones, whose age says what else may go.
    """
    first_error: JournalError | None = None
    unfit: list[Path] = []
    for path in snapshots(directory.snapshots):
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
            _set_aside(unfit)
            return journal, state
    state = State(Engine())
    try:
        journal = _replay(directory, state, None)
    except JournalError as error:
        raise first_error or error from error
    _set_aside(unfit)
    return journal, state


def _set_aside(paths: list[Path]) -> None:
    for path in paths:
        aside = path.rename(path.with_name(path.name + ".unfit"))
        log.warning("snapshot set aside: it does not fit the journal", file=str(aside))


def _replay(directory: DataDirectory, state: State, place: Place | None) -> Journal:
    started = time.monotonic()
    before = state.sequence
    journal = Journal(directory.journal)
    for record in journal.records(place):
        state.replay(record)
    if journal.torn is not None:
        path, offset, size = journal.torn
        log.warning("torn record cut off: it was never answered", file=str(path), offset=offset, bytes=size)
    if state.sequence > before:
        milliseconds = int((time.monotonic() - started) * 1000)
        log.info("journal replayed", commands=state.sequence - before, sequence=state.sequence, milliseconds=milliseconds)
    return journal


def drop_superseded(directory: DataDirectory, journal: Journal, keep_journal: bool) -> None:
    """Remove the snapshots beyond those that are kept and, unless the whole journal is, the segments that no kept one needs."""
    paths = snapshots(directory.snapshots)
    for path in paths[KEPT:]:
        path.unlink()
    _remove_unfinished(directory.snapshots)
    if len(paths) < KEPT or keep_journal:
        return
    try:
        oldest = read_head(paths[KEPT - 1])
    except SnapshotError as error:
        log.error("journal not dropped: no snapshot is there to fall back on", error=str(error))
        return
    journal.drop_before(oldest.sequence)


def _remove_unfinished(directory: Path) -> None:
    """Remove what a killed child has left."""
    for path in directory.glob("*.new"):
        path.unlink()
