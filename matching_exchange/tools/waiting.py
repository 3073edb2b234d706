"""Says, once, that nobody answers where a tool waits for a matcher."""

import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Final

from matching_exchange.process.addresses import ipc_path, split_tcp

SILENT_SECONDS: Final = 2.0
"""Time without an answer after which the user is told."""

CONNECT_SECONDS: Final = 1.0


def unanswered(endpoints: Mapping[str, str]) -> str:
    """The message if no matcher answers over these endpoints, by the flags that set them. It leaves out endpoints at
    which something listens, unless all are such. A wrong port is among the others."""
    silent = {flag: endpoint for flag, endpoint in endpoints.items() if not _is_listened_at(endpoint)}
    named = ", ".join(f"{endpoint} ({flag})" for flag, endpoint in (silent or endpoints).items())
    return f"no matcher answers at {named}"


@contextmanager
def telling_of_silence(program: str, endpoints: Mapping[str, str]) -> Iterator[None]:
    """Wraps a wait for a matcher. If it lasts, the user is told."""
    timer = Timer(SILENT_SECONDS, _tell, (program, endpoints))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _tell(program: str, endpoints: Mapping[str, str]) -> None:
    print(f"{program}: {unanswered(endpoints)}: waiting", file=sys.stderr, flush=True)


def _is_listened_at(endpoint: str) -> bool:
    path = ipc_path(endpoint)
    with suppress(OSError):
        if path is None:
            socket.create_connection(split_tcp(endpoint), CONNECT_SECONDS).close()
            return True
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(CONNECT_SECONDS)
            client.connect("\0" + path[1:] if path.startswith("@") else path)
            return True
    return False
