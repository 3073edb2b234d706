"""Follows a log in etcd by a watch that it does not trust.

A watch whose server was cut off stays silent for ever, and some releases had watches that went back in time. So only
the next position is taken from it. A hole, or silence, makes the follower read the log itself, at another server. Where
that finds something, the watch is opened anew elsewhere.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import Any, Final

import grpc

from matcher.etcd.chain import Chain, crc_of
from matcher.etcd.client import AT_ONCE, NANOSECONDS, Client, Reply
from matcher.etcd.layout import Layout, Page
from matcher.etcd.paging import Paging, check_goes_on
from matcher.etcd.waker import Waker
from matcher.replication import timings
from matcher.replication.timings import MILLISECOND, TRY
from matcher.storage.log import Logged, Position, RewoundError, TrimmedError

QUIET: Final = 250 * MILLISECOND
"""A watch without an event for this time is doubted. The leader's beats come more often."""

CATCH_UP: Final = 2 * NANOSECONDS
"""What a page may take while the follower reads many of them."""

MAX_TAKEN: Final = 256
"""Records of one `take`."""

MAX_BACKLOG: Final = 256
"""Answers of the watch that wait to be taken. Beyond, it is closed, and the log is read in pages."""


class EtcdFollower:
    """As `Follower`, behind the record at `after`, with this CRC if it is given. `learn` is told the log's id.

    bytes: of the records that were taken.
    """

    def __init__(self, client: Client, after: Position, crc: int | None, learn: Callable[[str], None]) -> None:
        self._client = client
        self._layout = Layout(client.address.name)
        self._learn = learn
        self._waker = Waker()
        self._chain = Chain(after, crc)
        self._unproven = after > 0 and crc is not None
        self._id = ""
        self._last = after
        self._pending: deque[tuple[Position, bytes]] = deque()
        self._fault: TrimmedError | RewoundError | None = None
        self._paging = Paging()
        self._server = 0
        self._reading = False
        self._read_again = False
        self._behind = False
        self._read_at: int | None = 0
        self._watch = 0
        self._watch_server = 0
        self._stream: Any = None
        self.bytes = 0
        self._go_on()

    @property
    def descriptor(self) -> int:
        """As `Follower.descriptor`. It wakes for the follower's own sake too."""
        return self._waker.descriptor

    def take(self) -> list[Logged]:
        """As `Follower.take`."""
        for call in self._waker.take():
            call()
        taken: list[Logged] = []
        while self._pending and len(taken) < MAX_TAKEN:
            position, packed = self._pending.popleft()
            try:
                taken.append(self._chain.take(position, packed))
            except RewoundError as error:
                self._fault = error
                self._pending.clear()
            else:
                self.bytes += len(packed)
        if self._fault is not None and not taken:
            raise self._fault
        self._go_on()
        if self._pending or self._fault is not None:
            self._waker.wake()
        return taken

    def close(self) -> None:
        """As `Follower.close`."""
        self._end_watch()
        self._waker.close()

    def _go_on(self) -> None:
        """Read a page if that is due and what was read is taken, and have the poller wake when it is."""
        if self._reading or self._read_at is None or self._pending or self._fault is not None:
            self._waker.wake_at(None)
        elif timings.now() >= self._read_at:
            self._read()
        else:
            self._waker.wake_at(self._read_at)

    # Pages

    def _read(self) -> None:
        self._reading, self._read_again = True, False
        first = self._last + (0 if self._unproven else 1)
        question = self._layout.ask_page(first, self._paging.limit)
        then = partial(self._read_done, self._last)
        timeout = CATCH_UP if self._behind else TRY
        self._client.start(self._waker, self._server, "transaction", question, then, timeout)

    def _read_done(self, after: Position, reply: Reply) -> None:
        self._reading = False
        if reply.answer is None:
            self._server = (self._server + 1) % len(self._client)
            self._paging.failed()
            self._behind = False
            self._read_at = reply.came + (AT_ONCE if reply.at_once else 0)
            return
        page = self._layout.page(reply.answer)
        try:
            found = self._accept(page, after)
        except (TrimmedError, RewoundError) as error:
            self._fault = error
            return
        self._paging.note(page)
        self._behind = self._last < page.head
        if self._behind or self._read_again:
            self._read_at = 0
        elif found or self._stream is None:
            self._open_watch(page.revision + 1)
        else:
            self._doubt_later()

    def _accept(self, page: Page, after: Position) -> int:
        """Take what a page has beyond what the watch has brought meanwhile. Returns the number of records."""
        if self._id and page.id != self._id:
            raise RewoundError(f"the log {self._client.address} is another one than before")
        if page.id:
            self._id = page.id
            self._learn(page.id)
        if self._unproven:
            self._unproven = False
            if page.records and page.records[0][0] == after:
                if crc_of(*page.records[0]) != self._chain.crc:
                    raise RewoundError(f"the log holds another record at position {after} than was read")
                page.records.pop(0)
        check_goes_on(page, after)
        found = 0
        for position, packed in page.records:
            found += self._next(position, packed)
        return found

    def _next(self, position: Position, packed: bytes) -> bool:
        """Whether this is the next record."""
        if position != self._last + 1:
            return False
        self._last = position
        self._pending.append((position, packed))
        return True

    # The watch

    def _open_watch(self, revision: int) -> None:
        self._end_watch()
        self._watch += 1
        self._watch_server = (self._watch_server + 1) % len(self._client)
        self._stream = self._client.watch(self._watch_server, self._layout.watch(revision))
        Thread(target=self._listen, args=(self._watch, self._stream), daemon=True, name="etcd-watch").start()
        self._doubt_later()

    def _listen(self, watch: int, stream: Any) -> None:
        """In a thread of its own."""
        try:
            for answer in stream:
                if self._waker.backlog > MAX_BACKLOG:
                    stream.cancel()
                    break
                self._waker.put(partial(self._heard, watch, answer))
        except grpc.RpcError:
            # Its server is away, or the follower has closed it.
            pass
        self._waker.put(partial(self._watch_ended, watch))

    def _heard(self, watch: int, answer: Any) -> None:
        if watch != self._watch or self._stream is None:
            return
        if answer.canceled:
            self._watch_ended(watch)
            return
        holes = False
        for event in answer.events:
            position = self._layout.position(event.kv.key)
            holes |= not self._next(position, event.kv.value) and position > self._last
        if holes:
            self._doubt_now()
        elif answer.events and not self._reading:
            self._doubt_later()

    def _watch_ended(self, watch: int) -> None:
        if watch == self._watch:
            self._end_watch()
            self._doubt_now()

    def _doubt_now(self) -> None:
        self._read_again = self._reading
        self._server = (self._watch_server + 1) % len(self._client)
        self._read_at = 0

    def _doubt_later(self) -> None:
        self._server = (self._watch_server + 1) % len(self._client)
        self._read_at = timings.now() + QUIET

    def _end_watch(self) -> None:
        if self._stream is not None:
            self._stream.cancel()
            self._stream = None
