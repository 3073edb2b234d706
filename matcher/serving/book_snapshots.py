"""Makes the snapshots of books: a small one at once, a large one in a forked child, while the matcher runs.

The child sees the book as of the fork. The snapshot's number says where that is, and readers keep later updates. Its
parts go out a few a turn.
"""

from collections.abc import Callable
from typing import BinaryIO, Final

import structlog
import zmq

from matcher.feeds.snapshots import LENGTH_BYTES, Stamp, entries_of, joined, level_messages, order_messages
from matcher.feeds.tracker import BookTracker
from matcher.serving.forked import Forked
from matcher.serving.turn import Turn
from matching_exchange.process.histogram import Histogram
from protocol.book_feeds import PART_ENTRIES

MOST_BYTES: Final = 512 * 1024 * 1024
"""The longest snapshot, all parts together: about twenty million orders."""

FORK_EVERY: Final = 1_000_000_000
"""Nanoseconds between two forks at least. Each holds up the matcher while the system copies its page tables."""

PARTS_AT_ONCE: Final = 4
"""Parts that go out with one turn at most."""

log = structlog.get_logger("matcher")


class _Large:
    """A snapshot of a child: at work, then sent part by part."""

    def __init__(self, topic: bytes, child: Forked) -> None:
        self.topic = topic
        self.child = child
        self.made: BinaryIO | None = None


class BookSnapshots:
    """At most one large snapshot is in the making. `monotonic` is in nanoseconds, as `fork_pauses` are."""

    def __init__(self, poller: zmq.Poller, monotonic: Callable[[], int]) -> None:
        self._poller = poller
        self._monotonic = monotonic
        self._large: _Large | None = None
        self._forked_at = -FORK_EVERY
        self.fork_pauses = Histogram()

    @property
    def busy(self) -> bool:
        """Whether a large snapshot is in the making, or on its way."""
        return self._large is not None

    @property
    def telling(self) -> bool:
        """Whether parts wait to be sent."""
        return self._large is not None and self._large.made is not None

    def is_making(self, topic: bytes) -> bool:
        """Whether a large snapshot of the topic is in the making, or on its way."""
        return self._large is not None and self._large.topic == topic

    def make(self, topic: bytes, tracker: BookTracker, stamp: Stamp, turn: Turn, *, orders: bool) -> bool:
        """Make the snapshot of a topic, of orders or levels, as of now. It goes out with this turn or a later one.
        False if it cannot be made now."""
        book = tracker.book
        make = order_messages if orders else level_messages
        if entries_of(tracker, orders=orders) <= PART_ENTRIES:
            turn.public += [(topic, payload) for payload in make(book, stamp)]
            return True
        now = self._monotonic()
        if self._large is not None or now - self._forked_at < FORK_EVERY:
            return False
        self._forked_at = now
        try:
            child = Forked(lambda: joined(make(book, stamp)), MOST_BYTES)
        except OSError as error:
            log.error("snapshot of a book not made: it is tried again", error=str(error))
            return False
        self.fork_pauses.observe(child.pause)
        self._poller.register(child.descriptor, zmq.POLLIN)
        self._large = _Large(topic, child)
        return True

    def take_in(self, turn: Turn, ready: dict[object, int]) -> bytes | None:
        """Let parts go out with the turn. Returns the topic of a snapshot that has failed."""
        large = self._large
        if large is None:
            return None
        if large.made is None:
            if large.child.descriptor not in ready:
                return None
            self._poller.unregister(large.child.descriptor)
            large.made = large.child.open_result()
            if large.made is None:
                self._large = None
                return large.topic
        for _ in range(PARTS_AT_ONCE):
            length = large.made.read(LENGTH_BYTES)
            if not length:
                large.made.close()
                self._large = None
                return None
            turn.public.append((large.topic, large.made.read(int.from_bytes(length, "big"))))
        return None

    def stop(self) -> None:
        """End the child, if there is one: what it has not finished is not needed."""
        large, self._large = self._large, None
        if large is None:
            return
        if large.made is None:
            large.child.kill()
        else:
            large.made.close()
