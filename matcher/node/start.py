"""The start of a node: the newest snapshot that the log still reaches back to, of this node or of another one.

What was answered is never lost silently. A log that does not hold what this node has carried out is refused.
"""

from contextlib import closing
from typing import Final

import structlog

from matcher.engine import Engine
from matcher.node.applied import read_applied
from matcher.node.fetching import SnapshotFetcher
from matcher.node.standing import Standing
from matcher.state import State
from matcher.storage.data_directory import JOURNAL_ID, DataDirectory
from matcher.storage.journal_format import SUFFIX
from matcher.storage.log import LogReader, Position, TrimmedError
from matcher.storage.snapshot import read_snapshot
from matcher.storage.snapshot_file import Head, SnapshotError, snapshots
from matching_exchange.process.files import list_files

NEW_LOG: Final = "begin a new log with the state of the node that is furthest: python -m matcher.adopt --log NEW"

log = structlog.get_logger("matcher")


class StartError(Exception):
    """The node cannot run with this log and this data directory. The message is one line that says what to do."""


class LostLogError(StartError):
    """The log does not hold what this node has carried out: answers are lost with it."""


class Start:
    """Of a node with this data directory. `name` is the log's setting, without secrets. `fetcher` asks other nodes."""

    def __init__(self, directory: DataDirectory, reader: LogReader, name: str, fetcher: SnapshotFetcher) -> None:
        self._directory = directory
        self._log = reader
        self._name = name
        self._fetcher = fetcher

    def find(self) -> Standing:
        """The state to go on from. StartError if there is none; LogAwayError while the log does not answer: then once
        more. OSError if the disk does not do."""
        directory = self._directory
        if list_files(directory.journal, SUFFIX):
            raise StartError(
                f"{directory.path} holds a journal of its own: move it into the log with python -m matcher.adopt "
                "--from-data-dir, or choose another one with MATCHER_DATA_DIR (--data-dir)"
            )
        log_id, head = self._log.id, self._log.head()
        self._check_id(log_id)
        self._check_applied(head)
        standing = self._of_own(log_id, head)
        if standing is None:
            standing = self._anew(log_id) or self._of_others(log_id)
        if log_id and directory.read_journal_id() != log_id:
            directory.write_journal_id(log_id)
        return standing

    def _check_id(self, log_id: str) -> None:
        """LostLogError if the data directory belongs to another log."""
        directory = self._directory
        noted = directory.read_journal_id()
        if noted is None or noted == log_id:
            return
        found = f"is {log_id}" if log_id else "is empty"
        raise LostLogError(
            f"the log {self._name} {found}, but {directory.path / JOURNAL_ID} names {noted}: bring that one back, move "
            f"{directory.path} away to fetch the state of another node, or {NEW_LOG}"
        )

    def _check_applied(self, head: Position) -> None:
        """LostLogError if the log does not hold the last record that was carried out here."""
        applied = read_applied(self._directory.path)
        if applied is None:
            return
        if applied.position > head:
            raise self._lost(head, applied.position)
        try:
            if not self._log.holds(applied.position, applied.crc):
                raise LostLogError(
                    f"the log {self._name} holds another record at position {applied.position} than "
                    f"{self._directory.path} had: it has lost what was answered: bring it back, or {NEW_LOG}"
                )
        except TrimmedError:
            # Others have gone on: a snapshot of theirs shows whether it is the same log.
            return

    def _lost(self, head: Position, reached: Position) -> LostLogError:
        return LostLogError(
            f"the log {self._name} ends at position {head}, and {self._directory.path} had it up to {reached}: it has "
            f"lost what was answered: bring it back, or {NEW_LOG}"
        )

    def _of_own(self, log_id: str, head: Position) -> Standing | None:
        """The newest snapshot of this node that the log reaches back to."""
        for path in snapshots(self._directory.snapshots):
            try:
                found, state = read_snapshot(path)
            except SnapshotError as error:
                log.warning("snapshot not used", error=str(error))
                path.rename(path.with_name(path.name + ".unfit"))
                continue
            if found.position > head or found.journal != log_id:
                raise self._lost(head, found.position)
            if found.crc == 0:
                # It holds more than its position says, as the log seemed lost.
                path.rename(path.with_name(path.name + ".unfit"))
                continue
            try:
                if not self._log.holds(found.position, found.crc):
                    raise self._lost(head, found.position)
            except TrimmedError:
                log.info("the log does not reach back to the snapshots of this node", position=found.position)
                return None
            log.info("snapshot read", file=str(path), position=found.position, sequence=found.sequence)
            return standing_at(found, state)
        return None

    def _anew(self, log_id: str) -> Standing | None:
        """The state before the first record; None if the log does not begin with it."""
        if log_id:
            try:
                first = next(iter(self._log.read(0)), None)
            except TrimmedError:
                return None
            if first is not None and first.record.sequence > 1:
                # It goes on from a state that was brought into it.
                return None
        return Standing(State(Engine()), log_id)

    def _of_others(self, log_id: str) -> Standing:
        # The log goes on meanwhile, and is trimmed.
        with closing(self._fetcher.fetch(log_id, lambda listed: listed.position <= self._log.head())) as fetched:
            for found in fetched:
                try:
                    if self._log.holds(found.head.position, found.head.crc):
                        return standing_at(found.head, found.state)
                except TrimmedError:
                    continue
                log.warning("snapshot not used: the log holds another record there", position=found.head.position)
        raise StartError(
            f"the log {self._name} does not reach back to its beginning, and no node has a snapshot to go on from: "
            "start a node that has one, or bring its data directory back"
        )


def standing_at(head: Head, state: State) -> Standing:
    """Right behind the record that a snapshot ends with."""
    return Standing(
        state,
        head.journal,
        head.position,
        head.crc,
        head.epoch,
        head.log_bytes,
        list(head.poisons),
        head.position,
        head.digest,
        head.sequence,
    )
