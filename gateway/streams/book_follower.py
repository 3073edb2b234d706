"""One symbol's book inside this worker, followed without a hole.

The follower keeps a mirror of the book. Updates that are lost are asked for. Where the matcher has them no more, or has
begun a new epoch, it publishes a snapshot, and the follower begins anew with it.
"""

import asyncio
from abc import abstractmethod
from collections import deque
from typing import Any, Final

from gateway.http.closing import Closing
from gateway.link.answers import expect
from gateway.link.broker import Broker
from gateway.link.errors import MatcherUnavailableError
from gateway.link.feed import Feed
from gateway.streams.book_mirror import Mirror, Snapshot, Update
from gateway.streams.channels import Follower, Heard
from protocol import topics
from protocol.book_feeds import BookMessage, BookSnapshotMessage, OrdersMessage, OrdersSnapshotMessage
from protocol.codec import decode_market_data
from protocol.commands import BookUpdatesQuery
from protocol.events import BookUpdates
from protocol.instrument import Instrument
from protocol.market_data import MarketDataMessage

READY_SECONDS: Final = 10.0
"""Time that a new client waits for the first snapshot. That of a million orders takes seconds."""

UPDATES_WAITING: Final = 10_000
"""Updates that wait at most for missing ones or for a snapshot. The oldest beyond them are asked for again."""


class BookFollower(Follower[Heard]):
    """A symbol's book, by levels or order by order: `mirror` is the class of its mirror.

    `_last` is the last message in the mirror; None while the follower waits for a snapshot, which is not older than the
    number `_floor`. `_coming` takes in its parts, of which `_part` is the last one.
    """

    def __init__(
        self,
        instrument: Instrument,
        broker: Broker,
        feed: Feed,
        mirror: type[Mirror[Any]],
        closing: Closing,
    ) -> None:
        super().__init__(closing)
        self._instrument = instrument
        self._broker = broker
        self._new_mirror = mirror
        self._mirror = self._coming = mirror()
        self._epoch = 0
        self._last: Update | Snapshot | None = None
        self._floor = 0
        self._part: Snapshot | None = None
        self._waiting: deque[Update] = deque(maxlen=UPDATES_WAITING)
        self._ready = asyncio.Event()
        topic = topics.orders if mirror.orders else topics.book
        self._unsubscribe = feed.subscribe(topic(instrument.symbol), self._receive)
        self._check_later()

    def close(self) -> None:
        super().close()
        self._unsubscribe()

    async def begun(self) -> None:
        """Wait for the book of this moment. MatcherUnavailableError if it takes too long to come."""
        if self._last is None:
            if not self._broker.available:
                raise MatcherUnavailableError("there is no matcher")
            try:
                await asyncio.wait_for(self._ready.wait(), READY_SECONDS)
            except TimeoutError as error:
                raise MatcherUnavailableError from error

    def _receive(self, published: MarketDataMessage) -> None:
        if published.epoch < self._epoch:
            # It comes late, from an earlier matcher.
            return
        if published.epoch > self._epoch:
            self._epoch = published.epoch
            self._lose()
        self._check_later()
        if isinstance(published, BookSnapshotMessage | OrdersSnapshotMessage):
            self._take_part(published)
            return
        assert isinstance(published, BookMessage | OrdersMessage)
        last = self._last
        if last is None or (self._waiting and published.number > last.number):
            self._waiting.append(published)
        elif published.previous == last.number:
            self._deliver(published)
        elif published.number > last.number:
            self._waiting.append(published)
            self._ask()

    def _lose(self) -> None:
        """Another epoch has begun: nothing of the one before holds."""
        self._last = self._part = None
        self._floor = 0
        self._waiting.clear()
        self._ready.clear()

    def _take_part(self, part: Snapshot) -> None:
        """Begin anew with a snapshot once it is whole, unless the mirror has what it tells."""
        if part.number < self._floor or (self._last is not None and part.number <= self._last.number):
            return
        before = self._part
        if part.part == 1:
            self._coming = self._new_mirror()
        elif before is None or before.number != part.number or before.part != part.part - 1:
            self._part = None
            return
        self._part = part
        self._coming.load(part)
        if part.part < part.parts:
            return
        self._part = None
        self._mirror, self._coming = self._coming, self._new_mirror()
        self._last = part
        self._begin_anew()
        self._ready.set()
        self._join_waiting()

    def _join_waiting(self) -> None:
        """Deliver the updates that wait, up to the first hole."""
        while self._waiting and self._last is not None:
            update = self._waiting[0]
            if update.previous > self._last.number:
                self._ask()
                return
            self._waiting.popleft()
            if update.number > self._last.number:
                self._deliver(update)

    async def _catch_up(self) -> None:
        """Ask for what comes after the last update. Without one, a question makes the matcher publish a snapshot."""
        more = True
        while more:
            epoch, last = self._epoch, self._last
            number = 0 if last is None else last.number
            query = BookUpdatesQuery(self._instrument.symbol, self._mirror.orders, 0 if last is None else epoch, number)
            try:
                missed = expect(BookUpdates, (await self._broker.query(query)).value)
            except MatcherUnavailableError:
                # When it is back, it sends a snapshot.
                self._check_later()
                return
            if epoch != self._epoch:
                continue
            if not missed.complete:
                # A snapshot comes.
                if last is not None and self._last is last:
                    self._floor = last.number
                    self._last = None
                    self._ready.clear()
                self._check_later()
                return
            for payload in missed.messages:
                update = decode_market_data(payload)
                assert isinstance(update, BookMessage | OrdersMessage)
                if self._last is not None and update.previous == self._last.number:
                    self._deliver(update)
            self._join_waiting()
            more = self._last is not last and (missed.more or bool(self._waiting))

    def _deliver(self, update: Update) -> None:
        self._mirror.apply(update)
        self._last = update
        self._tell(update)
        self._check_later()

    @abstractmethod
    def _tell(self, update: Update) -> None:
        """The update is in the mirror."""

    @abstractmethod
    def _begin_anew(self) -> None:
        """The mirror is that of a snapshot. What was told before does not lead to it."""
