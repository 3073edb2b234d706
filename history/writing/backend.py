"""What the two databases do differently."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection, Engine, Table

from history.writing.rows import Row


class Backend(Protocol):
    """One database, for its one writer."""

    def make_engine(self) -> Engine:
        """Makes connections, one at a time. Each is the only one that writes."""

    def make_room(self, connection: Connection) -> None:
        """Make what tables stand in."""

    def insert(self, connection: Connection, table: Table, rows: Sequence[Row]) -> None:
        """Add new rows, whole ones in the order of the columns."""

    def replace(self, connection: Connection, table: Table, rows: Sequence[Row]) -> None:
        """Add rows, in place of those with the same keys."""

    def failures(self) -> AbstractContextManager[None]:
        """Turn every failure of the database into a StoreFailedError."""

    def set_aside(self, engine: Engine, journal: str) -> str:
        """Keep all tables under a name that tells the journal. Returns the name."""


def placed(table: Table, schema: str, mark: str) -> str:
    """The statement that inserts one whole row, with this mark for each value."""
    marks = ", ".join([mark] * len(table.columns))
    return f"INSERT INTO {schema}{table.name} VALUES ({marks})"  # noqa: S608  all of it is ours


def replacing(table: Table, schema: str, mark: str) -> str:
    """As `placed`, in place of the row with the same key."""
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key)
    others = [column.name for column in table.columns if not column.primary_key]
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in others)
    return f"{placed(table, schema, mark)} ON CONFLICT ({keys}) DO UPDATE SET {changes}"
