"""Moves a state from one log to another: into a new replicated log, out of a local data directory, and back to one.

The state goes as a snapshot, and keeps its digest. The log's id changes, so gateways open new sessions.
"""

import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from matcher.core.digest import digest
from matcher.node.applied import AppliedMark, read_applied
from matcher.replication.log_size import record_bytes
from matcher.replication.records import CheckpointInfo, pack_content
from matcher.state import JournalMismatchError, State
from matcher.storage.crash_notes import CrashedCommand
from matcher.storage.data_directory import CRASHED_COMMANDS, DataDirectory
from matcher.storage.file_check import check_files
from matcher.storage.journal import Journal
from matcher.storage.journal_format import ENGINE, SUFFIX, JournalError
from matcher.storage.log import Kind, Position, Record, ReplicatedLog
from matcher.storage.recovery import recover
from matcher.storage.snapshot import read_snapshot, write_snapshot
from matcher.storage.snapshot_file import Replicated, SnapshotError, snapshots
from matching_exchange.process.files import list_files, make_directory, read_file, replace_file

MAX_BESIDE_BYTES: Final = 64 * 1024 * 1024

SERVER_KEY: Final = "keys/server.key"

ASIDE: Final = ".old-log"
"""Ends the names of snapshots of a log that is not followed any more."""


class AdoptError(Exception):
    """The state cannot be moved. The message is one line that says what to do."""


class Adopted(Struct, frozen=True):
    """A state to move, and where it was taken from.

    log_id, position: of its log; the position is zero for a local journal. crc: of its last record.
    """

    state: State
    log_id: str
    position: Position
    crc: int
    poisons: list[CrashedCommand]

    @property
    def digest(self) -> str:
        return digest(self.state.registry)


def state_of_node(directory: DataDirectory, *, with_loss: bool, any_engine: bool = False) -> Adopted:
    """The newest snapshot of a node. AdoptError if there is none that is sound, if it is of another engine's rules, or
    if the node had come further."""
    for path in snapshots(directory.snapshots):
        try:
            head, state = read_snapshot(path, None if any_engine else ENGINE)
        except SnapshotError as error:
            raise AdoptError(f"{error}: move the file away to take the one before, or take another node") from error
        if digest(state.registry) != head.digest:
            raise AdoptError(f"{path}: its state does not have its digest: take another node")
        if not head.position:
            break
        applied = read_applied(directory.path)
        if applied is not None and applied.position > head.position and not with_loss:
            raise AdoptError(
                f"{directory.path} had come to position {applied.position}, and its newest snapshot is of position "
                f"{head.position}: what was answered between is lost: take a node that has more, or add --with-loss"
            )
        return Adopted(state, head.journal, head.position, head.crc, list(head.poisons))
    raise AdoptError(f"{directory.path}: holds no snapshot of a node: takes the data directory of one (--data-dir)")


def state_of_local(directory: DataDirectory) -> Adopted:
    """The state of a local data directory. AdoptError if it cannot be brought back."""
    if not list_files(directory.journal, SUFFIX):
        raise AdoptError(f"{directory.path}: holds no journal: takes the data directory of a matcher with its own one")
    try:
        check_files(directory)
        recovered = recover(directory)
    except (JournalError, JournalMismatchError, SnapshotError) as error:
        raise AdoptError(str(error)) from error
    journal = recovered.journal
    return Adopted(recovered.state, journal.id, 0, journal.crc, [])


def begin_log(adopted: Adopted, log: ReplicatedLog, name: str, directory: DataDirectory) -> Position:
    """Begin the log with this state, and let the data directory be that of its first node. Returns the position there.

    AdoptError if the log has begun already; LogAwayError or FencedError if it does not take the record.
    """
    if log.head():
        raise AdoptError(f"the log {name} has begun already: takes the name of a new one")
    state = adopted.state
    # Above every time that was ever stamped, as an epoch is.
    epoch = max(time.time_ns(), state.time + 1)
    entries = [pack_content(CheckpointInfo())]
    record = Record(state.sequence + 1, epoch, entries, Kind.CHECKPOINT, epoch)
    log.begin(0, 0)
    log.append(0, record, state.sequence)
    first = next(iter(log.read(0)))
    state.time = epoch
    for path in snapshots(directory.snapshots):
        path.rename(path.with_name(path.name + ASIDE))
    place = Replicated(first.position, epoch, record_bytes(record), adopted.poisons)
    write_snapshot(directory.snapshots, state, log.id, first.crc, place)
    mark = AppliedMark(directory.path)
    mark.forget()
    mark.note(first.position, first.crc)
    mark.close()
    directory.write_journal_id(log.id)
    return first.position


def begin_local(adopted: Adopted, directory: DataDirectory) -> str:
    """Let the data directory, which is empty, be a local one with this state. Returns the journal's id."""
    journal = Journal(directory.journal)
    journal.begin_behind(adopted.state.sequence, adopted.crc)
    write_snapshot(directory.snapshots, adopted.state, journal.id, adopted.crc)
    directory.write_journal_id(journal.id)
    return journal.id


def check_empty(directory: DataDirectory) -> None:
    """AdoptError if there is anything of a matcher in the directory."""
    if snapshots(directory.snapshots) or list_files(directory.journal, SUFFIX) or directory.read_journal_id():
        raise AdoptError(f"{directory.path}: holds a state already: takes a directory that is empty or not there")


def copy_beside(source: DataDirectory, target: DataDirectory) -> None:
    """Copy what stands beside the state: the key of the API keys, saved books, and notes of crashed commands."""
    for path in (source.path / SERVER_KEY, source.path / CRASHED_COMMANDS, *list_files(source.path / "state", ".json")):
        with suppress(FileNotFoundError):
            _copy(path, target.path / path.relative_to(source.path))


def _copy(source: Path, target: Path) -> None:
    content = read_file(source, MAX_BESIDE_BYTES)
    make_directory(target.parent)
    replace_file(target, content)
