"""Histories in tests: tapes played into rows, and what tables hold."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import create_engine, select

from history.candles.candle import Candle
from history.schema.database import Database
from history.schema.tables import candles, fills, instruments, metadata, movements, orders, trades
from history.writing.gather import StateGatherer
from history.writing.interface import Place
from history.writing.rows import TableRows
from history.writing.store import DatabaseStore
from matcher.engine import Engine
from matcher.reply import Reply
from matcher.state import Caused, State
from matcher.storage.entries import OwnCommands
from matcher.storage.log import Record
from protocol.codec import encode
from protocol.commands import OwnCommand

Tape = Sequence[tuple[int, int, OwnCommand]]
Rows = dict[str, list[tuple[Any, ...]]]

KEPT = (instruments, trades, fills, orders, movements, candles)
"""The tables of what has happened."""

JOURNAL = "0123456789abcdef"


class Played:
    """A State and its gatherer, from the beginning of a journal or from where a state and a store stand."""

    def __init__(
        self,
        state: State | None = None,
        candles: Sequence[tuple[str, str, Candle]] = (),
        *,
        begins: bool = False,
    ) -> None:
        self.state = State(Engine()) if state is None else state
        self.gatherer = StateGatherer(self.state, candles, begins=begins)

    def play(self, tape: Tape) -> None:
        """Each command as a record of its own."""
        for sequence, time, command in tape:
            self.record(sequence, time, [command])

    def record(self, sequence: int, time: int, commands: list[OwnCommand]) -> None:
        self.state.replay(Record(sequence, time, [encode(OwnCommands(commands))]), self.observe)

    def observe(self, reply: Reply, caused: list[Caused]) -> None:
        self.gatherer.observe(reply, caused)

    @property
    def place(self) -> Place:
        """With a CRC that tells the sequence."""
        return Place(JOURNAL, self.state.sequence, self.state.sequence * 7 % 1_000, self.state.time)

    def write(self, store: DatabaseStore) -> None:
        store.write(self.gatherer.take(), self.place)


def begin(store: DatabaseStore) -> None:
    """Begin with the first record of a journal."""
    store.begin(Place(JOURNAL, 0, 0, 0))


def merged(parts: Sequence[TableRows]) -> Rows:
    """What tables hold that these rows were written to, in the order of the keys."""
    rows: Rows = {}
    for table in KEPT:
        keys = [index for index, column in enumerate(table.columns) if column.primary_key]
        by_key: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        for part in parts:
            for row in getattr(part, table.name):
                key = tuple(row[index] for index in keys)
                assert key not in by_key or table in (candles, instruments), (table.name, row)
                by_key[key] = row
        rows[table.name] = [by_key[key] for key in sorted(by_key)]
    return rows


def tables_of(database: Database) -> Rows:
    """All rows of what has happened, with wide numbers as texts, in the order of the keys."""
    engine = create_engine(database.url).execution_options(schema_translate_map=database.schemas)
    with engine.connect() as connection:
        found = {}
        for table in KEPT:
            wide = {index for index, column in enumerate(table.columns) if type(column.type).__name__ == "Wide"}
            keys = [index for index, column in enumerate(table.columns) if column.primary_key]
            rows = [
                tuple(str(value) if index in wide else value for index, value in enumerate(row))
                for row in connection.execute(select(table))
            ]
            found[table.name] = sorted(rows, key=lambda row, keys=keys: tuple(row[index] for index in keys))  # type: ignore[misc]
    engine.dispose()
    return found


def all_of(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table, the ones about the tables too."""
    engine = create_engine(database.url).execution_options(schema_translate_map=database.schemas)
    with engine.connect() as connection:
        found = {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=str)
            for table in metadata.sorted_tables
        }
    engine.dispose()
    return found
