"""Readers of the feeds of books, on the sockets of a running matcher."""

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import count

import msgspec
import pytest

from protocol.book_checksum import book_checksum
from protocol.book_feeds import PART_ENTRIES
from protocol.client import CommandClient, MarketDataReader
from protocol.commands import AmendOrder, BookUpdatesQuery, DepthQuery, LoadBook, SaveBook
from protocol.events import BookLoaded, BookSaved, BookUpdates, CommandRefused, Depth
from protocol.market_data import MarketDataMessage
from protocol.units import Refusal
from tests.exchange import PATIENCE, Matcher, wait_until
from tests.feed_readers import FeedReader, Shown
from tests.integration.market_data import BUY, SELL, add, flow, limit, send
from tests.subscriber import Subscriber

_symbols = count(1)

Levels = tuple[list[tuple[int, int]], list[tuple[int, int]]]
Orders = tuple[list[Shown], list[Shown]]
"""Bids and asks."""


@pytest.fixture(scope="module")
def client(shared_matcher: Matcher) -> Iterator[CommandClient]:
    with shared_matcher.client() as client:
        yield client


@pytest.fixture
def symbol(client: CommandClient) -> str:
    return add(client, f"FEED{next(_symbols)}-USD")


class Reader:
    """Both feeds of a symbol, read on a socket of its own. A context manager."""

    def __init__(self, matcher: Matcher, symbol: str) -> None:
        self.topics = f"book/{symbol}/", f"orders/{symbol}/"
        self.socket = Subscriber(matcher, *self.topics)
        self.feeds = {topic: FeedReader() for topic in self.topics}
        self.snapshots = 0

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.__exit__()

    @property
    def numbers(self) -> set[int | None]:
        return {feed.number for feed in self.feeds.values()}

    def read(self) -> None:
        """The next message. There is no hole on the way."""
        topic, message = self.socket.read()
        self.snapshots += message["type"].endswith("_snapshot")
        self.feeds[topic].receive(msgspec.convert(message, MarketDataMessage))

    def read_until(self, levels: Levels, orders: Orders) -> None:
        """Read until both books are these."""
        while self.levels != levels or self.orders != orders or len(self.numbers) > 1:
            self.read()
        [feed, _] = self.feeds.values()
        assert feed.checksum == book_checksum(levels[0][:10], levels[1][:10])

    @property
    def levels(self) -> Levels:
        book = self.feeds[self.topics[0]].levels
        return book.levels("buy"), book.levels("sell")

    @property
    def orders(self) -> Orders:
        orders = self.feeds[self.topics[1]].orders
        return orders.orders("buy"), orders.orders("sell")


def books_of(matcher: Matcher, client: CommandClient, symbol: str) -> tuple[Levels, Orders]:
    """The book by levels as the matcher answers it, and order by order as it saves it."""
    depth = client.query(DepthQuery(symbol, 1_000)).result
    saved = client.query(SaveBook(symbol)).result
    assert isinstance(depth, Depth) and isinstance(saved, BookSaved)
    contents = json.loads((matcher.data / saved.file).read_text())
    bids, asks = [
        [
            (
                int(order["order_id"]),
                int(Decimal(order["price"]).scaleb(2)),
                int(Decimal(order["remaining_quantity"]).scaleb(3)),
            )
            for order in contents[side]
        ]
        for side in ("bids", "asks")
    ]
    return (depth.bids, depth.asks), (bids, asks)


def test_late_subscriber_holds_the_book_of_now_and_follows_it(
    shared_matcher: Matcher, client: CommandClient, symbol: str
) -> None:
    send(client, flow(symbol, 300, seed=1))
    with Reader(shared_matcher, symbol) as reader:
        reader.read_until(*books_of(shared_matcher, client, symbol))
        send(client, flow(symbol, 1_000, seed=2))
        books = books_of(shared_matcher, client, symbol)
        assert any(books[0])
        reader.read_until(*books)
    assert reader.snapshots == 2


def test_second_subscriber_makes_no_hole_for_the_first(
    shared_matcher: Matcher, client: CommandClient, symbol: str
) -> None:
    with Reader(shared_matcher, symbol) as first:
        first.read()
        send(client, flow(symbol, 300, seed=3))
        with Reader(shared_matcher, symbol) as second:
            send(client, flow(symbol, 300, seed=4))
            books = books_of(shared_matcher, client, symbol)
            second.read_until(*books)
            first.read_until(*books)
            assert first.numbers == second.numbers
        # The one that stays goes on.
        send(client, flow(symbol, 300, seed=5))
        first.read_until(*books_of(shared_matcher, client, symbol))


