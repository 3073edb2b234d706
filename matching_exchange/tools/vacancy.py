"""Whether an exchange can have its data directory and its addresses: seen before anything is started or emptied."""

import errno
import socket
from collections.abc import Mapping

from gateway.config import GatewayConfig
from matcher.config import Config as MatcherConfig
from matcher.serving.endpoints import EndpointError, check_endpoints
from matcher.storage.data_directory import DataDirectory
from matching_exchange.process.addresses import in_url


class TakenError(Exception):
    """An address cannot be had; the message is one line that names how it was set."""


def check_directory(config: MatcherConfig) -> None:
    """DirectoryError where another process uses the data directory. It is not made where it is missing."""
    if (config.data_dir / "lock").exists():
        with DataDirectory(config.data_dir):
            pass


def check_addresses(matcher: MatcherConfig, gateway: GatewayConfig, sources: Mapping[str, str]) -> None:
    """TakenError where an address cannot be bound. `sources` tells by variable what was given in its place."""
    try:
        check_endpoints(matcher)
    except EndpointError as error:
        source = sources.get("MATCHER_COMMANDS")
        raise TakenError(f"{source}: {error}" if source else str(error)) from error
    try:
        _try_to_listen(gateway.host, gateway.port)
    except OSError as error:
        at_host = isinstance(error, socket.gaierror) or error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
        source = "GATEWAY_HOST" if at_host else sources.get("GATEWAY_PORT", "GATEWAY_PORT")
        reason = "another process has it" if error.errno == errno.EADDRINUSE else error.strerror
        where = f"{in_url(gateway.host)}:{gateway.port}"
        raise TakenError(f"{source}: cannot listen on {where}: {reason}") from error


def _try_to_listen(host: str, port: int) -> None:
    """OSError where the gateway could not. Nobody can connect: it binds, and does not listen."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
