"""Where the tables are: a file of SQLite, or a database of PostgreSQL. Nothing here connects."""

from pathlib import Path
from typing import Final

from msgspec import Struct
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from history.schema.tables import POSTGRES_SCHEMA

TAKES: Final = "takes sqlite:////absolute/path/of/history.sqlite or postgresql://user:password@host:port/database"

SHARD: Final = "{shard}"
"""Stands for the name of a shard, where each has a database."""

_POSTGRES: Final = ("postgres", "postgresql", "postgresql+psycopg")


class Database(Struct, frozen=True):
    """url: with the driver. name: what messages call it, without its password. path: the file of SQLite, else None."""

    url: URL
    name: str
    path: Path | None = None

    @property
    def of_shards(self) -> bool:
        """Whether its place depends on the shard: its text has SHARD in it."""
        return SHARD in (self.url.database or "")

    def of(self, shard: str) -> "Database":
        """The database of that shard."""
        place = (self.url.database or "").replace(SHARD, shard)
        if self.path is not None:
            return sqlite_database(Path(place))
        url = self.url.set(database=place)
        return Database(url, _name(url))

    @property
    def schemas(self) -> dict[str | None, str | None]:
        """The `schema_translate_map` of connections to it."""
        return {None: None if self.path is not None else POSTGRES_SCHEMA}


def sqlite_database(path: Path) -> Database:
    """The database in that file."""
    return Database(URL.create("sqlite", database=str(path)), str(path), path)


def read_database(text: str) -> Database:
    """The database of a URL. Raises ValueError with what it takes. The text is not in it: it may hold a password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ValueError(TAKES) from None
    if url.drivername == "sqlite" and url.database and Path(url.database).is_absolute():
        return sqlite_database(Path(url.database))
    if url.drivername not in _POSTGRES or not url.database:
        raise ValueError(TAKES)
    return Database(url.set(drivername="postgresql+psycopg"), _name(url))


def _name(url: URL) -> str:
    """What messages call a database of PostgreSQL. Options of the connection may hold a password too."""
    return URL.create("postgresql", url.username, None, url.host, url.port, url.database).render_as_string()
