"""A log in etcd, with those who would write it. One transaction appends a record, if the log ends where it is to go."""

import os
from functools import partial
from typing import Any, Final

import structlog

from matcher.etcd.client import NANOSECONDS, Client, Reply
from matcher.etcd.layout import head_of
from matcher.etcd.reader import PATIENCE, EtcdReader
from matcher.etcd.servers import Servers
from matcher.etcd.trimming import Trimming
from matcher.etcd.waker import Waker
from matcher.replication import timings
from matcher.replication.appending import Appending, Look, Outcome
from matcher.replication.record_format import pack
from matcher.storage.log import (
    Appended,
    FencedError,
    HeadAnswer,
    LogAwayError,
    LogFailedError,
    Position,
    Record,
)

MAX_RECORD_BYTES: Final = 1024 * 1024
"""The largest record: etcd takes requests of 1.5 MiB."""

TELL_EVERY: Final = 10 * NANOSECONDS
"""One line at most in this time says that an append waits, and why."""

log = structlog.get_logger("matcher")


class EtcdLog(EtcdReader):
    """As `ReplicatedLog`. After `descriptor` was readable, `appended` and `head_answer` are both to be asked.

    written: bytes appended by this process.
    records: how many of them.
    """

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self._waker = Waker()
        self._servers = Servers(client, self._waker)
        self._trimming = Trimming(client, self._waker)
        self._new_id = os.urandom(16).hex()
        self._position: Position = 0
        self._crc = 0
        self._appending: Appending | None = None
        self._request: Any = None
        self._next_crc = 0
        self._begun = 0
        self._told_at = 0
        self._first_server = 0
        self._question = 0
        self._unanswered = 0
        self._head: HeadAnswer | None = None
        self.written = 0
        self.records = 0

    @property
    def descriptor(self) -> int:
        """As `ReplicatedLog.descriptor`. It wakes for the log's own sake too."""
        return self._waker.descriptor

    @property
    def size(self) -> int | None:
        """Bytes in use at the log server that uses most; None while that is not known. Of all logs in these servers."""
        return self._servers.size

    def begin(self, position: Position, crc: int) -> None:
        """As `ReplicatedLog.begin`. From then on `size` is kept."""
        self._appending = None
        self._position, self._crc = position, crc
        self._servers.begin()
        self._arm()

    # Appending

    def begin_append(self, expected: Position, record: Record) -> None:
        """As `ReplicatedLog.begin_append`. LogFailedError if the record is larger than MAX_RECORD_BYTES."""
        assert self._appending is None, "one append is under way at a time"
        assert expected == self._position, "the log stands there"
        packed, self._next_crc = pack(record, self._crc)
        if len(packed) > MAX_RECORD_BYTES:
            raise LogFailedError(f"the log takes records of at most {MAX_RECORD_BYTES} bytes, not of {len(packed)}")
        self._request = self._layout.append(expected, packed, self._new_id)
        leading = self._servers.take_leading()
        if leading is not None:
            self._first_server = leading
        self._appending = Appending(expected, packed, len(self._client), self._first_server)
        self._begun = timings.now()
        self._told_at = self._begun
        self._send()
        self._arm()

    def appended(self) -> Appended | None:
        """As `ReplicatedLog.appended`."""
        self._work()
        appending = self._appending
        if appending is None or appending.outcome is Outcome.OPEN:
            self._arm()
            return None
        self._appending = None
        self._arm()
        if appending.outcome is Outcome.FENCED:
            raise FencedError(
                f"another process has appended behind position {appending.expected} of {self.address} (MATCHER_LOG)"
            )
        self._position, self._crc = appending.expected + 1, self._next_crc
        self._client.hold(self._first_server, self._layout.watch_id())
        self.records += 1
        self.written += len(appending.record)
        if appending.expected == 0:
            self._learn(self._new_id)
        return Appended(self._position, self._crc, self._begun)

    @property
    def waiting(self) -> int:
        """As `ReplicatedLog.waiting`."""
        return 0 if self._appending is None else timings.now() - self._begun

    def append(self, expected: Position, record: Record, end: Position, patience: int = PATIENCE) -> Position:
        """As `Log.append`. Waits `patience` nanoseconds at most, then LogAwayError: the record may be there or not, and
        `begin` is to be called before another append."""
        self.begin_append(expected, record)
        until = self._begun + patience
        while (appended := self.appended()) is None:
            left = until - timings.now()
            if left <= 0:
                self._appending = None
                raise LogAwayError(f"the log does not answer: {self.address} (MATCHER_LOG)")
            self._waker.wait(left / NANOSECONDS)
        return appended.position

    def _send(self) -> None:
        """Send what the append under way needs next."""
        appending = self._appending
        step = None if appending is None else appending.next(timings.now())
        if appending is None or step is None:
            return
        if isinstance(step, Look):
            request, then = self._layout.ask_page(step.position, 1), self._looked
        else:
            request, then = self._request, self._tried
        done = partial(then, appending, step.call)
        self._client.start(self._waker, step.server, "transaction", request, done, timings.GIVEN_UP)

    def _tried(self, appending: Appending, call: int, reply: Reply) -> None:
        if appending is not self._appending:
            return
        if reply.answer is None:
            self._failed(appending, call, reply)
            return
        self._first_server = reply.server
        if reply.answer.succeeded:
            appending.taken()
        else:
            appending.refused()
            # What stands there came with the refusal: no need to send for it.
            if isinstance(appending.next(timings.now()), Look):
                found = reply.answer.responses[0].response_range.kvs
                appending.found(found[0].value if found else None)

    def _looked(self, appending: Appending, call: int, reply: Reply) -> None:
        if appending is not self._appending:
            return
        if reply.answer is None:
            self._failed(appending, call, reply)
            return
        self._first_server = reply.server
        records = self._layout.page(reply.answer).records
        appending.found(records[0][1] if records and records[0][0] == appending.expected + 1 else None)

    def _failed(self, appending: Appending, call: int, reply: Reply) -> None:
        now = timings.now()
        if now - self._told_at > TELL_EVERY:
            self._told_at = now
            log.warning("an append waits for the log", seconds=(now - self._begun) // NANOSECONDS, error=reply.fault)
        appending.failed(call, now, at_once=reply.at_once)

    # The end of the log

    def ask_head(self) -> None:
        """As `ReplicatedLog.ask_head`."""
        self._question += 1
        self._unanswered = len(self._client)
        self._head = None
        asked = timings.now()
        for server in range(len(self._client)):
            then = partial(self._head_told, self._question, asked)
            self._client.start(self._waker, server, "range", self._layout.ask_head(), then)

    def head_answer(self) -> HeadAnswer | None:
        """As `ReplicatedLog.head_answer`."""
        self._work()
        answer, self._head = self._head, None
        self._arm()
        return answer

    def _head_told(self, question: int, asked: int, reply: Reply) -> None:
        if question != self._question or self._unanswered == 0:
            return
        if reply.answer is not None:
            self._unanswered = 0
            self._head = HeadAnswer(head_of(reply.answer), asked, reply.came)
        else:
            self._unanswered -= 1
            if self._unanswered == 0:
                self._head = HeadAnswer(None, asked, reply.came)

    # Trims

    def trim(self, upto: Position) -> None:
        """As `Log.trim`. It goes on behind the caller's back. The record at `upto` stays: it shows a reader that stands
        there that the log is still the same one."""
        self._trimming.keep(min(upto, self._position))
        self._arm()

    @property
    def trims(self) -> bool:
        """Whether a trim is under way."""
        return self._trimming.under_way

    def close(self) -> None:
        """As `ReplicatedLog.close`."""
        self._appending = None
        self._waker.close()
        super().close()

    def _work(self) -> None:
        """Carry out what has come back, and send what is due."""
        for call in self._waker.take():
            call()
        self._send()
        now = timings.now()
        self._trimming.work(now)
        self._servers.work(now)

    def _arm(self) -> None:
        """Have the poller wake for what is due, and at once for what is to be fetched."""
        appending = self._appending
        dues = [self._trimming.due, self._servers.due]
        if appending is not None:
            dues.append(appending.due)
        self._waker.wake_at(min((due for due in dues if due is not None), default=None))
        if self._head is not None or (appending is not None and appending.outcome is not Outcome.OPEN):
            self._waker.wake()
