"""Base addresses of matchers: one host and port that stand for all endpoints of a node."""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from msgspec import Struct

MAX_PORT: Final = 65_535
PORTS: Final = 4
"""The ports that belong to a base address, its own included."""

MAX_NODES: Final = 32
"""Nodes of one group, at most."""

ADDRESS: Final = f"a host and a port from 1 to {MAX_PORT - PORTS + 1}, such as 10.0.0.7:5555 or [::1]:5555"
ADDRESSES: Final = f"1 to {MAX_NODES} base addresses, each once, with commas between; each is {ADDRESS}"

_ADDRESS: Final = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})):([1-9][0-9]{0,4})")


class Endpoints(Struct, frozen=True):
    """Those of one matcher."""

    commands: str
    market_data: str
    reports: str
    snapshots: str = ""


def base_endpoints(address: str) -> Endpoints:
    """The endpoints of the matcher with this base address. ValueError for a bad one."""
    found = _ADDRESS.fullmatch(address)
    if found is None or int(found[2]) > MAX_PORT - PORTS + 1:
        raise ValueError(f"{address!r}: takes {ADDRESS}")
    return Endpoints(*(f"tcp://{found[1]}:{port}" for port in range(int(found[2]), int(found[2]) + PORTS)))


def base_addresses(text: str) -> tuple[str, ...]:
    """The base addresses that a text names; none for an empty one. ValueError for a bad one."""
    if not text.strip():
        return ()
    addresses = tuple(part.strip() for part in text.split(","))
    for address in addresses:
        base_endpoints(address)
    if len(set(addresses)) < len(addresses) or len(addresses) > MAX_NODES:
        raise ValueError(f"{text!r}: takes {ADDRESSES}")
    if (pair := sharing_ports(addresses)) is not None:
        raise ValueError(f"{pair[0]} and {pair[1]} share ports: takes bases that are {PORTS} apart")
    return addresses


def sharing_ports(addresses: Iterable[str]) -> tuple[str, str] | None:
    """The first two of these base addresses that have a port in common; None without such."""
    known = sorted((address.rpartition(":")[0], int(address.rpartition(":")[2]), address) for address in addresses)
    for (host, port, address), (other_host, other_port, other) in pairwise(known):
        if host == other_host and other_port - port < PORTS:
            return address, other
    return None
