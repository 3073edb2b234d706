"""The tables for their one writer, on SQLite and PostgreSQL."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import create_engine, inspect

from history.schema.database import Database, read_database, sqlite_database
from history.schema.tables import COVERED, SCHEMA_VERSION
from history.writing import sqlite, versions
from history.writing.interface import Place, StoreFailedError, StoreRefusedError
from history.writing.rows import TableRows
from history.writing.store import DatabaseStore, open_store
from protocol.commands import PlaceOrder, SetInstrument
from protocol.units import OrderType, Side
from tests.history_tables import JOURNAL, Played, Tape, begin, tables_of
from tests.postgres import Server
from tests.tape import COIN, GOLD, time_of

FIRST_TRADE: Tape = [
    (1, time_of(1), SetInstrument.of(COIN)),
    (2, time_of(2), PlaceOrder("COIN-USD", "ann", Side.SELL, OrderType.LIMIT, 5, 100, client_order_id="a")),
    (3, time_of(3), PlaceOrder("COIN-USD", "bob", Side.BUY, OrderType.LIMIT, 5, 100)),
]
SECOND_TRADE: Tape = [
    (4, time_of(4), PlaceOrder("COIN-USD", "ann", Side.SELL, OrderType.LIMIT, 7, 101)),
    (5, time_of(5), PlaceOrder("COIN-USD", "ann", Side.BUY, OrderType.MARKET, 7)),
]


@pytest.fixture
def store(database: Database) -> Iterator[DatabaseStore]:
    store = open_store(database)
    yield store
    store.close()


def two_trades(store: DatabaseStore) -> Played:
    """Write each trade in a transaction of its own."""
    begin(store)
    played = Played()
    for tape in (FIRST_TRADE, SECOND_TRADE):
        played.play(tape)
        played.write(store)
    return played


def test_new_tables_stand_nowhere(store: DatabaseStore) -> None:
    assert store.position() is None
    assert list(store.checkpoints()) == []
    assert store.last_candles() == []
    assert store.coverage() == {}


def test_position_comes_with_the_rows(database: Database, store: DatabaseStore) -> None:
    played = two_trades(store)
    assert store.position() == Place(JOURNAL, 5, 35, time_of(5))
    assert [sequence for sequence, _ in store.checkpoints()] == [5, 3]
    tables = tables_of(database)
    assert [row[:6] for row in tables["trades"]] == [
        ("COIN-USD", 1, time_of(3), 100, 5, 1),
        ("COIN-USD", 2, time_of(5), 101, 7, 1),
    ]
    assert [row[:4] for row in tables["fills"]] == [
        ("ann", 3, 1, True),
        ("ann", 5, 2, False),
        ("ann", 5, 2, True),
        ("bob", 3, 1, False),
    ]
    assert [row[:6] for row in tables["orders"]] == [
        (1, 1, 1, "ann", "COIN-USD", "a"),
        (2, 2, 2, "bob", "COIN-USD", None),
        (3, 3, 3, "ann", "COIN-USD", None),
        (4, 4, 4, "ann", "COIN-USD", None),
    ]
    assert not len(played.gatherer.take())


def test_another_process_reads_where_the_store_has_written(database: Database, store: DatabaseStore) -> None:
    two_trades(store)
    store.close()
    again = open_store(database)
    assert again.position() == Place(JOURNAL, 5, 35, time_of(5))
    assert {name for _, name, _ in again.last_candles()} >= {"1s", "1m", "1d", "1M"}
    again.close()


def test_coverage_tells_where_the_tables_begin(store: DatabaseStore) -> None:
    begin(store)
    assert store.coverage() == dict.fromkeys(COVERED, (1, 0))
    store.begin(Place(JOURNAL, 40, 7, time_of(40)))
    assert store.coverage() == {name: (41, time_of(40)) for name in COVERED}
    assert list(store.checkpoints()) == [(40, 7)]


def test_tables_that_begin_at_a_snapshot_have_its_instruments(database: Database, store: DatabaseStore) -> None:
    before = Played()
    before.play(FIRST_TRADE)
    store.begin(before.place)
    played = Played(before.state, begins=True)
    played.play(SECOND_TRADE)
    played.write(store)
    tables = tables_of(database)
    assert [row[:3] for row in tables["instruments"]] == [("COIN-USD", 3, time_of(3))]
    assert [row[:2] for row in tables["orders"]] == [(3, 3), (4, 4)]
    assert [row[1] for row in tables["trades"]] == [2]


def test_a_write_that_is_repeated_adds_nothing(database: Database, store: DatabaseStore) -> None:
    begin(store)
    played = Played()
    played.play(FIRST_TRADE)
    rows = played.gatherer.take()
    store.write(rows, played.place)
    before = tables_of(database)
    store.write(rows, played.place)
    assert tables_of(database) == before


def test_rewinding_to_zero_empties_the_tables(database: Database, store: DatabaseStore) -> None:
    two_trades(store)
    assert store.rewind(0) == 1 + 2 + 4 + 4 + 16
    assert store.position() is None
    assert store.coverage() == {}
    assert not any(tables_of(database).values())


def test_set_aside_keeps_the_tables_under_the_journal(database: Database, store: DatabaseStore) -> None:
    assert store.set_aside() is None
    for times in range(2):
        two_trades(store)
        kept = store.set_aside()
        assert kept is not None and JOURNAL in kept
        assert store.position() is None
        assert not any(tables_of(database).values())
        assert len(names_kept(database)) == times + 1
    two_trades(store)
    assert store.position() is not None


def names_kept(database: Database) -> list[str]:
    if database.path is not None:
        names = [path.name for path in database.path.parent.glob("*.sqlite")]
    else:
        engine = create_engine(database.url)
        names = inspect(engine).get_schema_names()
        engine.dispose()
    return [name for name in names if JOURNAL in name]


def test_tables_of_a_later_release_are_refused(database: Database, store: DatabaseStore) -> None:
    store.close()
    engine = create_engine(database.url)
    table = "versions" if database.path is not None else "history.versions"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {table} SET version = {SCHEMA_VERSION + 1}")
    engine.dispose()
    with pytest.raises(StoreRefusedError) as failed:
        open_store(database)
    assert str(failed.value) == (
        f"{database.name}: its tables are of version {SCHEMA_VERSION + 1}, this release knows up to {SCHEMA_VERSION}: "
        "take a newer release"
    )


def test_tables_of_an_earlier_release_are_upgraded_once(database: Database, store: DatabaseStore) -> None:
    two_trades(store)
    before = tables_of(database)
    store.close()
    steps = []
    upgrades = [lambda connection: steps.append(1), lambda connection: steps.append(2)]
    engine = create_engine(database.url).execution_options(schema_translate_map=database.schemas)
    for _ in range(2):
        with engine.begin() as connection:
            versions.prepare_tables(connection, database.name, database.schemas[None], upgrades, 3)
    engine.dispose()
    assert steps == [1, 2]
    assert tables_of(database) == before


def test_a_second_writer_is_noticed(database: Database, store: DatabaseStore) -> None:
    played = two_trades(store)
    if database.path is None:
        with pytest.raises(StoreFailedError, match="another process writes there"):
            open_store(database)
        return
    other = open_store(database)
    other.write(TableRows(), Place(JOURNAL, 6, 1, time_of(6)))
    other.close()
    with pytest.raises(StoreFailedError, match=r"history\.sqlite: another process writes there"):
        store.write(TableRows(), replace(played.place, sequence=7))


def test_new_files_are_their_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "history.sqlite"
    store = open_store(sqlite_database(path))
    begin(store)
    files = list(path.parent.iterdir())
    assert {file.name for file in files} == {"history.sqlite", "history.sqlite-wal", "history.sqlite-shm"}
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    store.close()


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    path.write_text("This is no database. " * 100)
    with pytest.raises(StoreFailedError, match=r"^\S+history\.sqlite: file is not a database$"):
        open_store(sqlite_database(path))


def test_a_directory_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFailedError, match=r"history\.sqlite: File exists$"):
        open_store(sqlite_database(tmp_path / "file" / "history.sqlite"))


def test_a_locked_file_fails_and_then_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "SETTINGS", (*sqlite.SETTINGS, "PRAGMA busy_timeout = 10"))
    database = sqlite_database(tmp_path / "history.sqlite")
    store = open_store(database)
    begin(store)
    played = Played()
    played.play(FIRST_TRADE)
    rows = played.gatherer.take()
    engine = create_engine(database.url)
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(StoreFailedError, match=r"history\.sqlite: database is locked$"):
            store.write(rows, played.place)
    engine.dispose()
    store.write(rows, played.place)
    assert len(tables_of(database)["trades"]) == 1
    store.close()


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_gone_is_refused_before_rows_are_lost_in_it(
    tmp_path: Path,
    replaced: bool,  # noqa: FBT001  given by name
) -> None:
    database = sqlite_database(tmp_path / "history.sqlite")
    store = open_store(database)
    begin(store)
    played = Played()
    played.play(FIRST_TRADE)
    rows = played.gatherer.take()
    for file in tmp_path.iterdir():
        file.rename(file.with_name(f"old-{file.name}"))
    if replaced:
        open_store(database).close()
    for _ in range(2):
        with pytest.raises(StoreRefusedError, match=r"history\.sqlite: the file was removed or replaced: [^\n]+$"):
            store.write(rows, played.place)
    store.close()
    store = open_store(database)
    assert store.position() is None
    store.close()


def test_a_full_disk_fails_and_then_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = sqlite_database(tmp_path / "history.sqlite")
    open_store(database).close()
    settings = sqlite.SETTINGS
    monkeypatch.setattr(sqlite, "SETTINGS", (*settings, "PRAGMA max_page_count = 1"))
    store = open_store(database)
    begin(store)
    played = Played()
    played.play([(sequence, time_of(sequence), command) for sequence, command in enumerate(many_orders(), 1)])
    rows = played.gatherer.take()
    with pytest.raises(StoreFailedError, match=r"history\.sqlite: database or disk is full$"):
        store.write(rows, played.place)
    assert store.position() == Place(JOURNAL, 0, 0, 0)
    monkeypatch.setattr(sqlite, "SETTINGS", settings)
    with pytest.raises(StoreFailedError, match="full"):
        store.write(rows, played.place)
    store.write(rows, played.place)
    assert len(tables_of(database)["orders"]) == len(rows.orders)
    store.close()


def many_orders() -> list[SetInstrument | PlaceOrder]:
    market = PlaceOrder("COIN-USD", "ann", Side.SELL, OrderType.MARKET, 5)
    return [SetInstrument.of(COIN), SetInstrument.of(GOLD), *[market] * 500]


def test_a_server_that_dies_fails_and_then_works(postgres: Server) -> None:
    database = read_database(postgres.url(postgres.make_database()))
    store = open_store(database)
    begin(store)
    played = Played()
    played.play(FIRST_TRADE)
    rows = played.gatherer.take()
    postgres.kill()
    for _ in range(2):
        with pytest.raises(StoreFailedError) as failed:
            store.write(rows, played.place)
        assert str(failed.value).startswith(f"postgresql://tester@127.0.0.1:{postgres.port}/")
        assert "\n" not in str(failed.value) and "secret" not in str(failed.value)
    postgres.start()
    store.write(rows, played.place)
    assert len(tables_of(database)["trades"]) == 1
    store.close()
