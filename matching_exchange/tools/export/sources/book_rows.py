"""Rows of level-2 and level-3, of the commands of a journal, each carried out by itself."""

from typing import Final

from matcher.core.book import Book
from matcher.core.levels import shown_quantity
from matcher.feeds.tracker import BookChange, BookTracker
from matcher.sessions import Taken
from matcher.state import Caused, JournalMismatchError, State
from matcher.storage.entries import OWN_SESSION, read_entry
from matcher.storage.log import Record
from matching_exchange.tools.export.kinds import LEVEL_2, Row
from matching_exchange.tools.export.selection import Selection
from protocol.book_changes import OrderAdded, OrderDeleted, OrderExecuted, OrderUpdate
from protocol.commands import Commands, Hello

OTHER_SIDE: Final = {"buy": "sell", "sell": "buy"}


class BookRows:
    """Follows the book of a selection's symbol from its first command on. The rows begin with the book as it stands
    then."""

    def __init__(self, state: State, selection: Selection) -> None:
        assert selection.symbol is not None, "such a selection names one"
        self._state = state
        self._selection = selection
        self._symbol = selection.symbol
        self._by_level = selection.kind is LEVEL_2
        self._tracker: BookTracker | None = None
        self._rows: list[Row] = []

    def replay(self, record: Record) -> None:
        """Carry out a record, as `State.replay` does, but each command by itself: a range may begin with any."""
        if record.sequence != self._state.sequence + 1:
            raise JournalMismatchError(f"a record begins with sequence {record.sequence}, after {self._state.sequence}")
        for payload in record.entries:
            entry = read_entry(payload)
            session, number = OWN_SESSION, 0
            if isinstance(entry, Hello):
                self._state.sessions.hello(entry)
                continue
            commands = entry.commands
            if isinstance(entry, Commands):
                outcome = self._state.sessions.receive(entry)
                if not isinstance(outcome, Taken):
                    raise JournalMismatchError(
                        f"the record of sequence {record.sequence} holds a frame that no session sent"
                    )
                session, number, commands = entry.session, outcome.number, outcome.commands
            for place, command in enumerate(commands):
                self._follow(self._state.sequence + 1, record.time)
                _, (caused,) = self._state.apply(session, number + place, [command], record.time)
                if self._selection.has(caused.sequence, record.time):
                    self._add(caused, record.time)

    def take(self) -> list[Row]:
        """The rows since the last call."""
        rows = self._rows
        self._rows = []
        return rows

    def finish(self, now: int) -> list[Row]:
        """The last rows, at this time of the journal: the book as it stands, if the range holds no command."""
        self._open(max(self._state.time, self._selection.begin or 0))
        return self.take()

    def _follow(self, sequence: int, time: int) -> None:
        """Begin before the first command of the range."""
        if self._tracker is None and not self._selection.is_before(sequence, time):
            self._open(max(self._state.time, self._selection.begin or 0))

    def _open(self, time: int) -> None:
        if self._tracker is None and self._symbol in self._state.registry.books:
            self._tracker = self._state.trackers.follow(self._symbol)
            self._tracker.build()
            self._add_book(self._tracker.book, self._state.sequence, time)

    def _add(self, caused: Caused, time: int) -> None:
        for change in caused.changes:
            if change.replaced:
                assert self._tracker is not None, "it has told the change"
                self._rows.append(self._row(time, caused.sequence, "clear"))
                self._add_book(self._tracker.book, caused.sequence, time)
            elif self._by_level:
                self._add_levels(change, caused.sequence, time)
            else:
                self._rows += [self._update(update, caused.sequence, time) for update in change.orders]

    def _row(self, time: int, sequence: int, event: str) -> Row:
        return (self._symbol, time, sequence, event, *(None,) * (4 if self._by_level else 7))

    def _add_book(self, book: Book, sequence: int, time: int) -> None:
        """All that stands, the best price first."""
        for side, levels in (("buy", book.bids), ("sell", book.asks)):
            stamp = (self._symbol, time, sequence, "snapshot")
            if self._by_level:
                self._rows += [
                    (*stamp, side, price, quantity, None) for price, quantity in levels.top(len(levels.keys))
                ]
            else:
                for level in levels:
                    order = level.head
                    while order is not None:
                        shown = (order.order_id, side, level.price, shown_quantity(order))
                        self._rows.append((*stamp, *shown, None, None, None))
                        order = order.next

    def _add_levels(self, change: BookChange, sequence: int, time: int) -> None:
        stamp = (self._symbol, time, sequence)
        for update in change.orders:
            if isinstance(update, OrderExecuted):
                side = OTHER_SIDE[update.side]
                self._rows.append((*stamp, "trade", side, update.price, update.quantity, update.trade_id))
        for side, levels in (("buy", change.bids), ("sell", change.asks)):
            self._rows += [(*stamp, "update", side, price, quantity, None) for price, quantity in levels]

    def _update(self, update: OrderUpdate, sequence: int, time: int) -> Row:
        event, remaining, trade_id, loses_priority = "modify", None, None, None
        if isinstance(update, OrderAdded):
            event = "add"
        elif isinstance(update, OrderDeleted):
            event = "delete"
        elif isinstance(update, OrderExecuted):
            event, remaining, trade_id = "execute", update.remaining, update.trade_id
        else:
            loses_priority = update.loses_priority
        return (
            self._symbol, time, sequence, event, update.order_id, update.side, update.price, update.quantity, remaining,
            trade_id, loses_priority,
        )  # fmt: skip
