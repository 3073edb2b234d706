"""A reader that has nothing but the changes of a tracker holds the engine's book after every command."""

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from matcher.core.book import Book
from matcher.core.saved_books import save_book
from matcher.engine import Engine
from matcher.feeds.tracker import ALL
from matcher.feeds.trackers import Trackers
from protocol.book_changes import OrderExecuted
from protocol.commands import LoadBook, OwnCommand
from protocol.events import Event, Trade
from tests.book_market import shown
from tests.feed_readers import LevelReader, OrderReader
from tests.oracle.commands_strategy import Tape, examples, tapes

if TYPE_CHECKING:
    from protocol.saved_book import SavedBook

Readers = dict[str, tuple[OrderReader, LevelReader]]


def read_whole(book: Book) -> tuple[OrderReader, LevelReader]:
    """Readers that begin with the book as it is."""
    orders, levels = OrderReader(), LevelReader()
    orders.load("buy", shown(book.bids))
    orders.load("sell", shown(book.asks))
    levels.apply(book.bids.top(10_000), book.asks.top(10_000))
    return orders, levels


@examples
@given(tapes, st.integers(1, 40), st.sampled_from((1, 2, ALL)), st.booleans())
def test_a_reader_of_changes_holds_the_book(tape: Tape, start: int, pace: int, loading: bool) -> None:  # noqa: FBT001
    """Whenever it begins, however slowly the mirror is built, and also if saved books are loaded between."""
    engine = Engine()
    trackers = Trackers(engine.registry)
    readers: Readers = {}
    saved: dict[str, SavedBook] = {}
    stamp = 0
    for sequence, time, command in tape:
        stamp += 1
        events = engine.apply(stamp, time, command)
        follow(engine, trackers, readers, command, events)
        if loading and sequence % 10 == 5:
            saved = {symbol: save_book(book, stamp) for symbol, book in engine.registry.books.items()}
        if loading and sequence % 10 == 0:
            for symbol, contents in saved.items():
                stamp += 1
                load = LoadBook(symbol, contents)
                follow(engine, trackers, readers, load, engine.apply(stamp, time, load))
        if sequence >= start:
            for symbol, book in engine.registry.books.items():
                tracker = trackers.follow(symbol)
                if not tracker.complete:
                    tracker.build(pace)
                    if tracker.complete:
                        readers[symbol] = read_whole(book)


def follow(engine: Engine, trackers: Trackers, readers: Readers, command: OwnCommand, events: list[Event]) -> None:
    """Let the readers hear of a command, and compare them with the books."""
    books = engine.registry.books
    executed: list[tuple[str, int, int, int, int]] = []
    for change in trackers.take(command, events):
        if change.replaced:
            readers[change.symbol] = read_whole(books[change.symbol])
            continue
        orders, levels = readers[change.symbol]
        assert change.orders
        for update in change.orders:
            orders.apply(update)
            if isinstance(update, OrderExecuted):
                executed.append((change.symbol, update.trade_id, update.order_id, update.price, update.quantity))
        levels.apply(change.bids, change.asks)
    assert executed == [
        (event.symbol, event.trade_id, event.maker_order_id, event.price, event.quantity)
        for event in events
        if isinstance(event, Trade) and event.symbol in readers
    ]
    for symbol, (orders, levels) in readers.items():
        for side, queue in (("buy", books[symbol].bids), ("sell", books[symbol].asks)):
            assert orders.orders(side) == shown(queue)
            assert levels.levels(side) == queue.top(10_000)
