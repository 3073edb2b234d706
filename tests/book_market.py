"""The matcher's feeds of books without its sockets: turns as the loop makes them, and what is published."""

import zmq

from matcher.core.levels import Levels, shown_quantity
from matcher.engine import Engine
from matcher.feeds.tracker import checksum_of
from matcher.serving.book_feeds import BookFeeds
from matcher.serving.book_snapshots import BookSnapshots
from matcher.serving.turn import new_turn
from matcher.state import State
from matcher.storage.entries import OWN_SESSION
from protocol.commands import OwnCommand
from tests.feed_readers import Shown

SECOND = 1_000_000_000

View = tuple[list[Shown], list[Shown], list[tuple[int, int]], list[tuple[int, int]], int]
"""Bids and asks order by order, bids and asks by level, and the checksum."""


class Readers:
    """The topics, or prefixes, that somebody subscribes to."""

    def __init__(self) -> None:
        self.changes = 0
        self.prefixes: list[bytes] = []

    def want(self, topic: bytes) -> bool:
        return any(topic.startswith(prefix) for prefix in self.prefixes)


class BookMarket:
    """One process of the matcher. `sent` is what was published; `now` is its monotonic time.

    views: each book as it was at each number of its feed.
    """

    def __init__(self, state: State | None = None, epoch: int = 1, kept_messages: int = 1_000) -> None:
        self.epoch = epoch
        self.state = state or State(Engine())
        self.sent: list[tuple[bytes, bytes]] = []
        self.readers = Readers()
        self.now = 0
        self.views: dict[tuple[str, int], View] = {}
        poller = zmq.Poller()
        self.poller = poller
        self.snapshots = BookSnapshots(poller, lambda: self.now)
        self.feeds = BookFeeds(
            self.state,
            lambda topic, payload: self.sent.append((topic, payload)),
            self.readers,
            self.snapshots,
            epoch,
            lambda: self.now,
            kept_messages,
        )

    def turn(self, *commands: OwnCommand, time: int | None = None) -> list[tuple[bytes, bytes]]:
        """Carry the commands out in one turn. Returns what is published of it."""
        before = len(self.sent)
        turn = new_turn(self.state.sequence + 1, self.state.time + 1 if time is None else time, 0)
        for command in commands:
            _, caused = self.state.apply(OWN_SESSION, 0, [command], turn.time)
            turn.caused += caused
            for change in caused[0].changes:
                self.views[change.symbol, change.number] = self.view(change.symbol)
        self.feeds.work(turn, dict(self.poller.poll(0)))
        for symbol in self.state.registry.books:
            tracker = self.feeds.tracker(symbol)
            if tracker is not None:
                self.views[symbol, tracker.number] = self.view(symbol)
        self.feeds.publish(turn.caused, turn.time)
        self.feeds.send(turn.public)
        return self.sent[before:]

    def view(self, symbol: str) -> View:
        book = self.state.registry.books[symbol]
        levels = book.bids.top(10_000), book.asks.top(10_000)
        return shown(book.bids), shown(book.asks), *levels, checksum_of(book)

    def subscribe(self, *prefixes: bytes) -> None:
        self.readers.prefixes += prefixes
        self.readers.changes += 1
        self.feeds.subscribe(prefixes)

    def unsubscribe(self, *prefixes: bytes) -> None:
        for prefix in prefixes:
            self.readers.prefixes.remove(prefix)
        self.readers.changes += 1


def shown(levels: Levels) -> list[Shown]:
    """Every resting order, best first, in the order of the queues."""
    return [(order.order_id, order.price or 0, shown_quantity(order)) for level in levels for order in level]
