"""The matcher's settings."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from matcher.core.limits import DEFAULT_MAX_ACCOUNTS
from matching_exchange.process.addresses import BOUND_ENDPOINT, bound_endpoint, keep_apart
from matching_exchange.process.logs import LOG_SETTINGS
from matching_exchange.process.settings import Setting, Switch, bounded, one_of, read_settings

PROGRAM = "matcher"
PREFIX = "MATCHER"

MAX_INTERVAL = 3_600_000
"""The longest interval that a setting takes: an hour, in milliseconds."""

MAX_SNAPSHOT_EVERY = 10**12

MAX_ACCOUNTS = 1_000_000_000

NANOSECONDS_PER_MILLISECOND = 1_000_000


class Config(Struct, frozen=True):
    """`depth_interval` is in nanoseconds; `instruments_source` is the flag or variable that names the file."""

    commands: str
    market_data: str
    reports: str
    data_dir: Path
    instruments: Path | None
    sync: str
    keep_journal: str
    snapshot_every: int
    depth_interval: int
    max_accounts: int
    log_level: str
    log_format: str
    check: bool
    instruments_source: str = "--instruments"


def _sync(text: str) -> str:
    match = re.fullmatch(r"always|off|interval:([1-9][0-9]{0,6})", text)
    if match is None or (match[1] and int(match[1]) > MAX_INTERVAL):
        raise ValueError(text)
    return text


def sync_interval(sync: str) -> int | None:
    """Nanoseconds that a record may wait for its sync: zero for `always`, None for `off`."""
    if sync == "always":
        return 0
    return None if sync == "off" else int(sync.removeprefix("interval:")) * NANOSECONDS_PER_MILLISECOND


def _path(text: str) -> Path:
    if not text:
        raise ValueError(text)
    return Path(text)


SETTINGS = (
    Setting("commands", "tcp://127.0.0.1:5555", bound_endpoint, BOUND_ENDPOINT, "where commands come in"),
    Setting("market-data", "tcp://127.0.0.1:5556", bound_endpoint, BOUND_ENDPOINT, "where market data goes out"),
    Setting("reports", "tcp://127.0.0.1:5557", bound_endpoint, BOUND_ENDPOINT, "where private reports go out"),
    Setting("data-dir", "./data", _path, "a directory", "where the matcher keeps its files"),
    Setting(
        "instruments",
        "",
        lambda text: Path(text) if text else None,
        "a TOML file",
        "the instruments to start with, else the built-in list",
    ),
    Setting(
        "sync",
        "always",
        _sync,
        f"always, off or interval:<ms> with 1 to {MAX_INTERVAL} ms",
        "when the journal is synced to disk",
    ),
    Setting(
        "keep-journal",
        "snapshots",
        one_of("snapshots", "all"),
        "snapshots (what recovery needs) or all",
        "which journal segments stay",
    ),
    Setting(
        "snapshot-every",
        "1000000",
        bounded(1, MAX_SNAPSHOT_EVERY),
        f"a number of commands from 1 to {MAX_SNAPSHOT_EVERY}",
        "after how many commands a snapshot is taken",
    ),
    Setting(
        "depth-interval",
        "10",
        bounded(0, MAX_INTERVAL),
        f"a number of milliseconds from 0 to {MAX_INTERVAL}",
        "the least time between two depth messages of a symbol",
    ),
    Setting(
        "max-accounts",
        str(DEFAULT_MAX_ACCOUNTS),
        bounded(1, MAX_ACCOUNTS),
        f"a whole number from 1 to {MAX_ACCOUNTS}",
        "how many accounts there may be; each takes about 1 KB",
    ),
    *LOG_SETTINGS,
)

SWITCHES = (Switch("check", "wait for a heartbeat of a running matcher and exit with 0, or with 1 if none comes"),)


def read_config(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration of this process. Ends it with one line if a setting is bad."""
    values = read_settings(
        PROGRAM,
        PREFIX,
        "The matcher: owns all order books and is the only one that changes them.",
        SETTINGS,
        arguments,
        environment,
        SWITCHES,
    )
    if not values["check"]:
        keep_apart(PROGRAM, PREFIX, SETTINGS, values)
    values["depth_interval"] *= NANOSECONDS_PER_MILLISECOND
    instruments = next(setting for setting in SETTINGS if setting.name == "instruments")
    return Config(**values, instruments_source=instruments.source(PREFIX, arguments))
