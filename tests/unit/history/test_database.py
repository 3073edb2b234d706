"""Where the tables are, by the text of a setting."""

from pathlib import Path

import pytest

from history.schema.database import TAKES, read_database


def test_a_file_of_sqlite() -> None:
    database = read_database("sqlite:////var/lib/exchange/history.sqlite")
    assert database.path == Path("/var/lib/exchange/history.sqlite")
    assert database.name == "/var/lib/exchange/history.sqlite"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_database_of_postgresql(scheme: str) -> None:
    """Its name does not tell the password."""
    database = read_database(f"{scheme}://ann:sesame@db.example:5433/market")
    assert database.path is None
    assert database.url.drivername == "postgresql+psycopg"
    assert database.url.password == "sesame"
    assert database.name == "postgresql://ann@db.example:5433/market"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "history.sqlite",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///history.sqlite",
        "mysql://ann:sesame@host/market",
        "postgresql://host",
        "postgresql://host:x/market",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="takes ") as refused:
        read_database(text)
    assert str(refused.value) == TAKES
