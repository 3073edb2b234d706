"""Which node of a group leads, as its clients hear it. Times (seconds, monotonic) are arguments.

Only a leader pulses. Of two that do, the one with the higher epoch leads: the log takes nothing more from the other.
"""

from typing import Final

from protocol.node import NodePulse, NodeRole
from protocol.reports import Pulse

SILENCE: Final = 1.0
"""Seconds without a pulse after which the leader counts as away."""

MAX_APPEND: Final = 1_000_000_000
"""Nanoseconds. A leader whose append takes longer cannot answer a command in time."""

NOBODY: Final = -1


class Leadership:
    """node: the place of the leader among the nodes; NOBODY before the first pulse. epoch: the leader's."""

    def __init__(self) -> None:
        self.node = NOBODY
        self.epoch = 0
        self._heard_at = float("-inf")
        self._appending = 0

    def hear(self, node: int, pulse: Pulse, now: float) -> bool:
        """Take in a node's pulse. Returns whether that node leads. An epoch belongs to the node that had it first."""
        if pulse.epoch < self.epoch or (pulse.epoch == self.epoch and node != self.node):
            return False
        if pulse.epoch > self.epoch:
            self.node, self.epoch = node, pulse.epoch
            self._appending = 0
        self._heard_at = now
        return True

    def hear_node(self, node: int, told: NodePulse) -> None:
        """Take in what a node tells of itself."""
        if node == self.node and told.role is NodeRole.LEADER and told.epoch == self.epoch:
            self._appending = told.waiting

    def is_heard(self, now: float) -> bool:
        """Whether a leader is there."""
        return now - self._heard_at < SILENCE

    def takes_commands(self, now: float) -> bool:
        """Whether a leader is there, and can write to its log."""
        return now - self._heard_at < SILENCE and self._appending <= MAX_APPEND