def test_who_comes_after_all_have_left_begins_at_a_later_number(
    shared_matcher: Matcher, client: CommandClient, symbol: str
) -> None:
    send(client, [limit(symbol, BUY, 10, 9_000)])
    with Reader(shared_matcher, symbol) as before:
        before.read_until(*books_of(shared_matcher, client, symbol))

    def left() -> bool:
        """The matcher keeps nothing for a topic without a subscriber."""
        query = BookUpdatesQuery(symbol, orders=True, epoch=epoch, after=number)
        answer = client.query(query).result
        assert isinstance(answer, BookUpdates)
        return not answer.complete

    number = before.feeds[before.topics[1]].number or 0
    epoch = before.feeds[before.topics[1]].epoch
    wait_until(left, "the end of the subscriptions")
    send(client, [limit(symbol, BUY, 10, 9_000)])
    with Reader(shared_matcher, symbol) as after:
        after.read_until(*books_of(shared_matcher, client, symbol))
        assert (after.feeds[after.topics[1]].number or 0) > number > 0


def test_large_book_comes_in_parts_while_it_changes(
    shared_matcher: Matcher, client: CommandClient, symbol: str
) -> None:
    orders = 2 * PART_ENTRIES + 1_000
    send(client, [limit(symbol, BUY, 10, 5 * (place % 900 + 100)) for place in range(orders)])
    with Reader(shared_matcher, symbol) as reader:
        numbers: list[int] = []
        while not numbers:
            send(client, [limit(symbol, SELL, 20, 500), limit(symbol, BUY, 10, 500)])
            for topic, message in reader.socket.read_waiting():
                feed = reader.feeds[topic]
                feed.receive(msgspec.convert(message, MarketDataMessage))
                if message["type"] == "orders_snapshot":
                    numbers.append(message["parts"])
        assert numbers[0] == 3
        send(client, flow(symbol, 200, seed=6))
        reader.read_until(*books_of(shared_matcher, client, symbol))


def test_all_parts_of_a_snapshot_are_fresh_to_the_library(
    shared_matcher: Matcher, client: CommandClient, symbol: str
) -> None:
    send(client, [limit(symbol, BUY, 10, 5_000)] * (PART_ENTRIES + 1))
    with MarketDataReader([f"orders/{symbol}/".encode()], shared_matcher.market_data) as reader:
        updates = [reader.read(PATIENCE) for _ in range(2)]
        send(client, [limit(symbol, BUY, 10, 5_000)])
        updates.append(reader.read(PATIENCE))
    assert [update is not None and update.fresh for update in updates] == [True, True, True]
    assert updates[2] is not None and updates[2].missed == 0


def test_missed_messages_are_told_on_request(shared_matcher: Matcher, client: CommandClient, symbol: str) -> None:
    with Subscriber(shared_matcher, f"orders/{symbol}/") as subscriber:
        _, snapshot = subscriber.read()
        send(client, [limit(symbol, BUY, 10, 9_000 + place) for place in (0, 5, 10)])
        messages = [subscriber.read()[1] for _ in range(3)]
        query = BookUpdatesQuery(symbol, orders=True, epoch=snapshot["epoch"], after=snapshot["number"] + 1)
        answer = client.query(query).result
        assert isinstance(answer, BookUpdates)
        assert (answer.complete, answer.more) == (True, False)
        assert [msgspec.msgpack.decode(payload) for payload in answer.messages] == messages[1:]
        assert client.query(BookUpdatesQuery(symbol, orders=True, epoch=1, after=0)).result == BookUpdates(
            [], complete=False, more=False
        )
        _, again = subscriber.read()
        assert (again["type"], again["number"]) == ("orders_snapshot", messages[-1]["number"])
    unknown = client.query(BookUpdatesQuery("NONE-USD", orders=True, epoch=1, after=0)).result
    assert isinstance(unknown, CommandRefused) and unknown.refusal is Refusal.UNKNOWN_SYMBOL


def test_loaded_book_replaces_that_of_readers(shared_matcher: Matcher, client: CommandClient, symbol: str) -> None:
    send(client, [limit(symbol, BUY, 10, 9_000 - 5 * place) for place in range(20)])
    books = books_of(shared_matcher, client, symbol)
    file = shared_matcher.data / "state" / f"orderbook_{symbol}.json"
    saved = file.read_bytes()
    with Reader(shared_matcher, symbol) as reader:
        reader.read_until(*books)
        send(client, [AmendOrder(order_id=books[1][0][3][0], quantity=50), limit(symbol, BUY, 10, 5)])
        reader.read_until(*books_of(shared_matcher, client, symbol))
        file.write_bytes(saved)
        assert isinstance(client.command(LoadBook(symbol)), BookLoaded)
        reader.read_until(*books)
    assert reader.snapshots >= 4


def test_readers_go_on_with_a_restarted_matcher(matcher: Matcher) -> None:
    with matcher.client() as client:
        symbol = add(client, "FEED-USD")
        send(client, flow(symbol, 300, seed=8))
        with Reader(matcher, symbol) as reader:
            reader.read_until(*books_of(matcher, client, symbol))
            epochs = {feed.epoch for feed in reader.feeds.values()}
            matcher.kill()
            matcher.restart()
            with matcher.client() as client_after:
                send(client_after, flow(symbol, 300, seed=9))
                reader.read_until(*books_of(matcher, client_after, symbol))
            assert {feed.epoch for feed in reader.feeds.values()}.isdisjoint(epochs)
