"""The settings of what an address or a key may do."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from gateway.rate import RATE, read_rate
from matching_exchange.process.settings import Setting, bounded

MAX_OPEN: Final = 1_000_000
"""Connections or streams that one address may have open, at most."""

Network = IPv4Network | IPv6Network


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(part.strip()) for part in text.split(",")) if text.strip() else ()


def _rate(name: str, help_text: str) -> Setting:
    return Setting(name, "", read_rate, RATE, help_text)


def _open(name: str, default: str, help_text: str) -> Setting:
    return Setting(name, default, bounded(1, MAX_OPEN), f"a whole number from 1 to {MAX_OPEN}", help_text)


LIMIT_SETTINGS: Final = (
    _rate("requests-per-address", "HTTP requests that one address may send"),
    _rate("requests-per-key", "HTTP requests that one key may send"),
    _rate("orders-per-address", "orders and amends that one address may send; cancels have no limit"),
    _rate("orders-per-key", "orders and amends that one key may send; cancels have no limit"),
    _rate("connections-per-address", "connections that one address may open"),
    _rate("connections-per-key", "connections that one key may begin to use"),
    _rate("subscriptions-per-address", "streams that one address may open"),
    _rate("subscriptions-per-key", "streams that one key may open"),
    _open("open-connections-per-address", "4000", "connections that one address may have open at one time"),
    _open("open-streams-per-address", "2000", "streams that one address may have open at one time"),
    Setting(
        "trusted-proxies",
        "",
        _networks,
        "addresses and networks such as 10.0.0.0/8, with commas between",
        "proxies whose X-Forwarded-For tells the address that counts",
    ),
)
