"""A journal of this exchange: the orders of one symbol, as they rested, traded and left.

Its commands are carried out again in an engine. What followers of the book would have been told are the steps. An order
that traded at once is known by its executions. Hidden parts of icebergs show as they come.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from matcher.core.levels import shown_quantity
from matcher.engine import Engine
from matcher.feeds.tracker import BookChange
from matcher.sessions import Taken
from matcher.state import JournalMismatchError, State
from matcher.storage.entries import OWN_SESSION, read_entry
from matcher.storage.journal_format import ENGINE, JournalError
from matcher.storage.journal_reader import JournalReader
from matcher.storage.log import Record, RewoundError, TrimmedError
from matcher.storage.snapshot import read_snapshot
from matcher.storage.snapshot_file import SnapshotError, read_head, snapshots
from matching_exchange.process.files import what_failed
from matching_exchange.recordings.queues import RecordedQueues
from matching_exchange.recordings.recording import RecordingError, Step
from matching_exchange.recordings.source import Extent, Source
from protocol.book_changes import OrderAdded, OrderDeleted, OrderExecuted, OrderUpdate
from protocol.commands import Commands, Hello
from protocol.instrument import Instrument
from protocol.units import Side

JOURNAL: Final = "journal"
SNAPSHOTS: Final = "snapshots"
SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}


def read_journal(path: Path | str, symbol: str) -> Source:
    """A matcher's data directory, or its `journal` directory. Reads only, also while a matcher writes.

    A journal whose beginning is gone is read from the oldest snapshot that stands in its place. Raises RecordingError.
    """
    data = Path(path)
    instrument = _instrument(data, symbol)
    return Source(
        format="journal",
        symbol=symbol,
        base=instrument.base,
        quote=instrument.quote,
        price_decimals=instrument.price_decimals,
        quantity_decimals=instrument.quantity_decimals,
        steps=partial(read_steps, data, symbol),
        extent=Extent(instrument.tick_size, instrument.max_price, instrument.max_quantity),
        lot_size=instrument.lot_size,
    )


def _instrument(data: Path, symbol: str) -> Instrument:
    symbols: set[str] = set()
    for state in _states(data):
        if symbol in state.registry.books:
            return state.registry.books[symbol].instrument
        symbols.update(state.registry.books)
    known = ", ".join(sorted(symbols)[:10]) or "none"
    raise RecordingError(data, f"the journal has no instrument {symbol}; it has {known}")


def _states(data: Path) -> Iterator[State]:
    """The state at the beginning and after each record."""
    with _failures(data):
        reader, state = _begin(data)
        yield state
        for logged in reader.read(state.sequence):
            state.replay(logged.record)
            yield state


def read_steps(data: Path, symbol: str) -> Iterator[Step]:
    with _failures(data):
        reader, state = _begin(data)
        book = JournalBook(state, symbol)
        yield from book.begin(state.time)
        for logged in reader.read(state.sequence):
            yield from book.replay(logged.record)


def _begin(data: Path) -> tuple[JournalReader, State]:
    """The reader, and the state from which its records go on."""
    directory = data / JOURNAL if (data / JOURNAL).is_dir() else data
    reader = JournalReader(directory)
    if reader.is_empty():
        raise RecordingError(data, "holds no journal; takes a matcher's data directory")
    state = State(Engine())
    for path in (None, *snapshots(directory.parent / SNAPSHOTS)):
        try:
            if path is not None:
                if read_head(path, ENGINE).journal != reader.id:
                    continue
                state = read_snapshot(path)[1]
            for _ in reader.read(state.sequence):
                break
        except (SnapshotError, FileNotFoundError, TrimmedError):
            # A newer one does as well. The matcher removes what it needs no more.
            continue
        return reader, state
    raise RecordingError(data, "the journal's beginning is gone, and no snapshot stands in its place")


@contextmanager
def _failures(data: Path) -> Iterator[None]:
    try:
        yield
    except (JournalError, JournalMismatchError, RewoundError, TrimmedError) as error:
        raise RecordingError(data, str(error)) from error
    except OSError as error:
        raise RecordingError(data, what_failed(error)) from error


class JournalBook:
    """Carries out records, and follows the book of one symbol."""

    def __init__(self, state: State, symbol: str) -> None:
        self._state = state
        self._symbol = symbol
        self._queues = RecordedQueues()
        self._follows = False

    def begin(self, time: int) -> Iterator[Step]:
        """Follow the book from here on, if it is there. The steps are of what rests in it."""
        if self._follows or self._symbol not in self._state.registry.books:
            return
        self._follows = True
        tracker = self._state.trackers.follow(self._symbol)
        tracker.build()
        yield from self._standing(time)

    def replay(self, record: Record) -> Iterator[Step]:
        """As `State.replay`, but each command by itself."""
        state = self._state
        if record.sequence != state.sequence + 1:
            raise JournalMismatchError(f"a record begins with sequence {record.sequence}, after {state.sequence}")
        for payload in record.entries:
            entry = read_entry(payload)
            if isinstance(entry, Hello):
                state.sessions.hello(entry)
                continue
            session, number, commands = OWN_SESSION, 0, entry.commands
            if isinstance(entry, Commands):
                outcome = state.sessions.receive(entry)
                if not isinstance(outcome, Taken):
                    raise JournalMismatchError(
                        f"the record of sequence {record.sequence} holds a frame that no session sent"
                    )
                session, number, commands = entry.session, outcome.number, outcome.commands
            for place, command in enumerate(commands):
                _, (caused,) = state.apply(session, number + place, [command], record.time)
                for change in caused.changes:
                    yield from self._changed(change, record.time)
                yield from self.begin(record.time)

    def _changed(self, change: BookChange, time: int) -> Iterator[Step]:
        if change.replaced:
            yield from self._queues.clear(time)
            yield from self._standing(time)
            return
        for update in change.orders:
            yield from self._update(update, time)

    def _standing(self, time: int) -> Iterator[Step]:
        book = self._state.registry.books[self._symbol]
        for side, levels in ((Side.BUY, book.bids), (Side.SELL, book.asks)):
            for level in levels:
                order = level.head
                while order is not None:
                    shown = shown_quantity(order)
                    yield from self._queues.add(time, str(order.order_id), side, level.price, shown)
                    order = order.next

    def _update(self, update: OrderUpdate, time: int) -> list[Step]:
        queues, order = self._queues, str(update.order_id)
        if isinstance(update, OrderAdded):
            return queues.add(time, order, SIDES[update.side], update.price, update.quantity)
        if isinstance(update, OrderDeleted):
            return queues.delete(time, order)
        if isinstance(update, OrderExecuted):
            return queues.execute(time, order, update.quantity, update.price)
        if order in queues.orders:
            return queues.change(time, order, update.price, update.quantity, loses_place=update.loses_priority)
        # An iceberg that shows its next part comes back.
        return queues.add(time, order, SIDES[update.side], update.price, update.quantity)
