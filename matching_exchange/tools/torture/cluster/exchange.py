"""The tortured cluster: three servers of the log, three matchers and a gateway, each in a process of its own, on free
ports, with its own directory. With a network, each but the gateway is on a machine of its own."""

from pathlib import Path

from matching_exchange.tools.cluster.etcd import EtcdServer, Member, find
from matching_exchange.tools.cluster.group import Group
from matching_exchange.tools.cluster.layout import HOST, NODES, SERVERS, SOCKETS, log_of
from matching_exchange.tools.processes import free_bases, free_ports
from matching_exchange.tools.torture.cluster.network import Network

CLIENT_PORT, PEER_PORT, BASE = 2379, 2380, 5555
"""On machines of their own, all have the same."""


class ClusterExchange(Group):
    """A group with the servers of its log."""

    def __init__(self, directory: Path, workers: int, snapshot_every: int, network: Network | None = None) -> None:
        self.network = network
        self.members = _members(network)
        settings = {"MATCHER_SNAPSHOT_EVERY": str(snapshot_every), "MATCHER_CURVE": "off"}
        prefixes = [self._prefix(machine_of(node)) for node in range(NODES)]
        log = log_of([member.client_address for member in self.members])
        super().__init__(directory, log, _bases(network), settings, workers, prefixes)
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

    def __enter__(self) -> "ClusterExchange":
        for server in self.servers:
            server.start()
        self.wait_until(lambda: all(server.member.serves for server in self.servers), "the log")
        super().__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        for server in self.servers:
            server.close()

    @property
    def log_leader(self) -> int | None:
        """The number of the server that leads the log; None without one."""
        for number, server in enumerate(self.servers):
            status = server.member.status()
            if status is not None and status.leader == status.member:
                return number
        return None

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
