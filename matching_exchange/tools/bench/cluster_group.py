"""The log's servers and the matchers that a bench of a cluster measures."""

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from matching_exchange.tools.bench.measure import BenchError
from matching_exchange.tools.bench.snapshots import load
from matching_exchange.tools.bench.together import Children
from matching_exchange.tools.bench.wire import PATIENCE, Frame, Wire
from matching_exchange.tools.cluster.etcd import EtcdServer, Member, find
from matching_exchange.tools.cluster.group import Group, endpoint
from matching_exchange.tools.cluster.layout import HOST, NODES, SERVERS, SOCKETS, log_of
from matching_exchange.tools.connections import Connections, request_bytes
from matching_exchange.tools.processes import free_bases, free_ports

ORDER: Final = b'{"symbol":"BTC-USDT","order_type":"limit","side":"buy","quantity":"0.1","price":"100"}'

ASK_EVERY: Final = 0.002
"""Seconds between two orders while nobody leads."""

SEND_AGAIN_AFTER: Final = 0.25
"""Seconds without an answer, after which what waits is sent again."""


class Servers:
    """A context manager: inside, three servers of etcd agree; after it, none runs."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        ports = free_ports(2 * SERVERS)
        self._members = [
            Member(f"etcd-{number}", HOST, *ports[2 * number : 2 * number + 2]) for number in range(SERVERS)
        ]
        program = find(None)
        self._servers = [
            EtcdServer(program, each, self._members, directory / each.name, directory / f"{each.name}.log")
            for each in self._members
        ]
        self._logs = 0

    def __enter__(self) -> "Servers":
        for server in self._servers:
            server.start()
        deadline = time.monotonic() + PATIENCE
        while not all(member.serves for member in self._members):
            if time.monotonic() > deadline:
                raise BenchError(f"the log did not answer within {PATIENCE:g} seconds")
            time.sleep(ASK_EVERY)
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()

    def new_log(self) -> str:
        """The setting of a log that is empty."""
        self._logs += 1
        return log_of([member.client_address for member in self._members], f"log-{self._logs}")


class MeasuredGroup(Group):
    """Three matchers of one log, with a gateway where `workers` are given."""

    def connect(self) -> Wire:
        """A connection to the node that leads."""
        self.wait_until(lambda: self.pulses.leader is not None, "a leader")
        base = self.bases[self.leader]
        return Wire(endpoint(base, 0), endpoint(base, 2))

    def lag_under_load(self, wire: Wire, frames: Sequence[Frame], rate: int) -> list[float]:
        """Send frames of one command at that rate. Milliseconds until a standby has carried out each record,
        ascending."""
        with Children([["lag", self.log, str(len(frames) / rate + 1)]]) as standby:
            standby.begin()
            load(wire, frames, rate)
            [found] = standby.results()
        if not found.lags:
            raise BenchError("the standby has carried out nothing")
        return list(found.lags)

    @property
    def trims(self) -> int:
        """How often the log was trimmed, by the nodes' own words."""
        return sum(node.log.read_text().count('"log trimmed"') for node in self.nodes)


def answer_milliseconds(wire: Wire, frames: Iterator[Frame], under_way: int, seconds: float) -> list[float]:
    """Send frames for some seconds, with a bounded number of commands under way. Milliseconds of each frame from its
    first sending to its last answer, ascending. A leader whose log is full drops frames: they are sent again."""
    waiting: deque[tuple[int, float, bytes]] = deque()
    found: list[float] = []
    answered_at = time.perf_counter()
    end = answered_at + seconds
    frame = next(frames, None)
    while frame is not None or waiting:
        while frame is not None and wire.sent - wire.answered + frame.count <= under_way:
            payload = wire.send(frame)
            waiting.append((wire.sent, time.perf_counter(), payload))
            frame = next(frames, None) if time.perf_counter() < end else None
        if wire.receive(SEND_AGAIN_AFTER):
            answered_at = now = time.perf_counter()
            while waiting and waiting[0][0] <= wire.answered:
                found.append((now - waiting.popleft()[1]) * 1_000)
        elif time.perf_counter() - answered_at > PATIENCE:
            raise BenchError(f"{wire.sent - wire.answered} commands were not answered within {PATIENCE:g} seconds")
        else:
            for _, _, payload in waiting:
                wire.repeat(payload)
    return sorted(found)


@contextmanager
def matchers(
    directory: Path, setting: str, workers: int | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[MeasuredGroup]:
    """Three matchers of that log, each with a directory of its own below. settings: more variables of theirs."""
    bases = [f"{HOST}:{base}" for base in free_bases(NODES, SOCKETS)]
    with MeasuredGroup(Path(mkdtemp(dir=directory)), setting, bases, settings or {}, workers) as group:
        assert isinstance(group, MeasuredGroup), "it is itself"
        yield group


def takeover_milliseconds(group: MeasuredGroup) -> float:
    """Kill the leader; the time until an order is answered, which only the next leader can. The killed one comes
    back."""
    group.wait_until_whole()
    node, epoch = group.leader, group.epoch
    connections = Connections(HOST, group.port, 1)
    request = request_bytes("POST", "/orders", f"{HOST}:{group.port}", ORDER)
    process = group.nodes[node]
    process.kill()
    died = time.perf_counter()
    try:
        answered = _first_answer(connections, request)
    finally:
        connections.close()
    process.start()
    group.wait_until(lambda: group.epoch > epoch, "another leader")
    return (answered - died) * 1_000


def _first_answer(connections: Connections, request: bytes) -> float:
    deadline = time.perf_counter() + PATIENCE
    while time.perf_counter() < deadline:
        connections.send(0, request)
        while connections.under_way:
            for response in connections.receive(PATIENCE):
                if response.status == HTTPStatus.OK:
                    return response.at
        time.sleep(ASK_EVERY)
    raise BenchError(f"no leader has answered within {PATIENCE:g} seconds")
