"""What the tables of the history hold, to compare row by row."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, create_engine, select
from sqlalchemy.exc import DBAPIError

from history.schema.database import Database
from history.schema.tables import checkpoints, metadata, position, versions

OWN: Final = frozenset({position.name, checkpoints.name, versions.name})
"""Tables that tell of the process, not of the exchange."""

Rows = list[tuple[Any, ...]]


def place_of(database: Database) -> int:
    """The sequence up to which the tables are filled; -1 where they are not there, or cannot be read now."""
    path = database.path
    if path is not None and not (path.exists() and path.stat().st_size):
        # To connect would make the file.
        return -1
    engine = create_engine(database.url).execution_options(schema_translate_map=database.schemas)
    try:
        with engine.connect() as connection:
            return next(iter(connection.execute(select(position.c.sequence)).scalars()), -1)
    except DBAPIError:
        return -1
    finally:
        engine.dispose()


def rows_of(database: Database) -> dict[str, Rows]:
    """All rows by table, in the order of their keys."""
    engine = create_engine(database.url).execution_options(schema_translate_map=database.schemas)
    try:
        with engine.connect() as connection:
            return {name: _rows(connection, name) for name in metadata.tables if name not in OWN}
    finally:
        engine.dispose()


def _rows(connection: Connection, name: str) -> Rows:
    """Sorted here: databases sort texts in orders of their own."""
    table = metadata.tables[name]
    keys = [index for index, column in enumerate(table.columns) if column.primary_key]
    rows = [tuple(row) for row in connection.execute(select(table))]
    return sorted(rows, key=lambda row: tuple(row[index] for index in keys))


def differences(one: Mapping[str, Rows], other: Mapping[str, Rows]) -> dict[str, int]:
    """By table, how many rows stand in only one of the two."""
    return {name: len({*map(repr, rows)} ^ {*map(repr, other[name])}) for name, rows in one.items()}
