"""Tell the starter of this process that it serves now, with systemd's Type=notify: a message to the socket
NOTIFY_SOCKET."""

import socket
from collections.abc import Mapping
from typing import Final

import structlog

VARIABLE: Final = "NOTIFY_SOCKET"
READY: Final = b"READY=1"


def tell_ready(environment: Mapping[str, str]) -> None:
    """Report that this process is bound to its addresses and answers there. Does nothing if nobody asks for it."""
    path = environment.get(VARIABLE)
    if not path:
        return
    # An address that begins with "@" is one of Linux's, outside the file system.
    address = "\0" + path[1:] if path.startswith("@") else path
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.settimeout(0)
            told.sendto(READY, address)
    except OSError as error:
        structlog.get_logger("process").warning("nobody could be told of the start", socket=path, error=str(error))
