"""The gateway's settings: their names, defaults, and what each takes."""

import re
from collections.abc import Collection, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from msgspec import Struct

from gateway.faucet_setting import MAX_GIFTS, read_faucet
from gateway.limit_settings import LIMIT_SETTINGS, Network
from gateway.rate import Rate
from gateway.shards_setting import SHARDS_SETTING, check_history, read_map
from history.schema.database import TAKES, Database, read_database, sqlite_database
from matching_exchange.process.addresses import (
    CONNECTED_ENDPOINT,
    HOST,
    ROOT_PATH,
    connected_endpoint,
    host,
    keep_apart,
)
from matching_exchange.process.command_line import end_with_line
from matching_exchange.process.curve import CLIENT_SETTINGS, check_client
from matching_exchange.process.logs import LOG_SETTINGS
from matching_exchange.process.metrics_address import HISTORY_METRICS, METRICS_SETTING, Address
from matching_exchange.process.settings import Setting, bounded, one_of, port, read_settings
from protocol.bases import ADDRESSES, base_addresses
from protocol.shards import ShardMap

PROGRAM: Final = "gateway"
PREFIX: Final = "GATEWAY"

HISTORY_FILE: Final = "history/history.sqlite"
"""The tables, below a data directory."""

LOCAL: Final = "local"
OFF: Final = "off"
ON: Final = "on"
KEYS: Final = "keys"
ALLOW: Final = "allow"

MAX_WORKERS: Final = 64
MAX_DEADLINE: Final = 3_600_000
"""An hour, in milliseconds."""

NOBODY: Final = "nobody"
ANYONE: Final = "anyone"
"""How the log names an administrator without a token: a wrong one, and one where none is needed."""

SOCKETS: Final = ("commands", "market_data", "reports")
"""The settings of one matcher's sockets."""

ANY_HOST: Final = "*"

WILDCARDS: Final = ("0.0.0.0", "::")  # noqa: S104
"""Hosts that mean every address of this machine."""

PREVENTIONS: Final = ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT")
"""Self-trade prevention in the words of the Binance dialect."""

WORD: Final = "printable ASCII without spaces"
"""What a token of an administrator takes."""

_TOKEN: Final = re.compile(r"[!-~]*")
_TOKEN_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")


class GatewayConfig(Struct, frozen=True):
    """The settings.

    deadline: milliseconds.
    request_log: whether each request is a line of the log.
    root_path: below which clients find everything; empty for none.
    admin_token: empty for none.
    allowed_hosts: holds `*` to serve every host.
    auth: empty where it is not set: that is OFF, on loopback alone.
    admin_tokens: names and tokens.
    key_file: empty for none.
    faucet: assets and amounts.
    curve_server: the matcher's public key; empty without CURVE.
    curve_secret: the gateway's secret key.
    curve_market_data: whether the market data has CURVE too.
    binance: whether the Binance dialect is served. binance_limits: whether its own limits of rate are enforced.
    binance_listen_keys: whether the dialect has listen keys. binance_self_trade_prevention: that of orders which name
    none, in the words of the dialect.
    history: where its tables are; None where no setting tells.
    data_dir: the matcher's data directory; None where no setting names it.
    metrics: the port of its own. metrics_access: who may read them at /metrics. history_metrics: the history's.
    faults: whether faults may be injected.
    shards: which matchers own which symbols; None where there is one matcher.
    matchers: base addresses of the nodes of a replicated log; empty for the matcher of the three endpoints.
    ..._per_address, ..._per_key: a rate, None for no limit; open_...: how many at one time.
    """

    host: str
    port: int
    workers: int
    commands: str
    market_data: str
    reports: str
    admin_token: str
    cors_origins: tuple[str, ...]
    allowed_hosts: tuple[str, ...]
    deadline: int
    auth: str = ""
    admin_tokens: tuple[tuple[str, str], ...] = ()
    key_file: str = ""
    root_path: str = ""
    request_log: str = OFF
    faucet: tuple[tuple[str, str], ...] = ()
    log_level: str = "info"
    log_format: str = "auto"
    curve_server: str = ""
    curve_secret: str = ""
    curve_market_data: bool = True
    requests_per_address: Rate | None = None
    requests_per_key: Rate | None = None
    orders_per_address: Rate | None = None
    orders_per_key: Rate | None = None
    connections_per_address: Rate | None = None
    connections_per_key: Rate | None = None
    subscriptions_per_address: Rate | None = None
    subscriptions_per_key: Rate | None = None
    open_connections_per_address: int = 4000
    open_streams_per_address: int = 2000
    trusted_proxies: tuple[Network, ...] = ()
    binance: str = OFF
    binance_limits: str = OFF
    binance_listen_keys: str = OFF
    binance_self_trade_prevention: str = PREVENTIONS[0]
    history: Database | None = None
    data_dir: Path | None = None
    metrics: Address | None = None
    metrics_access: str = LOCAL
    history_metrics: Path | None = None
    faults: str = OFF
    shards: ShardMap | None = None
    matchers: tuple[str, ...] = ()

    def history_of(self, shard: str) -> Database | None:
        """Where the tables of the shard's history are."""
        return None if self.history is None else self.history.of(shard)


