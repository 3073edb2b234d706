"""Matchers that share a log in etcd, each a process of its own, without a gateway."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from matcher.storage.snapshot_file import snapshots
from matching_exchange.tools import processes
from protocol.bases import PORTS, base_endpoints
from protocol.client import CommandClient
from protocol.commands import PlaceOrder
from protocol.queries import DigestQuery
from protocol.results import Digest
from protocol.units import OrderType, Side
from tests.exchange import LIVING, PATIENCE, Process, clean_environment, wait_until

LEADS = "this node leads"


def free_bases(count: int) -> list[str]:
    """Base addresses whose ports nobody listens on."""
    return [f"127.0.0.1:{base}" for base in processes.free_bases(count, PORTS)]


class NodeProcess(Process):
    """A node of that number. `peers` are the bases of all nodes."""

    def __init__(
        self,
        directory: Path,
        number: int,
        log: str,
        peers: Sequence[str],
        *flags: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        directory.mkdir(exist_ok=True)
        self.endpoints = base_endpoints(peers[number])
        self.data = directory / "data"
        own = [f"--node={number}", f"--base={peers[number]}", f"--peers={','.join(peers)}", f"--data-dir={self.data}"]
        self._own = [*own, *flags]
        super().__init__("matcher", directory, [], environment)
        self.follow(log)

    def follow(self, log: str) -> None:
        """The next start is with that log."""
        self.arguments = [f"--log={log}", *self._own]

    def client(self) -> CommandClient:
        return CommandClient(self.endpoints.commands, self.endpoints.reports, PATIENCE)

    def snapshot_names(self) -> list[str]:
        return [path.stem for path in snapshots(self.data / "snapshots")]

    def refused(self) -> str:
        """Start it. It must end at once with one line, which is returned."""
        done = subprocess.run(
            [sys.executable, "-m", "matcher", *self.arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), (done.returncode, done.stdout, done.stderr)
        return done.stderr

    def ends(self) -> int:
        """Wait until it ends by itself; its status."""
        assert self.process is not None, "it was started"
        status = self.process.wait(PATIENCE)
        self.process = None
        assert not self.failures(), self.text()
        return status

    def adopt(self, *arguments: str) -> dict[str, str]:
        """Run adopt on its data directory; what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "matcher.adopt", f"--data-dir={self.data}", *arguments],
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return dict(line.split() for line in done.stdout.splitlines())


@contextmanager
def running_nodes(directory: Path, log: str, count: int, *flags: str) -> Iterator[list[NodeProcess]]:
    """So many nodes, each in a directory of its own below. Those that still run in the end are killed."""
    peers = free_bases(count)
    nodes = [NodeProcess(directory / f"node{number}", number, log, peers, *flags) for number in range(count)]
    with killed_in_the_end(nodes):
        for node in nodes:
            node.start()
        yield nodes


@contextmanager
def killed_in_the_end(nodes: Sequence[NodeProcess]) -> Iterator[None]:
    """Those that still run when the block ends are killed."""
    try:
        yield
    finally:
        for node in nodes:
            if node.process is not None:
                node.process.kill()
                node.process.wait(PATIENCE)
            if node in LIVING:
                LIVING.remove(node)


def leader_of(nodes: Sequence[NodeProcess]) -> NodeProcess:
    """The node that leads, once one does."""

    def leading() -> list[NodeProcess]:
        return [node for node in nodes if node.process is not None and node.running and _leads(node)]

    return wait_until(leading, "a leader")[0]


def _leads(node: NodeProcess) -> bool:
    """Whether its last start has become a leader."""
    told = [record["event"] for record in node.records()]
    starts = [at for at, event in enumerate(told) if event == "matcher started"]
    return bool(starts) and LEADS in told[starts[-1] :]


def place(client: CommandClient, count: int, account: str = "ann") -> None:
    """Place that many orders."""
    for number in range(count):
        side = Side.BUY if number % 3 else Side.SELL
        client.command(PlaceOrder("BTC-USDT", account, side, OrderType.LIMIT, 100_000, 6_000_000 + number % 7))


def digest_of(client: CommandClient) -> str:
    result = client.query(DigestQuery()).result
    assert isinstance(result, Digest)
    return result.digest
