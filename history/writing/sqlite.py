"""The tables in a file of SQLite. Readers and the writer do not wait for each other: it has a write-ahead log."""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, create_engine, event

from history.schema.database import Database
from history.writing.backend import placed, replacing
from history.writing.failures import failures
from history.writing.interface import StoreRefusedError
from history.writing.rows import Row
from matching_exchange.process.files import PRIVATE_DIRECTORY, PRIVATE_FILE

BUSY_MS: Final = 10_000
"""How long a transaction waits for another process that holds the file, in milliseconds."""

CACHE_KIB: Final = 128 * 1024
"""Pages that the connection keeps in memory: the ends of all indices fit."""

CHECKPOINT_PAGES: Final = 16_384
"""After how many pages of its log SQLite carries them over to the file: 64 MiB. Pages that change often go once."""

SETTINGS: Final = (
    f"PRAGMA busy_timeout = {BUSY_MS}",
    "PRAGMA journal_mode = WAL",
    # A power cut may cost the last transactions, each as a whole. The position goes with them: they are made again.
    "PRAGMA synchronous = NORMAL",
    f"PRAGMA cache_size = -{CACHE_KIB}",
    f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}",
    "PRAGMA temp_store = MEMORY",
)

_PARTS: Final = ("", "-wal", "-shm")
"""The files of one database."""


class SqliteBackend:
    """One file. That no other process writes is seen by the position, which each transaction moves on."""

    def __init__(self, database: Database) -> None:
        assert database.path is not None, "it is a file"
        self._database = database
        self._path = database.path
        # Which file it is.
        self._identity = (0, 0)

    def make_engine(self) -> Engine:
        engine = create_engine(self._database.url, pool_size=1, max_overflow=0)
        event.listen(engine, "connect", self._connected)
        event.listen(engine, "begin", self._begin)
        with self.failures():
            self._make_file()
        return engine

    def make_room(self, connection: Connection) -> None:
        """The file is there."""

    def insert(self, connection: Connection, table: Table, rows: Sequence[Row]) -> None:
        if rows:
            connection.exec_driver_sql(placed(table, "", "?"), list(rows))

    def replace(self, connection: Connection, table: Table, rows: Sequence[Row]) -> None:
        if rows:
            connection.exec_driver_sql(replacing(table, "", "?"), list(rows))

    def failures(self) -> AbstractContextManager[None]:
        return failures(self._database.name, sqlite3.Error)

    def set_aside(self, engine: Engine, journal: str) -> str:
        engine.dispose()
        kept = self._free_name(journal)
        for part in _PARTS:
            file = Path(f"{self._path}{part}")
            if file.exists():
                file.rename(f"{kept}{part}")
        self._make_file()
        return kept.name

    def _free_name(self, journal: str) -> Path:
        stem = f"{self._path.stem}-{journal or 'unknown'}"
        number = 1
        while True:
            kept = self._path.with_name(f"{stem}{f'-{number}' if number > 1 else ''}{self._path.suffix}")
            if not kept.exists():
                return kept
            number += 1

    def _make_file(self) -> None:
        """Make the file, for its owner alone. SQLite gives its other files the same mode."""
        self._path.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        try:
            self._identity = _identity(os.fstat(descriptor))
        finally:
            os.close(descriptor)

    def _connected(self, connection: Any, _record: object) -> None:
        # The driver begins no transaction by itself: `_begin` does.
        connection.isolation_level = None
        for setting in SETTINGS:
            connection.execute(setting).close()

    def _begin(self, connection: Connection) -> None:
        """Begin a transaction. StoreRefusedError where the file was removed or replaced: nobody would read the rows."""
        try:
            found = _identity(self._path.stat())
        except FileNotFoundError:
            found = None
        if found != self._identity:
            raise StoreRefusedError(
                f"{self._database.name}: the file was removed or replaced: the next start goes on with what is there"
            )
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
