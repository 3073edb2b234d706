"""What a gateway has heard of the nodes of a replicated log: which one leads, how far the others are behind."""

from itertools import combinations
from typing import Final

import structlog

from protocol.leader import Leadership
from protocol.node import NodePulse, NodeRole

AWAY_SECONDS: Final = 3.0
"""A node that tells nothing for this time is away. It tells something each second."""

DIGESTS_KEPT: Final = 4
"""The newest snapshots of a node whose digests are compared."""

LOCAL: Final = "local"
"""The log of a matcher that has a journal of its own."""


log = structlog.get_logger("gateway")


class Node:
    """One node.

    address: as the setting names it; no client is told it.
    place: among the addresses, from 1.
    told: what it has told last; None before.
    lag: records that it was behind the leader then, and nanoseconds; None where it leads, or nobody did.
    """

    def __init__(self, address: str, place: int) -> None:
        self.address = address
        self.place = place
        self.told: NodePulse | None = None
        self.lag: tuple[int, int] | None = None
        self.heard_at = float("-inf")
        self.digests: dict[int, str] = {}

    def name(self) -> str:
        """How a warning names it."""
        return f"The matcher at place {self.place}" if self.told is None else f"Node {self.told.node}"


class Group:
    """`nodes` stand in the order of their addresses in the setting. name: that of the shard; empty where there is one
    group alone. shards_hash: that of this gateway's map of shards; empty without one. Times: seconds, monotonic."""

    def __init__(self, addresses: tuple[str, ...], name: str = "", shards_hash: str = "") -> None:
        self.name = name
        self._shards_hash = shards_hash
        self.nodes = [Node(address, place) for place, address in enumerate(addresses, 1)]
        self.leadership = Leadership()

    @property
    def leader(self) -> Node | None:
        """The node that leads, or did last; None before the first pulse of one."""
        return self.nodes[self.leadership.node] if self.leadership.epoch else None

    @property
    def is_replicated(self) -> bool:
        """Whether there are several nodes, or one with a replicated log."""
        return len(self.nodes) > 1 or any(node.told is not None and node.told.log != LOCAL for node in self.nodes)

    @property
    def log(self) -> str:
        """The kind and the name of the log, as the leader tells them, else any node; empty where nobody has."""
        told = [node.told for node in (self.leader, *self.nodes) if node is not None and node.told is not None]
        kind, _, rest = told[0].log.partition("://") if told else ("", "", "")
        # The servers are no client's business.
        return f"{kind}:{rest.rpartition('/')[2]}" if rest else kind

    def hear(self, place: int, told: NodePulse, now: float) -> None:
        """Take in what the node at that place tells."""
        self.leadership.hear_node(place, told)
        node, leader = self.nodes[place], self.leader
        self._compare_maps(node, told)
        node.told, node.heard_at, node.lag = told, now, None
        if leader is not None and leader is not node and leader.told is not None:
            known = leader.told
            node.lag = max(0, known.position - told.position), max(0, known.timestamp - told.timestamp)
        if told.snapshot_position:
            node.digests[told.snapshot_position] = told.snapshot_digest
            for position in sorted(node.digests)[:-DIGESTS_KEPT]:
                del node.digests[position]

    def _compare_maps(self, node: Node, told: NodePulse) -> None:
        """Log once where the node begins to tell of another map of shards than this gateway's."""
        before = self._shards_hash if node.told is None else node.told.shards_hash
        if told.shards_hash not in (before, self._shards_hash):
            log.warning(
                "a matcher goes by another map of shards: it refuses what is not its own by that map",
                shard=self.name,
                place=node.place,
            )

    def role(self, node: Node, now: float) -> str:
        """leader or standby; away; replaced, where it has led and does not know yet that another one does."""
        if node.told is None or now - node.heard_at >= AWAY_SECONDS:
            return "away"
        if node.told.role is NodeRole.STANDBY:
            return "standby"
        return "leader" if node is self.leader and node.told.epoch == self.leadership.epoch else "replaced"

    def warnings(self, now: float) -> list[str]:
        """What an operator should look at, a sentence each."""
        found = [f"{node.name()} is away." for node in self.nodes if self.role(node, now) == "away"]
        if not self.leadership.is_heard(now):
            found.insert(0, "No node leads.")
        elif not self.leadership.takes_commands(now):
            found.insert(0, "The leader cannot write to the log.")
        for one, other in combinations(self.nodes, 2):
            found += self._differences(one, other)
        for node in self.nodes:
            if node.told is not None and self.role(node, now) != "away":
                found += [f"{node.name()}: {warning}" for warning in node.told.warnings]
                if node.told.shards_hash != self._shards_hash:
                    found.append(f"{node.name()} goes by another map of shards than this gateway.")
        return found

    @staticmethod
    def _differences(one: Node, other: Node) -> list[str]:
        found = [
            f"{one.name()} and {other.name()} have different digests at position {position}."
            for position in sorted(one.digests.keys() & other.digests.keys())
            if one.digests[position] != other.digests[position]
        ]
        if one.told is None or other.told is None:
            return found
        if one.told.log_id != other.told.log_id:
            found.append(f"{one.name()} and {other.name()} have different logs.")
        if one.told.node == other.told.node:
            found.append(f"The matchers at places {one.place} and {other.place} have the same number {one.told.node}.")
        return found
