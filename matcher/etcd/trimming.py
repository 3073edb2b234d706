"""Drops records from a log in etcd, a few at a time, so that appends go on between."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import structlog

from matcher.etcd.client import NANOSECONDS, Client, Reply
from matcher.etcd.layout import Layout
from matcher.etcd.waker import Waker
from matcher.replication import timings
from matcher.replication.timings import MILLISECOND
from matcher.storage.log import Position

MOST: Final = 200
"""Records of one deletion."""

PAUSE: Final = 10 * MILLISECOND
"""Between two deletions."""

AFTER_FAULT: Final = NANOSECONDS
"""Before another try, after a server has failed."""

TELL_EVERY: Final = 60 * NANOSECONDS
"""One line at most in this time says that a trim waits, and why."""

TIMEOUT: Final = 5 * NANOSECONDS
"""A compaction may take some time."""

log = structlog.get_logger("matcher")


class Trimming:
    """`work` is called by the owner of `waker`, at `due` at the latest. A deletion that is sent twice does no harm."""

    def __init__(self, client: Client, waker: Waker) -> None:
        self._client = client
        self._layout = Layout(client.address.name)
        self._waker = waker
        self._server = 0
        self._end = 0
        self._first: Position | None = None
        self._revision = 0
        self._sent = False
        self._told_at = -TELL_EVERY
        self._at: int | None = None

    @property
    def due(self) -> int | None:
        """When there is something to do; None while there is not."""
        return None if self._sent else self._at

    @property
    def under_way(self) -> bool:
        return self._sent or self._at is not None

    def keep(self, position: Position) -> None:
        """Drop all records before this position."""
        if position > self._end:
            self._end = position
            if self._at is None and not self._sent:
                self._at = 0

    def work(self, now: int) -> None:
        """Send the next call, if that is due."""
        if self._sent or self._at is None or now < self._at:
            return
        self._sent = True
        if self._first is None:
            self._send("range", self._layout.ask_first(), self._found_first)
        elif self._first < self._end:
            upto = min(self._first + MOST, self._end)
            self._send("delete", self._layout.delete(self._first, upto), partial(self._deleted, upto))
        else:
            self._send("compact", self._layout.compact(self._revision), self._compacted)

    def _send(self, method: str, request: Any, then: Callable[[Any], None]) -> None:
        self._client.start(self._waker, self._server, method, request, partial(self._done, then), TIMEOUT)

    def _done(self, then: Callable[[Any], None], reply: Reply) -> None:
        self._sent = False
        # Another node may have compacted the log further.
        if reply.answer is None and "compacted" not in reply.fault:
            now = timings.now()
            if now - self._told_at > TELL_EVERY:
                self._told_at = now
                log.warning("the log is not trimmed yet", error=reply.fault)
            self._server = (self._server + 1) % len(self._client)
            self._at = now + AFTER_FAULT
            return
        self._at = timings.now() + PAUSE
        then(reply.answer)

    def _found_first(self, answer: Any) -> None:
        self._first = self._layout.position(answer.kvs[0].key) if answer.kvs else self._end
        if self._first >= self._end:
            self._at = None

    def _deleted(self, upto: Position, answer: Any) -> None:
        self._first = upto
        self._revision = answer.header.revision

    def _compacted(self, _: Any) -> None:
        if self._first == self._end:
            self._at = None
