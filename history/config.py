"""The settings of the process that follows the journal."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from history.schema.database import TAKES, Database, read_database, sqlite_database
from matcher.etcd.address import Credentials, LogAddress
from matcher.log_config import ACCESS_SETTINGS, LOG, read_credentials
from matcher.node_config import PEERS
from matcher.storage.data_directory import HISTORY
from matching_exchange.process.curve import KEY, curve_key
from matching_exchange.process.logs import LOG_SETTINGS
from matching_exchange.process.metrics_address import METRICS_SETTING, Address
from matching_exchange.process.settings import Setting, Switch, bounded, read_settings
from protocol.bases import Endpoints, base_endpoints
from protocol.curve import ClientKeys, public_key

PROGRAM: Final = "history"
PREFIX: Final = "HISTORY"

MATCHER: Final = "MATCHER"
"""Settings of the matchers that this process reads too begin with it."""

CURVE_SECRET: Final = Setting(
    "curve-secret",
    "",
    curve_key,
    KEY,
    "the secret key of the matchers that share the log",
    secret=True,
    has_flag=False,
    from_file=True,
)

FILE: Final = "history.sqlite"

MAX_DAYS: Final = 36_500
MAX_LAG_BYTES: Final = 10**15
DEFAULT_LAG_BYTES: Final = 4 * 1024**3


class SharedLog(Struct, frozen=True):
    """A log that several matchers share.

    nodes: the endpoints of these matchers. keys: for their sockets; None without CURVE.
    """

    address: LogAddress
    credentials: Credentials
    nodes: list[Endpoints]
    keys: ClientKeys | None


class Config(Struct, frozen=True):
    """The settings.

    keep_days: None keeps for ever.
    max_lag_bytes: what the matcher may keep for this process alone.
    metrics: where the process tells its metrics, beside the file in the data directory.
    shared: the log that several matchers share; None for the journal of the data directory.
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
    shared: SharedLog | None = None


def _directory(text: str) -> Path:
    if not text:
        raise ValueError(text)
    return Path(text)


def _database(text: str) -> Database | None:
    return read_database(text.strip()) if text.strip() else None


def _keep(text: str) -> int | None:
    return None if text == "forever" else bounded(1, MAX_DAYS)(text)


SHARED_SETTINGS: Final = tuple(
    replace(setting, full_variable=setting.variable(MATCHER))
    for setting in (LOG, PEERS, *ACCESS_SETTINGS, CURVE_SECRET)
)
"""Those of the matchers, of a log that they share."""

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
    *SHARED_SETTINGS,
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
    taken = {setting.key: values.pop(setting.key) for setting in SHARED_SETTINGS}
    address, secret = taken[LOG.key], taken[CURVE_SECRET.key]
    shared: SharedLog | None = None
    if address is not None:
        nodes = [base_endpoints(peer) for peer in taken[PEERS.key]]
        keys = ClientKeys(public_key(secret), secret) if secret else None
        shared = SharedLog(address, read_credentials(PROGRAM, MATCHER, taken), nodes, keys)
    return Config(
        **values,
        keep_days=keep_days,
        database=database or sqlite_database(values["data_dir"] / HISTORY / FILE),
        shared=shared,
    )
