"""What a node tells of itself: a NodePulse each second, more often while it leads."""

import time
from collections.abc import Callable
from typing import Final

import msgspec

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


class Standing(msgspec.Struct, frozen=True):
    """How a node stands: see NodePulse."""

    role: NodeRole
    epoch: int
    position: int
    sequence: int
    time: int
    waiting: int = 0


class Telling:
    """`report(topic, payload)` sends to everybody. `log_id` gives the id of the log. Times are monotonic, in
    nanoseconds.

    snapshot_position, snapshot_digest: those of the newest snapshot here.
    warnings: what an operator should look at, a sentence each, by what it is about.
    due: when the next pulse is to be sent.
    """

    def __init__(
        self,
        config: NodeConfig,
        report: Callable[[bytes, bytes], None],
        log_id: Callable[[], str],
        monotonic: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._config = config
        self._report = report
        self._log_id = log_id
        self._monotonic = monotonic
        self._role: NodeRole | None = None
        self.due = 0
        self.snapshot_position = 0
        self.snapshot_digest = ""
        self.warnings: dict[str, str] = {}

    def until_due(self) -> int:
        """Nanoseconds until the next pulse."""
        return self.due - self._monotonic()

    def keep_time(self, standing: Standing) -> None:
        """Tell how the node stands if that is due, or if its role is new."""
        now = self._monotonic()
        if now < self.due and standing.role is self._role:
            return
        self._role = standing.role
        self.due = now + (LEADER_EVERY if standing.role is NodeRole.LEADER else STANDBY_EVERY)
        pulse = NodePulse(
            VERSION,
            self._config.node,
            standing.role,
            standing.epoch,
            standing.position,
            standing.sequence,
            standing.time,
            standing.waiting,
            self.snapshot_position,
            self.snapshot_digest,
            self._log_id(),
            str(self._config.log),
            list(self.warnings.values()),
        )
        self._report(topics.NODES, encode(pulse))

    def note_skew(self, record_time: int, wall: int) -> None:
        """A record of that time has just come."""
        skew = record_time - wall
        if abs(skew) > MAX_SKEW:
            where = "ahead of" if skew > 0 else "behind"
            self.warnings["clock"] = f"the leader's time is {abs(skew) // 1_000_000} ms {where} this machine's clock"
        else:
            self.warnings.pop("clock", None)
