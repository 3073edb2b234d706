"""The matchers of one log and a gateway, as processes of a tool: who leads, and when all of them work."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from msgspec import Struct

from matcher.storage.snapshot_file import snapshots
from matching_exchange.tools.cluster.layout import HOST
from matching_exchange.tools.cluster.pulses import Pulses
from matching_exchange.tools.cluster.supervisor import DIVERGED, FENCED
from matching_exchange.tools.processes import ExchangeError, Process, free_ports

READY_SECONDS: Final = 60.0
"""How long the group may take until it answers after a strike."""

HEALTH_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 0.005

MOST_ENDS: Final = 20
"""Nodes may end so often by themselves before a run is given up."""


FENCED_LINE: Final = re.compile(r'^.*"applied": ?(\d+).*another node leads', re.MULTILINE)
"""What a node logs when the log has refused it, with the number of commands that it had applied and not answered."""


class Fenced(Struct, frozen=True):
    """A node that the log has refused, and how many commands it had applied that the log then did not take."""

    node: int
    held: int


class Group:
    """A context manager: inside, all processes run; after it, none does. One thread uses it.

    bases: HOST:PORT of each node. prefixes: a command for each node that becomes its process.
    settings: more variables of the matchers. workers: of the gateway; None for no gateway.
    fenced, diverged, ended: nodes that the log has refused, that have computed otherwise, and that have ended by
        themselves for another reason, the last two in words.
    """

    def __init__(
        self,
        directory: Path,
        log: str,
        bases: Sequence[str],
        settings: Mapping[str, str],
        workers: int | None = 1,
        prefixes: Sequence[Sequence[str]] | None = None,
    ) -> None:
        self.directory = directory
        self.log = log
        self.bases = list(bases)
        peers = ",".join(bases)
        self.nodes = [
            Process(
                "matcher",
                [],
                {
                    "MATCHER_LOG": log,
                    "MATCHER_NODE": str(node),
                    "MATCHER_PEERS": peers,
                    "MATCHER_BASE": base,
                    "MATCHER_DATA_DIR": str(self.data_of(node)),
                    **settings,
                },
                directory / f"matcher-{node}.log",
                prefix=() if prefixes is None else prefixes[node],
            )
            for node, base in enumerate(bases)
        ]
        [self.port] = free_ports(1)
        serving = {"GATEWAY_MATCHERS": peers, "GATEWAY_KEY_FILE": str(directory / "keys" / "server.key")}
        arguments = [f"--host={HOST}", f"--port={self.port}", f"--workers={workers}"]
        self.gateway = None if workers is None else Process("gateway", arguments, serving, directory / "gateway.log")
        self.pulses = Pulses([endpoint(base, 2) for base in bases])
        self.fenced: list[Fenced] = []
        self.diverged: list[str] = []
        self.ended: list[str] = []

    def __enter__(self) -> "Group":
        for process in self._processes:
            process.start()
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            process.close()
        self.pulses.close()

    @property
    def _processes(self) -> list[Process]:
        return [*self.nodes, *([] if self.gateway is None else [self.gateway])]

    def data_of(self, node: int) -> Path:
        return self.directory / f"matcher-{node}"

    @property
    def leader(self) -> int:
        """The node that leads now; waits for one."""
        self.wait_until(lambda: self.pulses.leader is not None, "a leader")
        leader = self.pulses.leader
        assert leader is not None, "it was there"
        return leader.node

    @property
    def epoch(self) -> int:
        """The highest epoch that was heard; 0 before the first."""
        return max((heard.pulse.epoch for heard in self.pulses.nodes.values() if heard.leads), default=0)

    @property
    def commands(self) -> str:
        return endpoint(self.bases[self.leader], 0)

    @property
    def reports(self) -> str:
        return endpoint(self.bases[self.leader], 2)

    @property
    def sockets(self) -> list[tuple[str, str]]:
        """Commands and reports of each node."""
        return [(endpoint(base, 0), endpoint(base, 2)) for base in self.bases]

    @property
    def published(self) -> list[str]:
        """The market data of all nodes."""
        return [endpoint(base, 1) for base in self.bases]

    def wait_until_ready(self) -> None:
        """Wait until the gateway has an answer from a leader."""
        self.wait_until(self._is_healthy, "the exchange")

    def wait_until_whole(self) -> None:
        """Wait until it answers, and each node says that it leads or follows, having applied what the leader had."""
        self.wait_until_ready()
        since = time.monotonic()
        self.wait_until(lambda: self._is_whole(since), "each node")

    def _is_whole(self, since: float) -> bool:
        heard = self.pulses.nodes
        leader = self.pulses.leader
        if leader is None or len(heard) < len(self.nodes) or any(each.at < since for each in heard.values()):
            return False
        return all(each.pulse.epoch == leader.epoch for each in heard.values())

    def look(self) -> None:
        """Hear pulses; start again the nodes that have ended. Raises ExchangeError if they do that too often, or if the
        gateway has ended."""
        self.pulses.hear()
        for node, process in enumerate(self.nodes):
            if process.status is None:
                continue
            log = process.log.read_text(errors="replace")
            if process.status == FENCED:
                self.fenced.append(Fenced(node, held_commands(log)))
            else:
                line = (log.splitlines() or [""])[-1]
                ends = self.diverged if process.status == DIVERGED else self.ended
                ends.append(f"node {node}, status {process.status}: {line}")
                if len(self.ended) > MOST_ENDS:
                    _ = process.running
            process.start()
        if self.gateway is not None and self.gateway.status is not None:
            _ = self.gateway.running

    def _is_healthy(self) -> bool:
        connection = HTTPConnection(HOST, self.port, timeout=HEALTH_SECONDS)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def wait_until(self, ready: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not ready():
            self.look()
            if time.monotonic() > deadline:
                logs = "\n".join(process.log_end() for process in self._processes)
                raise ExchangeError(f"{what} did not answer within {READY_SECONDS:g} seconds:\n{logs}")
            time.sleep(LOOK_SECONDS)

    def stop(self) -> None:
        """Stop gateway and matchers cleanly."""
        if self.gateway is not None:
            self.gateway.stop()
        for node in self.nodes:
            node.terminate()
        for node in self.nodes:
            node.wait_until_stopped()

    def snapshots(self) -> list[Path]:
        """The snapshots of all nodes that are whole."""
        return [path for node in range(len(self.nodes)) for path in snapshots(self.data_of(node) / "snapshots")]


def endpoint(base: str, number: int) -> str:
    """The endpoint of a node's socket of that number, from its base on."""
    host, _, port = base.rpartition(":")
    return f"tcp://{host}:{int(port) + number}"


def held_commands(log: str) -> int:
    """How many commands a node had applied that the log then refused, by the last line of its log that says so."""
    found = FENCED_LINE.findall(log)
    return int(found[-1]) if found else 0
