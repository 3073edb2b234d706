"""Hosts and ZeroMQ endpoints as settings take them: endpoints that are bound, and endpoints that are connected to.

A parser gives back the text of a setting, or raises ValueError. The functions of the system and of ZeroMQ accept what
passes here, as far as the text alone decides.
"""

import errno
import os
import re
import stat
import sys
from collections.abc import Mapping, Sequence
from ipaddress import IPv6Address, ip_address
from itertools import combinations
from typing import Any, Final

from matching_exchange.process.command_line import EXIT_FAILED, end_with_line
from matching_exchange.process.settings import MAX_PORT, Setting, is_loopback, port

MAX_SOCKET_PATH: Final = 103
"""The longest path of a socket in the file system, in bytes: macOS takes no longer one."""

MAX_HOST_LENGTH: Final = 253

HOST: Final = "an address or a host name of this machine"
BOUND_ENDPOINT: Final = (
    "an endpoint such as tcp://127.0.0.1:5555, tcp://[::1]:5555 or ipc:///path, "
    f"with a port from 1 to {MAX_PORT} or a path of at most {MAX_SOCKET_PATH} bytes"
)
CONNECTED_ENDPOINT: Final = f"{BOUND_ENDPOINT}, and no * for the host"
"""What the parsers take."""

_ANYWHERE: Final = {"*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
"""The hosts that mean every address of this machine, each with one such address."""

_ROOT_PATH: Final = re.compile(r"(?:(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+)?")

OWN_PATHS: Final = (
    "accounts",
    "admin",
    "administrator",
    "api",
    "bbo",
    "candles",
    "dapi",
    "demo",
    "depth",
    "docs",
    "eapi",
    "fapi",
    "fills",
    "health",
    "instruments",
    "key",
    "learn",
    "metrics",
    "openapi.json",
    "orders",
    "sapi",
    "static",
    "stream",
    "ticker",
    "trades",
    "ws",
    "ws-api",
)
"""The first parts of the gateway's own paths. A root path that begins with one would be taken away from them."""

_LABEL: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")


def host(text: str) -> str:
    """An IP address, or a name that may be one of a host."""
    if not _is_address(text) and not _is_name(text):
        raise ValueError(text)
    return text


def _root_path(text: str) -> str:
    """A path that needs no escapes, in a URL or elsewhere, and is none of the gateway's own; empty for none."""
    if not _ROOT_PATH.fullmatch(text) or text[1:].partition("/")[0] in OWN_PATHS:
        raise ValueError(text)
    return text


ROOT_PATH: Final = Setting(
    "root-path",
    "",
    _root_path,
    "a path such as /exchange, without a slash at its end, that does not begin with a path of the gateway's own, such "
    "as /api or /orders",
    "below which a proxy serves this gateway; the proxy may strip it or not",
)


def bound_endpoint(text: str) -> str:
    """A ZeroMQ endpoint at which this machine can be reached: `tcp://*:5555` means all its addresses."""
    transport, address = _split(text)
    if transport == "tcp":
        name, _ = split_tcp(text)
        if name != "*":
            host(name)
    elif address == "*":
        # ZeroMQ would choose a path, and nobody would learn of it.
        raise ValueError(text)
    return text


def connected_endpoint(text: str) -> str:
    """A ZeroMQ endpoint of a process that runs, or will."""
    if _split(text)[0] == "tcp" and split_tcp(text)[0] == "*":
        raise ValueError(text)
    return bound_endpoint(text)


def split_tcp(endpoint: str) -> tuple[str, int]:
    """Host, without brackets, and port of a TCP endpoint."""
    name, _, port_text = _split(endpoint)[1].rpartition(":")
    number = port(port_text)
    if number == 0:
        # The system would choose a port, and nobody would learn of it.
        raise ValueError(endpoint)
    if name.startswith("[") and name.endswith("]"):
        return str(IPv6Address(name[1:-1])), number
    if ":" in name:
        raise ValueError(endpoint)
    return name, number


def ipc_path(endpoint: str) -> str | None:
    """The path of an IPC endpoint; None for TCP. It begins with @ if it is not in the file system."""
    transport, address = _split(endpoint)
    return address if transport == "ipc" else None


def stays_here(endpoint: str) -> bool:
    """Whether processes of other machines cannot reach the endpoint."""
    return ipc_path(endpoint) is not None or is_loopback(split_tcp(endpoint)[0])


def connectable(endpoint: str) -> str:
    """A bound endpoint as a process on the same machine can connect to it."""
    if ipc_path(endpoint) is not None:
        return endpoint
    name, number = split_tcp(endpoint)
    return f"tcp://{in_url(reachable(name))}:{number}"


def reachable(name: str) -> str:
    """A host that was bound, as a process on the same machine can connect to it."""
    return _ANYWHERE.get(name, name)


def in_url(name: str) -> str:
    """The host as it stands before a port."""
    return f"[{name}]" if ":" in name else name


def keep_apart(program: str, prefix: str, settings: Sequence[Setting], values: Mapping[str, Any]) -> None:
    """End the process where two of its endpoints cannot both be there."""
    endpoints = [setting for setting in settings if setting.parse in (bound_endpoint, connected_endpoint)]
    for one, other in combinations(endpoints, 2):
        if _clash(values[one.key], values[other.key]):
            end_with_line(
                program,
                f"{one.title(prefix)} and {other.title(prefix)}: {values[other.key]}: each takes an endpoint of "
                "its own",
            )


def check_sockets(program: str, prefix: str, settings: Sequence[Setting], values: Mapping[str, Any]) -> None:
    """End the process if nobody can connect to one of its endpoints. A socket in the file system may be missing yet.
    Another kind of file, or one closed to this user, is an error."""
    for setting in settings:
        path = ipc_path(values[setting.key]) if setting.parse is connected_endpoint else None
        hindrance = "" if path is None or path.startswith("@") else _hindrance(path)
        if hindrance:
            end_with_line(
                program,
                f"{setting.title(prefix)}: {values[setting.key]} cannot be connected to: {hindrance}",
                EXIT_FAILED,
            )


def _hindrance(path: str) -> str:
    """Why nobody can connect to a socket of that path, now or later; empty if a connection may succeed."""
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return "a file is there that is no socket"
    except FileNotFoundError:
        return ""
    except OSError as error:
        return os.strerror(error.errno or 0)
    return "" if os.access(path, os.W_OK) else os.strerror(errno.EACCES)


def _clash(first: str, second: str) -> bool:
    if ipc_path(first) is not None or ipc_path(second) is not None:
        return first == second
    (host_1, port_1), (host_2, port_2) = split_tcp(first), split_tcp(second)
    return port_1 == port_2 and (host_1 == host_2 or host_1 in _ANYWHERE or host_2 in _ANYWHERE)


def _split(endpoint: str) -> tuple[str, str]:
    """Transport and address of an endpoint whose transport is known here."""
    transport, _, address = endpoint.partition("://")
    if transport not in ("tcp", "ipc") or not address:
        raise ValueError(endpoint)
    if transport == "ipc" and (
        len(address.encode()) > MAX_SOCKET_PATH or (address.startswith("@") and not _takes_names(address))
    ):
        raise ValueError(endpoint)
    return transport, address


def _takes_names(address: str) -> bool:
    """Whether a socket can have this name outside the file system. Only Linux has such names."""
    return sys.platform == "linux" and address != "@"


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_name(text: str) -> bool:
    labels = text.removesuffix(".").split(".")
    return len(text) <= MAX_HOST_LENGTH and all(_LABEL.fullmatch(label) for label in labels)
