"""All parts of a run: nodes, servers, clients, and what carries their messages."""

from functools import partial
from typing import Final

from matching_exchange.tools.simulate_replication.access import Access
from matching_exchange.tools.simulate_replication.audit import Audit
from matching_exchange.tools.simulate_replication.client import Client, Reader
from matching_exchange.tools.simulate_replication.network import Network
from matching_exchange.tools.simulate_replication.node import Node, Query, Result, Snapshot
from matching_exchange.tools.simulate_replication.planted import Planted
from matching_exchange.tools.simulate_replication.seen import Seen
from matching_exchange.tools.simulate_replication.servers import Servers
from matching_exchange.tools.simulate_replication.state import Answer, Command
from matching_exchange.tools.simulate_replication.weather import Weather
from matching_exchange.tools.simulate_replication.world import MS, Clock, Process, Violation, World

RESTART: Final = (50 * MS, 1500 * MS)
"""How long a process that ended is away."""


class Cluster:
    """`nodes[i]` is the present life of node i, `disks[i]` what outlives it."""

    def __init__(self, world: World, weather: Weather, planted: Planted | None) -> None:
        self.world = world
        self.seen = Seen(runs=1)
        self.planted = planted
        self.audit = Audit(world, self.seen)
        self.network = Network(world, weather)
        self.servers = Servers(world, self.network, self.audit, self.seen, planted)
        random = world.random
        count = random.choice((3, 3, 4, 5))
        wrong_clock = random.choice((0, 1, 400, 10_000)) * MS
        self.clocks = [
            Clock(world, random.randrange(1, 10**15), random.randrange(-300, 301), random.randrange(wrong_clock + 1))
            for _ in range(count)
        ]
        self.disks: list[list[Snapshot]] = [[] for _ in range(count)]
        self.nodes = [self._node(number) for number in range(count)]
        for node in self.nodes:
            node.process.start(node.run())
        self.clients = [
            Client(self, number, random.choice((40, 100, 300, 1000)) * MS) for number in range(random.choice((1, 2, 3)))
        ]
        self.readers = [Reader(self, len(self.clients), random.choice((30, 90)) * MS)]
        self.audience: list[Client | Reader] = [*self.clients, *self.readers]

    # Lives of nodes

    def _node(self, number: int) -> Node:
        return Node(self, number, self.clocks[number], self.disks[number])

    def access_of(self, process: Process, clock: Clock) -> Access:
        return Access(process, clock, self.servers, self.audit, self.seen, self.planted)

    def kill(self, number: int, away: int, *, disk_lost: bool = False) -> None:
        """End a node's process at once, and start it again."""
        node = self.nodes[number]
        if not node.process.alive:
            return
        node.process.end()
        others = [disk for disk in self.disks if disk is not self.disks[number]]
        if disk_lost and any(snapshot.position >= self.servers.trimmed for disk in others for snapshot in disk):
            self.disks[number].clear()
        self.world.after(away, lambda: self._restart(number, node))

    def ended(self, node: Node, status: str) -> None:
        """A node's process has ended by itself."""
        self.world.note(f"node {node.number} ends: {status}")
        node.process.end()
        self.world.after(self.world.between(*RESTART), lambda: self._restart(node.number, node))

    def _restart(self, number: int, old: Node) -> None:
        if self.nodes[number] is old:
            self.seen.restarts += 1
            self.world.note(f"node {number} starts as a standby")
            node = self.nodes[number] = self._node(number)
            node.process.start(node.run())

    @property
    def leader(self) -> Node | None:
        """The node that leads, as far as somebody from outside can know."""
        leads = [node for node in self.nodes if node.leads]
        return max(leads, key=lambda node: node.state.epoch, default=None)

    # Snapshots and trims

    def newest_snapshot(self) -> Snapshot:
        """That of any node, which the log still reaches."""
        found = [snapshot for disk in self.disks for snapshot in disk if snapshot.position >= self.servers.trimmed]
        if not found:
            raise Violation(f"no node has a snapshot that the log reaches back to: trimmed to {self.servers.trimmed}")
        return max(found, key=lambda snapshot: snapshot.position)

    def trim(self, leader: Node) -> None:
        """The leader trims up to the older of the two last checkpoints that it and another node have."""
        own = [snapshot.position for snapshot in leader.disk]
        others = {
            snapshot.position
            for number, disk in enumerate(self.disks)
            if number != leader.number and self.nodes[number].process.alive
            for snapshot in disk
        }
        common = [position for position in own if position in others]
        if common:
            upto = min(common)
            self.servers.call(
                leader.process.name,
                self.world.random.randrange(3),
                lambda: self.servers.trim(upto),
                lambda _: None,
                lambda: None,
            )

    # Messages

    def send_to_node(self, client: Client | Reader, number: int, frame: Command | Query) -> None:
        def arrive() -> None:
            node = self.nodes[number]
            node.process.post(lambda: node.frames.append(frame))

        self.network.send(client.name, f"node {number}", arrive)

    def pulse(self, node: Node) -> None:
        epoch, number = node.state.epoch, node.number
        for client in self.clients:
            self.network.send(node.process.name, client.name, partial(client.hear_pulse, epoch, number))

    def tell_answer(self, node: Node, answer: Answer) -> None:
        client, epoch = self.clients[answer.session], node.state.epoch
        self.network.send(node.process.name, client.name, lambda: client.hear_answer(epoch, answer))

    def tell_result(self, node: Node, result: Result) -> None:
        client, epoch = self.audience[result.query.client], node.state.epoch
        self.network.send(node.process.name, client.name, lambda: client.hear_result(epoch, result))
