"""Where the parts of a cluster listen, and where their data lie. It is noted in the data directory: a server of a log
keeps its address for its lifetime."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

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

SPAN: Final = 40
"""Ports from the first to the last, where --ports gives the first."""

MAX_BASE: Final = MAX_PORT - SPAN

NOTE: Final = "cluster.json"


class LayoutError(Exception):
    """The directory is that of another cluster, or an address is taken; the message is one line."""


class Layout(Struct, frozen=True):
    """The ports of a cluster.

    gateway: of HTTP.
    matchers: the base port of each.
    etcd: for each server, the port for matchers, and that for the other servers."""

    gateway: int
    matchers: list[int]
    etcd: list[tuple[int, int]]

    @property
    def members(self) -> list[Member]:
        return [Member(f"etcd-{number}", HOST, *ports) for number, ports in enumerate(self.etcd)]

    @property
    def log(self) -> str:
        """The setting MATCHER_LOG."""
        return log_of([member.client_address for member in self.members])

    @property
    def peers(self) -> str:
        """The setting MATCHER_PEERS, and GATEWAY_MATCHERS."""
        return ",".join(f"{HOST}:{base}" for base in self.matchers)

    @property
    def named_ports(self) -> dict[str, int]:
        """All ports by what listens there."""
        matchers = {
            f"matcher {node}'s socket {number}": base + number
            for node, base in enumerate(self.matchers)
            for number in range(SOCKETS)
        }
        servers = {
            f"{member.name}'s {what}": port
            for member in self.members
            for what, port in (("clients", member.client), ("peers", member.peer))
        }
        return {"the gateway": self.gateway, **matchers, **servers}


DEFAULT: Final = Layout(8000, [5555, 5565, 5575], [(2379, 2380), (2381, 2382), (2383, 2384)])


def log_of(addresses: list[str], name: str = LOG_NAME) -> str:
    return f"etcd://{','.join(addresses)}/{name}"


def from_base(base: int) -> Layout:
    """Ports one behind the other: the gateway, the matchers, the log's servers."""
    matchers = [base + 10 * number for number in range(1, NODES + 1)]
    return Layout(base, matchers, [(base + number, base + number + 1) for number in (1, 3, 5)])


def anywhere() -> Layout:
    """Ports that nobody listens on."""
    matchers = free_bases(NODES, SOCKETS)
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
    """Make the directory and note the layout there. Raises LayoutError."""
    try:
        (directory / "logs").mkdir(parents=True, exist_ok=True)
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
    "GATEWAY_MATCHERS",
    "GATEWAY_COMMANDS",
    "GATEWAY_MARKET_DATA",
    "GATEWAY_REPORTS",
    "GATEWAY_HOST",
    "GATEWAY_PORT",
)
"""The variables that a cluster sets itself."""


def matcher_settings(layout: Layout, node: int, directory: Path) -> dict[str, str]:
    """The variables of a node, whose data lie below the directory."""
    return {
        "MATCHER_LOG": layout.log,
        "MATCHER_NODE": str(node),
        "MATCHER_PEERS": layout.peers,
        "MATCHER_BASE": f"{HOST}:{layout.matchers[node]}",
        "MATCHER_DATA_DIR": str(directory / f"matcher-{node}"),
    }


def gateway_settings(layout: Layout, directory: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The variables of the gateway. Its key file lies below the directory, unless one is given."""
    keys = {} if "GATEWAY_KEY_FILE" in given else {"GATEWAY_KEY_FILE": str(directory / "keys" / "server.key")}
    return {"GATEWAY_MATCHERS": layout.peers, "GATEWAY_HOST": HOST, "GATEWAY_PORT": str(layout.gateway), **keys}
