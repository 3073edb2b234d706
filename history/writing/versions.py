"""Makes the tables, and brings those of an earlier release up to date."""

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import Connection, inspect, select

from history.schema.tables import SCHEMA_VERSION, metadata, versions
from history.writing.interface import StoreRefusedError

Step = Callable[[Connection], None]

UPGRADES: Final[tuple[Step, ...]] = ()
"""What makes tables of version 1 those of version 2, and so on. Only append."""


def prepare_tables(
    connection: Connection,
    name: str,
    schema: str | None,
    upgrades: Sequence[Step] = UPGRADES,
    version: int = SCHEMA_VERSION,
) -> None:
    """Make the tables or upgrade them, in the running transaction. Raises StoreRefusedError for those of a later
    release. `schema` is where they stand, `version` what they are to be."""
    assert len(upgrades) == version - 1, "one step for each version after the first"
    if not inspect(connection).has_table(versions.name, schema=schema):
        metadata.create_all(connection)
        connection.execute(versions.insert().values(version=version))
        return
    known = connection.execute(select(versions.c.version)).scalar_one()
    if known > version:
        raise StoreRefusedError(
            f"{name}: its tables are of version {known}, this release knows up to {version}: take a newer release"
        )
    for step in upgrades[known - 1 :]:
        step(connection)
    if known < version:
        connection.execute(versions.update().values(version=version))
