"""A replicated log in memory, with a clock that tests move: for the loops of leaders and standbys.

One `SharedLog` is what the servers hold. Each node has a `NodeLog` of its own, which can be cut off.
"""

import os
import select
from collections.abc import Iterator

from matcher.replication import record_format
from matcher.replication.timings import TRY
from matcher.storage.log import (
    Appended,
    FencedError,
    HeadAnswer,
    LogAwayError,
    Logged,
    Position,
    Record,
    RewoundError,
    TrimmedError,
)

BATCH = 64
"""Records that a follower hands on at once."""


class FakeClock:
    """The clock of the replication, in nanoseconds. It stands until a test moves it."""

    def __init__(self, now: int = 1_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def forward(self, duration: int) -> None:
        self.now += duration


class Signal:
    """A descriptor that is readable while the signal is set."""

    def __init__(self) -> None:
        self.descriptor, self._other = os.pipe()

    def set(self, *, to: bool) -> None:
        readable = bool(select.select([self.descriptor], [], [], 0)[0])
        if to and not readable:
            os.write(self._other, b"!")
        elif readable and not to:
            os.read(self.descriptor, 1)

    def close(self) -> None:
        os.close(self.descriptor)
        os.close(self._other)


class SharedLog:
    """What the servers hold: record `i` of `packed` stands at position `i + 1`. Records up to `trimmed` are gone."""

    def __init__(self, identity: str = "log-1") -> None:
        self.id = identity
        self.packed: list[bytes] = []
        self.crcs: list[int] = [0]
        self.trimmed: Position = 0
        self.nodes: list[NodeLog] = []

    @property
    def head(self) -> Position:
        return len(self.packed)

    def put(self, record: Record) -> Logged:
        """Append as anybody: for what another node has done."""
        packed, crc = record_format.pack(record, self.crcs[-1])
        self.take(packed, crc)
        return Logged(self.head, crc, record)

    def take(self, packed: bytes, crc: int) -> None:
        self.packed.append(packed)
        self.crcs.append(crc)
        self.tell()

    def tell(self) -> None:
        for node in self.nodes:
            node.signal()

    def record(self, position: Position) -> Record:
        return record_format.unpack(self.packed[position - 1], self.crcs[position - 1])[0]

    def records(self) -> list[Record]:
        """All records, those that are trimmed too."""
        return [self.record(position + 1) for position in range(self.head)]


class MemoryFollower:
    """The records behind a position. While `silent` is set it hands on none."""

    def __init__(self, node: "NodeLog", after: Position) -> None:
        self._node = node
        self._after = after
        self._ready = Signal()
        self._silent = False
        self.closed = False
        self.signal()

    @property
    def descriptor(self) -> int | None:
        return self._ready.descriptor

    @property
    def silent(self) -> bool:
        return self._silent

    @silent.setter
    def silent(self, silent: bool) -> None:
        self._silent = silent
        self.signal()

    def signal(self) -> None:
        if not self.closed:
            can_read = not self._silent and not self._node.away
            self._ready.set(to=can_read and self._after < self._node.shared.head)

    def take(self) -> list[Logged]:
        if self._silent or self._node.away:
            return []
        taken = [logged for _, logged in zip(range(BATCH), self._node.read(self._after), strict=False)]
        if taken:
            self._after = taken[-1].position
        self.signal()
        return taken

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._ready.close()


class NodeLog:
    """The log as one node sees it: a `ReplicatedLog`.

    away: nothing reaches the servers. An append that was begun gets there when it is False again.
    deaf: requests reach the servers, and no answer comes back until it is False again.
    """

    def __init__(self, shared: SharedLog, clock: FakeClock) -> None:
        self.shared = shared
        self._clock = clock
        self._away = False
        self._deaf = False
        self._position: Position = 0
        self._crc = 0
        self._record: Record | None = None
        self._begun = 0
        self._outcome: Appended | FencedError | None = None
        self._asked_at: int | None = None
        self._answer: HeadAnswer | None = None
        self._ready = Signal()
        self.followers: list[MemoryFollower] = []
        self.appends: list[Record] = []
        shared.nodes.append(self)

    # What tests turn

    @property
    def away(self) -> bool:
        return self._away

    @away.setter
    def away(self, away: bool) -> None:
        self._away = away
        self._work()

    @property
    def deaf(self) -> bool:
        return self._deaf

    @deaf.setter
    def deaf(self, deaf: bool) -> None:
        self._deaf = deaf
        self._work()

    def signal(self) -> None:
        self._ready.set(to=not self._deaf and (self._outcome is not None or self._answer is not None))
        for follower in self.followers:
            follower.signal()

    # What a reader needs

    @property
    def id(self) -> str:
        return self.shared.id if self.shared.head else ""

    def head(self) -> Position:
        self._reach()
        return self.shared.head

    def holds(self, position: Position, crc: int) -> bool:
        self._reach()
        if 0 < position <= self.shared.trimmed:
            raise TrimmedError(f"position {position} is trimmed")
        return position <= self.shared.head and self.shared.crcs[position] == crc

    def read(self, after: Position) -> Iterator[Logged]:
        self._reach()
        if after > self.shared.head:
            raise RewoundError(f"the log ends at position {self.shared.head}, before {after}")
        if after < self.shared.trimmed:
            raise TrimmedError(f"the log begins behind position {self.shared.trimmed}, after {after}")
        for position in range(after + 1, self.shared.head + 1):
            yield Logged(position, self.shared.crcs[position], self.shared.record(position))

    def follow(self, after: Position, crc: int | None = None) -> MemoryFollower:
        if crc is not None and not self.holds(after, crc):
            raise RewoundError(f"another record stands at position {after}")
        follower = MemoryFollower(self, after)
        self.followers.append(follower)
        return follower

    # What a writer needs

    @property
    def descriptor(self) -> int:
        return self._ready.descriptor

    def begin(self, position: Position, crc: int) -> None:
        self._position, self._crc = position, crc

    def begin_append(self, expected: Position, record: Record) -> None:
        assert self._record is None, "one append is under way"
        assert self._outcome is None, "the last outcome was not taken"
        assert expected == self._position
        self._record = record
        self._begun = self._clock()
        self.appends.append(record)
        self._work()

    def appended(self) -> Appended | None:
        self._work()
        if self._outcome is None or self._deaf:
            return None
        outcome, self._outcome, self._record = self._outcome, None, None
        self.signal()
        if isinstance(outcome, FencedError):
            raise outcome
        self.begin(outcome.position, outcome.crc)
        return outcome

    @property
    def waiting(self) -> int:
        return self._clock() - self._begun if self._record is not None else 0

    def ask_head(self) -> None:
        self._asked_at, self._answer = self._clock(), None
        self._work()

    def head_answer(self) -> HeadAnswer | None:
        self._work()
        if self._asked_at is not None and self._clock() - self._asked_at >= TRY:
            self._answer = HeadAnswer(None, self._asked_at, self._clock())
        elif self._deaf:
            return None
        answer = self._answer
        if answer is not None:
            self._asked_at = self._answer = None
        self.signal()
        return answer

    def append(self, expected: Position, record: Record, end: Position) -> Position:
        self.begin(expected, self.shared.crcs[expected])
        self.begin_append(expected, record)
        appended = self.appended()
        if appended is None:
            self._record = None
            raise LogAwayError("the log does not answer")
        return appended.position

    def trim(self, upto: Position) -> None:
        self._reach()
        self.shared.trimmed = max(self.shared.trimmed, min(upto, self.shared.head))

    def close(self) -> None:
        self._record = self._outcome = self._asked_at = self._answer = None
        self.shared.nodes.remove(self)
        self._ready.close()
        for follower in self.followers:
            follower.close()

    def _reach(self) -> None:
        if self._away:
            raise LogAwayError("the log does not answer")

    def _work(self) -> None:
        """Carry out what has reached the servers."""
        if not self._away:
            if self._record is not None and self._outcome is None:
                self._outcome = self._carry_out(self._record)
            if self._asked_at is not None and self._answer is None:
                self._answer = HeadAnswer(self.shared.head, self._asked_at, self._clock())
        self.signal()

    def _carry_out(self, record: Record) -> Appended | FencedError:
        if self._position != self.shared.head or self._crc != self.shared.crcs[-1]:
            return FencedError(f"another record stands behind position {self._position}")
        packed, crc = record_format.pack(record, self._crc)
        self.shared.take(packed, crc)
        return Appended(self.shared.head, crc, self._begun)
