"""The matcher's settings of a replicated log: which log, which node of it, and where its nodes are."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from matcher.etcd.address import TAKES, Credentials, LogAddress, parse_address
from matching_exchange.process.addresses import BOUND_ENDPOINT, bound_endpoint, connected_endpoint, split_tcp
from matching_exchange.process.command_line import end_with_line
from matching_exchange.process.settings import MAX_PORT, Setting, bounded
from protocol.node_frames import MAX_NODE

LOCAL: Final = "local"

SOCKETS: Final = 4
"""Ports from a base on: commands, market data, reports, snapshots."""

MAX_BASE: Final = MAX_PORT - SOCKETS + 1

BASES: Final = f"HOST:PORT, with a port from 1 to {MAX_BASE}, which begins {SOCKETS} ports of the node"

DEFAULT_SNAPSHOTS: Final = "tcp://127.0.0.1:5558"


def _base(text: str) -> str:
    """A base port with its host."""
    _, port = split_tcp(bound_endpoint(f"tcp://{text}"))
    if port > MAX_BASE:
        raise ValueError(text)
    return text


def _peers(text: str) -> tuple[str, ...]:
    peers = tuple(_base(part.strip()) for part in text.split(",")) if text else ()
    for peer in peers:
        connected_endpoint(f"tcp://{peer}")
    if len(set(peers)) < len(peers) or len(peers) > MAX_NODE + 1:
        raise ValueError(text)
    return peers


LOG: Final = Setting(
    "log",
    LOCAL,
    lambda text: None if text == LOCAL else parse_address(text),
    f"local, or {TAKES}",
    "where records go: the data directory, or a log that several matchers share",
)
NODE: Final = Setting(
    "node",
    "0",
    bounded(0, MAX_NODE),
    f"a whole number from 0 to {MAX_NODE}",
    "which of the matchers that share a log this is; the lowest one leads first",
)
PEERS: Final = Setting(
    "peers",
    "",
    _peers,
    f"bases with commas between them, each {BASES}",
    "all matchers that share the log, this one too",
)
BASE: Final = Setting(
    "base",
    "",
    lambda text: _base(text) if text else "",
    BASES,
    "sets the endpoints of commands, market data, reports and snapshots, each that is not set itself",
)
SNAPSHOTS: Final = Setting(
    "snapshots",
    "",
    lambda text: bound_endpoint(text) if text else "",
    BOUND_ENDPOINT,
    f"where other matchers of a replicated log fetch snapshots; then {DEFAULT_SNAPSHOTS} if it is not set",
)

NODE_SETTINGS: Final = (LOG, NODE, PEERS, BASE, SNAPSHOTS)


class NodeConfig(Struct, frozen=True):
    """One of the matchers that share a log.

    log: where it is. credentials: for its servers.
    peers: the bases of all nodes.
    snapshots: the endpoint at which it serves its snapshots.
    """

    log: LogAddress
    node: int
    peers: tuple[str, ...]
    snapshots: str
    credentials: Credentials = Credentials()


def endpoints_from(base: str) -> dict[str, str]:
    """The endpoints of a node by the keys of their settings."""
    host, _, port = base.rpartition(":")
    keys = ("commands", "market_data", "reports", "snapshots")
    return {key: f"tcp://{host}:{int(port) + number}" for number, key in enumerate(keys)}


def read_node(
    program: str,
    prefix: str,
    settings: Sequence[Setting],
    values: dict[str, Any],
    arguments: Sequence[str],
    environment: Mapping[str, str],
) -> NodeConfig | None:
    """Take the settings of a replicated log out of the values; None with the local journal. Endpoints that are not set
    get those of the base. Ends the process with one line where settings do not fit together."""
    taken = {setting.key: values.pop(setting.key) for setting in (LOG, NODE, PEERS, BASE)}
    snapshots = values.pop(SNAPSHOTS.key)
    if taken["base"]:
        standard = {setting.key: setting.default for setting in settings}
        for key, endpoint in endpoints_from(taken["base"]).items():
            if key == SNAPSHOTS.key:
                snapshots = snapshots or endpoint
            elif values[key] == standard[key]:
                values[key] = endpoint
    if taken["log"] is None:
        return None
    sync = next(setting for setting in settings if setting.name == "sync")
    variable = sync.variable(prefix)
    if values["sync"] != sync.default or variable in environment or sync.source(prefix, arguments) != variable:
        end_with_line(
            program, f"{sync.title(prefix)}: takes nothing beside {LOG.title(prefix)}: a replicated log always syncs"
        )
    return NodeConfig(taken["log"], taken["node"], taken["peers"], snapshots or DEFAULT_SNAPSHOTS)
