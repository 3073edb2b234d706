"""Where the parts of a cluster listen, and where their data lie. It is noted in the data directory: a server of a log
keeps its address for its lifetime."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from matcher.instrument_list import read_instruments
from matching_exchange.process.settings import MAX_PORT
from matching_exchange.tools.cluster.etcd import Member
from matching_exchange.tools.processes import free_bases, free_ports, is_free

HOST: Final = "127.0.0.1"
NODES: Final = 3
SERVERS: Final = 3
"""Matchers, and servers of the log. Two of three are a majority."""

LOG_NAME: Final = "exchange"

SOCKETS: Final = 4
"""Ports of a matcher: commands, market data, reports, snapshots, in this order from its base on."""

MAX_SHARDS: Final = 3
"""As many as there are built-in symbols."""

SPAN: Final = 10 * NODES * MAX_SHARDS + SOCKETS
"""Ports from the first to the last, where --ports gives the first."""

MAX_BASE: Final = MAX_PORT - SPAN

NOTE: Final = "cluster.json"
MAP: Final = "shards.toml"


class LayoutError(Exception):
    """The directory is that of another cluster, or an address is taken; the message is one line."""


class Node(Struct, frozen=True):
    """A matcher: the number of its shard, its own in that shard, and its base port."""

    shard: int
    number: int
    base: int

    @property
    def address(self) -> str:
        return f"{HOST}:{self.base}"


class Layout(Struct, frozen=True):
    """The ports of a cluster.

    gateway: of HTTP.
    matchers: the base port of each; NODES of them are a shard.
    etcd: for each server, the port for matchers, and that for the other servers."""

    gateway: int
    matchers: list[int]
    etcd: list[tuple[int, int]]

    @property
    def members(self) -> list[Member]:
        return [Member(f"etcd-{number}", HOST, *ports) for number, ports in enumerate(self.etcd)]

    @property
    def shards(self) -> int:
        return len(self.matchers) // NODES

    @property
    def nodes(self) -> list[Node]:
        return [Node(*divmod(place, NODES), base) for place, base in enumerate(self.matchers)]

    def nodes_of(self, shard: int) -> list[Node]:
        return [node for node in self.nodes if node.shard == shard]

    def name_of(self, node: Node) -> str:
        """How it is told of."""
        return f"matcher {node.number}" + (f" of {shard_name(node.shard)}" if self.shards > 1 else "")

    def folder_of(self, node: Node) -> str:
        """Its directory, below that of the cluster."""
        return (f"{shard_name(node.shard)}-" if self.shards > 1 else "") + f"matcher-{node.number}"

    def log_of(self, shard: int) -> str:
        """The setting MATCHER_LOG."""
        name = shard_name(shard) if self.shards > 1 else LOG_NAME
        return log_of([member.client_address for member in self.members], name)

    def peers_of(self, shard: int) -> str:
        """The setting MATCHER_PEERS."""
        return ",".join(node.address for node in self.nodes_of(shard))

    @property
    def map_text(self) -> str:
        """The map of shards: each has some of the built-in symbols, the first one all others too."""
        symbols = [instrument.symbol for instrument in read_instruments(None)]
        tables = []
        for shard in range(self.shards):
            matchers = ", ".join(f'"{node.address}"' for node in self.nodes_of(shard))
            own = ", ".join(f'"{symbol}"' for symbol in symbols[shard :: self.shards])
            tables.append(f'[[shard]]\nname = "{shard_name(shard)}"\nmatchers = [{matchers}]\nsymbols = [{own}]\n')
        return "default = true\n\n".join([tables[0], "\n".join(tables[1:])])

    @property
    def named_ports(self) -> dict[str, int]:
        """All ports by what listens there."""
        matchers = {
            f"{self.name_of(node)}'s socket {number}": node.base + number
            for node in self.nodes
            for number in range(SOCKETS)
        }
        servers = {
            f"{member.name}'s {what}": port
            for member in self.members
            for what, port in (("clients", member.client), ("peers", member.peer))
        }
        return {"the gateway": self.gateway, **matchers, **servers}


def shard_name(shard: int) -> str:
    return f"shard-{shard}"


def log_of(addresses: list[str], name: str = LOG_NAME) -> str:
    return f"etcd://{','.join(addresses)}/{name}"


def usual(shards: int) -> Layout:
    """The ports that are taken where none are asked for."""
    return Layout(
        8000, [5555 + 10 * number for number in range(NODES * shards)], [(2379, 2380), (2381, 2382), (2383, 2384)]
    )


def from_base(base: int, shards: int = 1) -> Layout:
    """Ports one behind the other: the gateway, the log's servers, the matchers."""
    matchers = [base + 10 * number for number in range(1, NODES * shards + 1)]
    return Layout(base, matchers, [(base + number, base + number + 1) for number in (1, 3, 5)])


