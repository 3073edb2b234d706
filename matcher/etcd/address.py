"""Where a replicated log is: etcd://HOST:PORT,HOST:PORT/NAME. Loads no client."""

import re
from typing import Final

from msgspec import Struct

SCHEME: Final = "etcd://"

TAKES: Final = "etcd://HOST:PORT,HOST:PORT,HOST:PORT/NAME"

MAX_SERVERS: Final = 9

_SERVER: Final = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):([0-9]{1,5})")
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

MAX_PORT: Final = 65_535


class LogAddress(Struct, frozen=True):
    """The servers, each "host:port", and the name of the log in them."""

    servers: tuple[str, ...]
    name: str

    def __str__(self) -> str:
        return f"{SCHEME}{','.join(self.servers)}/{self.name}"


class Credentials(Struct, frozen=True):
    """What shows a log server who we are, and us who it is.

    ca, certificate, key: in PEM; None without TLS, the last two without a certificate of our own.
    user, password: empty without a user.
    """

    ca: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = None
    user: str = ""
    password: str = ""


def parse_address(text: str) -> LogAddress:
    """The address that a text stands for. ValueError says in a few words what is wrong with it."""
    if not text.startswith(SCHEME):
        raise ValueError(f"begins with {SCHEME}")
    servers, slash, name = text.removeprefix(SCHEME).partition("/")
    if not slash or _NAME.fullmatch(name) is None:
        raise ValueError("ends with /NAME of 1 to 64 letters, digits, dots, dashes and underscores")
    listed = tuple(servers.split(","))
    for server in listed:
        match = _SERVER.fullmatch(server)
        if match is None or not 0 < int(match[1]) <= MAX_PORT:
            raise ValueError(f"each server is HOST:PORT with a port from 1 to {MAX_PORT}")
    if len(set(listed)) < len(listed):
        raise ValueError("names each server once")
    if len(listed) > MAX_SERVERS:
        raise ValueError(f"has at most {MAX_SERVERS} servers")
    return LogAddress(listed, name)
