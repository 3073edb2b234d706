"""The way to the tables: what is read is one state, and what cannot be read is told in one line."""

import os
import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, func, insert, select, update

from history.reading.database import HistoryUnavailableError, Tables, begun
from history.schema.database import Database, read_database, sqlite_database
from history.schema.tables import trades, versions
from history.writing.interface import Place
from history.writing.store import DatabaseStore, open_store
from tests.history_tables import JOURNAL, Played, begin
from tests.unit.history.test_store import FIRST_TRADE, SECOND_TRADE


@pytest.fixture
def store(database: Database) -> Iterator[DatabaseStore]:
    store = open_store(database)
    yield store
    store.close()


@pytest.fixture
def tables(database: Database) -> Iterator[Tables]:
    tables = Tables(database)
    yield tables
    tables.close()


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(trades)).scalar_one()


def refused(tables: Tables) -> str:
    with pytest.raises(HistoryUnavailableError) as told:
        tables.ask(count)
    reason = str(told.value)
    assert reason
    assert "\n" not in reason
    return reason


def test_an_answer_has_the_position_of_its_tables(store: DatabaseStore, tables: Tables) -> None:
    begin(store)
    played = Played()
    played.play(FIRST_TRADE)
    played.write(store)
    filled, found = tables.ask(count)
    assert (filled.journal, filled.sequence, found) == (JOURNAL, 3, 1)

    def while_writing(connection: Connection) -> tuple[int, int]:
        before = count(connection)
        played.play(SECOND_TRADE)
        played.write(store)
        return before, count(connection)

    filled, both = tables.ask(while_writing)
    assert (filled.sequence, both) == (3, (1, 1))
    filled, found = tables.ask(count)
    assert (filled.sequence, found) == (5, 2)
    assert tables.ask(lambda connection: begun(connection, "trades"))[1].sequence == 1


def test_nothing_is_ever_written(store: DatabaseStore, tables: Tables) -> None:
    begin(store)
    with pytest.raises(HistoryUnavailableError):
        tables.ask(lambda connection: connection.execute(insert(versions).values(version=7)))
    with pytest.raises(HistoryUnavailableError):
        tables.ask(lambda connection: connection.execute(update(versions).values(version=7)))
    assert tables.ask(count)[1] == 0


def test_tables_without_a_position_are_told(store: DatabaseStore, tables: Tables) -> None:
    assert store.position() is None
    assert refused(tables) == "the tables are empty yet"


def test_other_versions_are_told(store: DatabaseStore, database: Database, tables: Tables) -> None:
    begin(store)
    with store._transaction() as connection:
        connection.execute(update(versions).values(version=99))
    assert refused(tables) == "the tables have version 99: takes version 1"


def test_the_file_may_come_later_and_be_another(database: Database) -> None:
    if database.path is None:
        pytest.skip("a server has no file")
    tables = Tables(database)
    assert refused(tables) == "history.sqlite: No such file or directory"
    assert not database.path.exists()
    store = open_store(database)
    store.begin(Place("first", 0, 0, 0))
    assert tables.ask(count)[0].journal == "first"
    store.close()
    os.rename(database.path, database.path.with_name("old.sqlite"))
    assert "No such file" in refused(tables)
    store = open_store(database)
    store.begin(Place("second", 4, 0, 0))
    assert tables.ask(count)[0].journal == "second"
    store.close()
    # What nobody writes any more is read too.
    assert tables.ask(count)[0].sequence == 4
    tables.close()


def test_bad_files_are_told(database: Database) -> None:
    if database.path is None:
        pytest.skip("a server has no file")
    tables = Tables(database)
    database.path.parent.mkdir(parents=True, exist_ok=True)
    database.path.write_bytes(b"")
    assert refused(tables) == "no such table: main.versions"
    database.path.write_bytes(b"no database at all" * 100)
    assert refused(tables) == "file is not a database"
    database.path.unlink()
    database.path.mkdir()
    assert refused(tables) in ("unable to open database file", "disk I/O error")
    database.path.rmdir()
    store = open_store(database)
    begin(store)
    store.close()
    holder = sqlite3.connect(database.path)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    assert refused(tables) == "database is locked"
    holder.close()
    assert tables.ask(count)[1] == 0
    tables.close()


def test_a_password_is_never_told() -> None:
    tables = Tables(read_database("postgresql://someone:hunter2@127.0.0.1:1/exchange"))
    reason = refused(tables)
    assert "127.0.0.1" in reason
    assert "hunter2" not in reason
    tables.close()


def test_a_path_that_needs_quoting_is_found(database: Database) -> None:
    if database.path is None:
        pytest.skip("a server has no file")
    odd = sqlite_database(database.path.with_name("a b?c#d%41.sqlite"))
    store = open_store(odd)
    begin(store)
    tables = Tables(odd)
    assert tables.ask(count)[1] == 0
    tables.close()
    store.close()
