"""Virtual time: what happens when, and processes that a fault may stop between any two of their steps."""

from collections import deque
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from random import Random
from typing import Final
from zlib import crc32

MS: Final = 1_000_000

WAKE: Final = 30_000
"""Nanoseconds from an event to the process that waits for it."""

TRACE: Final = 60
"""Last lines of a run that are kept for who looks for a fault."""

MOST_EVENTS: Final = 300_000
"""A run has some thousands. One with more has a process that never waits."""

Action = Callable[[], None]


class Violation(Exception):  # noqa: N818
    """A promise of the protocol is broken. The message is one line."""


class World:
    """The queue of events. All chance is of one seed, so that a seed is a run."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now = 0
        self.digest = 0
        self.events = 0
        self.trace: deque[str] = deque(maxlen=TRACE)
        self._queue: list[tuple[int, int, Action]] = []
        self._count = 0

    def at(self, time: int, action: Action) -> None:
        self._count += 1
        heappush(self._queue, (max(time, self.now), self._count, action))

    def after(self, delay: int, action: Action) -> None:
        self.at(self.now + delay, action)

    def run(self, until: int) -> None:
        queue = self._queue
        while queue and queue[0][0] <= until:
            self.now, _, action = heappop(queue)
            self.events += 1
            action()
            if self.events > MOST_EVENTS:
                raise Violation(f"a process does not wait for anything: {MOST_EVENTS} events in one run")
        self.now = until

    def chance(self, probability: float) -> bool:
        return probability > 0 and self.random.random() < probability

    def between(self, low: int, high: int) -> int:
        return low + int(self.random.random() * (high - low))

    def note(self, text: str) -> None:
        """A line of the trace. The digest of all lines names the run."""
        line = f"{self.now / MS:10.3f} ms  {text}"
        self.digest = crc32(line.encode(), self.digest)
        self.trace.append(line)


class Process:
    """One thread, written as a generator. What it yields is the time until which it waits for its inbox; None: for
    ever. It does not run while it is paused; what arrives is kept."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.alive = True
        self.paused_until = 0
        self._inbox: deque[Action] = deque()
        self._program: Iterator[int | None] | None = None
        self._scheduled: int | None = None
        self._ticket = 0

    def start(self, program: Iterator[int | None]) -> None:
        self._program = program
        self._schedule(self.world.now)

    def post(self, message: Action) -> None:
        """It carries this out when it runs next."""
        if self.alive:
            self._inbox.append(message)
            self._schedule(self.world.now + WAKE)

    def receive(self) -> None:
        """Carry out what has arrived."""
        inbox = self._inbox
        while inbox:
            inbox.popleft()()

    def pause(self, duration: int) -> None:
        self.paused_until = max(self.paused_until, self.world.now + duration)

    def end(self) -> None:
        self.alive = False
        self._inbox.clear()
        self._program = None

    def _schedule(self, time: int) -> None:
        time = max(time, self.paused_until)
        if self._scheduled is None or time < self._scheduled:
            self._scheduled = time
            self._ticket += 1
            ticket = self._ticket
            self.world.at(time, lambda: self._run(ticket))

    def _run(self, ticket: int) -> None:
        if ticket != self._ticket or self._program is None:
            return
        self._scheduled = None
        now = self.world.now
        if now < self.paused_until:
            self._schedule(self.paused_until)
            return
        try:
            deadline = next(self._program)
        except StopIteration:
            self.end()
            return
        if not self.alive:
            return
        if self._inbox:
            self._schedule(now + WAKE)
        elif deadline is not None:
            self._schedule(max(deadline, now + 1000))


class Clock:
    """That of one machine: it began at another time, and runs a little faster or slower. `wall` may be set."""

    def __init__(self, world: World, offset: int, drift: int, skew: int) -> None:
        self._world = world
        self._offset = offset
        self._drift = drift
        self.skew = skew

    def __call__(self) -> int:
        """Nanoseconds of the clock of the replication. `drift` is in parts per million."""
        now = self._world.now
        return self._offset + now + now * self._drift // 1_000_000

    def world_time(self, time: int) -> int:
        """When this clock shows that."""
        elapsed = time - self._offset
        return elapsed - elapsed * self._drift // 1_000_000 + 1000

    def wall(self) -> int:
        """The time of day, which stamps records. It may be wrong, and jump."""
        return 10_000_000_000_000 + self._world.now + self.skew
