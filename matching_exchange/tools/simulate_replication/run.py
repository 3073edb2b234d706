"""One seed: a cluster with its faults, then calm, and what has to hold at the end."""

from typing import Final

from msgspec import Struct

from matching_exchange.tools.simulate_replication.audit import Violation
from matching_exchange.tools.simulate_replication.cluster import Cluster
from matching_exchange.tools.simulate_replication.faults import Faults
from matching_exchange.tools.simulate_replication.planted import Planted
from matching_exchange.tools.simulate_replication.seen import Seen
from matching_exchange.tools.simulate_replication.weather import Weather, draw
from matching_exchange.tools.simulate_replication.world import MS, World

FAULTS_LAST: Final = 7000 * MS

RECOVERY: Final = 6000 * MS
"""From the moment when all is healed, every client is answered within this time."""

REST: Final = 1500 * MS
"""Time for the last answers, and for standbys to have what the leader has."""


class Run(Struct):
    """What came of a seed. violation: what promise was broken; None if all was kept. digest: names the run."""

    seed: int
    seen: Seen
    digest: int
    violation: str | None
    trace: list[str]


def run(seed: int, planted: Planted | None = None, weather: Weather | None = None) -> Run:
    """Simulate a seed. Its own weather is drawn unless one is given."""
    world = World(seed)
    drawn = draw(world)
    cluster = Cluster(world, weather if weather is not None else drawn, planted)
    violation = None
    try:
        _carry_out(cluster)
    except Violation as error:
        violation = str(error)
        world.note(f"VIOLATION: {violation}")
    seen = cluster.seen
    seen.nanoseconds, seen.events, seen.commands = world.now, world.events, len(cluster.audit.answers)
    seen.doubled_messages = cluster.network.doubled
    return Run(seed, seen, world.digest, violation, list(world.trace))


def _carry_out(cluster: Cluster) -> None:
    world = cluster.world
    Faults(cluster, FAULTS_LAST)
    world.run(FAULTS_LAST)
    oldest = {client.number: max(client.unanswered, default=0) for client in cluster.clients}
    world.run(world.now + RECOVERY)
    for client in cluster.clients:
        if min(client.unanswered, default=10**9) <= oldest[client.number] or not client.answered:
            raise Violation(f"{client.name} has no answer {RECOVERY // MS} ms after all was healed")
        client.silent = True
    world.run(world.now + REST)
    for client in cluster.clients:
        if client.unanswered:
            raise Violation(f"{client.name} waits for answers to {list(client.unanswered)} though all is well")
    for node in cluster.nodes:
        if not node.process.alive:
            raise Violation(f"node {node.number} does not run though all is well")
        if (node.state.sequence, node.state.value) != (cluster.audit.state.sequence, cluster.audit.state.value):
            raise Violation(f"node {node.number} has sequence {node.state.sequence}, the log {cluster.audit.state.sequence}")
