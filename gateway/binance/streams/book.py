"""A symbol's book by levels, for all streams that are made of it: what each update changes, and the best prices.

A fresh snapshot of the book may follow what was missed. Its difference to the last book is then one more update.
"""

from collections.abc import Mapping
from heapq import nlargest, nsmallest
from typing import Final, Protocol

from msgspec import Struct

from gateway.http.closing import START_AGAIN, CloseFrame, Closing
from gateway.link.broker import Broker
from gateway.link.feed import Feed
from gateway.streams.book_follower import BookFollower
from gateway.streams.book_mirror import LevelMirror, Update
from gateway.streams.serve import OpenFollowers
from protocol.book_feeds import BookMessage, Level
from protocol.instrument import Instrument

NO_LEVEL: Final[Level] = (0, 0)


class Changed(Struct, frozen=True):
    """What has changed: levels with their quantities now, zero for those that are gone.

    sequence, time: the book is now that of this command.
    """

    sequence: int
    time: int
    bids: list[Level]
    asks: list[Level]


class HearsBook(Protocol):
    def hear_book(self, changed: Changed) -> None:
        """The next change."""

    def end(self, frame: CloseFrame) -> None: ...


class Book(BookFollower[HearsBook]):
    """sequence, time: the book is that of this command, or a later one that has not changed it.

    best: the best bid and the best ask; NO_LEVEL for an empty side.
    """

    def __init__(self, instrument: Instrument, broker: Broker, feed: Feed, closing: Closing) -> None:
        super().__init__(instrument, broker, feed, LevelMirror, closing)
        self.sequence = 0
        self.time = 0
        self.best = (NO_LEVEL, NO_LEVEL)
        self._told: LevelMirror | None = None

    def top(self, levels: int) -> tuple[list[Level], list[Level]]:
        """The best levels of both sides, best first."""
        mirror = self._levels()
        return nlargest(levels, mirror.bids.items()), nsmallest(levels, mirror.asks.items())

    def _levels(self) -> LevelMirror:
        assert isinstance(self._mirror, LevelMirror)
        return self._mirror

    def _tell(self, update: Update) -> None:
        assert isinstance(update, BookMessage)
        mirror = self._levels()
        bid, ask = self.best
        if update.bids and update.bids[0][0] >= bid[0]:
            bid = _highest(mirror.bids)
        if update.asks and (not ask[1] or update.asks[0][0] <= ask[0]):
            ask = _lowest(mirror.asks)
        self.best = bid, ask
        self._pass_on(Changed(update.sequence, update.timestamp, update.bids, update.asks))

    def _begin_anew(self) -> None:
        before, now, last = self._told, self._levels(), self._last
        assert last is not None, "there is a snapshot"
        self._told = now
        self.best = _highest(now.bids), _lowest(now.asks)
        goes_on = last.sequence >= self.sequence
        changed = Changed(last.sequence, last.timestamp, [], [])
        if before is not None and goes_on:
            bids, asks = _difference(before.bids, now.bids), _difference(before.asks, now.asks)
            changed = Changed(last.sequence, last.timestamp, sorted(bids, reverse=True), sorted(asks))
        elif not goes_on:
            self.sequence = last.sequence
            self.end_clients(CloseFrame(START_AGAIN, "the exchange has lost what it had told: its history is another"))
        self._pass_on(changed)

    def _pass_on(self, changed: Changed) -> None:
        self.sequence, self.time = changed.sequence, changed.time
        if changed.bids or changed.asks:
            for listener in list(self.clients):
                listener.hear_book(changed)


Books = OpenFollowers[Book]


def _highest(side: Mapping[int, int]) -> Level:
    return max(side.items(), default=NO_LEVEL)


def _lowest(side: Mapping[int, int]) -> Level:
    return min(side.items(), default=NO_LEVEL)


def _difference(before: Mapping[int, int], now: Mapping[int, int]) -> list[Level]:
    """The levels that are others now."""
    found = [(price, quantity) for price, quantity in now.items() if before.get(price) != quantity]
    return found + [(price, 0) for price in before if price not in now]
