"""The way to the tables: one transaction for each question, read only, together with the position of the tables."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final, TypeVar

from msgspec import Struct
from sqlalchemy import Connection, QueuePool, create_engine, event, select
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import SQLAlchemyError

from history.schema.database import Database
from history.schema.tables import SCHEMA_VERSION, coverage, position, versions

MAX_CONNECTIONS: Final = 4
"""Connections that one process holds at most."""

BUSY_SECONDS: Final = 1.0
"""Time that a question waits for a lock, or for a free connection."""

CONNECT_SECONDS: Final = 2
STATEMENT_MILLISECONDS: Final = 5_000
"""Times after which PostgreSQL is given up."""

MAX_REASON: Final = 200
"""Characters of a reason."""

Answer = TypeVar("Answer")


class HistoryUnavailableError(Exception):
    """The tables cannot be read. The text is one line, without a password."""


class Filled(Struct, frozen=True):
    """Up to where the tables are filled, as of the transaction: `time` is the stamp of the command `sequence`."""

    journal: str
    sequence: int
    time: int


class Begun(Struct, frozen=True):
    """From where a table is complete. A sequence of 1 is the beginning."""

    sequence: int
    time: int


class Tables:
    """The tables of a database, for several threads. The file may come later, and be replaced."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._engine: Engine | None = None
        self._opened: tuple[int, int] | None = None

    def ask(self, question: Callable[[Connection], Answer]) -> tuple[Filled, Answer]:
        """The answer to a question, and up to where the tables were filled when it was asked.

        HistoryUnavailableError where the tables cannot be read.
        """
        with self._connection() as connection:
            found = connection.execute(select(position)).one_or_none()
            if found is None:
                raise HistoryUnavailableError("the tables are empty yet")
            return Filled(found.journal, found.sequence, found.time), question(connection)

    def close(self) -> None:
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
            self._engine = self._opened = None

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A connection in a transaction that sees one state of the tables."""
        try:
            with self._engine_of_now().connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            # A pool may hold connections to what is gone.
            self.close()
            raise HistoryUnavailableError(_reason(error)) from error

    def _engine_of_now(self) -> Engine:
        """The engine of the database that is there now."""
        path = self._database.path
        identity = None if path is None else _identity(path)
        with self._lock:
            if self._engine is not None and identity != self._opened:
                self._engine.dispose()
                self._engine = None
            if self._engine is None:
                engine = _engine(self._database)
                try:
                    _check(engine)
                except BaseException:
                    engine.dispose()
                    raise
                self._engine, self._opened = engine, identity
            return self._engine


def begun(connection: Connection, table: str) -> Begun:
    """From where the table is complete."""
    found = connection.execute(select(coverage).where(coverage.c.name == table)).one_or_none()
    return Begun(1, 0) if found is None else Begun(found.first_sequence, found.first_time)


def _identity(file: Path) -> tuple[int, int]:
    """Which file it is. HistoryUnavailableError where there is none."""
    try:
        found = file.stat()
    except OSError as error:
        raise HistoryUnavailableError(f"{file.name}: {error.strerror}") from error
    return found.st_dev, found.st_ino


def _engine(database: Database) -> Engine:
    return _postgresql(database) if database.path is None else _sqlite(database, database.path)


def _postgresql(database: Database) -> Engine:
    try:
        return create_engine(
            database.url,
            pool_size=MAX_CONNECTIONS,
            max_overflow=0,
            pool_timeout=BUSY_SECONDS,
            isolation_level="REPEATABLE READ",
            execution_options={"schema_translate_map": database.schemas},
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "options": f"-c default_transaction_read_only=on -c statement_timeout={STATEMENT_MILLISECONDS}",
            },
        )
    except ImportError as error:
        raise HistoryUnavailableError("PostgreSQL needs the package psycopg") from error


def _sqlite(database: Database, file: Path) -> Engine:
    # Only reading: without a file, none is made.
    address = URL.create("sqlite", database=file.absolute().as_uri(), query={"mode": "ro", "uri": "true"})
    engine = create_engine(
        address,
        poolclass=QueuePool,
        pool_size=MAX_CONNECTIONS,
        max_overflow=0,
        pool_timeout=BUSY_SECONDS,
        execution_options={"schema_translate_map": database.schemas},
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    # The driver begins no transaction for a SELECT by itself: two would see two states.
    @event.listens_for(engine, "connect")
    def take_over(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA query_only = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _check(engine: Engine) -> None:
    """HistoryUnavailableError where the tables are of another version."""
    with engine.connect() as connection:
        version = connection.execute(select(versions.c.version)).scalar_one_or_none()
    if version != SCHEMA_VERSION:
        raise HistoryUnavailableError(f"the tables have version {version}: takes version {SCHEMA_VERSION}")


def _reason(error: SQLAlchemyError) -> str:
    """One line that tells why. The driver's words name host and user, never a password."""
    cause = getattr(error, "orig", None) or error
    words = " ".join(str(cause).split())[:MAX_REASON]
    return words or type(error).__name__
