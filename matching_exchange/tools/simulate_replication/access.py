"""The log as one node reaches it: one append until its outcome is sure, the end of the log, and what comes behind."""

from typing import Final

from msgspec import structs

from matcher.replication import record_format
from matcher.replication.appending import Appending, Look, Outcome
from matcher.replication.timings import TRY
from matcher.storage.log import Appended, FencedError, HeadAnswer, Logged, Position, Record, TrimmedError
from matching_exchange.tools.simulate_replication.audit import Audit
from matching_exchange.tools.simulate_replication.planted import Planted
from matching_exchange.tools.simulate_replication.seen import Seen
from matching_exchange.tools.simulate_replication.servers import SERVERS, Records, Servers, Trimmed, Watch
from matching_exchange.tools.simulate_replication.world import MS, Clock, Process

QUIET: Final = 250 * MS
"""A watch that tells nothing for this time is not trusted: the log is read."""

AT_ONCE: Final = 50 * MS
"""An error that came faster is waited after."""


class Access:
    """Its process calls all of it. What comes from the servers waits in the inbox of the process."""

    def __init__(
        self, process: Process, clock: Clock, servers: Servers, audit: Audit, seen: Seen, planted: Planted | None
    ) -> None:
        self._process = process
        self._clock = clock
        self._servers = servers
        self._audit = audit
        self._seen = seen
        self._planted = planted
        self._server = process.world.random.randrange(SERVERS)
        self._position: Position = 0
        self._crc = 0
        # The append under way
        self._appending: Appending | None = None
        self._record: Record | None = None
        self._packed_crc = 0
        self._begun = 0
        self._call_sent = 0
        self._tries = 0
        # The question for the end
        self._question = 0
        self._asked: int | None = None
        self._failures = 0
        self._head: HeadAnswer | None = None
        # What is followed
        self._after: Position = 0
        self._ready: list[bytes] = []
        self._last_crc = 0
        self._watch: Watch | None = None
        self._heard_at = 0
        self._reading_until: int | None = None
        self._reading = 0
        self._trimmed = False

    # Append

    def begin(self, position: Position, crc: int) -> None:
        self._position, self._crc = position, crc

    def begin_append(self, expected: Position, record: Record) -> None:
        assert self._appending is None
        assert expected == self._position
        packed, self._packed_crc = record_format.pack(record, self._crc)
        self._record = record
        self._tries = 0
        self._begun = self._clock()
        self._appending = Appending(expected, packed, SERVERS, self._server)
        self._send_append()

    @property
    def under_way(self) -> bool:
        return self._appending is not None

    def appended(self) -> Appended | None:
        """The outcome, once; None while it is not sure. FencedError if another record stands there."""
        appending, record = self._appending, self._record
        if appending is None or record is None:
            return None
        now = self._clock()
        if self._planted is Planted.UNKNOWN_IS_NOT_TAKEN and appending.is_late(now):
            self._append_another(appending, record)
            return None
        if appending.outcome is Outcome.OPEN:
            self._send_append()
            return None
        self._appending = self._record = None
        position = appending.expected + 1
        if appending.outcome is Outcome.FENCED:
            self._audit.fenced(position, appending.record, self._servers.trimmed)
            raise FencedError(f"another record stands at position {position}")
        self._audit.taken(position, appending.record)
        self.begin(position, self._packed_crc)
        return Appended(position, self._packed_crc, self._begun)

    def _append_another(self, appending: Appending, record: Record) -> None:
        """What a planted fault does after no answer: the same commands in another record, at the end of the log."""
        expected = appending.expected
        if self._servers.look(expected + 1) == appending.record:
            expected += 1
            record = structs.replace(record, sequence=record.sequence + len(record.entries))
        packed, self._packed_crc = record_format.pack(record, self._audit.crcs[expected])
        self._appending = Appending(expected, packed, SERVERS, appending.server + 1)
        self._send_append()

    def _send_append(self) -> None:
        appending = self._appending
        assert appending is not None
        step = appending.next(self._clock())
        if step is None:
            return
        self._tries += 1
        self._seen.tries_again += self._tries > 1
        self._call_sent = self._clock()
        caller, post = self._process.name, self._process.post
        if isinstance(step, Look):
            position = step.position
            self._servers.call(
                caller,
                step.server,
                lambda: self._servers.look(position),
                lambda found: post(lambda: self._found(appending, step.server, found)),
                lambda: post(lambda: self._failed(appending, step.call)),
            )
            return
        self._servers.call(
            caller,
            step.server,
            lambda: self._servers.append(appending.expected, appending.record),
            lambda taken: post(lambda: self._tried(appending, step.server, taken=taken)),
            lambda: post(lambda: self._failed(appending, step.call)),
        )

    def _tried(self, appending: Appending, server: int, *, taken: bool) -> None:
        if appending is not self._appending:
            return
        self._server = server
        if taken:
            appending.taken()
        elif self._planted is Planted.REFUSED_IS_FENCED:
            appending.refused()
            appending.found(None)
        else:
            appending.refused()

    def _found(self, appending: Appending, server: int, found: bytes | None) -> None:
        if appending is not self._appending:
            return
        self._server = server
        appending.found(found)
        if appending.outcome is Outcome.TAKEN:
            self._seen.found_by_looking += 1

    def _failed(self, appending: Appending, call: int) -> None:
        now = self._clock()
        appending.failed(call, now, at_once=now - self._call_sent < AT_ONCE)

    # The end of the log

    def ask_head(self) -> None:
        self._seen.heads_asked += 1
        self._question += 1
        self._asked, self._head, self._failures = self._clock(), None, 0
        question, post = self._question, self._process.post
        for server in range(SERVERS):
            self._servers.call(
                self._process.name,
                server,
                lambda: self._servers.head,
                lambda head: post(lambda: self._head_is(question, head)),
                lambda: post(lambda: self._head_failed(question)),
            )

    def head_answer(self) -> HeadAnswer | None:
        """The first answer, once; None while there is none."""
        if self._asked is not None and self._head is None and self._clock() >= self._asked + TRY:
            self._head = HeadAnswer(None, self._asked, self._clock())
        answer = self._head
        if answer is not None:
            self._asked = self._head = None
            self._question += 1
            self._seen.heads_failed += answer.position is None
        return answer

    def _head_is(self, question: int, head: Position) -> None:
        if question == self._question and self._asked is not None and self._head is None:
            self._head = HeadAnswer(head, self._asked, self._clock())

    def _head_failed(self, question: int) -> None:
        if question == self._question and self._asked is not None:
            self._failures += 1
            if self._failures == SERVERS and self._head is None:
                self._head = HeadAnswer(None, self._asked, self._clock())

    # Follow

    def follow(self, after: Position, crc: int) -> None:
        self._after, self._last_crc = after, crc
        self._heard_at = self._clock()
        self._open(self._server)
        self._read()

    def take(self) -> Logged | None:
        """The next record; None if all that are known to be committed were taken. TrimmedError."""
        self._follow_on()
        if self._trimmed:
            raise TrimmedError(f"the log does not go back to position {self._after}")
        if not self._ready:
            return None
        record, crc = record_format.unpack(self._ready.pop(0), self._last_crc)
        self._last_crc = crc
        position = self._after - len(self._ready)
        return Logged(position, crc, record)

    @property
    def has_more(self) -> bool:
        return bool(self._ready) or self._trimmed

    def stop_following(self) -> None:
        if self._watch is not None:
            self._watch.silent = True
        self._watch = None
        self._reading_until = None

    def append_due(self) -> int | None:
        """When `appended` has something to do by itself."""
        return None if self._appending is None else self._appending.due

    def due(self) -> int | None:
        """When `head_answer` or `take` have something to do by themselves."""
        due: list[int] = []
        if self._asked is not None:
            due.append(self._asked + TRY)
        if self._watch is not None:
            due.append(self._reading_until if self._reading_until is not None else self._heard_at + QUIET)
        return min(due, default=None)

    def _open(self, server: int) -> None:
        if self._watch is not None:
            self._watch.silent = True
        watch = Watch(self._process.name, server)
        watch.event = lambda position, packed: self._process.post(lambda: self._event(watch, position, packed))
        self._watch = watch
        self._servers.watch(watch, self._after)

    def _event(self, watch: Watch, position: Position, packed: bytes) -> None:
        if watch is not self._watch:
            return
        self._heard_at = self._clock()
        if position == self._after + 1:
            self._after = position
            self._ready.append(packed)
        elif position > self._after:
            self._read()

    def _follow_on(self) -> None:
        if self._watch is None:
            return
        now = self._clock()
        if self._reading_until is not None:
            if now >= self._reading_until:
                self._server = (self._server + 1) % SERVERS
                self._read()
        elif now >= self._heard_at + QUIET:
            self._server = (self._server + 1) % SERVERS
            self._read()

    def _read(self) -> None:
        """Read what comes behind, linearizably."""
        self._reading += 1
        reading, after, post = self._reading, self._after, self._process.post
        self._reading_until = self._clock() + TRY
        self._servers.call(
            self._process.name,
            self._server,
            lambda: self._servers.read(after),
            lambda records: post(lambda: self._has_read(reading, records)),
            lambda: None,
        )

    def _has_read(self, reading: int, records: Records | Trimmed) -> None:
        if reading != self._reading or self._watch is None:
            return
        self._reading_until = None
        self._heard_at = self._clock()
        if isinstance(records, Trimmed):
            self._trimmed = True
            return
        found = False
        for position, packed in records:
            if position == self._after + 1:
                self._after = position
                self._ready.append(packed)
                found = True
        if found:
            self._open(self._server)
