"""The tortured cluster: three servers of the log, three matchers and a gateway, each in a process of its own, on free
ports, with its own directory. With a network, each but the gateway is on a machine of its own."""

import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final

from msgspec import Struct

from matcher.storage.snapshot_file import snapshots
from matching_exchange.tools.cluster.etcd import EtcdServer, Member, find
from matching_exchange.tools.cluster.layout import HOST, LOG_NAME, NODES, SERVERS, SOCKETS, log_of
from matching_exchange.tools.cluster.pulses import Pulses
from matching_exchange.tools.cluster.supervisor import FENCED
from matching_exchange.tools.processes import ExchangeError, Process, free_bases, free_ports
from matching_exchange.tools.torture.clients import Connection
from matching_exchange.tools.torture.cluster.network import Network

READY_SECONDS: Final = 60.0
"""How long the cluster may take until it answers after a strike."""

HEALTH_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 0.005

CLIENT_PORT, PEER_PORT, BASE = 2379, 2380, 5555
"""On machines of their own, all have the same."""

BUDGET: Final = 1 << 30
"""Bytes of the log: its trims come by the count of commands, not by its size."""


class Fenced(Struct, frozen=True):
    """A node that the log has refused, and how many commands it had applied that the log then did not take."""

    node: int
    held: int


