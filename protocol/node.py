"""What a node of a replicated log tells of itself. Only append fields.

A node is a matcher that shares its log with others. One of them leads.
"""

from enum import IntEnum

from msgspec import Struct


class NodeRole(IntEnum):
    STANDBY = 1
    LEADER = 2


class NodePulse(Struct, frozen=True, array_like=True, tag=12):
    """The state of one node, for all gateways and the other nodes. Sent once a second, and at once with a new role.

    node: its number, which is its rank too.
    epoch: its own if it leads; else that of the last record that it has applied.
    position: of the last record that it has committed (leader) or applied (standby).
    sequence: that of the last command in these records.
    timestamp: the time of the last of these records, in nanoseconds since 1970.
    waiting: nanoseconds that the leader's append under way has taken until now; zero without one.
    snapshot_position, snapshot_digest: those of its newest snapshot; zero and empty without one.
    log_id: names the log for its lifetime.
    log: the setting of the log, without secrets.
    warnings: what an operator should look at, a sentence each.
    shards_hash: that of the map of shards; empty without one.
    """

    version: int
    node: int
    role: NodeRole
    epoch: int
    position: int
    sequence: int
    timestamp: int
    waiting: int
    snapshot_position: int
    snapshot_digest: str
    log_id: str
    log: str
    warnings: list[str]
    shards_hash: str = ""
