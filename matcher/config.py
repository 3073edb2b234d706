"""The matcher's settings."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from matcher.core.limits import DEFAULT_MAX_ACCOUNTS
from matcher.node_config import NODE_SETTINGS, SNAPSHOTS, NodeConfig, read_node
from matcher.own_symbols import OwnSymbols
from matcher.shard_config import SHARD_SETTINGS, read_shard
from matching_exchange.process.addresses import BOUND_ENDPOINT, bound_endpoint, keep_apart, stays_here
from matching_exchange.process.command_line import end_with_line
from matching_exchange.process.curve import KEY, KEYS, MARKET_DATA, curve_key, curve_keys
from matching_exchange.process.logs import LOG_SETTINGS
from matching_exchange.process.metrics_address import METRICS_SETTING, Address
from matching_exchange.process.settings import Setting, Switch, bounded, one_of, read_settings

PROGRAM = "matcher"
PREFIX = "MATCHER"

MAX_INTERVAL = 3_600_000
"""The longest interval that a setting takes: an hour, in milliseconds."""

MAX_SNAPSHOT_EVERY = 10**12

MAX_ACCOUNTS = 1_000_000_000

NANOSECONDS_PER_MILLISECOND = 1_000_000


class Config(Struct, frozen=True):
    """The settings.

    depth_interval: nanoseconds.
    instruments_source: the flag or variable that names the file.
    curve: "auto" or "off".
    curve_secret: empty without CURVE.
    curve_allowed: the public keys that may send commands and read reports.
    curve_market_data: whether the market data has CURVE too.
    metrics: where the process tells its metrics, if anywhere.
    own: the symbols of its shard; None where one matcher owns all.
    node: of a replicated log; None with the local journal.
    """

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
    curve: str = "auto"
    curve_secret: str = ""
    curve_allowed: tuple[str, ...] = ()
    curve_market_data: bool = True
    metrics: Address | None = None
    own: OwnSymbols | None = None
    node: NodeConfig | None = None

    @property
    def open_endpoints(self) -> list[str]:
        """Those that other machines reach, and that have no CURVE although they are to have it, each with its
        setting."""
        if self.curve_secret:
            return []
        meant = [setting for setting in SETTINGS if setting.key in ("commands", "market_data", "reports")]
        endpoints = {
            setting.title(PREFIX): getattr(self, setting.key)
            for setting in meant
            if setting.key != "market_data" or self.curve_market_data
        }
        if self.node is not None:
            endpoints[SNAPSHOTS.title(PREFIX)] = self.node.snapshots
        return [f"{name}: {endpoint}" for name, endpoint in endpoints.items() if not stays_here(endpoint)]


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
    Setting(
        "curve",
        "auto",
        one_of("auto", "off"),
        "auto (CURVE where there is a secret key) or off",
        "off lets other machines reach the sockets without CURVE",
    ),
    Setting(
        "curve-secret", "", curve_key, KEY, "the matcher's secret key", secret=True, has_flag=False, from_file=True
    ),
    Setting(
        "curve-allowed",
        "",
        curve_keys,
        KEYS,
        "the public keys of gateways and bots that may send commands and read reports",
        from_file=True,
    ),
    MARKET_DATA,
    METRICS_SETTING,
    *SHARD_SETTINGS,
    *NODE_SETTINGS,
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
    values["node"] = read_node(PROGRAM, PREFIX, values)
    if not values["check"]:
        keep_apart(PROGRAM, PREFIX, SETTINGS, values)
    values["depth_interval"] *= NANOSECONDS_PER_MILLISECOND
    shard = None if values["check"] else read_shard(PROGRAM, PREFIX, arguments, values)
    values["own"] = None if shard is None else OwnSymbols(*shard)
    del values["shards"], values["shard"]
    instruments = next(setting for setting in SETTINGS if setting.name == "instruments")
    config = Config(**values, instruments_source=instruments.source(PREFIX, arguments))
    if not config.check:
        _check_curve(config)
    return config


def _check_curve(config: Config) -> None:
    """End the process with one line where its keys do not fit, or where it would take anybody's word."""
    if config.curve == "off" and config.curve_secret:
        end_with_line(PROGRAM, f"{PREFIX}_CURVE=off and {PREFIX}_CURVE_SECRET: takes one of them")
    if config.curve_secret and not config.curve_allowed:
        end_with_line(
            PROGRAM, f"{PREFIX}_CURVE_ALLOWED: takes the public keys of gateways: {PREFIX}_CURVE_SECRET needs it"
        )
    if config.curve_allowed and not config.curve_secret:
        end_with_line(PROGRAM, f"{PREFIX}_CURVE_SECRET: takes a secret key: {PREFIX}_CURVE_ALLOWED needs it")
    if config.curve == "auto" and config.open_endpoints:
        end_with_line(
            PROGRAM,
            f"{config.open_endpoints[0]} is reached from other machines: close it with {PREFIX}_CURVE_SECRET and "
            f"{PREFIX}_CURVE_ALLOWED (`keys curve` prints them), or write out {PREFIX}_CURVE=off",
        )
