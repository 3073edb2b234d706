"""What is done to a cluster: one fault after the other, each undone after a while."""

from collections.abc import Callable
from typing import Final

from matching_exchange.tools.simulate_replication.cluster import Cluster
from matching_exchange.tools.simulate_replication.servers import SERVERS
from matching_exchange.tools.simulate_replication.weather import Fault, calm
from matching_exchange.tools.simulate_replication.world import MS, Action

LASTS: Final = ((20, 200), (200, 900), (900, 4000))
"""Milliseconds that a fault lasts: short, about a silence, or long."""

LEADER_PERCENT: Final = 60
"""How often a fault strikes the leader, where there is one."""

Strike = Callable[[int, int], Action | None]


class Faults:
    """Strikes the cluster until `until`; then all is healed."""

    def __init__(self, cluster: Cluster, until: int) -> None:
        self._cluster = cluster
        self._world = cluster.world
        self._until = until
        self._strikes: dict[Fault, Strike] = {
            Fault.PAUSE: self._pause,
            Fault.KILL: self._kill,
            Fault.CUT_NODE: lambda node, _: self._cut(node, list(range(SERVERS)), ways=(0, 1)),
            Fault.CUT_NODE_ONE_WAY: self._cut_one_way,
            Fault.CUT_NODE_FROM_SOME: self._cut_from_some,
            Fault.CUT_CLIENT: self._cut_client,
            Fault.SERVER_DOWN: lambda _, __: self._stop_servers(1, cut=False),
            Fault.SERVER_CUT: lambda _, __: self._stop_servers(1, cut=True),
            Fault.MAJORITY: lambda _, __: self._stop_servers(2, cut=self._world.chance(0.5)),
            Fault.CLOCK: self._set_clock,
            Fault.HANDOVER: self._hand_over,
            Fault.SLOW_LOG: self._slow_log,
        }
        if cluster.network.weather.faults:
            self._world.after(self._world.between(0, 2 * cluster.network.weather.gap), self._next)
        self._world.at(until, self._heal)

    def _next(self) -> None:
        world, weather = self._world, self._cluster.network.weather
        if world.now >= self._until:
            return
        fault = world.random.choice(weather.faults)
        low, high = world.random.choice(LASTS)
        lasts = min(world.between(low * MS, high * MS), self._until - world.now)
        leader = self._cluster.leader
        node = world.random.randrange(len(self._cluster.nodes))
        if leader is not None and world.random.randrange(100) < LEADER_PERCENT:
            node = leader.number
        world.note(f"fault: {fault.value}, node {node}, for {lasts // MS} ms")
        self._cluster.seen.faults[fault.value] += 1
        undo = self._strikes[fault](node, lasts)
        if undo is not None:
            world.after(lasts, undo)
        world.after(world.between(0, 2 * weather.gap), self._next)

    def _heal(self) -> None:
        cluster = self._cluster
        self._world.note("all is healed")
        weather = cluster.network.weather
        cluster.network.weather = calm(weather.checkpoint_every)
        cluster.network.cut.clear()
        cluster.servers.slow = 0
        cluster.servers.heal()

    def _pause(self, number: int, lasts: int) -> None:
        self._cluster.nodes[number].process.pause(lasts)

    def _kill(self, number: int, lasts: int) -> None:
        self._cluster.kill(number, lasts, disk_lost=self._world.chance(0.2))

    def _cut(self, number: int, servers: list[int], ways: tuple[int, ...]) -> Action:
        links = set()
        for server in servers:
            both = ((f"node {number}", f"log {server}"), (f"log {server}", f"node {number}"))
            links |= {both[way] for way in ways}
        return self._cut_links(links)

    def _cut_links(self, links: set[tuple[str, str]]) -> Action:
        cut = self._cluster.network.cut
        added = links - cut
        cut |= added
        return lambda: cut.difference_update(added)

    def _cut_one_way(self, number: int, _: int) -> Action:
        return self._cut(number, list(range(SERVERS)), ways=(self._world.random.randrange(2),))

    def _cut_from_some(self, number: int, _: int) -> Action:
        some = self._world.random.sample(range(SERVERS), self._world.random.choice((1, 2)))
        return self._cut(number, some, ways=(0, 1))

    def _cut_client(self, number: int, _: int) -> Action:
        """One client, or all that send commands: who reads still comes through."""
        node, clients = f"node {number}", self._cluster.clients
        ways = self._world.random.choice(((0,), (1,), (0, 1)))
        links = set()
        for client in clients if self._world.chance(0.5) else [self._world.random.choice(clients)]:
            both = ((node, client.name), (client.name, node))
            links |= {both[way] for way in ways}
        return self._cut_links(links)

    def _stop_servers(self, count: int, *, cut: bool) -> Action:
        servers = self._cluster.servers
        first = servers.leader if self._world.chance(0.6) else self._world.random.randrange(SERVERS)
        stopped = [(first + more) % SERVERS for more in range(count)]
        for server in stopped:
            servers.stop(server, cut=cut)

        def undo() -> None:
            for server in stopped:
                servers.heal_one(server)

        return undo

    def _set_clock(self, number: int, _: int) -> None:
        self._cluster.clocks[number].skew += self._world.random.choice((-5000, -300, 300, 10_000)) * MS

    def _hand_over(self, number: int, _: int) -> None:
        leader = self._cluster.leader
        if leader is not None and number != leader.number:
            leader.process.post(lambda: setattr(leader, "hand_over_to", number))

    def _slow_log(self, _: int, __: int) -> Action:
        servers = self._cluster.servers
        servers.slow = self._world.random.choice((50, 150, 350, 800)) * MS

        def undo() -> None:
            servers.slow = 0

        return undo
