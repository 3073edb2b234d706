"""One line for each failure of a database."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from history.writing.interface import StoreFailedError


@contextmanager
def failures(name: str, driver: type[Exception]) -> Iterator[None]:
    """Turn failures of the database of that name into a StoreFailedError: those of the system, and of the driver as
    it tells them or as SQLAlchemy does."""
    try:
        yield
    except (DBAPIError, OSError, driver) as error:
        raise StoreFailedError(f"{name}: {_line(error)}") from error


def _line(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(cause).__name__
