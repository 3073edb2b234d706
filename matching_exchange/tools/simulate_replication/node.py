"""A node: a standby that becomes a leader, and ends when it is fenced. It stands for the loops of a matcher's process.

It reads its clock in the order that `matcher.replication.member` demands, and may be stopped between any two steps.
"""

from collections import deque
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from matcher.replication.member import Member, Step
from matcher.replication.timings import LEASE
from matcher.storage.log import Appended, FencedError, Kind, Logged, Position, Record, TrimmedError
from matching_exchange.tools.simulate_replication.access import Access
from matching_exchange.tools.simulate_replication.planted import Planted
from matching_exchange.tools.simulate_replication.state import Answer, Command, State, outputs_of
from matching_exchange.tools.simulate_replication.weather import Point
from matching_exchange.tools.simulate_replication.world import MS, Clock, Process

if TYPE_CHECKING:
    from matching_exchange.tools.simulate_replication.cluster import Cluster

PULSE_EVERY: Final = 200 * MS

FRAMES: Final = 4
"""Frames that one turn takes at most, so that there are several turns."""

STALLS: Final = (20 * MS, 200 * MS, 700 * MS, 3000 * MS)


class Query(Struct):
    """A question of a client."""

    client: int
    number: int


class Result(Struct):
    """What a query has come to: the state that it was made from."""

    query: Query
    sequence: int
    value: int


class Snapshot(Struct):
    """The state at a position."""

    position: Position
    crc: int
    state: State


