"""Which clients are tried, in which versions, and by which sessions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class Session:
    """A program of `sessions/` with its arguments, and what it does in a few words.

    is_busy: it keeps a book through a busy phase.
    """

    does: str
    module: str
    arguments: tuple[str, ...] = ()
    is_busy: bool = False


@dataclass(frozen=True)
class Client:
    """A client, in an environment of its own.

    packages    what pip installs (npm for a session that is a .mjs)
    python      the oldest Python that it takes
    settings    what the gateway needs besides, as environment variables
    """

    name: str
    version: str
    packages: tuple[str, ...]
    sessions: tuple[Session, ...]
    python: tuple[int, int] = (3, 11)
    settings: Mapping[str, str] = field(default_factory=dict)


CCXT: Final = "4.5.90"
CCXT_OF_NPM: Final = "4.5.84"

CLIENTS: Final = (
    Client(
        "ccxt",
        CCXT,
        (f"ccxt=={CCXT}",),
        (
            Session("HTTP, sync", "ccxt_rest", ("sync",)),
            Session("HTTP, async", "ccxt_rest", ("async",)),
            Session("pro: streams, WebSocket API", "ccxt_pro"),
            Session("pro: its book, busy", "books", ("ccxt",), is_busy=True),
        ),
    ),
    Client("ccxt-npm", CCXT_OF_NPM, (f"ccxt@{CCXT_OF_NPM}",), (Session("HTTP", "ccxt.mjs"),)),
    Client(
        "python-binance",
        "1.0.37",
        ("python-binance==1.0.37",),
        (
            Session("HTTP, sync", "python_binance", ("sync",)),
            Session("HTTP, async", "python_binance", ("async",)),
            Session("WebSocket API, streams", "python_binance", ("streams",)),
            Session("depth cache, busy", "books", ("python-binance",), is_busy=True),
        ),
    ),
    Client(
        "binance-sdk-spot",
        "13.3.0",
        ("binance-sdk-spot==13.3.0",),
        (
            Session("HTTP", "binance_sdk_spot", ("rest",)),
            Session("WebSocket API, streams", "binance_sdk_spot", ("sockets",)),
        ),
    ),
    Client(
        "freqtrade",
        "2026.9",
        ("freqtrade==2026.9",),
        (Session("dry", "freqtrade", ("dry",)), Session("live", "freqtrade", ("live",))),
    ),
    Client(
        "nautilus_trader",
        "1.221.0",
        ("nautilus_trader==1.221.0",),
        (Session("live", "nautilus", ("nautilus-1.221",)),),
        settings={"GATEWAY_BINANCE_LISTEN_KEYS": "on"},
    ),
    Client(
        "nautilus_trader",
        "1.231.0",
        ("nautilus_trader==1.231.0",),
        (Session("live", "nautilus", ("nautilus",)),),
        python=(3, 12),
    ),
)

RECIPES: Final = (("hummingbot", "20260922"),)
"""Clients that docs/clients.md points here, and that no run tries: they install by other ways than pip."""
