"""The configuration of each client, as data."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from matching_exchange.recipes.urls import ClientConfigError, parts_of, refuse_other_hosts, rewritten

__all__ = ["NAMES", "ClientConfigError", "exchange_client_config"]

Config = dict[str, Any]

PATIENCE: Final = 60
"""Seconds that an interpreter may take to tell a client's URLs."""

URLS_OF_CCXT: Final = """
import json, ccxt.pro
urls = ccxt.pro.binance().urls
print(json.dumps({name: urls[name] for name in ("api", "test", "demo") if name in urls}))
"""

URLS_OF_PYTHON_BINANCE: Final = """
import json, binance, binance.base_client
print(json.dumps({
    f"{cls.__module__}.{cls.__name__}": {
        name: value for name in dir(cls) if isinstance(value := getattr(cls, name), str) and "://" in value
        if not name.startswith("__")
    }
    for cls in (binance.base_client.BaseClient, binance.BinanceSocketManager)
}))
"""


def exchange_client_config(name: str, url: str, key: str, secret: str, python: str = sys.executable) -> Config:
    """What the client of that name takes, with every URL in it naming the exchange at `url`.

    url     the gateway, such as http://127.0.0.1:8000
    secret  of an HMAC key, or the PEM of a private key where the client takes one
    python  an interpreter that has the client: ccxt, freqtrade and python-binance tell their URLs themselves

    Raises ClientConfigError: an unknown name, a bad URL, a client that is not there, a URL of another host.
    """
    if name not in RECIPES:
        raise ClientConfigError(f"client: {name!r}: takes one of {', '.join(RECIPES)}")
    config = RECIPES[name](url, key, secret, python)
    refuse_other_hosts({part: value for part, value in config.items() if part not in SECRETS}, url)
    return config


SECRETS: Final = ("apiKey", "secret", "api_key", "api_secret")
"""Names of what is no URL, whatever it holds."""


def _ccxt(url: str, key: str, secret: str, python: str) -> Config:
    """Options of `ccxt.binance(..)`. The sandbox is here too, so that nothing can switch to the venue's."""
    return {"apiKey": key, "secret": secret, "urls": rewritten(_told(python, "ccxt", URLS_OF_CCXT), url)}


def _freqtrade(url: str, key: str, secret: str, python: str) -> Config:
    """A part of its configuration file."""
    return {
        "exchange": {
            "name": "binance",
            "key": key,
            "secret": secret,
            # Keeps it from the venue's public archive.
            "only_from_ccxt": True,
            "pair_whitelist": ["BTC/USDT"],
            "ccxt_config": {
                "urls": rewritten(_told(python, "ccxt", URLS_OF_CCXT), url),
                "options": {"fetchMarkets": {"types": ["spot"]}},
            },
        }
    }


def _python_binance(url: str, key: str, secret: str, python: str) -> Config:
    """`classes`: attributes to be set on them before the first client is made."""
    classes = rewritten(_told(python, "python-binance", URLS_OF_PYTHON_BINANCE), url)
    return {"api_key": key, "api_secret": secret, "classes": classes}


def _binance_sdk_spot(url: str, key: str, secret: str, _: str) -> Config:
    """Options of the three configurations of `Spot(..)`; one that is left out means the real venue."""
    streams = streams_url(url)
    return {
        "config_rest_api": {"api_key": key, "api_secret": secret, "base_path": _base(url)},
        "config_ws_api": {"api_key": key, "api_secret": secret, "stream_url": f"{streams}/ws-api/v3"},
        "config_ws_streams": {"stream_url": streams},
    }


def _nautilus(url: str, key: str, secret: str, _: str) -> Config:
    """Options of BinanceDataClientConfig and BinanceExecClientConfig, of 1.222 and newer."""
    return _nautilus_clients(url, key, secret, "/ws-api/v3")


def _old_nautilus(url: str, key: str, secret: str, _: str) -> Config:
    """The same for 1.221 and older, which read the user's events on a listenKey."""
    return _nautilus_clients(url, key, secret, "")


def _nautilus_clients(url: str, key: str, secret: str, path: str) -> Config:
    streams = streams_url(url)
    common = {"api_key": key, "api_secret": secret, "account_type": "SPOT", "base_url_http": _base(url)}
    return {"data": {**common, "base_url_ws": streams}, "exec": {**common, "base_url_ws": f"{streams}{path}"}}


def _hummingbot(url: str, key: str, secret: str, _: str) -> Config:
    """`constants` of hummingbot.connector.exchange.binance.binance_constants, to be set before it starts."""
    streams = streams_url(url)
    constants = {
        "REST_URL": f"{_base(url)}/api/",
        "WSS_URL": f"{streams}/ws",
        "WSS_API_URL": f"{streams}/ws-api/v3",
    }
    return {"api_key": key, "api_secret": secret, "constants": constants}


def streams_url(url: str) -> str:
    host, encrypted = parts_of(url)
    return f"{'wss' if encrypted else 'ws'}://{host}"


def _base(url: str) -> str:
    host, encrypted = parts_of(url)
    return f"{'https' if encrypted else 'http'}://{host}"


def _told(python: str, client: str, program: str) -> Config:
    """The URLs that the installed client has, by its own word."""
    try:
        done = subprocess.run(  # noqa: S603
            [python, "-c", program], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ClientConfigError(f"python: {python}: {error}") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ClientConfigError(f"python: {python}: {client} does not tell its URLs: {last}")
    urls: Config = json.loads(done.stdout)
    return urls


RECIPES: Final[Mapping[str, Callable[[str, str, str, str], Config]]] = {
    "ccxt": _ccxt,
    "python-binance": _python_binance,
    "binance-sdk-spot": _binance_sdk_spot,
    "freqtrade": _freqtrade,
    "nautilus": _nautilus,
    "nautilus-1.221": _old_nautilus,
    "hummingbot": _hummingbot,
}

NAMES: Final = tuple(RECIPES)
"""Of the clients."""
