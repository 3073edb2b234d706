"""Checks whether the matcher can have its endpoints, before its state is brought back. That may take a while.

A socket is bound to each for a moment, without listening: nobody can connect to it. Later faults of an endpoint show
when the matcher binds its own sockets.
"""

import errno
import os
import socket
import stat
from contextlib import suppress
from typing import Final

import zmq

from matcher.config import PREFIX, SETTINGS, Config
from matching_exchange.process.addresses import ipc_path, split_tcp

ENDPOINTS: Final = ("commands", "market-data", "reports")


class EndpointError(Exception):
    """An endpoint cannot be bound; the message is one line that names its setting."""


def check_endpoints(config: Config) -> None:
    """EndpointError for the first that cannot be bound."""
    for name, endpoint in endpoints_of(config).items():
        try:
            _try(endpoint)
        except OSError as error:
            raise EndpointError(unbound(name, endpoint, error)) from error


def endpoints_of(config: Config) -> dict[str, str]:
    """The endpoints by the names of their settings, each as in `MATCHER_COMMANDS (--commands)`."""
    return {setting.title(PREFIX): getattr(config, setting.key) for setting in SETTINGS if setting.name in ENDPOINTS}


def unbound(name: str, endpoint: str, error: OSError | zmq.ZMQError) -> str:
    """Why the endpoint of that setting cannot be bound."""
    reason = "another process has it" if error.errno == errno.EADDRINUSE else error.strerror
    return f"{name}: {endpoint} cannot be bound: {reason}"


def _try(endpoint: str) -> None:
    """Raises OSError if the endpoint cannot be bound."""
    path = ipc_path(endpoint)
    if path is None:
        _try_tcp(*split_tcp(endpoint))
    elif path.startswith("@"):
        _bind(socket.AF_UNIX, "\0" + path[1:])
    else:
        _try_file(path)


def _try_tcp(host: str, port: int) -> None:
    if host in {name for _, name in socket.if_nameindex()}:
        # ZeroMQ knows the address of an interface, this module does not.
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.getaddrinfo(None if host == "*" else host, port, family, socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    _bind(family, found[0][4])


def _try_file(path: str) -> None:
    """ZeroMQ removes any file at the path of its socket. Allow that only for a socket that no process holds."""
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise OSError(errno.EEXIST, "a file is there that is no socket")
        if _is_answered(path):
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        os.unlink(path)
    _bind(socket.AF_UNIX, path)
    os.unlink(path)


def _is_answered(path: str) -> bool:
    """Whether a process holds the socket. Raises OSError if that cannot be found out."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(0)
        code = client.connect_ex(path)
    if code == errno.EACCES:
        raise OSError(code, os.strerror(code))
    return code != errno.ECONNREFUSED


def _bind(family: int, address: object) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)  # type: ignore[arg-type]
