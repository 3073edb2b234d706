"""Strikes the cluster: its leader is killed, paused or cut off, alone or with the log's leader. Each strike is over
when the exchange answers, and each node follows or leads."""

import signal
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Final, Literal

from msgspec import Struct

from matching_exchange.tools.cluster.group import LOOK_SECONDS
from matching_exchange.tools.cluster.layout import SERVERS
from matching_exchange.tools.processes import pause
from matching_exchange.tools.torture.cluster.exchange import ClusterExchange, machine_of
from matching_exchange.tools.torture.promises import Promise

Cut = Literal[
    "leader from the log",
    "leader's machine",
    "one log server",
    "majority of the log",
    "leader deaf to the log",
    "leader mute to the log",
]

CUTS: Final[tuple[Cut, ...]] = (
    "leader from the log",
    "leader's machine",
    "one log server",
    "majority of the log",
    "leader deaf to the log",
    "leader mute to the log",
)
"""What is cut off from what: the leader from the log's servers, both ways or one way; the leader and a log server on
its machine from all else; one log server, or two, from all else."""

NO_MAJORITY: Final[Cut] = "majority of the log"

Kind = Literal["kill", "pause", "both", "partition"]

CUT_SECONDS: Final = (2.0, 6.0)
"""The shortest and the longest partition."""

PAUSE_SECONDS: Final = (2.0, 10.0)
"""The shortest and the longest pause of a leader: longer than any silence before an election."""

WAKE_SECONDS: Final = 10.0
"""How long a woken leader may take until it has ended."""


class Strike(Struct):
    """What was done, and when.

    wall: nanoseconds since 1970, as the records of the log have it.
    at: the same moment in seconds of the clients' clock.
    over: when the exchange was whole again.
    detail: what was cut; empty for other kinds.
    possible: from when on another leader was possible: at once, but where the log has no majority."""

    kind: Kind
    node: int
    wall: int
    at: float
    detail: str = ""
    over: float = 0.0
    possible: float | None = None

    @property
    def counts_from(self) -> float:
        return self.at if self.possible is None else self.possible


class Striker:
    """kinds: of the strikes, in their order. calm: the longest time, in seconds, between two of them. until: when no
    more begin, by time.monotonic."""

    def __init__(
        self,
        exchange: ClusterExchange,
        kinds: Sequence[Kind],
        seed: int,
        calm: float,
        pauses: tuple[float, float] = PAUSE_SECONDS,
        until: float = float("inf"),
    ) -> None:
        self._exchange = exchange
        self._kinds = kinds
        self._random = Random(f"{seed} strikes")
        self._calm = calm
        self._pauses = pauses
        self._until = until
        self._epoch = 0
        self.strikes: list[Strike] = []
        self.not_refused = Promise("a woken leader that went on")

    def run(self, count: int, progress: Callable[[int], None]) -> None:
        """Carry out the first `count` strikes. Raises ExchangeError if a process does not come back."""
        self._exchange.wait_until_whole()
        for number in range(1, count + 1):
            if time.monotonic() > self._until:
                return
            self._rest(self._random.uniform(0, self._calm))
            self._strike(number)
            self._exchange.wait_until_whole()
            self.strikes[-1].over = time.monotonic()
            progress(number)

    def _strike(self, number: int) -> None:
        match self._kinds[number - 1]:
            case "kill":
                self._kill()
            case "pause":
                self._pause()
            case "both":
                self._kill_both()
            case "partition":
                self._cut(CUTS[(number - 1) % len(CUTS)])

    def _note(self, kind: Kind, node: int, detail: str = "") -> None:
        self._epoch = self._exchange.epoch
        self.strikes.append(Strike(kind, node, time.time_ns(), time.monotonic(), detail))

    def _rest(self, seconds: float) -> None:
        """Let the exchange work, and hear what its nodes say."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._exchange.look()
            time.sleep(LOOK_SECONDS)

    def _kill(self) -> None:
        node = self._exchange.leader
        process = self._exchange.nodes[node]
        self._note("kill", node)
        process.kill()
        process.start()
        self._wait_for_another(node)

    def _pause(self) -> None:
        node = self._exchange.leader
        process = self._exchange.nodes[node]
        running = process.running
        self._note("pause", node)
        pause(running)
        try:
            self._rest(self._random.uniform(*self._pauses))
            self._wait_for_another(node)
        finally:
            running.send_signal(signal.SIGCONT)
        self._wait_for_end(node)

    def _kill_both(self) -> None:
        node, server = self._exchange.leader, self._log_leader_now()
        process, log = self._exchange.nodes[node], self._exchange.servers[server]
        both = log.running, process.running
        self._note("both", node, f"with {log.member.name}")
        for each in both:
            each.kill()
        for each in both:
            each.wait()
        process.start()
        self._wait_for_another(node)
        log.start()
        self._wait_for_log()

    def _cut(self, cut: Cut) -> None:
        exchange, network = self._exchange, self._exchange.network
        assert network is not None, "partitions need one"
        node = exchange.leader
        leader, servers = machine_of(node), [member.name for member in exchange.members]
        self._note("partition", node, cut)
        match cut:
            case "leader from the log":
                network.cut([leader], servers)
            case "leader deaf to the log":
                network.cut([leader], servers, outgoing=False)
            case "leader mute to the log":
                network.cut([leader], servers, incoming=False)
            case "leader's machine":
                network.isolate([leader, servers[node % SERVERS]])
            case "one log server":
                network.isolate([servers[self._log_leader_now() if self._random.random() < 0.5 else node % SERVERS]])
            case "majority of the log":
                for server in self._random.sample(servers, SERVERS // 2 + 1):
                    network.isolate([server])
        try:
            self._rest(self._random.uniform(*CUT_SECONDS))
        finally:
            network.heal()
        if cut == NO_MAJORITY:
            self.strikes[-1].possible = time.monotonic()
        self._wait_for_log()

    def _log_leader_now(self) -> int:
        found: list[int] = []

        def look() -> bool:
            number = self._exchange.log_leader
            found.extend([] if number is None else [number])
            return bool(found)

        self._exchange.wait_until(look, "a leader of the log")
        return found[-1]

    def _wait_for_log(self) -> None:
        servers = self._exchange.servers
        self._exchange.wait_until(lambda: all(server.member.serves for server in servers), "all servers of the log")

    def _wait_for_another(self, node: int) -> None:
        """Wait for a leader of a higher epoch than before the strike."""
        self._exchange.wait_until(lambda: self._exchange.epoch > self._epoch, f"another leader than node {node}")

    def _wait_for_end(self, node: int) -> None:
        """A woken leader must be refused by the log, and end."""
        before = len(self._exchange.fenced)
        deadline = time.monotonic() + WAKE_SECONDS
        while len(self._exchange.fenced) == before:
            if time.monotonic() > deadline:
                self.not_refused.breach(f"node {node} runs {WAKE_SECONDS:g} seconds after it was woken")
                return
            self._rest(LOOK_SECONDS)
