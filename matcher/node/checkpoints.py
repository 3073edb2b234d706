"""Checkpoints of a node: its own snapshot at each Checkpoint of the log, and the trims that the leader makes of them.

Every node forks at the same record, so the digests of all are the same.
"""

import time
from pathlib import Path
from typing import Final

import structlog
import zmq

from matcher.node.applied import AppliedMark
from matcher.node.standing import Standing
from matcher.replication.log_size import LogSize
from matcher.replication.parts import is_last_part
from matcher.replication.records import CheckpointInfo, Poisoned, content, pack_content
from matcher.replication.trims import KEPT, Trims
from matcher.serving.forked import Forked
from matcher.storage.crash_notes import MAX_NOTED, CrashedCommand
from matcher.storage.data_directory import DataDirectory
from matcher.storage.journal_format import ENGINE
from matcher.storage.log import Kind, Log, LogAwayError, Logged, Position
from matcher.storage.recovery import drop_superseded
from matcher.storage.snapshot import write_snapshot
from matcher.storage.snapshot_file import Replicated, SnapshotError, read_head, snapshots
from matching_exchange.process.histogram import Histogram
from protocol.node import NodePulse

LOOK_EVERY: Final = 1_000_000_000
"""Nanoseconds between two looks whether the log can be trimmed."""

log = structlog.get_logger("matcher")


