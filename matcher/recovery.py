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
    """The journal, ready to be appended to, and the state that it and the snapshots hold. JournalError where neither way leads there."""
    first_error: JournalError | None = None
    for path in snapshots(directory.snapshots):
        try:
            head, state = read_snapshot(path)
        except SnapshotError as error:
            log.warning("snapshot not used", error=str(error))
            continue
        log.info("snapshot read", file=str(path), sequence=head.sequence)
        try:
            return _replay(directory, state, Place(head.journal, head.sequence, head.crc)), state
        except JournalError as error:
            log.warning("snapshot not used", error=str(error))
            first_error = first_error or error
    state = State(Engine())
    try:
        return _replay(directory, state, None), state
    except JournalError as error:
        raise first_error or error from error


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
    if len(paths) >= KEPT and not keep_journal:
        journal.drop_before(read_head(paths[KEPT - 1]).sequence)


def _remove_unfinished(directory: Path) -> None:
    """Remove what a killed child has left."""
    for path in directory.glob("*.new"):
        path.unlink()
