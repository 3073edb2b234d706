"""The tables, for their one writer: SQLAlchemy Core on SQLite or PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, func, select

from history.candles.candle import Candle
from history.candles.intervals import INTERVALS
from history.schema.candle_rows import candle_of_row
from history.schema.database import Database
from history.schema.tables import (
    COVERED,
    candles,
    checkpoints,
    coverage,
    fills,
    instruments,
    movements,
    orders,
    position,
    trades,
)
from history.writing.backend import Backend
from history.writing.checkpoints import THINNED_AFTER, thin_out
from history.writing.interface import Place, StoreFailedError, StoreRefusedError
from history.writing.retiring import retire_some
from history.writing.rewinding import remove_above, remove_all
from history.writing.rows import TableRows
from history.writing.searching import SYMBOLS
from history.writing.sqlite import SqliteBackend
from history.writing.versions import prepare_tables


def open_store(database: Database, keep_days: int | None = None) -> "DatabaseStore":
    """Connect, and make the tables or upgrade them. `keep_days` is how long what can be made again of nothing is kept;
    None keeps it for ever. Raises StoreFailedError, also if another process writes there."""
    if database.path is not None:
        return DatabaseStore(database, SqliteBackend(database), keep_days)
    try:
        # Only where a database of PostgreSQL is used: its driver is an extra.
        from history.writing.postgres import PostgresBackend  # noqa: PLC0415
    except ImportError:
        raise StoreRefusedError(
            f"{database.name}: its driver is missing: install matching-exchange[postgres]"
        ) from None
    return DatabaseStore(database, PostgresBackend(database), keep_days)


class DatabaseStore:
    """Implements `interface.Store`."""

    def __init__(self, database: Database, backend: Backend, keep_days: int | None) -> None:
        self._database = database
        self._backend = backend
        self._keep_days = keep_days
        self._engine: Engine = backend.make_engine().execution_options(schema_translate_map=database.schemas)
        self._checkpoints = 0
        self._place: Place | None = None
        self._prepare()

    def position(self) -> Place | None:
        with self._transaction() as connection:
            self._place = _position(connection)
        return self._place

    def coverage(self) -> dict[str, tuple[int, int]]:
        """By name of COVERED: the first sequence from which it is complete, and the time of that."""
        with self._transaction() as connection:
            return {name: (sequence, time) for name, sequence, time in connection.execute(select(coverage))}

    def last_candles(self) -> list[tuple[str, str, Candle]]:
        every = candles.alias()
        last = select(func.max(every.c.open_time)).where(
            every.c.symbol == SYMBOLS.c.symbol, every.c.interval == bindparam("name")
        )
        query = select(candles).where(
            candles.c.symbol == SYMBOLS.c.symbol,
            candles.c.interval == bindparam("name"),
            candles.c.open_time == last.scalar_subquery(),
        )
        with self._transaction() as connection:
            rows = [row for name in INTERVALS for row in connection.execute(query, {"name": name})]
        return [(row.symbol, row.interval, candle_of_row(row)) for row in rows]

    def checkpoints(self) -> Sequence[tuple[int, int]]:
        newest_first = select(checkpoints.c.sequence, checkpoints.c.crc).order_by(checkpoints.c.sequence.desc())
        with self._transaction() as connection:
            return [(sequence, crc) for sequence, crc in connection.execute(newest_first)]

    def begin(self, place: Place) -> None:
        with self._transaction() as connection:
            for table in (position, coverage, checkpoints):
                # A rewind to before the place would miss what the hole has.
                connection.execute(table.delete())
            connection.execute(position.insert().values(**_columns(place)))
            connection.execute(
                coverage.insert(),
                [{"name": name, "first_sequence": place.sequence + 1, "first_time": place.time} for name in COVERED],
            )
            if place.sequence:
                _note_checkpoint(connection, place)
        self._checkpoints = 1
        self._place = place

    def write(self, rows: Any, place: Place) -> None:
        assert isinstance(rows, TableRows), "they come from a StateGatherer"
        with self._transaction() as connection:
            if _position(connection) == place:
                # The failure of a call before this one came after its commit.
                self._place = place
                return
            self._move(connection, place)
            backend = self._backend
            backend.insert(connection, trades, rows.trades)
            backend.insert(connection, fills, rows.fills)
            backend.insert(connection, orders, rows.orders)
            backend.insert(connection, movements, rows.movements)
            backend.replace(connection, instruments, rows.instruments)
            backend.replace(connection, candles, rows.candles)
            _note_checkpoint(connection, place)
            count = self._checkpoints + 1
            if count > THINNED_AFTER:
                count = thin_out(connection)
        self._checkpoints = count
        self._place = place

    def rewind(self, sequence: int) -> int:
        with self._transaction() as connection:
            if sequence:
                found = connection.execute(select(checkpoints).where(checkpoints.c.sequence == sequence)).one()
                removed = remove_above(connection, self._backend, sequence)
                connection.execute(checkpoints.delete().where(checkpoints.c.sequence > sequence))
                connection.execute(position.update().values(sequence=sequence, crc=found.crc, time=found.time))
            else:
                removed = remove_all(connection)
            self._place = _position(connection)
        return removed

    def set_aside(self) -> str | None:
        if self.position() is None:
            return None
        assert self._place is not None, "it has just been read"
        with self._backend.failures():
            kept = self._backend.set_aside(self._engine, self._place.journal)
        self._prepare()
        return kept

    def retire(self, time: int) -> int:
        with self._transaction() as connection:
            return retire_some(connection, time, self._keep_days)

    def close(self) -> None:
        self._engine.dispose()

    def _prepare(self) -> None:
        with self._transaction() as connection:
            self._backend.make_room(connection)
            prepare_tables(connection, self._database.name, self._database.schemas[None])
            self._place = _position(connection)
            self._checkpoints = len(connection.execute(select(checkpoints.c.sequence)).all())

    def _move(self, connection: Connection, place: Place) -> None:
        """Move the position on from where this store has put it."""
        assert self._place is not None, "begin comes first"
        moved = connection.execute(
            position.update()
            .where(position.c.sequence == self._place.sequence, position.c.journal == self._place.journal)
            .values(**_columns(place))
        ).rowcount
        if not moved:
            raise StoreFailedError(f"{self._database.name}: another process writes there")

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._backend.failures(), self._engine.begin() as connection:
                yield connection
        except StoreFailedError:
            # The next call makes a new connection.
            self._engine.dispose()
            raise


def _position(connection: Connection) -> Place | None:
    row = connection.execute(select(position)).first()
    return None if row is None else Place(row.journal, row.sequence, row.crc, row.time)


def _columns(place: Place) -> dict[str, Any]:
    return {"id": 1, "journal": place.journal, "sequence": place.sequence, "crc": place.crc, "time": place.time}


def _note_checkpoint(connection: Connection, place: Place) -> None:
    connection.execute(checkpoints.insert().values(sequence=place.sequence, crc=place.crc, time=place.time))
