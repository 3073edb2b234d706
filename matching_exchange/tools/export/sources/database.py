"""Rows from the tables of the history, in one transaction: they are of one moment."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, select

from gateway.native.json.times import format_exact_time
from history.candles.intervals import DAY, INTERVALS, Interval
from history.reading.database import Filled, HistoryUnavailableError, Tables, begun
from history.schema.candle_rows import candle_of_row
from history.schema.database import Database
from history.schema.tables import (
    CANDLES_1S,
    CANDLES_BELOW_1D,
    candles,
    fills,
    instruments,
    orders,
    position,
    trades,
)
from matching_exchange.columns.units import Decimals
from matching_exchange.tools.export.errors import ExportError
from matching_exchange.tools.export.kinds import BATCH, CANDLES, FILLS, TRADES, Row
from matching_exchange.tools.export.selection import Selection
from matching_exchange.tools.export.sources import Take, check_symbol
from matching_exchange.tools.export.sources.rows import candle_row, ended_row, fill_rows, trade_row

Found = Iterable[Row]

MAKER: Final = 1
"""In `fills`: the row is the maker's."""


class DatabaseSource:
    def __init__(self, database: Database, selection: Selection) -> None:
        self._database = database
        self._selection = selection
        self.decimals: dict[str, Decimals] = {}
        self.notes: list[str] = []
        self._end = 0

    def end(self) -> int:
        """As `Source.end`."""
        return self._ask(lambda _: None).time

    def run(self, take: Take) -> None:
        """As `Source.run`."""
        self._ask(lambda connection: self._read(connection, take))

    def _ask(self, question: Callable[[Connection], None]) -> Filled:
        tables = Tables(self._database)
        try:
            return tables.ask(question)[0]
        except HistoryUnavailableError as error:
            raise ExportError(
                f"{self._database.name}: {error}: `python -m history` fills the tables; --journal does without"
            ) from error
        finally:
            tables.close()

    def _read(self, connection: Connection, take: Take) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        self._read_decimals(connection)
        self._note_coverage(connection)
        self._end = connection.execute(select(position.c.time)).scalar_one()
        question, rows_of, time = self._question()
        found = connection.execution_options(yield_per=BATCH).execute(question)
        for part in found.partitions():
            take([made for row in part for made in rows_of(row)], part[-1][time])

    def _read_decimals(self, connection: Connection) -> None:
        columns = (instruments.c.symbol, instruments.c.price_decimals, instruments.c.quantity_decimals)
        for symbol, price, quantity in connection.execute(select(*columns).distinct()):
            self.decimals[symbol] = Decimals(price, quantity)
        check_symbol(self._selection.symbol, self.decimals)

    def _note_coverage(self, connection: Connection) -> None:
        first = begun(connection, self._table())
        if first.sequence > 1 and self._selection.reaches_before(first.sequence, first.time):
            self.notes.append(
                f"the tables are complete from sequence {first.sequence} ({format_exact_time(first.time)}) on"
            )

    def _table(self) -> str:
        """The name under which the coverage of the rows stands."""
        selection = self._selection
        if selection.kind is CANDLES:
            interval = _interval(selection)
            if interval is INTERVALS["1s"]:
                return CANDLES_1S
            return CANDLES_BELOW_1D if 0 < interval.length < DAY else candles.name
        return selection.kind.name

    def _question(self) -> tuple[Select[Any], Callable[[Any], Found], int]:
        """The query, what makes rows of one of its rows, and the place of the time there."""
        selection = self._selection
        if selection.kind is CANDLES:
            interval = _interval(selection)
            query = select(candles).where(
                candles.c.symbol == selection.symbol,
                candles.c.interval == interval.name,
                *self._bounds(candles.c.open_time, None),
            )
            return (
                query.order_by(candles.c.open_time),
                lambda row: [candle_row(row[0], interval, candle_of_row(row), self._end)],
                list(candles.c.keys()).index("open_time"),
            )
        if selection.kind in (TRADES, FILLS):
            return self._trades(), _one(trade_row) if selection.kind is TRADES else self._fills_of, 2
        query = select(orders).where(*self._bounds(orders.c.ended, orders.c.sequence))
        if selection.symbol is not None:
            query = query.where(orders.c.symbol == selection.symbol)
        if selection.account is not None:
            query = query.where(orders.c.account == selection.account)
        return query.order_by(orders.c.number), _one(ended_row), list(orders.c.keys()).index("ended")

    def _trades(self) -> Select[Any]:
        """Trades in their order; of fills of an account, each side of each trade."""
        selection = self._selection
        query = select(trades)
        if selection.kind is FILLS and selection.account is not None:
            same = and_(trades.c.symbol == fills.c.symbol, trades.c.trade_id == fills.c.trade_id)
            query = select(trades, fills.c.maker).join_from(fills, trades, same)
            query = query.where(
                fills.c.account == selection.account, *self._bounds(trades.c.timestamp, fills.c.sequence)
            )
            if selection.symbol is not None:
                query = query.where(fills.c.symbol == selection.symbol)
            return query.order_by(fills.c.sequence, fills.c.trade_id, fills.c.maker)
        query = query.where(*self._bounds(trades.c.timestamp, trades.c.sequence))
        if selection.symbol is not None:
            return query.where(trades.c.symbol == selection.symbol).order_by(trades.c.trade_id)
        return query.order_by(trades.c.sequence, trades.c.trade_id)

    def _fills_of(self, row: Any) -> list[Row]:
        if self._selection.account is None:
            return list(fill_rows(row))
        *trade, maker = row
        return [list(fill_rows(trade))[MAKER if maker else 0]]

    def _bounds(self, time: Any, sequence: Any) -> list[ColumnElement[bool]]:
        selection = self._selection
        bounds: list[ColumnElement[bool]] = []
        if selection.begin is not None:
            bounds.append(time >= selection.begin)
        if selection.end is not None:
            bounds.append(time < selection.end)
        if selection.first is not None:
            bounds.append(sequence >= selection.first)
        if selection.last is not None:
            bounds.append(sequence <= selection.last)
        return bounds


def _one(make: Callable[[Any], Row]) -> Callable[[Any], Found]:
    return lambda row: (make(row),)


def _interval(selection: Selection) -> Interval:
    assert selection.interval is not None, "candles have one"
    return selection.interval
