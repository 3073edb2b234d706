"""One seed: a cluster with its faults, then calm, and what has to hold at the end."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from matching_exchange.tools.simulate_replication.cluster import Cluster
from matching_exchange.tools.simulate_replication.faults import Faults
from matching_exchange.tools.simulate_replication.planted import Planted
from matching_exchange.tools.simulate_replication.seen import Seen
from matching_exchange.tools.simulate_replication.weather import Weather, draw
from matching_exchange.tools.simulate_replication.world import MS, Violation, World

FAULTS_LAST: Final = 10_000 * MS

RECOVERY: Final = 6000 * MS
"""From the moment when all is healed, every client is answered within this time."""

REST: Final = 4000 * MS
"""Time for the last answers, and for standbys to have what the leader has: some are still stopped or away."""

STEP: Final = 100 * MS


class Run(Struct):
    """What came of a seed. violation: what promise was broken; None if all was kept. digest: names the run."""

    seed: int
    seen: Seen
    digest: int
    violation: str | None
    trace: list[str]


def run(seed: int, planted: Planted | None = None, weather: Weather | None = None) -> Run:
    """Simulate a seed. Its weather is that of the planted fault, or drawn, unless one is given."""
    world = World(seed)
    drawn = draw(world)
    if weather is None and planted is not None:
        weather = planted.weather
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
    world, clients = cluster.world, cluster.clients
    Faults(cluster, FAULTS_LAST)
    world.run(FAULTS_LAST)
    for client in clients:
        client.probe()
    _run_until(world, RECOVERY, lambda: all(client.well_at is not None for client in clients))
    for client in clients:
        if client.well_at is None:
            raise Violation(f"{client.name} has no answer {RECOVERY // MS} ms after all was healed")
        cluster.seen.recovery = max(cluster.seen.recovery, client.well_at - client.probed_at)
        client.silent = True
    _run_until(world, REST, lambda: _at_rest(cluster) is None)
    fault = _at_rest(cluster)
    if fault is not None:
        raise Violation(f"{fault}, {REST // MS} ms after all were answered")


def _run_until(world: World, most: int, reached: Callable[[], bool]) -> None:
    end = world.now + most
    while world.now < end and not reached():
        world.run(world.now + STEP)


def _at_rest(cluster: Cluster) -> str | None:
    """What is still to come before all have what the log has; None if nothing."""
    for client in cluster.clients:
        if client.unanswered:
            return f"{client.name} waits for answers to {list(client.unanswered)}"
    state = cluster.audit.state
    for node in cluster.nodes:
        if not node.process.alive:
            return f"node {node.number} does not run"
        if (node.state.sequence, node.state.value) != (state.sequence, state.value):
            return f"node {node.number} has sequence {node.state.sequence}, the log {state.sequence}"
    return None
