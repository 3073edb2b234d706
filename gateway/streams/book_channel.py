"""One symbol's book inside this worker: its clients are told a snapshot, then every change, without a hole."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from gateway.http.closing import Closing
from gateway.http.frames import message
from gateway.link.broker import Broker
from gateway.link.feed import Feed
from gateway.streams.book_follower import BookFollower
from gateway.streams.book_mirror import Mirror, Snapshot, Update
from gateway.streams.channels import Channel
from gateway.streams.clients import BookClient
from protocol.book_feeds import parts_of
from protocol.instrument import Instrument

Sides = tuple[list[Any], list[Any]]


class Part(Struct, frozen=True):
    """A part of a snapshot for a client. `last` is the update that made the book so; `sides` are bids and asks."""

    last: Update | Snapshot
    part: int
    parts: int
    sides: Sides
    checksum: int


class BookEncoders(Struct, frozen=True):
    """Make the messages for clients."""

    snapshot: Callable[[Part, Instrument], str]
    update: Callable[[Update, Instrument], str]


class BookChannel(BookFollower[BookClient], Channel[BookClient]):
    """Where the follower begins anew, all clients do."""

    def __init__(
        self,
        instrument: Instrument,
        broker: Broker,
        feed: Feed,
        mirror: type[Mirror[Any]],
        encoders: BookEncoders,
        closing: Closing,
    ) -> None:
        super().__init__(instrument, broker, feed, mirror, closing)
        self._encoders = encoders

    def new_client(self) -> BookClient:
        return BookClient(self._closing.too_slow)

    async def prepare(self, client: BookClient) -> None:
        """Give the client the book of this moment. MatcherUnavailableError if it takes too long to come."""
        await self.begun()
        if self._last is not None:
            client.begin(self._snapshot())

    def _tell(self, update: Update) -> None:
        told = message(self._encoders.update(update, self._instrument))
        for client in self.clients:
            client.offer(told)

    def _begin_anew(self) -> None:
        for client in self.clients:
            client.begin(self._snapshot())

    def _snapshot(self) -> Iterator[str]:
        """The book of this moment, as texts. They are made one by one, later."""
        last = self._last
        assert last is not None, "a channel that waits for a snapshot has none"
        parts = list(parts_of(*self._mirror.sides()))
        checksum = self._mirror.checksum
        return (
            self._encoders.snapshot(Part(last, part, len(parts), sides, checksum), self._instrument)
            for part, sides in enumerate(parts, 1)
        )
