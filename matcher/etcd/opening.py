"""Opens a log in etcd, where this machine can have one. Loads the client only then."""

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from matcher.etcd.address import Credentials, LogAddress
from matcher.storage.log import LogFailedError

if TYPE_CHECKING:
    from matcher.etcd.client import Client
    from matcher.etcd.log import EtcdLog
    from matcher.etcd.reader import EtcdReader

PATIENCE: Final = 60_000_000_000
"""Nanoseconds that a start waits for the log, if it is not told another time."""

LIBRARIES: Final = ("grpc", "google.protobuf")


def fault_here() -> str:
    """Why no log in etcd can be used here, in one line; empty if one can."""
    if sys.platform != "linux":
        return "a log in etcd takes Linux"
    if any(_missing(library) for library in LIBRARIES):
        return "its client is missing: install matching-exchange[cluster]"
    return ""


def open_log(address: LogAddress, credentials: Credentials, patience: int = PATIENCE) -> "EtcdLog":
    """The log, to write and to read. LogFailedError if it cannot be used, LogAwayError if no server answers within
    `patience` nanoseconds."""
    from matcher.etcd.log import EtcdLog  # noqa: PLC0415

    return EtcdLog(_connected(address, credentials, patience))


def open_reader(address: LogAddress, credentials: Credentials, patience: int = PATIENCE) -> "EtcdReader":
    """The log, to read alone. As `open_log`."""
    from matcher.etcd.reader import EtcdReader  # noqa: PLC0415

    return EtcdReader(_connected(address, credentials, patience))


def _missing(library: str) -> bool:
    try:
        return find_spec(library) is None
    except ModuleNotFoundError:
        return True


def _connected(address: LogAddress, credentials: Credentials, patience: int) -> "Client":
    fault = fault_here()
    if fault:
        raise LogFailedError(f"{address} (MATCHER_LOG): {fault}")
    from matcher.etcd.client import Client  # noqa: PLC0415
    from matcher.etcd.servers import check_servers  # noqa: PLC0415

    client = Client(address, credentials)
    try:
        check_servers(client, patience)
    except BaseException:
        client.close()
        raise
    return client