def all_tokens(config: GatewayConfig) -> list[tuple[str, str]]:
    """The names and tokens of both settings."""
    return [*([("admin", config.admin_token)] if config.admin_token else ()), *config.admin_tokens]


def _tokens(text: str) -> tuple[tuple[str, str], ...]:
    found = tuple(tuple(part.strip().partition(":")[::2]) for part in text.split(",")) if text.strip() else ()
    pairs = tuple((name, token) for name, token in found)
    if not all(_TOKEN_NAME.fullmatch(name) and token and _TOKEN.fullmatch(token) for name, token in pairs):
        raise ValueError(text)
    names, tokens = {name for name, _ in pairs}, {token for _, token in pairs}
    if len(names) < len(pairs) or len(tokens) < len(pairs) or not names.isdisjoint((NOBODY, ANYONE)):
        raise ValueError(text)
    return pairs


def admin_token(text: str) -> str:
    """A token as a header can carry it; empty for none. ValueError for another text."""
    if not _TOKEN.fullmatch(text):
        raise ValueError(text)
    return text


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(part.strip() for part in text.split(",")) if text.strip() else ()
    if not all(_ORIGIN.fullmatch(origin) for origin in origins):
        raise ValueError(text)
    return origins


def _hosts(text: str) -> tuple[str, ...]:
    if text.strip() in ("", ANY_HOST):
        return (ANY_HOST,) if text.strip() else ()
    return tuple(host_name(part.strip()) for part in text.split(","))


