"""Where the tables are: a file of SQLite, or a database of PostgreSQL. Nothing here connects."""

from pathlib import Path
from typing import Final

from msgspec import Struct
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from history.schema.tables import POSTGRES_SCHEMA

TAKES: Final = "takes sqlite:////absolute/path/of/history.sqlite or postgresql://user:password@host:port/database"

_POSTGRES: Final = ("postgres", "postgresql", "postgresql+psycopg")


class Database(Struct, frozen=True):
    """url: with the driver. name: what messages call it, without its password. path: the file of SQLite, else None."""

    url: URL
    name: str
    path: Path | None = None

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
    # Options of the connection may hold a password too.
    name = URL.create("postgresql", url.username, None, url.host, url.port, url.database).render_as_string()
    return Database(url.set(drivername="postgresql+psycopg"), name)
