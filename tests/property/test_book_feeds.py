"""Readers of the feeds hold the engine's book at every number, whatever is late or lost on the way to them."""

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from matcher.core.saved_books import save_book
from matcher.feeds.trackers import Trackers
from protocol import topics
from protocol.codec import decode_market_data
from protocol.commands import BookUpdatesQuery, LoadBook, OwnCommand
from protocol.events import BookUpdates
from tests.book_market import SECOND, BookMarket
from tests.feed_readers import FeedReader
from tests.oracle.commands_strategy import COIN, Tape, examples, tapes

if TYPE_CHECKING:
    from protocol.market_data import MarketDataMessage
    from protocol.saved_book import SavedBook

SYMBOL = COIN.symbol
TOPICS = {False: topics.book(SYMBOL), True: topics.orders(SYMBOL)}

fates = st.lists(
    st.sampled_from((*["passes"] * 12, *["is lost"] * 3, *["waits"] * 4, "cut", "restart", "load", "ask")),
    min_size=60,
    max_size=60,
)
"""What happens at each command: to its messages, or besides."""


class Line:
    """What stands between the feed and one reader: messages may wait or be lost, and keep their order."""

    def __init__(self, orders: bool) -> None:  # noqa: FBT001  always given by name
        self.orders = orders
        self.topic = TOPICS[orders]
        self.reader = FeedReader()
        self.waiting: list[MarketDataMessage] = []

    def carry(self, sent: list[tuple[bytes, bytes]], fate: str) -> None:
        messages = [decode_market_data(payload) for topic, payload in sent if topic == self.topic]
        if fate in ("is lost", "cut"):
            return
        self.waiting += messages
        if fate != "waits":
            for message in self.waiting:
                self.reader.receive(message)
            self.waiting = []

    def ask(self, market: BookMarket) -> None:
        """Ask for what was missed, as long as more is there."""
        more = True
        while more:
            query = BookUpdatesQuery(SYMBOL, self.orders, self.reader.epoch, self.reader.number or 0)
            answer = market.feeds.after(query)
            assert isinstance(answer, BookUpdates)
            more = answer.more
            if answer.complete:
                self.reader.catch_up([decode_market_data(payload) for payload in answer.messages])
            else:
                self.reader.give_up()

    def check(self, market: BookMarket) -> None:
        """The reader's book is the engine's at its number."""
        reader = self.reader
        if reader.number is None or reader.epoch != market.epoch:
            return
        bids, asks, bid_levels, ask_levels, checksum = market.views[SYMBOL, reader.number]
        if self.orders:
            assert (reader.orders.orders("buy"), reader.orders.orders("sell")) == (bids, asks)
        else:
            assert (reader.levels.levels("buy"), reader.levels.levels("sell")) == (bid_levels, ask_levels)
            assert reader.checksum == checksum


@examples
@given(tapes, fates, st.integers(2, 20), st.sampled_from((1, 3, 1_000)))
def test_readers_hold_the_book_at_every_number(tape: Tape, fates: list[str], start: int, kept: int) -> None:
    """They begin late, lose messages, lose their connection, and hear of a restarted matcher and of loaded books."""
    run = Run(kept)
    for step, (_, time, command) in enumerate(tape):
        if step == start:
            run.market.subscribe(*TOPICS.values())
        run.play(fates[step % len(fates)] if step >= start else "passes", time, command)
    if start < len(tape):
        run.settle()


class Run:
    """A market, a reader of each feed, and what happens to them."""

    def __init__(self, kept: int) -> None:
        self.kept = kept
        self.market = BookMarket(kept_messages=kept)
        self.lines = [Line(orders=False), Line(orders=True)]
        self.saved: SavedBook | None = None

    def play(self, fate: str, time: int, command: OwnCommand) -> None:
        market = self.market
        market.now += SECOND // 30
        if fate == "restart":
            market = self.restart()
        elif fate == "cut":
            # The subscriptions end with the connection, and come again with the next one.
            market.unsubscribe(*TOPICS.values())
        sent = market.turn(command, time=time)
        if fate == "load":
            sent += self.load(time)
        for line in self.lines:
            line.carry(sent, fate)
            line.check(market)
            if line.reader.missed or fate == "ask":
                line.ask(market)
                line.check(market)
        if fate == "cut":
            market.subscribe(*TOPICS.values())

    def restart(self) -> BookMarket:
        """The matcher ends, and another one goes on with its state."""
        state = self.market.state
        state.trackers = Trackers(state.registry)
        self.market = BookMarket(state, self.market.epoch + 1, self.kept)
        self.market.subscribe(*TOPICS.values())
        return self.market

    def load(self, time: int) -> list[tuple[bytes, bytes]]:
        """Load the book that was saved at the last load."""
        sent = [] if self.saved is None else self.market.turn(LoadBook(SYMBOL, self.saved), time=time)
        self.saved = save_book(self.market.state.registry.books[SYMBOL], self.market.state.sequence)
        return sent

    def settle(self) -> None:
        """In the end, who asks holds the book of now."""
        market = self.market
        for _ in range(3):
            market.now += SECOND
            sent = market.turn(time=market.state.time)
            for line in self.lines:
                line.carry(sent, "passes")
                line.ask(market)
                line.check(market)
        tracker = market.feeds.tracker(SYMBOL)
        assert tracker is not None
        assert [line.reader.number for line in self.lines] == [tracker.number] * 2
