"""A replicated log from outside, without TLS and without a user: to read it, and to write one of its own."""

from typing import TYPE_CHECKING

from matcher.etcd.address import Credentials, parse_address
from matcher.etcd.opening import open_log, open_reader

if TYPE_CHECKING:
    from matcher.etcd.log import EtcdLog
    from matcher.etcd.reader import EtcdReader


def reader_of(setting: str) -> "EtcdReader":
    """A reader of the log of that setting. LogFailedError where this machine can have none."""
    return open_reader(parse_address(setting), Credentials())


def log_at(setting: str) -> "EtcdLog":
    """The log of that setting, to write. LogFailedError where this machine can have none."""
    return open_log(parse_address(setting), Credentials())
