"""What the tables of the history hold, to compare row by row."""

from pathlib import Path

from sqlalchemy import create_engine, select
from sqlalchemy.exc import DBAPIError

from history.schema.database import Database, read_database, sqlite_database
from history.schema.tables import checkpoints, metadata, position, versions
from protocol.queries import StatusQuery
from tests.exchange import Matcher, Process, wait_until

FOLLOWER = "history"

OWN = frozenset({position.name, checkpoints.name, versions.name})
"""Tables that tell of the process, not of the exchange."""

Rows = list[tuple[object, ...]]


def place_of(database: Database) -> int:
    """The sequence up to which the tables are filled; -1 without tables."""
    engine = create_engine(database.url).execution_options(schema_translate_map=database.schemas)
    try:
        with engine.connect() as connection:
            try:
                return next(iter(connection.execute(select(position.c.sequence)).scalars()), -1)
            except DBAPIError:
                # The process has not made them yet.
                return -1
    finally:
        engine.dispose()


def rows_of(database: Database) -> dict[str, Rows]:
    """All rows by table, in the order of their keys."""
    engine = create_engine(database.url).execution_options(schema_translate_map=database.schemas)
    try:
        with engine.connect() as connection:
            return {
                name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
                for name, table in metadata.tables.items()
                if name not in OWN
            }
    finally:
        engine.dispose()


class HistoryProcess(Process):
    """`python -m history` beside a matcher's data directory."""

    def __init__(self, directory: Path, data: Path, *flags: str, database: str = "") -> None:
        environment = {"HISTORY_DATABASE": database} if database else {}
        super().__init__(FOLLOWER, directory, [f"--data-dir={data}", *flags], environment)
        self.database = read_database(database) if database else sqlite_database(data / "history" / "history.sqlite")

    def wait_until_at(self, sequence: int) -> None:
        """Wait until the tables reach that sequence."""

        def reached() -> bool:
            _ = self.running
            return self.place() >= sequence

        wait_until(reached, f"tables up to sequence {sequence}")

    def place(self) -> int:
        path = self.database.path
        if path is not None and not (path.exists() and path.stat().st_size):
            return -1
        return place_of(self.database)

    def rows(self) -> dict[str, Rows]:
        return rows_of(self.database)


def head_of(matcher: Matcher) -> int:
    """The sequence of the last command that the matcher has taken."""
    with matcher.client() as client:
        return client.query(StatusQuery()).sequence
