"""Opens a log in etcd, where this machine can have one. Loads the client only then."""

from typing import TYPE_CHECKING, Final

from matcher.etcd.address import Credentials, LogAddress
from matcher.etcd.needs import fault_here
from matcher.storage.log import LogFailedError

if TYPE_CHECKING:
    from matcher.etcd.client import Client
    from matcher.etcd.log import EtcdLog
    from matcher.etcd.reader import EtcdReader

PATIENCE: Final = 60_000_000_000
"""Nanoseconds that a start waits for the log, if it is not told another time."""


def open_log(address: LogAddress, credentials: Credentials, patience: int = PATIENCE) -> "EtcdLog":
    """The log, to write and to read. LogFailedError if it cannot be used, LogAwayError if no server answers within
    `patience` nanoseconds."""
    from matcher.etcd.log import EtcdLog  # noqa: PLC0415

    return EtcdLog(_connected(address, credentials, patience))


def open_reader(address: LogAddress, credentials: Credentials, patience: int = PATIENCE) -> "EtcdReader":
    """The log, to read alone. As `open_log`."""
    from matcher.etcd.reader import EtcdReader  # noqa: PLC0415

    return EtcdReader(_connected(address, credentials, patience))


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
