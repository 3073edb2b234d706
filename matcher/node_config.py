"""The matcher's settings of a replicated log: which log, which node of it, and where its nodes are."""

from typing import Final

from msgspec import Struct

from matcher.etcd.address import Credentials, LogAddress
from matcher.log_config import LOG, LOG_BUDGET, REPLICATED_LOG, check_log, read_credentials
from matching_exchange.process.addresses import BOUND_ENDPOINT, bound_endpoint
from matching_exchange.process.command_line import end_with_line
from matching_exchange.process.settings import Setting, Values, bounded
from protocol.bases import ADDRESS, ADDRESSES, Endpoints, base_addresses, base_endpoints
from protocol.node_frames import MAX_NODE

DEFAULT_SNAPSHOTS: Final = "tcp://127.0.0.1:5558"

NODE: Final = Setting(
    "node",
    "0",
    bounded(0, MAX_NODE),
    f"a whole number from 0 to {MAX_NODE}",
    "which of the matchers that share a log this is; of two the lower one is the first to lead",
)
PEERS: Final = Setting("peers", "", base_addresses, ADDRESSES, "all matchers that share the log, this one too")
BASE: Final = Setting(
    "base",
    "",
    lambda text: base_endpoints(text) if text else None,
    ADDRESS,
    "sets the endpoints of commands, market data, reports and snapshots, each that is not set itself",
)
SNAPSHOTS: Final = Setting(
    "snapshots",
    "",
    lambda text: bound_endpoint(text) if text else "",
    BOUND_ENDPOINT,
    f"where other matchers of a replicated log fetch snapshots; {DEFAULT_SNAPSHOTS} if it is not set there",
)

NODE_SETTINGS: Final = (NODE, PEERS, BASE, SNAPSHOTS, *REPLICATED_LOG)


class NodeConfig(Struct, frozen=True):
    """One of the matchers that share a log.

    log: where it is. credentials: for its servers. budget: the bytes that it may hold.
    peers: the base addresses of all nodes. own: that of this one; None if it is not set.
    snapshots: the endpoint at which it serves its snapshots.
    """

    log: LogAddress
    node: int
    peers: tuple[str, ...]
    snapshots: str
    budget: int
    credentials: Credentials
    own: Endpoints | None = None

    @property
    def others(self) -> list[Endpoints]:
        """The endpoints of the other nodes."""
        return [endpoints for endpoints in map(base_endpoints, self.peers) if endpoints != self.own]


def read_node(program: str, prefix: str, values: Values) -> NodeConfig | None:
    """Take the settings of a replicated log out of the values; None with the local journal. Endpoints that are not set
    get those of the base. Ends the process with one line where settings do not fit together."""
    taken = Values()
    for setting in NODE_SETTINGS:
        taken[setting.key] = values.pop(setting.key)
    own: Endpoints | None = taken[BASE.key]
    snapshots: str = taken[SNAPSHOTS.key]
    if own is not None:
        snapshots = snapshots or own.snapshots
        for key in ("commands", "market_data", "reports"):
            if key not in values.written:
                values[key] = getattr(own, key)
    if taken[LOG.key] is None:
        return None
    check_log(program, LOG.title(prefix), taken[LOG.key])
    if "sync" in values.written:
        end_with_line(
            program, f"{prefix}_SYNC (--sync): takes nothing beside {LOG.title(prefix)}: a replicated log always syncs"
        )
    return NodeConfig(
        taken[LOG.key],
        taken[NODE.key],
        taken[PEERS.key],
        snapshots or DEFAULT_SNAPSHOTS,
        taken[LOG_BUDGET.key],
        read_credentials(program, prefix, taken),
        own,
    )