def anywhere(shards: int = 1) -> Layout:
    """Ports that nobody listens on."""
    matchers = free_bases(NODES * shards, SOCKETS)
    taken = {base + number for base in matchers for number in range(SOCKETS)}
    others = [port for port in free_ports(1 + 2 * SERVERS + len(taken)) if port not in taken]
    servers = others[1 : 1 + 2 * SERVERS]
    return Layout(others[0], matchers, list(zip(servers[::2], servers[1::2], strict=True)))


def noted(directory: Path) -> Layout | None:
    """What an earlier start has noted there. Raises LayoutError if the note cannot be read."""
    try:
        return msgspec.json.decode((directory / NOTE).read_bytes(), type=Layout)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise LayoutError(f"{directory / NOTE} cannot be read: {error}") from error


def note(layout: Layout, directory: Path) -> None:
    """Make the directory and note the layout there, and the map of shards, if there are some. Raises LayoutError."""
    try:
        (directory / "logs").mkdir(parents=True, exist_ok=True)
        if layout.shards > 1 and not (directory / MAP).exists():
            (directory / MAP).write_text(layout.map_text, encoding="utf-8")
        (directory / NOTE).write_bytes(msgspec.json.encode(layout) + b"\n")
    except OSError as error:
        raise LayoutError(f"{directory} cannot be used: {error.strerror}") from error


def check_free(layout: Layout) -> None:
    """Raises LayoutError if somebody listens at one of the ports."""
    for what, port in layout.named_ports.items():
        if not is_free(port):
            raise LayoutError(f"cannot listen on {HOST}:{port} ({what}): another process has it; --ports gives others")


OWN: Final = (
    "MATCHER_LOG",
    "MATCHER_NODE",
    "MATCHER_PEERS",
    "MATCHER_BASE",
    "MATCHER_DATA_DIR",
    "MATCHER_COMMANDS",
    "MATCHER_MARKET_DATA",
    "MATCHER_REPORTS",
    "MATCHER_SNAPSHOTS",
    "MATCHER_SHARDS",
    "MATCHER_SHARD",
    "GATEWAY_MATCHERS",
    "GATEWAY_SHARDS",
    "GATEWAY_COMMANDS",
    "GATEWAY_MARKET_DATA",
    "GATEWAY_REPORTS",
    "GATEWAY_HOST",
    "GATEWAY_PORT",
)
"""The variables that a cluster sets itself."""


def matcher_settings(layout: Layout, node: Node, directory: Path) -> dict[str, str]:
    """The variables of a node, whose data lie below the directory."""
    sharded = {"MATCHER_SHARDS": str(directory / MAP), "MATCHER_SHARD": shard_name(node.shard)}
    return {
        "MATCHER_LOG": layout.log_of(node.shard),
        "MATCHER_NODE": str(node.number),
        "MATCHER_PEERS": layout.peers_of(node.shard),
        "MATCHER_BASE": node.address,
        "MATCHER_DATA_DIR": str(directory / layout.folder_of(node)),
        **(sharded if layout.shards > 1 else {}),
    }


def gateway_settings(layout: Layout, directory: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The variables of the gateway. Its key file lies below the directory, unless one is given."""
    keys = {} if "GATEWAY_KEY_FILE" in given else {"GATEWAY_KEY_FILE": str(directory / "keys" / "server.key")}
    found = {"GATEWAY_SHARDS": str(directory / MAP)} if layout.shards > 1 else {"GATEWAY_MATCHERS": layout.peers_of(0)}
    return {**found, "GATEWAY_HOST": HOST, "GATEWAY_PORT": str(layout.gateway), **keys}
