"""One append, until its outcome is sure. Knows no network: it says what to send, and is told what came back.

A try may time out, and have taken effect. So the same record is sent again, to the next server. Where the log then
refuses, the record behind the expected position tells: equal bytes are those of an earlier try. For no two appends
have equal bytes: epochs tell the records of two leaders apart, and Epochs hold bytes that were drawn for them.
"""

from enum import Enum
from typing import Final

from msgspec import Struct

from matcher.replication import timings
from matcher.storage.log import Position

PAUSE: Final = 50_000_000
"""Nanoseconds before the next try, after a server has failed at once."""


class Outcome(Enum):
    """What has become of the append."""

    OPEN = "open"
    TAKEN = "taken"
    FENCED = "fenced"


class Try(Struct, frozen=True):
    """Send the compare-and-append to a server. `call` is its number."""

    server: int
    call: int


class Look(Struct, frozen=True):
    """Read the record at this position from a server, linearizably. `call` is its number."""

    server: int
    call: int
    position: Position


class Appending:
    """`next` says what to do now; `taken`, `refused`, `found` and `failed` tell what came of it. A call that is late is
    followed by one to the next server. Its answer may still be told: what it says is true.

    expected: the position behind which the record goes. `servers` is the number of servers, `first` the one to begin
    with.
    """

    def __init__(self, expected: Position, record: bytes, servers: int, first: int = 0) -> None:
        self.expected = expected
        self.record = record
        self.outcome = Outcome.OPEN
        self.server = first % servers
        self._servers = servers
        self._refused = False
        self._call = 0
        self._under_way = False
        self._late_at = 0
        self._again_at = 0

    def next(self, now: int) -> Try | Look | None:
        """What to send now; None while a call is under way, in a pause, or once the outcome is sure."""
        if self.is_late(now):
            self.failed(self._call, now, at_once=False)
        if self.outcome is not Outcome.OPEN or self._under_way or now < self._again_at:
            return None
        self._under_way = True
        self._call += 1
        # A single server is called again once the call has surely failed.
        self._late_at = now + (timings.LATE if self._servers > 1 else timings.TRY)
        if self._refused:
            return Look(self.server, self._call, self.expected + 1)
        return Try(self.server, self._call)

    @property
    def due(self) -> int | None:
        """When `next` has something again by itself; None once the outcome is sure."""
        if self.outcome is not Outcome.OPEN:
            return None
        return self._late_at if self._under_way else self._again_at

    def is_late(self, now: int) -> bool:
        """Whether the call under way goes without an answer for too long."""
        return self._under_way and now >= self._late_at

    def taken(self) -> None:
        """The log has taken the record."""
        self._under_way = False
        if self.outcome is Outcome.OPEN:
            self.outcome = Outcome.TAKEN

    def refused(self) -> None:
        """The log does not end at `expected`."""
        self._under_way = False
        self._refused = True

    def found(self, record: bytes | None) -> None:
        """The record that was looked for; None if it was trimmed: then others have come far behind it."""
        self._under_way = False
        if self.outcome is Outcome.OPEN:
            self.outcome = Outcome.TAKEN if record == self.record else Outcome.FENCED

    def failed(self, call: int, now: int, *, at_once: bool) -> None:
        """No answer of this call came in time, or an error. `at_once`: it came so fast that a pause is due. Of an
        earlier call nothing is waited for any more."""
        if call != self._call or not self._under_way:
            return
        self._under_way = False
        self.server = (self.server + 1) % self._servers
        self._again_at = now + PAUSE if at_once else now
