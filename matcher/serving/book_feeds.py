"""The feeds of books: by levels and order by order, while somebody subscribes to them.

A tracker follows each book with a subscriber. Each command that changes the book makes one message a topic. The last
messages are kept for readers that have missed some. Newcomers, and readers that have missed too much, get a snapshot,
at most one an interval however many they are. While nobody subscribes nothing is done.
"""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from itertools import islice
from typing import Final

from matcher.feeds.snapshots import Stamp, entries_of
from matcher.feeds.tracker import BookChange, BookTracker
from matcher.serving.book_snapshots import BookSnapshots
from matcher.serving.market_data import Send, Wanted
from matcher.serving.turn import Turn
from matcher.state import Caused, State
from protocol import topics
from protocol.book_feeds import BookMessage, OrdersMessage
from protocol.codec import encode
from protocol.commands import BookUpdatesQuery
from protocol.events import BookUpdates, CommandRefused
from protocol.units import Refusal

BUILT_AT_ONCE: Final = 2_000
"""Orders that a turn takes into the mirrors of books whose first subscribers have come, at most."""

TOLD_AT_ONCE: Final = 10_000
"""Levels and orders in snapshots after which a turn makes no further one."""

SNAPSHOT_EVERY: Final = 100_000_000
"""Nanoseconds between two snapshots of a topic at least."""

KEPT_MESSAGES: Final = 8_192
KEPT_BYTES: Final = 4 * 1024 * 1024
"""Messages of a topic that are kept for who has missed them, at most."""

ANSWERED_BYTES: Final = 256 * 1024
"""Bytes of missed messages after which an answer holds no further one."""


class Topic:
    """One topic of one book.

    wanted: whether anybody subscribes.
    due: whether a snapshot is to be made. told_at: the monotonic time of the last one.
    last: the number of the last message, or of the change before the first one.
    base: the number before the first kept message.
    """

    __slots__ = ("base", "due", "kept", "kept_bytes", "last", "name", "orders", "told_at", "wanted")

    def __init__(self, name: bytes, orders: bool) -> None:  # noqa: FBT001  always given by name
        self.name = name
        self.orders = orders
        self.wanted = False
        self.due = False
        self.told_at = -SNAPSHOT_EVERY
        self.last = self.base = 0
        self.kept: deque[bytes] = deque()
        self.kept_bytes = 0

    def begin(self, number: int) -> None:
        """Go on from a number. A snapshot tells what came before."""
        self.last = self.base = number
        self.kept.clear()
        self.kept_bytes = 0
        self.due = True

    def end(self) -> None:
        self.wanted = self.due = False
        self.kept.clear()
        self.kept_bytes = 0

    def keep(self, number: int, payload: bytes, most: int) -> None:
        """Keep a message, and at most so many."""
        self.last = number
        self.kept.append(payload)
        self.kept_bytes += len(payload)
        while len(self.kept) > most or (self.kept_bytes > KEPT_BYTES and len(self.kept) > 1):
            self.kept_bytes -= len(self.kept.popleft())
            self.base += 1


class BookFeed:
    """Both topics of a symbol, and the tracker while one of them is wanted."""

    __slots__ = ("levels", "orders", "symbol", "tracker")

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.levels = Topic(topics.book(symbol), orders=False)
        self.orders = Topic(topics.orders(symbol), orders=True)
        self.tracker: BookTracker | None = None

    @property
    def topics(self) -> tuple[Topic, Topic]:
        return self.levels, self.orders


