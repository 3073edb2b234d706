"""The settings of the process that follows the journal."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from history.schema.database import TAKES, Database, read_database, sqlite_database
from matcher.storage.data_directory import HISTORY
from matching_exchange.process.logs import LOG_SETTINGS
from matching_exchange.process.metrics_address import METRICS_SETTING, Address
from matching_exchange.process.settings import Setting, Switch, bounded, read_settings

PROGRAM: Final = "history"
PREFIX: Final = "HISTORY"

FILE: Final = "history.sqlite"

MAX_DAYS: Final = 36_500
MAX_LAG_BYTES: Final = 10**15
DEFAULT_LAG_BYTES: Final = 4 * 1024**3


class Config(Struct, frozen=True):
    """The settings.

    keep_days: None keeps for ever.
    max_lag_bytes: what the matcher may keep for this process alone.
    metrics: where the process tells its metrics, beside the file in the data directory.
    """

    data_dir: Path
    database: Database
    keep_days: int | None
    max_lag_bytes: int
    log_level: str
    log_format: str
    new_journal: bool
    rebuild: bool
    metrics: Address | None = None


def _directory(text: str) -> Path:
    if not text:
        raise ValueError(text)
    return Path(text)


def _database(text: str) -> Database | None:
    return read_database(text.strip()) if text.strip() else None


def _keep(text: str) -> int | None:
    return None if text == "forever" else bounded(1, MAX_DAYS)(text)


SETTINGS: Final = (
    Setting(
        "data-dir",
        "./data",
        _directory,
        "a directory",
        "the matcher's data directory, whose journal is followed",
        full_variable="MATCHER_DATA_DIR",
    ),
    Setting(
        "database",
        "",
        _database,
        TAKES.removeprefix("takes "),
        f"where the tables are (default: {HISTORY}/{FILE} in the data directory)",
        secret=True,
        has_flag=False,
        from_file=True,
    ),
    Setting(
        "keep",
        "forever",
        _keep,
        f"forever or a number of days from 1 to {MAX_DAYS}",
        "how long trades, orders and candles are kept; account movements are kept for ever",
    ),
    Setting(
        "max-lag-bytes",
        str(DEFAULT_LAG_BYTES),
        bounded(0, MAX_LAG_BYTES),
        f"a number of bytes from 0 to {MAX_LAG_BYTES}",
        "how much of the journal the matcher keeps for this process alone",
    ),
    METRICS_SETTING,
    *LOG_SETTINGS,
)

SWITCHES: Final = (
    Switch("new-journal", "put the tables of another journal aside, and begin new ones"),
    Switch("rebuild", "empty the tables, and fill them from the first record that is left"),
)


def read_config(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration of this process. Ends it with one line if a setting is bad."""
    values = read_settings(
        PROGRAM,
        PREFIX,
        "The history: follows the matcher's journal, and writes what happened into a database.",
        SETTINGS,
        arguments,
        environment,
        SWITCHES,
    )
    keep_days, database = values.pop("keep"), values.pop("database")
    return Config(
        **values,
        keep_days=keep_days,
        database=database or sqlite_database(values["data_dir"] / HISTORY / FILE),
    )
