"""The trackers of the books that somebody follows. While nobody does, `on` is false and nothing is done."""

from matcher.core.registry import Registry
from matcher.feeds.tracker import BookChange, BookTracker
from protocol.commands import OwnCommand, PlaceOrder
from protocol.events import (
    BookLoaded,
    Event,
    OrderAmended,
    OrderCanceled,
    OrderDecremented,
    OrderPlaced,
    OrderReduced,
    OrderTriggered,
    Trade,
)


class Trackers:
    """By symbol. `on` tells whether there are any."""

    __slots__ = ("_numbers", "_registry", "_trackers", "on")

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._trackers: dict[str, BookTracker] = {}
        # The last numbers of books that are followed no more: a number never gets a second meaning.
        self._numbers: dict[str, int] = {}
        self.on = False

    def follow(self, symbol: str) -> BookTracker:
        """Follow a book from now on. The tracker's mirror is not built yet. KeyError if there is no such symbol."""
        tracker = self._trackers.get(symbol)
        if tracker is None:
            number = self._numbers.get(symbol, 0)
            tracker = BookTracker(self._registry.books[symbol], self._registry.orders, number)
            self._trackers[symbol] = tracker
            self.on = True
        return tracker

    def leave(self, symbol: str) -> None:
        """Follow the book no more, and forget its mirror."""
        tracker = self._trackers.pop(symbol, None)
        if tracker is not None:
            self._numbers[symbol] = tracker.number
        self.on = bool(self._trackers)

    def take(self, command: OwnCommand, events: list[Event]) -> list[BookChange]:
        """Tell all trackers what a command that has just run has caused. Returns what has changed, book by book."""
        if type(command) is PlaceOrder:
            # All that it causes is of one book.
            tracker = self._trackers.get(command.symbol)
            change = tracker.take(events) if tracker is not None else None
            return [] if change is None else [change]
        changes: list[BookChange] = []
        for symbol, of_book in self._by_book(events).items():
            change = self._trackers[symbol].take(of_book)
            if change is not None:
                changes.append(change)
        return changes

    def _by_book(self, events: list[Event]) -> dict[str, list[Event]]:
        """The events of each book that is followed."""
        by_book: dict[str, list[Event]] = {}
        for event in events:
            symbol = self._symbol_of(event)
            if symbol in self._trackers:
                by_book.setdefault(symbol, []).append(event)
        return by_book

    def _symbol_of(self, event: Event) -> str:
        """That of the event's book; empty if it changes nothing in one."""
        if type(event) is Trade or type(event) is BookLoaded:
            return event.symbol
        if (
            type(event) is OrderPlaced
            or type(event) is OrderTriggered
            or type(event) is OrderCanceled
            or type(event) is OrderAmended
            or type(event) is OrderReduced
            or type(event) is OrderDecremented
        ):
            order = self._registry.orders.get(event.order_id)
            assert order is not None, "an order is known right after a command that names it"
            return order.book.rules.symbol
        return ""
