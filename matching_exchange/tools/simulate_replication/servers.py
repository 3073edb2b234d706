"""The servers of the log. That they agree is taken for granted: there is one truth. What is simulated is what they do
to their callers: answers that are late, lost or doubled, elections among them, a majority that is away, and watches
that fall silent or have holes.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from matcher.storage.log import Position
from matching_exchange.tools.simulate_replication.audit import Audit
from matching_exchange.tools.simulate_replication.network import Network
from matching_exchange.tools.simulate_replication.planted import Planted
from matching_exchange.tools.simulate_replication.seen import Seen
from matching_exchange.tools.simulate_replication.world import MS, Action, World

SERVERS: Final = 3

ELECTION: Final = (500 * MS, 1000 * MS)
"""How long the servers are without a leader after theirs is gone."""

RANGE: Final = 100
"""Records that one read brings at most."""

Answered = TypeVar("Answered")


class Trimmed:
    """What was asked for is not in the log any more."""


Records = list[tuple[Position, bytes]]


class Watch:
    """Tells of records as they are committed, from one server. Who opens it sets `event`."""

    event: Callable[[Position, bytes], None]

    def __init__(self, caller: str, server: int) -> None:
        self.caller = caller
        self.server = server
        self.silent = False
        self.last = 0


class Servers:
    """down, isolated: servers that are ended, and that reach no other server."""

    def __init__(self, world: World, network: Network, audit: Audit, seen: Seen, planted: Planted | None) -> None:
        self.head: Position = 0
        self.trimmed: Position = 0
        self.down: set[int] = set()
        self.isolated: set[int] = set()
        self.slow = 0
        self._records: dict[Position, bytes] = {}
        self._leader = 0
        self._electing_until = 0
        self._queued: list[Action] = []
        self._watches: list[Watch] = []
        self._world = world
        self._network = network
        self._audit = audit
        self._seen = seen
        self._planted = planted

    # What is asked of them: each carried out at one moment between the request and its answer

    def append(self, expected: Position, packed: bytes) -> bool:
        """The compare-and-append. False: refused."""
        if self._planted is Planted.RECORD_KEY:
            if expected + 1 in self._records:
                return False
            self._put(expected + 1, packed)
            return True
        if self.head != expected and self._planted is not Planted.NO_FENCING:
            return False
        self._put(self.head + 1, packed)
        return True

    def look(self, position: Position) -> bytes | None:
        return self._records.get(position)

    def read(self, after: Position) -> Records | Trimmed:
        if after < self.trimmed:
            return Trimmed()
        last = min(self.head, after + RANGE)
        return [(position, self._records[position]) for position in range(after + 1, last + 1)]

    def trim(self, upto: Position) -> None:
        for position in range(self.trimmed + 1, upto + 1):
            self._records.pop(position, None)
        if upto > self.trimmed:
            self.trimmed = upto
            self._seen.trims += 1

    def _put(self, position: Position, packed: bytes) -> None:
        self._records[position] = packed
        self.head = max(self.head, position)
        self._audit.committed(position, packed)
        self._seen.records += 1
        self._watches = [watch for watch in self._watches if not watch.silent]
        for watch in self._watches:
            self._tell(watch, position, packed)

    # How it is asked

    def call(
        self,
        caller: str,
        server: int,
        operation: Callable[[], Answered],
        reply: Callable[[Answered], None],
        failed: Action,
    ) -> None:
        """Send a request. One of `reply` and `failed` is called some time later, or none is, or twice."""
        name = f"log {server}"

        def arrive() -> None:
            if server in self.down:
                if self._world.chance(0.7):
                    self._network.send(name, caller, failed)
            elif not self._works(server):
                self._stuck(arrive, name, caller, failed)
            else:
                self._world.after(self._work_time(), execute)

        def execute() -> None:
            if not self._works(server):
                self._stuck(arrive, name, caller, failed)
                return
            answer = operation()
            self._network.send(name, caller, lambda: reply(answer))

        self._network.send(caller, name, arrive)

    def watch(self, watch: Watch, after: Position) -> None:
        """Tell of the records behind a position, and of all that come."""

        def arrive() -> None:
            if watch.server in self.down or not self._works(watch.server):
                watch.silent = True
                return
            self._seen.watches_opened += 1
            self._watches.append(watch)
            for position in range(max(after, self.trimmed) + 1, self.head + 1):
                self._tell(watch, position, self._records[position])

        self._network.send(watch.caller, f"log {watch.server}", arrive)

    def _tell(self, watch: Watch, position: Position, packed: bytes) -> None:
        world, weather = self._world, self._network.weather
        cut = (f"log {watch.server}", watch.caller) in self._network.cut
        if cut or not self._works(watch.server):
            # A watch whose server was cut off stays silent for ever, or goes on behind a hole.
            watch.silent = world.chance(0.6)
            return
        if world.chance(weather.watch_silent):
            watch.silent = True
            return
        if world.chance(weather.watch_hole):
            self._seen.holes += 1
            return
        watch.last = max(watch.last, world.now + world.between(200_000, 2 * MS))
        world.at(watch.last, lambda: watch.event(position, packed))
        if world.chance(weather.double):
            world.at(watch.last + world.between(0, 50 * MS), lambda: watch.event(position, packed))

    # What happens to them

    def stop(self, server: int, *, cut: bool) -> None:
        """End a server, or cut it off from the others."""
        (self.isolated if cut else self.down).add(server)
        if server == self._leader:
            self._electing_until = self._world.now + self._world.between(*ELECTION)
            self._leader = (server + 1) % SERVERS

    def heal(self) -> None:
        """All servers run and reach each other."""
        if len(self.down | self.isolated) > SERVERS // 2:
            self._electing_until = self._world.now + self._world.between(*ELECTION)
        self.down.clear()
        self.isolated.clear()
        queued, self._queued = self._queued, []
        for arrive in queued:
            self._seen.late_requests += 1
            self._world.at(self._electing_until, arrive)

    def heal_one(self, server: int) -> None:
        working_before = SERVERS - len(self.down | self.isolated)
        self.down.discard(server)
        self.isolated.discard(server)
        if working_before <= SERVERS // 2:
            self._electing_until = max(self._electing_until, self._world.now + self._world.between(*ELECTION))
        if not self.down and not self.isolated:
            self.heal()

    @property
    def leader(self) -> int:
        """The server that the others follow."""
        return self._leader

    def _works(self, server: int) -> bool:
        away = self.down | self.isolated if self.isolated or self.down else ()
        if not away:
            return self._world.now >= self._electing_until
        return server not in away and len(away) <= SERVERS // 2 and self._world.now >= self._electing_until

    def _work_time(self) -> int:
        world = self._world
        most = self._network.weather.commit
        time = world.between(200_000, most)
        if self.slow:
            time += world.between(self.slow // 2, self.slow)
        return time

    def _stuck(self, arrive: Action, name: str, caller: str, failed: Action) -> None:
        """A request without a majority: refused, lost, or carried out when there is one again."""
        kind = self._world.random.random()
        if kind < 0.35:
            self._world.after(self._world.between(0, 200 * MS), lambda: self._network.send(name, caller, failed))
        elif kind < 0.6:
            if self._world.now < self._electing_until:
                self._seen.late_requests += 1
                self._world.at(self._electing_until + self._world.between(0, 20 * MS), arrive)
            else:
                self._queued.append(arrive)
