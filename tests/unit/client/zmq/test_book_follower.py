"""A book is followed without a hole; where that cannot be, a snapshot replaces it."""

from decimal import Decimal

from matching_exchange.client.book import BookUpdate
from matching_exchange.client.zmq.book_follower import BookChange, BookFollower, Keeper
from matching_exchange.client.zmq.states import ConnectionState, Hole
from protocol.book_checksum import book_checksum
from protocol.book_feeds import BookMessage, BookSnapshotMessage, Level
from protocol.codec import encode
from protocol.commands import BookUpdatesQuery
from protocol.events import BookUpdates
from tests.unit.client.zmq.desk import BTC, Desk

NOTHING: list[Level] = []


class Market:
    """A book of bids, as the matcher tells it."""

    def __init__(self) -> None:
        self.bids: dict[int, int] = {}
        self.number = 0
        self.epoch = 1

    def change(self, price: int, quantity: int) -> BookMessage:
        self.number += 1
        self.bids[price] = quantity
        if not quantity:
            del self.bids[price]
        changed = [(price, quantity)]
        n = self.number
        return BookMessage(self.epoch, n, n, n - 1, n, BTC.symbol, changed, NOTHING, self.checksum())

    def checksum(self) -> int:
        return book_checksum(self.levels()[:10], NOTHING)

    def levels(self) -> list[Level]:
        return sorted(self.bids.items(), reverse=True)

    def snapshot(self, parts: int = 1) -> list[BookSnapshotMessage]:
        levels, n = self.levels(), self.number
        size = -(-len(levels) // parts) or 1
        return [
            BookSnapshotMessage(
                self.epoch, n, n, n, n, BTC.symbol, part + 1, parts,
                levels[part * size : (part + 1) * size], NOTHING, self.checksum(),
            )
            for part in range(parts)
        ]  # fmt: skip


class Reader:
    def __init__(self) -> None:
        self.desk = Desk()
        self.holes: list[Hole] = []
        self.updates: list[BookUpdate] = []
        self.follower = BookFollower(BTC.symbol, self.desk, self._hear, self.holes.append)
        self.keeper = Keeper(BTC, self.follower.distrust)
        self.follower.tick(0)

    def _hear(self, change: BookChange) -> None:
        update = self.keeper.apply(change)
        if update is not None:
            self.updates.append(update)

    def receive(self, *messages: BookMessage | BookSnapshotMessage) -> None:
        for message in messages:
            self.follower.receive(message)

    def answer(self, *messages: BookMessage, complete: bool = True, more: bool = False) -> None:
        self.desk.answer(BookUpdates([encode(message) for message in messages], complete, more))

    @property
    def last(self) -> BookUpdate:
        return self.updates[-1]

    @property
    def numbers(self) -> list[int]:
        return [update.number for update in self.updates]

    def bids(self) -> list[Level]:
        return [(int(level.price * 100), int(level.quantity * 100_000)) for level in self.last.book.bids()]


def begun(market: Market) -> Reader:
    reader = Reader()
    reader.receive(*market.snapshot())
    reader.answer(complete=False)
    return reader


def test_a_snapshot_in_parts_and_the_updates_around_it() -> None:
    market, reader = Market(), Reader()
    assert reader.desk.asked(BookUpdatesQuery) == BookUpdatesQuery(BTC.symbol, orders=False, epoch=0, after=0)
    early = [market.change(price, 5) for price in (100, 90, 80)]
    first, second = market.snapshot(parts=2)
    late = [market.change(100, 0), market.change(95, 7)]
    reader.receive(*early, first, late[0], second, late[1])
    assert reader.numbers == [3, 4, 5]
    assert [update.snapshot for update in reader.updates] == [True, False, False]
    assert reader.bids() == market.levels() == [(95, 7), (90, 5), (80, 5)]
    best = reader.last.book.best_bid
    assert best is not None
    assert (best.price, best.quantity) == (Decimal("0.95"), Decimal("0.00007"))
    assert not reader.holes


def test_lost_updates_are_asked_for() -> None:
    market = Market()
    reader = begun(market)
    told = [market.change(price, 1) for price in range(1, 7)]
    reader.receive(told[0], told[3])
    query = reader.desk.asked(BookUpdatesQuery)
    assert (query.epoch, query.after) == (1, 1)
    reader.receive(told[4])
    reader.answer(told[1], more=True)
    assert reader.desk.asked(BookUpdatesQuery).after == 2
    reader.answer(told[2], told[3], told[4])
    reader.receive(told[5])
    assert reader.numbers == [0, 1, 2, 3, 4, 5, 6]
    assert reader.bids() == market.levels()
    assert not reader.holes


def test_what_is_kept_no_more_is_a_hole_and_a_snapshot_follows() -> None:
    market = Market()
    reader = begun(market)
    reader.receive(market.change(1, 1))
    for price in range(2, 9):
        market.change(price, 1)
    reader.receive(market.change(9, 1))
    reader.answer(complete=False)
    assert [(hole.feed, hole.after) for hole in reader.holes] == [("book", 1)]
    reader.receive(*market.snapshot())
    assert reader.numbers == [0, 1, 9]
    assert reader.last.snapshot
    assert reader.bids() == market.levels()


def test_a_wrong_checksum_is_told_and_a_snapshot_asked_for() -> None:
    market = Market()
    reader = begun(market)
    market.bids[3] = 3
    reader.receive(market.change(1, 1))
    assert reader.numbers == [0]
    assert ["checksum" in hole.detail for hole in reader.holes] == [True]
    assert reader.desk.asked(BookUpdatesQuery).epoch == 0
    reader.receive(market.change(2, 1))
    assert reader.numbers == [0], "what the reader's book is, nobody knows"
    reader.receive(*market.snapshot())
    assert reader.bids() == market.levels()


def test_a_restarted_matcher_is_a_hole_and_begins_with_a_snapshot() -> None:
    market = Market()
    reader = begun(market)
    late = market.change(1, 1)
    market.epoch, market.number = 2, 0
    reader.receive(*market.snapshot())
    reader.receive(late)
    reader.receive(market.change(2, 2))
    assert [(update.number, update.snapshot) for update in reader.updates] == [(0, True), (0, True), (1, False)]
    assert ["started again" in hole.detail for hole in reader.holes] == [True]
    assert reader.bids() == market.levels()


def test_a_snapshot_for_others_is_dropped() -> None:
    market = Market()
    reader = begun(market)
    reader.receive(market.change(1, 1), *market.snapshot(), market.change(2, 1))
    assert [update.snapshot for update in reader.updates] == [True, False, False]


def test_a_broken_snapshot_is_dropped() -> None:
    market = Market()
    market.change(1, 1)
    market.change(2, 1)
    reader = Reader()
    _, second = market.snapshot(parts=2)
    reader.receive(second)
    assert reader.updates == []
    reader.receive(*market.snapshot(parts=2))
    assert reader.numbers == [2]


def test_another_history_is_a_hole() -> None:
    market = Market()
    reader = begun(market)
    reader.follower.connection(ConnectionState("open", 9, other_history=True))
    assert len(reader.holes) == 1
    assert reader.desk.asked(BookUpdatesQuery).epoch == 0
