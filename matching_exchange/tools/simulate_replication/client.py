"""A client, with the gateway that it comes through: numbers its commands, sends again what is not answered, follows the
leader of the highest epoch, and asks now and then."""

from functools import partial
from typing import TYPE_CHECKING, Final

from matching_exchange.tools.simulate_replication.node import Query, Result
from matching_exchange.tools.simulate_replication.state import Answer, Command
from matching_exchange.tools.simulate_replication.world import MS

if TYPE_CHECKING:
    from matching_exchange.tools.simulate_replication.cluster import Cluster

WINDOW: Final = 3
"""Commands from the oldest that is not answered: fewer than a session remembers."""

FLOORS: Final = 200
"""Questions that a reader remembers."""

AGAIN: Final = 500 * MS
"""What is not answered for this time is sent again."""


class Client:
    """silent: it sends no new commands.

    probed_at, well_at: when `probe` was called, and when its command was answered.
    """

    def __init__(self, cluster: "Cluster", number: int, pace: int) -> None:
        self.name = f"client {number}"
        self.number = number
        self.silent = False
        self.probed_at = 0
        self.well_at: int | None = None
        self.unanswered: dict[int, Command] = {}
        self._cluster = cluster
        self._pace = pace
        self._last = 0
        self._probe = 0
        self._sent_at = 0
        self._epoch = 0
        self._leader: int | None = None
        self._query = 0
        self._floor: int | None = None
        self._asked_at = 0
        cluster.world.after(cluster.world.between(0, pace), self._tick)

    def hear_pulse(self, epoch: int, node: int) -> None:
        if epoch > self._epoch:
            self._epoch, self._leader = epoch, node
            self._send_all()

    def hear_answer(self, epoch: int, answer: Answer) -> None:
        if epoch < self._epoch:
            return
        self._cluster.audit.answered(answer)
        self.unanswered.pop(answer.number, None)
        if answer.number == self._probe and self.well_at is None:
            self.well_at = self._cluster.world.now

    def hear_result(self, epoch: int, result: Result) -> None:
        if epoch < self._epoch or self._floor is None or result.query.number != self._query:
            self._cluster.seen.reads_dropped += 1
            return
        floor, self._floor = self._floor, None
        self._cluster.audit.read(floor, result.sequence, result.value)

    def _tick(self) -> None:
        world = self._cluster.world
        world.after(world.between(self._pace // 2, self._pace * 2), self._tick)
        oldest = min(self.unanswered, default=self._last + 1)
        if not self.silent and self._last < oldest + WINDOW - 1 and world.chance(0.6):
            self._send_new()
        if self.unanswered and world.now - self._sent_at > AGAIN:
            self._send_all()
        if self._floor is None or world.now - self._asked_at > AGAIN:
            self._query += 1
            self._floor, self._asked_at = self._cluster.audit.floor, world.now
            self._send(Query(self.number, self._query))

    def probe(self) -> None:
        """Send a new command now, to see when it is answered."""
        self.probed_at = self._cluster.world.now
        self._send_new()
        self._probe = self._last

    def _send_new(self) -> None:
        self._last += 1
        if not self.unanswered:
            self._sent_at = self._cluster.world.now
        command = Command(self.number, self._last, self._cluster.world.random.getrandbits(32))
        self.unanswered[command.number] = command
        self._send(command)

    def _send_all(self) -> None:
        self._sent_at = self._cluster.world.now
        world = self._cluster.world
        for late, command in enumerate(self.unanswered.values()):
            # In their order, mostly: the network keeps none.
            world.after(late * MS, partial(self._send, command))

    def _send(self, frame: Command | Query) -> None:
        if self._leader is not None:
            self._cluster.send_to_node(self, self._leader, frame)


class Reader:
    """Asks nodes at random, and takes any answer: a node must not answer from an old state, whoever asks."""

    def __init__(self, cluster: "Cluster", number: int, pace: int) -> None:
        self.name = f"client {number}"
        self._cluster = cluster
        self._number = number
        self._pace = pace
        self._floors: dict[int, int] = {}
        self._query = 0
        cluster.world.after(cluster.world.between(0, pace), self._tick)

    def hear_pulse(self, epoch: int, node: int) -> None:
        """It does not ask who leads."""

    def hear_answer(self, epoch: int, answer: Answer) -> None:
        """It sends no commands."""

    def hear_result(self, epoch: int, result: Result) -> None:
        floor = self._floors.get(result.query.number)
        if floor is None:
            self._cluster.seen.reads_dropped += 1
        else:
            self._cluster.audit.read(floor, result.sequence, result.value)

    def _tick(self) -> None:
        cluster = self._cluster
        cluster.world.after(cluster.world.between(self._pace // 2, self._pace * 2), self._tick)
        self._query += 1
        self._floors[self._query] = cluster.audit.floor
        self._floors.pop(self._query - FLOORS, None)
        for node in cluster.world.random.sample(range(len(cluster.nodes)), 2):
            cluster.send_to_node(self, node, Query(self._number, self._query))
