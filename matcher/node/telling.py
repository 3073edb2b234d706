"""What a node tells of itself: a NodePulse each second, more often while it leads."""

import time
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from matcher.node.checkpoints import Checkpoints
from matcher.node.standing import Standing
from matcher.node_config import NodeConfig
from protocol import topics
from protocol.codec import encode
from protocol.commands import VERSION
from protocol.node import NodePulse, NodeRole

STANDBY_EVERY: Final = 1_000_000_000
LEADER_EVERY: Final = 200_000_000
"""In nanoseconds."""

MAX_SKEW: Final = 500_000_000
"""Nanoseconds by which a record's time may differ from this machine's clock before that is a warning."""


class Told(Struct, frozen=True):
    """How a node stands: see NodePulse."""

    role: NodeRole
    epoch: int
    position: int
    sequence: int
    time: int
    waiting: int = 0


class Telling:
    """`report(topic, payload)` sends to everybody. `checkpoints` know the newest snapshot here, `standing` the log.
    Times are monotonic, in nanoseconds. shards_hash: that of the map of shards; empty without one.
    """

    def __init__(
        self,
        config: NodeConfig,
        report: Callable[[bytes, bytes], None],
        checkpoints: Checkpoints,
        standing: Standing,
        monotonic: Callable[[], int] = time.monotonic_ns,
        shards_hash: str = "",
    ) -> None:
        self._config = config
        self._report = report
        self._checkpoints = checkpoints
        self._standing = standing
        self._monotonic = monotonic
        self._shards_hash = shards_hash
        self._role: NodeRole | None = None
        self._due = 0
        self._skewed = ""

    def until_due(self) -> int:
        """Nanoseconds until the next pulse."""
        return self._due - self._monotonic()

    def keep_time(self, told: Told) -> None:
        """Tell how the node stands if that is due, or if its role is new."""
        now = self._monotonic()
        if now < self._due and told.role is self._role:
            return
        self._role = told.role
        if told.role is NodeRole.LEADER:
            # It gives the time itself. What it was warned of was that of the leader before.
            self._skewed = ""
        self._due = now + (LEADER_EVERY if told.role is NodeRole.LEADER else STANDBY_EVERY)
        pulse = NodePulse(
            VERSION,
            self._config.node,
            told.role,
            told.epoch,
            told.position,
            told.sequence,
            told.time,
            told.waiting,
            self._checkpoints.snapshot_position,
            self._checkpoints.snapshot_digest,
            self._standing.log_id,
            str(self._config.log),
            [*self._checkpoints.warnings(), *([self._skewed] if self._skewed else [])],
            self._shards_hash,
        )
        self._report(topics.NODES, encode(pulse))

    def note_skew(self, record_time: int, wall: int) -> None:
        """A record of that time has just come."""
        skew = record_time - wall
        self._skewed = ""
        if abs(skew) > MAX_SKEW:
            where = "ahead of" if skew > 0 else "behind"
            self._skewed = f"The leader's time is {abs(skew) // 1_000_000} ms {where} this machine's clock."
