"""Rows straight from a journal: its commands are carried out again, from the newest snapshot before the range on."""

from collections.abc import Iterable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import Final

from history.candles.candle import Candle
from history.candles.folding import fold, fold_trades
from history.writing.gather import StateGatherer
from history.writing.rows import TableRows
from matcher.storage.log import Record
from matching_exchange.columns.units import Decimals
from matching_exchange.tools.export.kinds import CANDLES, FILLS, TRADES, Row
from matching_exchange.tools.export.selection import Selection
from matching_exchange.tools.export.sources import Take, check_symbol
from matching_exchange.tools.export.sources.book_rows import BookRows
from matching_exchange.tools.export.sources.records import Records, failures
from matching_exchange.tools.export.sources.rows import candle_row, ended_row, fill_rows, trade_row

TAKEN_EVERY: Final = 2_048
"""Commands after which rows are handed on."""

IN_ORDER: Final = itemgetter(12, 1)
"""Of a whole row of `trades`: its sequence and its trade_id."""


class JournalSource:
    def __init__(self, data: Path, selection: Selection) -> None:
        """Raises UsageError without a journal, ExportError if it cannot be read."""
        self._selection = selection
        self._records = Records(data, selection)
        self._state = self._records.state
        self.decimals: dict[str, Decimals] = {}
        self.notes = [self._records.note] if self._records.note else []

    def end(self) -> int:
        """As `Source.end`."""
        return self._records.last_written()

    def run(self, take: Take) -> None:
        """As `Source.run`."""
        rows = self._make()
        taken = self._state.sequence
        now = self._state.time
        for record in self._records.read():
            now = record.time
            if rows.is_behind(record):
                break
            with failures():
                rows.replay(record)
            if self._state.sequence - taken >= TAKEN_EVERY:
                taken = self._state.sequence
                self._hand_on(take, rows.take(), now)
        self._hand_on(take, rows.take(), now)
        self._hand_on(take, rows.finish(now), now)
        check_symbol(self._selection.symbol, self.decimals)

    def _make(self) -> "Gathered | Books":
        if self._selection.kind.journal_only:
            return Books(self._records, self._selection)
        if self._selection.kind is CANDLES:
            return Candles(self._records, self._selection)
        return Gathered(self._records, self._selection)

    def _hand_on(self, take: Take, rows: list[Row], time: int) -> None:
        for symbol, book in self._state.registry.books.items():
            if symbol not in self.decimals:
                instrument = book.instrument
                self.decimals[symbol] = Decimals(instrument.price_decimals, instrument.quantity_decimals)
        take(rows, time)


class Gathered:
    """Rows of trades, fills and orders, gathered as the follower of the journal does it for the tables."""

    def __init__(self, records: Records, selection: Selection) -> None:
        self._state = records.state
        self._selection = selection
        self._gatherer = StateGatherer(records.state)

    def is_behind(self, record: Record) -> bool:
        """Whether the record and all later ones are behind the range."""
        return self._selection.is_behind(record.sequence, record.time)

    def replay(self, record: Record) -> None:
        self._state.replay(record, self._gatherer.observe)

    def take(self) -> list[Row]:
        """The rows since the last call."""
        return list(self._selected(self._gatherer.take()))

    def finish(self, now: int) -> list[Row]:
        """What is left at the end, at this time of the journal."""
        return []

    def _selected(self, found: TableRows) -> Iterator[Row]:
        selection = self._selection
        kind = selection.kind
        if kind is TRADES:
            rows: Iterable[Row] = map(trade_row, sorted(found.trades, key=IN_ORDER))
        elif kind is FILLS:
            rows = (row for trade in sorted(found.trades, key=IN_ORDER) for row in fill_rows(trade))
        else:
            rows = map(ended_row, found.orders)
        symbol, sequence = kind.place("symbol"), kind.place("sequence")
        time = kind.place("timestamp" if kind in (TRADES, FILLS) else "ended")
        account = kind.place("account") if kind.by_account else 0
        for row in rows:
            if (
                selection.has(row[sequence], row[time])
                and (selection.symbol is None or row[symbol] == selection.symbol)
                and (selection.account is None or row[account] == selection.account)
            ):
                yield row


class Candles(Gathered):
    """Candles of the trades. One that is open where the journal begins is left out, if it may lack trades."""

    def __init__(self, records: Records, selection: Selection) -> None:
        super().__init__(records, selection)
        assert selection.interval is not None, "candles have one"
        self._interval = selection.interval
        self._begin = records.state.time
        self._last: Candle | None = None

    def is_behind(self, record: Record) -> bool:
        """Whether the record is behind the last candle of the range."""
        end = self._selection.end
        return end is not None and self._interval.open_time(record.time) >= end

    def finish(self, now: int) -> list[Row]:
        """The last candle."""
        return [] if self._last is None else self._rows([self._last], now)

    def _selected(self, found: TableRows) -> Iterator[Row]:
        trades = (trade for trade in found.trades if trade[0] == self._selection.symbol)
        candles = fold(fold_trades(trades), self._interval)
        if self._last is not None and candles and candles[0].open_time == self._last.open_time:
            self._last.add(candles.pop(0))
        if candles:
            *before, last = candles if self._last is None else [self._last, *candles]
            self._last = last
            yield from self._rows(before, last.open_time)

    def _rows(self, candles: list[Candle], now: int) -> list[Row]:
        selection = self._selection
        symbol, begin, end = selection.symbol or "", selection.begin or 0, selection.end
        return [
            candle_row(symbol, self._interval, candle, now)
            for candle in candles
            if candle.open_time >= begin and (end is None or candle.open_time < end)
            if candle.open_time > self._begin or not self._begin
        ]


class Books(BookRows):
    """Rows of one book."""

    def __init__(self, records: Records, selection: Selection) -> None:
        super().__init__(records.state, selection)

    def is_behind(self, record: Record) -> bool:
        """Whether the record and all later ones are behind the range."""
        return self._selection.is_behind(record.sequence, record.time)
