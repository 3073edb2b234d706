"""The tables in a schema of PostgreSQL. Whoever writes holds an advisory lock for as long as its connection lives."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect

from history.schema.database import Database
from history.schema.tables import POSTGRES_SCHEMA
from history.writing.backend import replacing
from history.writing.failures import failures
from history.writing.interface import StoreFailedError
from history.writing.rows import Row

LOCK: Final = 0x6D65_6869_7374_6F72
"""The number of the advisory lock of the one writer."""

CONNECT: Final = {
    "connect_timeout": 10,
    "application_name": "matching-exchange history",
    # A server that is gone is noticed within half a minute, not within hours.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}

NAME_LENGTH: Final = 63
"""The longest name of a schema."""


class PostgresBackend:
    """One database of a server."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make_engine(self) -> Engine:
        engine = create_engine(self._database.url, pool_size=1, max_overflow=0, connect_args=dict(CONNECT))
        event.listen(engine, "connect", self._connected)
        return engine

    def make_room(self, connection: Connection) -> None:
        # Asked first: to make it, even if it is there, takes a right that the user may lack.
        if not inspect(connection).has_schema(POSTGRES_SCHEMA):
            connection.exec_driver_sql(f"CREATE SCHEMA {POSTGRES_SCHEMA}")

    def insert(self, connection: Connection, table: Table, rows: Sequence[Row]) -> None:
        if not rows:
            return
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {POSTGRES_SCHEMA}.{table.name} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def replace(self, connection: Connection, table: Table, rows: Sequence[Row]) -> None:
        if rows:
            connection.exec_driver_sql(replacing(table, f"{POSTGRES_SCHEMA}.", "%s"), list(rows))

    def failures(self) -> AbstractContextManager[None]:
        return failures(self._database.name, psycopg.Error)

    def set_aside(self, engine: Engine, journal: str) -> str:
        with engine.begin() as connection:
            known = set(connection.exec_driver_sql("SELECT nspname FROM pg_namespace").scalars())
            kept, number = _name(journal, ""), 1
            while kept in known:
                number += 1
                kept = _name(journal, f"_{number}")
            quoted = connection.dialect.identifier_preparer.quote_identifier(kept)
            connection.exec_driver_sql(f"ALTER SCHEMA {POSTGRES_SCHEMA} RENAME TO {quoted}")
        return kept

    def _connected(self, connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            [locked] = cursor.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone()
        connection.commit()
        if not locked:
            connection.close()
            raise StoreFailedError(f"{self._database.name}: another process writes there, or has just ended")


def _name(journal: str, end: str) -> str:
    return f"{POSTGRES_SCHEMA}_{journal or 'unknown'}"[: NAME_LENGTH - len(end)] + end
