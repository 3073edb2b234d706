"""Readers of the log that stand in the data directory: what they have not read is kept for them, within bounds."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec
import structlog
from msgspec import Struct

from matcher.storage.data_directory import READERS, DataDirectory
from matcher.storage.journal_format import ENGINE, SUFFIX, first_sequence
from matcher.storage.log import Position
from matcher.storage.snapshot_file import SnapshotError, read_head, snapshots
from matching_exchange.process.files import list_files, make_directory, read_file, replace_file

MAX_BYTES: Final = 4_096
"""The largest registration."""

MAX_READERS: Final = 16
"""Registrations that count; the first ones by name."""

log = structlog.get_logger("matcher")


class Registration(Struct, frozen=True):
    """One reader. It has no state of its own: a start takes the newest snapshot at or before its position.

    position: it has read everything up to here.
    max_lag_bytes: what may be kept for it alone, of segments and snapshots.
    """

    name: str
    position: Position
    max_lag_bytes: int


_decode = msgspec.json.Decoder(Registration).decode


def register(data: Path, registration: Registration) -> None:
    """Write the registration, whole or not at all. OSError if the disk does not take it."""
    make_directory(data / READERS)
    replace_file(data / READERS / f"{registration.name}.json", msgspec.json.encode(registration))


def registrations(data: Path) -> list[Registration]:
    """Those that can be read. Logs one line for each other one."""
    found = []
    try:
        paths = list_files(data / READERS, ".json")[:MAX_READERS]
    except OSError as error:
        log.warning("readers of the journal not known: nothing is kept for them", error=str(error))
        return []
    for path in paths:
        try:
            found.append(_decode(read_file(path, MAX_BYTES)))
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            log.warning("a reader of the journal not known: nothing is kept for it", file=str(path), error=str(error))
    return found


class Kept(Struct, frozen=True):
    """What stays: these snapshots, and the records behind the position."""

    position: Position
    snapshots: frozenset[Path]


def with_readers(directory: DataDirectory, own: Kept) -> Kept:
    """What the matcher itself needs, and what its readers need beside that. Logs a line for each reader for which that
    would be too much."""
    kept = own
    heads = list(_heads(directory))
    segments = list_files(directory.journal, SUFFIX)
    for reader in registrations(directory.path):
        from_snapshots = [(path, sequence) for path, sequence in heads if sequence <= reader.position][:1]
        begins = max((sequence for _, sequence in from_snapshots), default=0)
        # The record at its position shows a reader that the log is still the same one.
        needed = min(own.position, begins, max(0, reader.position - 1))
        files = {path for path, _ in from_snapshots} - own.snapshots
        size = sum(path.stat().st_size for path in (*files, *_between(segments, needed, own.position)))
        begun = not from_snapshots and segments and first_sequence(segments[0]) > 1
        if begun or size > reader.max_lag_bytes:
            log.warning("a reader of the journal is too far behind: nothing is kept for it", reader=reader.name)
            continue
        kept = Kept(min(kept.position, needed), kept.snapshots | files)
    return kept


def _between(segments: list[Path], needed: Position, own: Position) -> list[Path]:
    """The segments that end at `needed` or behind it, and before `own`."""
    return [path for path, following in pairwise(segments) if needed < first_sequence(following) <= own]


def _heads(directory: DataDirectory) -> Iterator[tuple[Path, Position]]:
    """The snapshots that have a head, newest first, with their positions."""
    for path in snapshots(directory.snapshots):
        try:
            yield path, read_head(path, ENGINE).sequence
        except SnapshotError:
            # It is of no use to a reader.
            continue