def host_name(text: str) -> str:
    """A host's name or address, as it is compared. ValueError where the text is neither."""
    try:
        return str(ip_address(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        return host(text).lower().removesuffix(".")


def _database(text: str) -> Database | None:
    return read_database(text.strip()) if text.strip() else None


BINANCE_SETTINGS: Final = (
    Setting("binance", ON, one_of(ON, OFF), "on or off", "whether clients of Binance Spot are served too"),
    Setting(
        "binance-limits",
        OFF,
        one_of(ON, OFF),
        "on or off",
        "whether the limits that the Binance dialect tells are enforced; they are counted and told either way",
    ),
    Setting(
        "binance-listen-keys",
        OFF,
        one_of(ON, OFF),
        "on or off",
        "whether the Binance dialect has listen keys, which the venue has retired",
    ),
    Setting(
        "binance-self-trade-prevention",
        PREVENTIONS[0],
        one_of(*PREVENTIONS),
        ", ".join(PREVENTIONS[:-1]) + f" or {PREVENTIONS[-1]}",
        "self-trade prevention of orders of the Binance dialect that name none",
    ),
)

SETTINGS: Final = (
    Setting("host", "127.0.0.1", host, HOST, "where HTTP and WebSocket are served"),
    Setting("port", "8000", port, "a port from 0 to 65535; 0 for a free one", "the port of HTTP and WebSocket"),
    Setting(
        "workers", "1", bounded(1, MAX_WORKERS), f"a whole number from 1 to {MAX_WORKERS}", "how many processes serve"
    ),
    Setting(
        "commands", "tcp://127.0.0.1:5555", connected_endpoint, CONNECTED_ENDPOINT, "the matcher's socket for commands"
    ),
    Setting(
        "market-data",
        "tcp://127.0.0.1:5556",
        connected_endpoint,
        CONNECTED_ENDPOINT,
        "the matcher's socket of market data",
    ),
    Setting(
        "reports", "tcp://127.0.0.1:5557", connected_endpoint, CONNECTED_ENDPOINT, "the matcher's socket of reports"
    ),
    Setting(
        "matchers",
        "",
        base_addresses,
        ADDRESSES,
        "the nodes of a replicated log, in place of the three sockets; the gateway finds the one that leads",
    ),
    Setting(
        "admin-token",
        "",
        admin_token,
        WORD,
        "what /admin calls must bear; without it anyone may call",
        secret=True,
    ),
    Setting(
        "admin-tokens",
        "",
        _tokens,
        "name:token pairs with commas between, each name and each token once; names of letters, digits and . _ -, "
        f"but not {NOBODY} and {ANYONE}",
        "tokens of several administrators; the log names who has called",
        secret=True,
        has_flag=False,
    ),
    Setting(
        "auth",
        "",
        one_of("", OFF, KEYS),
        "off or keys",
        "who may trade: off lets anyone act for any account; it has to be written out where --host is reached from "
        "elsewhere. keys asks for an API key",
    ),
    Setting(
        "key-file",
        "",
        str,
        "a path",
        "the file of the server key, from which the secrets of HMAC keys come; made with the first such key",
    ),
    Setting(
        "cors-origins",
        "",
        _origins,
        "origins such as https://example.org, with commas between",
        "origins whose pages may call",
    ),
    Setting(
        "allowed-hosts",
        "",
        _hosts,
        "names and addresses without ports, with commas between, or * for any",
        "hosts that are served beside this machine's local names; needed where --host is reached from elsewhere",
    ),
    ROOT_PATH,
    Setting(
        "request-log",
        OFF,
        one_of(ON, OFF),
        "on or off",
        "whether each request is a line of the log, at the level info: its path, status, time, key and account",
    ),
    Setting(
        "deadline",
        "5000",
        bounded(1, MAX_DEADLINE),
        f"a whole number from 1 to {MAX_DEADLINE}",
        "how old an order may be when the matcher takes it, in ms",
    ),
    Setting(
        "faucet",
        "",
        read_faucet,
        f"assets and amounts such as USDT:100000,BTC:1, at most {MAX_GIFTS}, each asset once",
        "what an account may ask for each UTC day, by POST /accounts/{account}/faucet",
    ),
    *BINANCE_SETTINGS,
    Setting(
        "faults",
        OFF,
        one_of(OFF, ALLOW),
        "off or allow",
        "allow lets administrators inject faults into calls, by POST /admin/faults; it takes one worker",
    ),
    Setting(
        "history-database",
        "",
        _database,
        TAKES.removeprefix("takes "),
        "where the tables of the history are",
        secret=True,
        has_flag=False,
        from_file=True,
        full_variable="HISTORY_DATABASE",
    ),
    Setting(
        "data-dir",
        "",
        lambda text: Path(text) if text else None,
        "a directory",
        f"the matcher's data directory; the history is read from {HISTORY_FILE} in it, unless HISTORY_DATABASE is set; "
        "a demo market is reached there",
        full_variable="MATCHER_DATA_DIR",
    ),
    METRICS_SETTING,
    Setting(
        "metrics-access",
        LOCAL,
        one_of(LOCAL, ANYONE),
        f"{LOCAL} or {ANYONE}",
        "who reads /metrics of --port without a token: processes of this machine, or anyone",
    ),
    SHARDS_SETTING,
    *CLIENT_SETTINGS,
    *LIMIT_SETTINGS,
    *LOG_SETTINGS,
)


def _check_alone(name: str, others: Collection[str], written: Collection[str]) -> None:
    """End the process with one line where the setting of that name and one of the others are written: each says where
    matchers are."""
    titles = {setting.key: setting.title(PREFIX) for setting in SETTINGS}
    for other in others:
        if name in written and other in written:
            end_with_line(PROGRAM, f"{titles[other]} and {titles[name]}: takes one of them")


def read_config(arguments: Sequence[str], environment: Mapping[str, str]) -> GatewayConfig:
    """The settings of this process. Ends it if one is bad."""
    description = "Serves the exchange over HTTP and WebSocket."
    values = read_settings(PROGRAM, PREFIX, description, SETTINGS, arguments, environment)
    keep_apart(PROGRAM, PREFIX, SETTINGS, values)
    check_client(PROGRAM, PREFIX, values, needs_secret=True)
    set_apart = values.written - {key for key in ("shards", "matchers") if not values[key]}
    _check_alone("matchers", SOCKETS, set_apart)
    _check_alone("shards", (*SOCKETS, "matchers"), set_apart)
    values["shards"] = read_map(PROGRAM, SHARDS_SETTING.source(PREFIX, arguments), values["shards"])
    if values["faults"] == ALLOW and values["workers"] > 1:
        # Each worker would have its own.
        end_with_line(PROGRAM, f"GATEWAY_FAULTS (--faults): allow takes GATEWAY_WORKERS=1, not {values['workers']}")
    database, data_dir = values.pop("history_database"), values["data_dir"]
    if database is None and data_dir is not None:
        database = sqlite_database(data_dir / HISTORY_FILE)
    check_history(PROGRAM, values["shards"], database)
    told = None if data_dir is None or values["shards"] else data_dir / HISTORY_METRICS
    return GatewayConfig(**values, history=database, history_metrics=told)