class BookFeeds:
    """Publishes through `send(topic, payload)`. `monotonic` is in nanoseconds. `kept_messages` of a topic are kept at
    most. `on` is false while nobody subscribes."""

    def __init__(
        self,
        state: State,
        send: Send,
        wanted: Wanted,
        snapshots: BookSnapshots,
        epoch: int,
        monotonic: Callable[[], int],
        kept_messages: int = KEPT_MESSAGES,
    ) -> None:
        self._state = state
        self._send = send
        self._wanted = wanted
        self._snapshots = snapshots
        self._epoch = epoch
        self._monotonic = monotonic
        self._kept_messages = kept_messages
        self._feeds: dict[str, BookFeed] = {}
        # Those with a subscriber.
        self._followed: dict[str, BookFeed] = {}
        self._looked_at = 0
        self.on = False

    def tracker(self, symbol: str) -> BookTracker | None:
        """The tracker of a book that somebody follows, once its mirror is complete."""
        feed = self._followed.get(symbol)
        return feed.tracker if feed is not None and feed.tracker is not None and feed.tracker.complete else None

    def subscribe(self, prefixes: Collection[bytes]) -> None:
        """Take in new subscriptions to these prefixes. Each topic that they mean gets a snapshot."""
        self._meet_instruments()
        for prefix in prefixes:
            if prefix.startswith((topics.BOOK, topics.ORDERS)) and prefix.endswith(b"/") and prefix.count(b"/") == 2:
                feed = self._feeds.get(prefix.split(b"/")[1].decode())
                feeds = [] if feed is None else [feed]
            elif any(kind.startswith(prefix) or prefix.startswith(kind) for kind in (topics.BOOK, topics.ORDERS)):
                feeds = list(self._feeds.values())
            else:
                continue
            for feed in feeds:
                for topic in feed.topics:
                    if topic.name.startswith(prefix):
                        self._begin(feed, topic)

    def work(self, turn: Turn, ready: dict[object, int]) -> None:
        """Do what waits, a bounded part of it: see who has gone, build mirrors, make snapshots as of now. They go out
        with the turn. `ready` holds the descriptors of children that have ended."""
        self._meet_instruments()
        if self._snapshots.busy:
            # Also if those who wanted it have gone.
            failed = self._snapshots.take_in(turn, ready)
            if failed is not None:
                self._again(failed)
        if not self.on:
            return
        if self._looked_at != self._wanted.changes:
            self._look_who_has_gone()
        self._build()
        self._make_snapshots(turn)

    def due(self) -> int | None:
        """The monotonic time at which `work` has something to do; None if nothing waits for a clock."""
        if self._snapshots.telling:
            return 0
        if not self.on:
            return None
        due: int | None = None
        for feed in self._followed.values():
            if feed.tracker is not None and not feed.tracker.complete:
                return 0
            for topic in feed.topics:
                if topic.due and (due is None or topic.told_at + SNAPSHOT_EVERY < due):
                    due = topic.told_at + SNAPSHOT_EVERY
        return due

    def publish(self, caused: Sequence[Caused], time: int) -> None:
        """Publish how commands, carried out at that time, have changed the books."""
        for one in caused:
            for change in one.changes:
                feed = self._followed.get(change.symbol)
                if feed is not None:
                    self._publish_levels(feed.levels, change, one.sequence, time)
                    self._publish_orders(feed.orders, change, one.sequence, time)

    def send(self, messages: list[tuple[bytes, bytes]]) -> None:
        """Send snapshots. They follow the updates up to their numbers."""
        for name, payload in messages:
            self._send(name, payload)

    def after(self, query: BookUpdatesQuery) -> BookUpdates | CommandRefused:
        """The messages that a reader has missed. If they are not there, a snapshot follows on the topic."""
        feed = self._feeds.get(query.symbol)
        if feed is None:
            return CommandRefused(Refusal.UNKNOWN_SYMBOL)
        topic = feed.orders if query.orders else feed.levels
        if not topic.wanted:
            return BookUpdates([], complete=False, more=False)
        begun = feed.tracker is not None and feed.tracker.complete
        if not begun or query.epoch != self._epoch or not topic.base <= query.after <= topic.last:
            if not self._snapshots.is_making(topic.name):
                topic.due = True
            return BookUpdates([], complete=False, more=False)
        messages: list[bytes] = []
        room = ANSWERED_BYTES
        for payload in islice(topic.kept, query.after - topic.base, None):
            if room < 0:
                return BookUpdates(messages, complete=True, more=True)
            messages.append(payload)
            room -= len(payload)
        return BookUpdates(messages, complete=True, more=False)

    def _again(self, name: bytes) -> None:
        """The snapshot of a topic has failed."""
        for feed in self._followed.values():
            for topic in feed.topics:
                if topic.name == name:
                    topic.due = topic.wanted

    def _make_snapshots(self, turn: Turn) -> None:
        """Make snapshots that are due, as far as the turn's share goes."""
        now = self._monotonic()
        room = TOLD_AT_ONCE
        for feed in self._followed.values():
            tracker = feed.tracker
            if tracker is None or not tracker.complete:
                continue
            for topic in feed.topics:
                if not topic.due or topic.told_at + SNAPSHOT_EVERY > now:
                    continue
                stamp = Stamp(self._epoch, self._state.sequence, tracker.number, turn.told)
                topic.told_at = now
                topic.due = not self._snapshots.make(topic.name, tracker, stamp, turn, orders=topic.orders)
                room -= 1 + entries_of(tracker, orders=topic.orders)
                if room <= 0:
                    return

    def _meet_instruments(self) -> None:
        """Know all symbols. Somebody may have subscribed to a new one already."""
        books = self._state.registry.books
        if len(books) == len(self._feeds):
            return
        for symbol in list(islice(books, len(self._feeds), None)):
            self._feeds[symbol] = feed = BookFeed(symbol)
            for topic in feed.topics:
                if self._wanted.want(topic.name):
                    self._begin(feed, topic)

    def _begin(self, feed: BookFeed, topic: Topic) -> None:
        """Somebody has subscribed to the topic."""
        tracker = feed.tracker
        if tracker is None:
            tracker = feed.tracker = self._state.trackers.follow(feed.symbol)
            self._followed[feed.symbol] = feed
            self.on = True
        if topic.wanted:
            topic.due = True
            return
        topic.wanted = True
        topic.begin(tracker.number)
        tracker.checks = feed.levels.wanted

    def _look_who_has_gone(self) -> None:
        """End the topics that nobody subscribes to any more."""
        self._looked_at = self._wanted.changes
        for feed in list(self._followed.values()):
            for topic in feed.topics:
                if topic.wanted and not self._wanted.want(topic.name):
                    topic.end()
            tracker = feed.tracker
            if tracker is not None:
                tracker.checks = feed.levels.wanted
            if not feed.levels.wanted and not feed.orders.wanted:
                feed.tracker = None
                self._state.trackers.leave(feed.symbol)
                del self._followed[feed.symbol]
        self.on = bool(self._followed)

    def _build(self) -> None:
        """Build mirrors that are not complete, as far as the turn's share goes."""
        room = BUILT_AT_ONCE
        for feed in self._followed.values():
            tracker = feed.tracker
            if tracker is None or tracker.complete:
                continue
            room -= tracker.build(room)
            if tracker.complete:
                for topic in feed.topics:
                    if topic.wanted:
                        topic.begin(tracker.number)
            if room <= 0:
                return

    def _publish_levels(self, topic: Topic, change: BookChange, sequence: int, time: int) -> None:
        number = change.number
        if not topic.wanted or number <= topic.last:
            return
        if change.replaced:
            topic.begin(number)
            return
        message = BookMessage(
            self._epoch, sequence, number, number - 1, time, change.symbol, change.bids, change.asks, change.checksum
        )
        payload = encode(message)
        self._send(topic.name, payload)
        topic.keep(number, payload, self._kept_messages)

    def _publish_orders(self, topic: Topic, change: BookChange, sequence: int, time: int) -> None:
        number = change.number
        if not topic.wanted or number <= topic.last:
            return
        if change.replaced:
            topic.begin(number)
            return
        message = OrdersMessage(self._epoch, sequence, number, number - 1, time, change.symbol, change.orders)
        payload = encode(message)
        self._send(topic.name, payload)
        topic.keep(number, payload, self._kept_messages)
