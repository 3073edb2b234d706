"""Configuration as the text that its client reads: JSON, or lines of Python."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

Config = dict[str, Any]


def text_of(name: str, config: Config) -> str:
    """The configuration of that client, to be pasted or written to a file."""
    return LINES[name](config) if name in LINES else json.dumps(config, indent=2)


def _python_binance(config: Config) -> str:
    lines = ["# Before the first client is made.", "import binance", "import binance.base_client", ""]
    for path, attributes in config["classes"].items():
        cls = "binance.base_client.BaseClient" if path.endswith("BaseClient") else "binance.BinanceSocketManager"
        lines += [f"{cls}.{attribute} = {url!r}" for attribute, url in attributes.items()]
    return "\n".join([*lines, "", f"client = binance.Client({config['api_key']!r}, {config['api_secret']!r})"])


def _binance_sdk_spot(config: Config) -> str:
    kinds = ("ConfigurationRestAPI", "ConfigurationWebSocketAPI", "ConfigurationWebSocketStreams")
    parts = [
        f"    {part}={kind}({_arguments(options)}),"
        for kind, (part, options) in zip(kinds, config.items(), strict=True)
    ]
    return "\n".join(
        [
            f"from binance_common.configuration import {', '.join(kinds)}",
            "from binance_sdk_spot.spot import Spot",
            "",
            "client = Spot(",
            *parts,
            ")",
        ]
    )


def _nautilus(config: Config) -> str:
    names = "BinanceAccountType, BinanceDataClientConfig, BinanceExecClientConfig"
    lines = [f"from nautilus_trader.adapters.binance import {names}", ""]
    for name, kind in (("data", "BinanceDataClientConfig"), ("exec", "BinanceExecClientConfig")):
        options = {key: value for key, value in config[name].items() if key != "account_type"}
        lines.append(f"{name}_client = {kind}(account_type=BinanceAccountType.SPOT, {_arguments(options)})")
    return "\n".join(lines)


def _hummingbot(config: Config) -> str:
    lines = [
        "# Before it starts; connect with the key and the secret that follow.",
        "from hummingbot.connector.exchange.binance import binance_constants",
        "",
    ]
    lines += [f"binance_constants.{name} = {url!r}" for name, url in config["constants"].items()]
    return "\n".join([*lines, f"# key     {config['api_key']}", f"# secret  {config['api_secret']}"])


def _arguments(options: Config) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in options.items())


LINES: Final[Mapping[str, Callable[[Config], str]]] = {
    "python-binance": _python_binance,
    "binance-sdk-spot": _binance_sdk_spot,
    "nautilus": _nautilus,
    "nautilus-1.221": _nautilus,
    "hummingbot": _hummingbot,
}
"""The others are JSON."""
