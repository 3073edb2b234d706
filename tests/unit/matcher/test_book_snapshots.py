"""Snapshots of books that are too large to be made between two commands."""

from collections.abc import Iterator

import pytest

from matcher.instrument_list import read_instruments
from matcher.serving import book_snapshots
from matcher.serving.book_feeds import SNAPSHOT_EVERY
from matcher.serving.book_snapshots import FORK_EVERY, PARTS_AT_ONCE
from protocol import topics
from protocol.book_feeds import PART_ENTRIES, OrdersMessage, OrdersSnapshotMessage
from protocol.codec import decode_market_data
from protocol.commands import BookUpdatesQuery, PlaceOrder
from protocol.market_data import MarketDataMessage
from protocol.units import OrderType, Side
from tests.book_market import BookMarket
from tests.exchange import wait_until
from tests.feed_readers import FeedReader

SYMBOL = "BTC-USDT"
ORDERS = topics.orders(SYMBOL)
RESTING = PARTS_AT_ONCE * PART_ENTRIES + 1


def place(side: Side, price: int = 6_000_000) -> PlaceOrder:
    return PlaceOrder(SYMBOL, "ann", side, OrderType.LIMIT, 1_000, price)


@pytest.fixture
def market() -> Iterator[BookMarket]:
    """A market with a large book that somebody begins to follow."""
    market = BookMarket()
    market.turn(*read_instruments(None))
    market.turn(*[place(Side.BUY)] * RESTING)
    market.subscribe(ORDERS)
    market.views.clear()
    yield market
    market.snapshots.stop()


def build(market: BookMarket) -> list[MarketDataMessage]:
    """Turns until the mirror is complete. That last turn has tried to begin a snapshot."""
    messages: list[MarketDataMessage] = []
    while market.feeds.tracker(SYMBOL) is None:
        messages += [decode_market_data(payload) for _, payload in market.turn(place(Side.BUY, 5_000_000))]
    return messages


def next_messages(market: BookMarket) -> list[MarketDataMessage]:
    """What the next turn that publishes something does."""
    sent: list[tuple[bytes, bytes]] = []

    def publishes() -> bool:
        sent.extend(market.turn())
        return bool(sent)

    wait_until(publishes, "a message")
    return [decode_market_data(payload) for _, payload in sent]


def test_no_update_comes_before_the_mirror_is_complete(market: BookMarket) -> None:
    assert build(market) == []


def test_the_parts_tell_the_book_as_of_their_number_and_updates_go_on(market: BookMarket) -> None:
    build(market)
    reader = FeedReader()
    tracker = market.feeds.tracker(SYMBOL)
    assert tracker is not None
    begun = tracker.number
    parts: list[list[tuple[int, int]]] = []

    def whole() -> bool:
        """A command each turn, while the parts are made and sent."""
        messages = [decode_market_data(payload) for _, payload in market.turn(place(Side.SELL))]
        assert isinstance(messages[0], OrdersMessage)
        told = [message for message in messages[1:] if isinstance(message, OrdersSnapshotMessage)]
        assert {part.number for part in told} <= {begun}
        if told:
            parts.append([(part.part, part.parts) for part in told])
        for message in messages:
            reader.receive(message)
        return reader.number is not None

    wait_until(whole, "the last part")
    # A turn sends some of them, the next one the rest.
    last = PARTS_AT_ONCE + 1
    assert parts == [[(part, last) for part in range(1, last)], [(last, last)]]
    assert reader.number == tracker.number > begun
    bids, *_ = market.view(SYMBOL)
    assert reader.orders.orders("buy") == bids


def test_who_asks_while_one_is_in_the_making_makes_no_second_one(market: BookMarket) -> None:
    build(market)
    market.now += FORK_EVERY
    market.feeds.after(BookUpdatesQuery(SYMBOL, orders=True, epoch=0, after=0))
    next_messages(market)
    market.turn()
    market.now += FORK_EVERY
    assert market.feeds.due() is None
    # A newcomer may have missed parts.
    market.subscribe(ORDERS)
    assert market.feeds.due() is not None


def test_a_snapshot_that_fails_is_made_again(market: BookMarket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_snapshots, "MOST_BYTES", 10)
    build(market)

    def failed() -> bool:
        market.turn()
        return market.feeds.due() is not None

    wait_until(failed, "the end of the child")
    monkeypatch.undo()
    market.now += FORK_EVERY
    assert isinstance(next_messages(market)[0], OrdersSnapshotMessage)


def test_without_a_process_the_snapshot_is_tried_later(market: BookMarket, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_process(*_: object) -> None:
        raise OSError("Resource temporarily unavailable")

    monkeypatch.setattr(book_snapshots, "Forked", no_process)
    build(market)
    assert market.feeds.due() == market.now + SNAPSHOT_EVERY
    monkeypatch.undo()
    market.now += FORK_EVERY
    assert isinstance(next_messages(market)[0], OrdersSnapshotMessage)


def test_a_child_ends_although_all_who_wanted_its_snapshot_have_gone(market: BookMarket) -> None:
    build(market)
    assert market.snapshots.busy
    market.unsubscribe(ORDERS)

    def ended() -> bool:
        market.turn()
        return not market.snapshots.busy

    wait_until(ended, "the end of the child")
    assert not market.feeds.on
    # Nothing of it wakes the loop any more.
    assert market.poller.poll(0) == []
    assert market.feeds.due() is None


def test_what_is_not_finished_ends_with_the_matcher(market: BookMarket) -> None:
    build(market)
    market.snapshots.stop()
    assert not market.snapshots.telling
    market.snapshots.stop()