class Checkpoints:
    """Of one node, which stands where `standing` says. `received` is to hear of each record.

    every: commands after which a leader appends a Checkpoint. budget: bytes that the log may hold. alone: whether no
    other node shares the log. Times are nanoseconds of the replication's clock.
    """

    def __init__(
        self,
        directory: DataDirectory,
        log_: Log,
        standing: Standing,
        poller: zmq.Poller,
        *,
        every: int,
        budget: int,
        alone: bool,
    ) -> None:
        self._directory = directory
        self._log = log_
        self._standing = standing
        self._poller = poller
        self._mark = AppliedMark(directory.path)
        self._every = every
        self._budget = budget
        self._size = LogSize(standing.position, standing.log_bytes, budget)
        self._trims = Trims(self._size, budget, alone=alone)
        self._child: Forked | None = None
        self._begun = (0, 0, 0)
        self._last_sequence = standing.snapshot_sequence
        self._look_at = 0
        self._failed = False
        self._between_parts = False
        self.snapshot_position = standing.snapshot_position
        self.snapshot_digest = standing.snapshot_digest
        self.snapshot_times = Histogram()
        self.fork_pauses = Histogram()
        self.snapshot_failures = 0
        for position, found in own_snapshots(directory.snapshots, standing.log_id):
            self._trims.wrote(position, found)

    def received(self, logged: Logged) -> None:
        """The state stands right behind this record, which is committed. OSError if the disk does not take the log's
        id, or how far this node is."""
        record, standing = logged.record, self._standing
        if not standing.log_id:
            standing.log_id = self._log.id
            self._directory.write_journal_id(standing.log_id)
        standing.position, standing.crc, standing.epoch = logged.position, logged.crc, record.epoch
        self._mark.note(logged.position, logged.crc)
        self._size.note(logged.position, record)
        standing.log_bytes = self._size.held
        self._between_parts = record.kind is Kind.PART and not is_last_part(record)
        if record.kind is Kind.POISON:
            poison = content(record, Poisoned)
            standing.poisons.append(CrashedCommand(poison.session, poison.number, poison.error))
            del standing.poisons[:-MAX_NOTED]
        elif record.kind is Kind.CHECKPOINT:
            self._trims.note_trimmed(content(record, CheckpointInfo).trimmed)
            self._last_sequence = standing.state.sequence
            self._start()

    def heard(self, pulses: list[NodePulse], now: int) -> None:
        """Other nodes have told of themselves."""
        for pulse in pulses:
            if pulse.log_id == self._standing.log_id:
                self._trims.heard(pulse.node, pulse.snapshot_position, pulse.snapshot_digest, now)

    def note_reader(self, name: str, position: Position, now: int) -> None:
        """A reader of the log tells up to where it has what it needs."""
        self._trims.note_reader(name, position, now)

    def turn(self, ready: dict[object, int]) -> None:
        """Take in what the child has done."""
        if self._child is not None and self._child.descriptor in ready:
            self._collect(self._child)
            self._child = None

    def lead(self, now: int) -> None:
        """This node leads from now on."""
        self._trims.lead(now)

    @property
    def due(self) -> bool:
        """Whether the leader is to append a Checkpoint now."""
        commands = self._standing.state.sequence - self._last_sequence
        return commands >= self._every or self._size.since_checkpoint >= self._budget // 4

    def entries(self) -> list[bytes]:
        """Those of a Checkpoint that is appended now."""
        return [pack_content(CheckpointInfo(self._size.held, self._trims.trimmed))]

    def trim(self, now: int) -> None:
        """Trim the log if that is due. Only the leader does that."""
        if now < self._look_at:
            return
        self._look_at = now + LOOK_EVERY
        upto = self._trims.wanted(now)
        if upto is None:
            return
        try:
            self._log.trim(upto)
        except (LogAwayError, OSError) as error:
            log.warning("log not trimmed: it is tried again", upto=upto, error=str(error))
            return
        self._trims.note_trimmed(upto)
        log.info("log trimmed", upto=upto, bytes=self._size.held)

    @property
    def full(self) -> bool:
        """Whether the log holds so much that the leader takes no commands."""
        return self._trims.full

    @property
    def log_bytes(self) -> int:
        """What the log holds, nearly."""
        return self._size.held

    def warnings(self) -> list[str]:
        """What an operator should know, a sentence each."""
        told = self._trims.warnings()
        if self._failed:
            told.append("The last snapshot of this node failed: see its log.")
        return told

    def write_last(self, *, ahead: bool = False) -> None:
        """Write the state as it stands: the process ends, or its log is lost. Without it, only `adopt` from another
        node would know what came after the last checkpoint. OSError if the disk does not take it.

        ahead: the state holds a record whose append was not answered. Such a snapshot is of use to `adopt` alone, as is
        one between Parts: it has a CRC that no record has.
        """
        standing = self._standing
        self.stop()
        if standing.position == self.snapshot_position and not ahead:
            return
        crc = 0 if ahead or self._between_parts else standing.crc
        path = write_snapshot(self._directory.snapshots, standing.state, standing.log_id, crc, self._place(standing))
        log.info("last snapshot written", file=str(path), position=standing.position)
        drop_superseded(self._directory, _keep_log, keep_journal=True)

    def stop(self) -> None:
        """End the child: what it has not finished is not needed."""
        if self._child is not None:
            self._poller.unregister(self._child.descriptor)
            self._child.kill()
            self._child = None

    def _place(self, standing: Standing) -> Replicated:
        return Replicated(standing.position, standing.epoch, standing.log_bytes, list(standing.poisons))

    def _start(self) -> None:
        """Begin to write a snapshot. One that is still being written goes on, and this one is left out."""
        if self._child is not None:
            log.warning("snapshot left out: the one before is still being written", position=self._standing.position)
            return
        directory, standing = self._directory, self._standing
        state, log_id, crc, place = standing.state, standing.log_id, standing.crc, self._place(standing)

        def write() -> str:
            path = write_snapshot(directory.snapshots, state, log_id, crc, place)
            # Here and not in the matcher: removing large files takes a while.
            drop_superseded(directory, _keep_log, keep_journal=True)
            return read_head(path, ENGINE).digest

        self._begun = (place.position, state.sequence, time.monotonic_ns())
        try:
            child = Forked(write)
        except OSError as error:
            self._fail(str(error))
            return
        self._child = child
        self.fork_pauses.observe(child.pause)
        self._poller.register(child.descriptor, zmq.POLLIN)
        pause = round(child.pause / 1_000_000, 1)
        log.info("snapshot begun", position=place.position, sequence=state.sequence, pause_milliseconds=pause)

    def _collect(self, child: Forked) -> None:
        self._poller.unregister(child.descriptor)
        found = child.result()
        if found is None:
            self._fail("its process has failed")
            return
        position, sequence, begun = self._begun
        self._failed = False
        self.snapshot_times.observe(time.monotonic_ns() - begun)
        self.snapshot_position, self.snapshot_digest = position, found
        self._trims.wrote(position, found)
        log.info("snapshot written", position=position, sequence=sequence)

    def _fail(self, why: str) -> None:
        self._failed = True
        self.snapshot_failures += 1
        log.error("snapshot failed: the log stays, the next one is written at the next checkpoint", error=why)


def own_snapshots(folder: Path, log_id: str) -> list[tuple[Position, str]]:
    """Position and digest of the newest snapshots of this log, the older first."""
    found: list[tuple[Position, str]] = []
    for path in snapshots(folder)[:KEPT]:
        try:
            head = read_head(path, ENGINE)
        except SnapshotError:
            continue
        if head.position and head.journal == log_id and head.crc:
            found.append((head.position, head.digest))
    return found[::-1]


def _keep_log(_: Position) -> None:
    """The leader trims the log."""
