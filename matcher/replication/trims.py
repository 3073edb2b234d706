"""Up to where the log may be trimmed: whoever comes back must find a snapshot, and the records behind it.

Knows no socket and no clock: who has which snapshot is told, and times (nanoseconds) are arguments.
"""

from typing import Final

from msgspec import Struct

from matcher.replication.log_size import LogSize
from matcher.storage.log import Position

KEPT: Final = 2
"""Checkpoints that can be fallen back on: the log stays behind the older one."""

REMEMBERED: Final = 64
"""Snapshots of a node that are remembered. It has fewer files, of which the newest is as good: what counts is that two
nodes were at the same place."""

ALIVE: Final = 3_000_000_000
"""Nanoseconds. A node or a reader that was heard no longer ago is there."""

FIRST_AFTER: Final = 6_000_000_000
"""Nanoseconds. A new leader trims nothing before: it has not heard all readers yet."""

MAX_READERS: Final = 16
"""Readers that are waited for; the first ones that are heard."""

READER_GONE: Final = 600_000_000_000
"""Nanoseconds. A reader that says nothing for so long is not waited for."""


class _Node(Struct):
    """What a node has told. snapshots: the digest of the last ones, by position."""

    heard_at: int
    snapshots: dict[Position, str]


class _Reader(Struct):
    heard_at: int
    position: Position


class Trims:
    """Of one node. `alone`: no other node shares the log. `budget`: the bytes that the log may hold."""

    def __init__(self, size: LogSize, budget: int, *, alone: bool) -> None:
        self._size = size
        self._budget = budget
        self._alone = alone
        self._own: dict[Position, str] = {}
        self._nodes: dict[int, _Node] = {}
        self._readers: dict[str, _Reader] = {}
        self._differing = ""
        self._first_at: int | None = None
        self.trimmed: Position = 0

    def wrote(self, position: Position, digest: str) -> None:
        """This node has a snapshot at a checkpoint."""
        _keep(self._own, position, digest)
        for number, node in self._nodes.items():
            self._compare(number, node, position)

    def heard(self, node: int, position: Position, digest: str, now: int) -> None:
        """Another node tells its newest snapshot; zero and empty without one."""
        known = self._nodes.setdefault(node, _Node(now, {}))
        known.heard_at = now
        if position and position not in known.snapshots:
            _keep(known.snapshots, position, digest)
            self._compare(node, known, position)

    def note_reader(self, name: str, position: Position, now: int) -> None:
        """A reader of the log has what it needs up to this position."""
        if name in self._readers or len(self._readers) < MAX_READERS:
            self._readers[name] = _Reader(now, position)

    def note_trimmed(self, upto: Position) -> None:
        """The log was trimmed: by this node, or by the leader before."""
        if upto > self.trimmed:
            self.trimmed = upto
            self._size.trimmed(upto)

    def lead(self, now: int) -> None:
        """This node leads from now on."""
        self._first_at = now + FIRST_AFTER

    def wanted(self, now: int) -> Position | None:
        """Up to where this node is to trim now; None for not at all."""
        if self._differing or self._first_at is None or now < self._first_at:
            return None
        shared = set(self._own)
        if not self._alone:
            live = [node for node in self._nodes.values() if now - node.heard_at <= ALIVE]
            shared &= {position for node in live for position in node.snapshots}
        if len(shared) < KEPT:
            return None
        # The record of the checkpoint itself shows that the log is still the same one.
        upto = self._with_readers(self._size.mark_before(sorted(shared)[-KEPT]), now)
        return upto if upto > self.trimmed else None

    def _with_readers(self, upto: Position, now: int) -> Position:
        """Stay behind the readers, as far as a quarter of the budget is enough for that."""
        for name, reader in list(self._readers.items()):
            if now - reader.heard_at > READER_GONE:
                del self._readers[name]
                continue
            needed = self._size.mark_before(reader.position)
            if needed < upto and self._size.between(needed, upto) <= self._budget // 4:
                upto = needed
        return upto

    @property
    def full(self) -> bool:
        """Whether nothing more may be taken: so much has come without a trim, or the budget is nearly used up. The
        leader's own records, and a last batch, need what is left."""
        return self._size.since_trim >= self._budget * 3 // 4 or self._size.held >= self._budget * 7 // 8

    def warnings(self) -> list[str]:
        """What an operator should know, a sentence each."""
        told = [self._differing] if self._differing else []
        held, budget = self._size.held, self._budget
        if self.full:
            told.append(f"The log holds {held} of {budget} bytes and cannot be trimmed: commands are refused.")
        elif self._size.since_trim >= budget // 2:
            told.append(f"The log holds {held} of {budget} bytes and was not trimmed: see to the other nodes.")
        return told

    def _compare(self, number: int, node: _Node, position: Position) -> None:
        own, theirs = self._own.get(position), node.snapshots.get(position)
        if own is not None and theirs is not None and own != theirs and not self._differing:
            self._differing = (
                f"Node {number} has another state at position {position}: digest {theirs} there, {own} here. Nothing "
                "is trimmed."
            )


def _keep(snapshots: dict[Position, str], position: Position, digest: str) -> None:
    """Remember the newest ones."""
    snapshots[position] = digest
    for old in sorted(snapshots)[:-REMEMBERED]:
        del snapshots[old]