class ClusterExchange:
    """A context manager: inside, all processes run; after it, none does. Its pulses are heard by one thread."""

    def __init__(self, directory: Path, workers: int, snapshot_every: int, network: Network | None = None) -> None:
        self.directory = directory
        self.network = network
        [self.port] = free_ports(1)
        self.members = _members(network)
        self.bases = _bases(network)
        self.log = log_of([member.client_address for member in self.members], LOG_NAME)
        program = find(None)
        self.servers = [
            EtcdServer(
                program,
                member,
                self.members,
                directory / member.name,
                directory / f"{member.name}.log",
                self._prefix(member.name),
            )
            for member in self.members
        ]
        peers = ",".join(self.bases)
        self.nodes = [
            Process(
                "matcher",
                [],
                {
                    "MATCHER_LOG": self.log,
                    "MATCHER_NODE": str(node),
                    "MATCHER_PEERS": peers,
                    "MATCHER_BASE": base,
                    "MATCHER_DATA_DIR": str(self.data_of(node)),
                    "MATCHER_SNAPSHOT_EVERY": str(snapshot_every),
                    "MATCHER_LOG_BUDGET": str(BUDGET),
                    "MATCHER_CURVE": "off",
                },
                directory / f"matcher-{node}.log",
                prefix=self._prefix(machine_of(node)),
            )
            for node, base in enumerate(self.bases)
        ]
        serving = {"GATEWAY_MATCHERS": peers, "GATEWAY_KEY_FILE": str(directory / "keys" / "server.key")}
        arguments = [f"--port={self.port}", f"--workers={workers}"]
        self.gateway = Process("gateway", arguments, serving, directory / "gateway.log")
        self.pulses = Pulses([_endpoint(base, 2) for base in self.bases])
        self.fenced: list[Fenced] = []

    def __enter__(self) -> "ClusterExchange":
        for server in self.servers:
            server.start()
        self._wait_until(lambda: all(server.member.serves for server in self.servers), "the log")
        for node in self.nodes:
            node.start()
        self.gateway.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.gateway.close()
        for node in self.nodes:
            node.close()
        for server in self.servers:
            server.close()
        self.pulses.close()

    def data_of(self, node: int) -> Path:
        return self.directory / f"matcher-{node}"

    @property
    def leader(self) -> int:
        """The node that leads now; waits for one."""
        self._wait_until(lambda: self.pulses.leader is not None, "a leader")
        leader = self.pulses.leader
        assert leader is not None, "it was there"
        return leader.node

    @property
    def epoch(self) -> int:
        """The highest epoch that was heard; 0 before the first."""
        return max((heard.pulse.epoch for heard in self.pulses.nodes.values() if heard.leads), default=0)

    @property
    def commands(self) -> str:
        return _endpoint(self.bases[self.leader], 0)

    @property
    def reports(self) -> str:
        return _endpoint(self.bases[self.leader], 2)

    @property
    def sockets(self) -> list[tuple[str, str]]:
        """Commands and reports of each node."""
        return [(_endpoint(base, 0), _endpoint(base, 2)) for base in self.bases]

    @property
    def published(self) -> list[str]:
        """The market data of all nodes."""
        return [_endpoint(base, 1) for base in self.bases]

    def wait_until_ready(self) -> None:
        """Wait until the gateway has an answer from a leader."""
        connection = Connection(self.port, HEALTH_SECONDS)
        try:
            self._wait_until(lambda: connection.call("GET", "/health").status == HTTPStatus.OK, "the exchange")
        finally:
            connection.close()

    def wait_until_whole(self) -> None:
        """Wait until it answers, and each node says that it leads or follows, having applied what the leader had."""
        self.wait_until_ready()
        since = time.monotonic()
        self._wait_until(lambda: self._is_whole(since), "each node")

    def _is_whole(self, since: float) -> bool:
        heard = self.pulses.nodes
        leader = self.pulses.leader
        if leader is None or len(heard) < NODES or any(each.at < since for each in heard.values()):
            return False
        return all(each.pulse.epoch == leader.epoch for each in heard.values())

    def look(self) -> None:
        """Hear pulses; start again the nodes that another one has replaced. Raises ExchangeError if another process
        has ended."""
        self.pulses.hear()
        for node, process in enumerate(self.nodes):
            if process.status == FENCED:
                self.fenced.append(Fenced(node, process.log.read_text(errors="replace")))
                process.start()
            elif process.status is not None:
                _ = process.running
        _ = self.gateway.running

    def _wait_until(self, ready: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not ready():
            if self.gateway.is_up:
                self.look()
            if time.monotonic() > deadline:
                logs = "\n".join(process.log_end() for process in (*self.nodes, self.gateway) if process.log.exists())
                raise ExchangeError(f"{what} did not answer within {READY_SECONDS:g} seconds:\n{logs}")
            time.sleep(LOOK_SECONDS)

    def log_leader(self) -> int | None:
        """The number of the server that leads the log; None without one."""
        for number, server in enumerate(self.servers):
            status = server.member.status()
            if status is not None and status.leader == status.member:
                return number
        return None

    def stop(self) -> None:
        """Stop gateway and matchers cleanly."""
        self.gateway.stop()
        for node in self.nodes:
            node.terminate()
        for node in self.nodes:
            node.stop()

    def snapshots(self) -> list[Path]:
        """The snapshots of all nodes that are whole."""
        return [path for node in range(NODES) for path in snapshots(self.data_of(node) / "snapshots")]

    def _prefix(self, machine: str) -> list[str]:
        return [] if self.network is None else self.network.prefix(machine)


def machine_of(node: int) -> str:
    return f"m-{node}"


def machines() -> list[str]:
    """The machines of a network for a cluster."""
    return [*(f"etcd-{number}" for number in range(SERVERS)), *(machine_of(node) for node in range(NODES))]


def _members(network: Network | None) -> list[Member]:
    names = [f"etcd-{number}" for number in range(SERVERS)]
    if network is not None:
        return [Member(name, network.address(name), CLIENT_PORT, PEER_PORT) for name in names]
    ports = free_ports(2 * SERVERS)
    return [Member(name, HOST, *ports[2 * number : 2 * number + 2]) for number, name in enumerate(names)]


def _bases(network: Network | None) -> list[str]:
    if network is not None:
        return [f"{network.address(machine_of(node))}:{BASE}" for node in range(NODES)]
    return [f"{HOST}:{base}" for base in free_bases(NODES, SOCKETS)]


def _endpoint(base: str, number: int) -> str:
    host, _, port = base.rpartition(":")
    return f"tcp://{host}:{int(port) + number}"