class Node:
    """One life of a node's process. `disk` has its snapshots, which outlive it."""

    def __init__(self, cluster: "Cluster", number: int, clock: Clock, disk: list[Snapshot]) -> None:
        self.number = number
        self.process = Process(cluster.world, f"node {number}")
        self.state = State()
        self.member = Member(number, 0, clock())
        self.frames: deque[Command | Query] = deque()
        self.hand_over_to: int | None = None
        self.clock = clock
        self.disk = disk
        self._cluster = cluster
        self._planted = cluster.planted
        self._log = Access(self.process, clock, cluster.servers, cluster.audit, cluster.seen, cluster.planted)
        self._crc = 0
        self._under_way = Kind.EPOCH
        self._answers: list[Answer] = []
        self._held: list[Result] = []
        self._pulse_at = 0
        self._since_checkpoint = 0

    @property
    def leads(self) -> bool:
        return self.process.alive and self._pulse_at > 0

    @property
    def holds_commands(self) -> bool:
        """Whether it has carried out commands whose record is not known to be committed."""
        return bool(self._answers)

    def run(self) -> Iterator[int | None]:
        """The program of the process."""
        yield from self._start()
        yield from self._stand_by()
        status = yield from self._lead()
        self._cluster.ended(self, status)

    # The start

    def _start(self) -> Iterator[int]:
        self._begin_at(self.disk[-1] if self.disk else None)
        yield 0

    def _begin_at(self, snapshot: Snapshot | None) -> None:
        if snapshot is None:
            self._cluster.seen.starts_without_snapshot += 1
            self.state, position, self._crc = State(), 0, 0
        else:
            self.state, position, self._crc = snapshot.state.copy(), snapshot.position, snapshot.crc
        self.member = Member(self.number, position, self.clock())
        self._log.follow(position, self._crc)

    def _fetch(self) -> Iterator[int]:
        """A snapshot of another node: the log does not go back to what this one has."""
        self.process.pause(self.process.world.between(MS, 30 * MS))
        yield 0
        self._cluster.seen.snapshots_fetched += 1
        snapshot = self._cluster.newest_snapshot()
        self._log = self._cluster.access_of(self.process, self.clock)
        self.disk[:] = [snapshot]
        self._begin_at(snapshot)

    # As a standby

    def _stand_by(self) -> Iterator[int | None]:
        while True:
            self.process.receive()
            self.frames.clear()
            try:
                yield from self._take()
            except TrimmedError:
                yield from self._fetch()
            answer = self._log.head_answer()
            if answer is not None:
                self.member.head(answer)
            step = self.member.work(self.clock())
            if step is Step.ASK:
                self._log.ask_head()
                self.member.asked(self.clock())
            elif step is Step.ELECT:
                if self._stall(Point.ELECT):
                    yield 0
                elected = yield from self._elect()
                if elected:
                    return
                continue
            yield self._until(self.member.due(), self._log.due())

    def _take(self) -> Iterator[int]:
        """Carry out what the log has."""
        old_clock = self._planted is Planted.RECEIVED_OLD_CLOCK
        now = self.clock()
        if old_clock and self._stall(Point.TAKEN):
            yield 0
            self.process.receive()
        while True:
            logged = self._log.take()
            if logged is None:
                return
            self._replay(logged)
            if not old_clock:
                if self._stall(Point.TAKEN):
                    yield 0
                now = self.clock()
            self.member.received(logged.position, now)
            record = logged.record
            last = not self._log.has_more
            if record.kind is Kind.HANDOVER and record.entries == [bytes([self.number])] and last:
                self.member.handed_over(self.clock())

    def _replay(self, logged: Logged) -> None:
        record = logged.record
        _, outputs = self.state.replay(record)
        self._cluster.audit.replayed(self.number, outputs, record)
        self._crc = logged.crc
        if record.kind is Kind.CHECKPOINT:
            self._save(logged.position)

    def _save(self, position: Position) -> None:
        self.disk.append(Snapshot(position, self._crc, self.state.copy()))
        del self.disk[:-2]

    def _elect(self) -> Generator[int | None, None, bool]:
        """Whether the log has taken this node's Epoch."""
        member, world = self.member, self.process.world
        world.note(f"node {self.number} elects itself at {member.applied}")
        member.electing()
        epoch = max(self.clock.wall(), self.state.time + 1)
        # Where the clock is behind the log, two lives of a node choose one epoch: only these bytes tell them apart.
        drawn = b"" if self._planted is Planted.SAME_EPOCH else world.random.randbytes(8)
        self._begin(Record(self.state.sequence + 1, epoch, [drawn], Kind.EPOCH, epoch, self.number))
        while True:
            try:
                appended = self._log.appended()
            except FencedError:
                self._cluster.seen.elections_refused += 1
                member.not_elected()
                return False
            if appended is not None:
                member.elected(appended)
                self.state.time = self.state.epoch = epoch
                self._crc = appended.crc
                world.note(f"node {self.number} leads, epoch {epoch % 10**9}")
                return True
            yield self._until(self._log.append_due())
            self.process.receive()

    def _begin(self, record: Record) -> None:
        self._under_way = record.kind
        self._log.begin(self.member.applied, self._crc)
        self._log.begin_append(self.member.applied, record)

    # As the leader

    def _lead(self) -> Generator[int | None, None, str]:
        """Ends with what its process ends for."""
        self._log.stop_following()
        self.process.receive()
        self.frames.clear()
        self._pulse()
        while True:
            self.process.receive()
            try:
                appended = self._log.appended()
            except FencedError:
                self._fenced()
                return "fenced"
            if appended is not None:
                self._committed(appended)
                if self._under_way is Kind.HANDOVER and self._planted is not Planted.LEASE_AFTER_HANDOVER:
                    return "handed over"
            if not self._log.under_way:
                yield from self._turn()
            if self.clock() >= self._pulse_at:
                self._pulse()
            under_way = self._log.under_way
            if under_way or not self.frames:
                due = self.member.due(append_under_way=under_way)
                yield self._until(due, self._pulse_at, self._log.append_due())

    def _fenced(self) -> None:
        self.member.fenced()
        self.process.world.note(f"node {self.number} is fenced")
        self._cluster.seen.leaders_fenced += 1
        self._cluster.seen.fenced_with_commands += self.holds_commands

    def _committed(self, appended: Appended) -> None:
        if self._planted is Planted.LEASE_FROM_ANSWER:
            appended = Appended(appended.position, appended.crc, self.clock())
        self.member.committed(appended)
        self._crc = appended.crc
        self._answer(self._answers)
        self._answers = []
        for result in self._held:
            self._cluster.tell_result(self, result)
        self._held = []
        if self._under_way is Kind.CHECKPOINT:
            self._save(appended.position)
            self._cluster.trim(self)

    def _turn(self) -> Iterator[int]:
        """Take frames, and do what they or the member ask for."""
        now = self.clock()
        if self._stall(Point.QUERY):
            yield 0
            self.process.receive()
        entries, results, outputs = self._take_frames()
        if entries:
            self._held += results
            yield from self._append(Kind.BATCH, entries, outputs)
            return
        if results:
            if self._may_answer(now if self._planted is Planted.READ_OLD_CLOCK else self.clock()):
                if self._stall(Point.ANSWER):
                    yield 0
                for result in results:
                    self._cluster.tell_result(self, result)
            else:
                self._cluster.seen.reads_held += len(results)
                self._held += results
                yield from self._append(Kind.BEAT)
        elif self.hand_over_to is not None:
            target, self.hand_over_to = self.hand_over_to, None
            if self._planted is not Planted.LEASE_AFTER_HANDOVER:
                self.member.resign()
            self._cluster.seen.handed_over += 1
            yield from self._append(Kind.HANDOVER, [bytes([target])])
        elif self._since_checkpoint >= self._cluster.network.weather.checkpoint_every:
            self._since_checkpoint = 0
            yield from self._append(Kind.CHECKPOINT)
        elif self.member.work(self.clock()) is Step.BEAT:
            yield from self._append(Kind.BEAT)

    def _take_frames(self) -> tuple[list[bytes], list[Result], int]:
        """Execute the commands of a turn: the entries of their record, the results of queries, the CRC of the
        answers. What was executed before is answered again, with those of the same turn."""
        stamp = max(self.clock.wall(), self.state.time)
        entries: list[bytes] = []
        results: list[Result] = []
        executed: list[Answer] = []
        again: list[Answer] = []
        for _ in range(min(FRAMES, len(self.frames))):
            frame = self.frames.popleft()
            if isinstance(frame, Query):
                results.append(Result(frame, self.state.sequence, self.state.value))
            elif self.state.is_next(frame):
                entries.append(frame.packed())
                executed.append(self.state.execute(entries[-1], stamp))
            else:
                answer = self.state.answered(frame)
                if answer is not None:
                    again.append(answer)
        self._since_checkpoint += len(entries)
        if not entries or self._planted is Planted.ANSWER_AHEAD:
            self._answer(executed + again)
        else:
            self._answers = executed + again
        if entries and self._planted is Planted.READ_AHEAD:
            for result in results:
                self._cluster.tell_result(self, result)
            results = []
        return entries, results, outputs_of(executed)

    def _append(self, kind: Kind, entries: list[bytes] | None = None, outputs: int = 0) -> Iterator[int]:
        if self._stall(Point.APPEND):
            yield 0
        state = self.state
        sequence = state.sequence + 1
        if kind is Kind.BATCH:
            assert entries is not None
            sequence -= len(entries)
        else:
            state.time = max(self.clock.wall(), state.time)
        self.member.begun(self.clock())
        self._begin(Record(sequence, state.time, entries or [], kind, state.epoch, self.number, outputs))

    def _may_answer(self, now: int) -> bool:
        if self._planted is Planted.NO_LEASE:
            return True
        return self.member.may_answer(now)

    def _answer(self, answers: list[Answer]) -> None:
        for answer in answers:
            self._cluster.tell_answer(self, answer)

    def _pulse(self) -> None:
        self._pulse_at = self.clock() + PULSE_EVERY
        self._cluster.pulse(self)

    # Both

    def _until(self, *dues: int | None) -> int | None:
        """When the process wakes by itself, in the time of the world."""
        due = min((time for time in dues if time is not None), default=None)
        return None if due is None else self.clock.world_time(due)

    def _stall(self, point: Point) -> bool:
        """Whether the process is stopped here for a while: it has to yield then."""
        weather, world = self._cluster.network.weather, self.process.world
        if weather.stall_at is not point or not world.chance(weather.stall):
            return False
        duration = world.between(MS, world.random.choice(STALLS))
        self._cluster.seen.stalls += 1
        world.note(f"node {self.number} stops for {duration // MS} ms {point.value}")
        self.process.pause(duration)
        return True


assert PULSE_EVERY < LEASE
