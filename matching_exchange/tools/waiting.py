"""Says, once, that nobody answers where a tool waits for a matcher."""

import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Final

from matching_exchange.process.addresses import ipc_path, split_tcp

SILENT_SECONDS: Final = 2.0
"""After so long without an answer somebody is told."""

CONNECT_SECONDS: Final = 1.0


def unanswered(endpoints: Mapping[str, str]) -> str:
    """What to say where no matcher answers over these endpoints, which are by the flags that set them. Where something
    listens at some of them, the others alone are named: a wrong port is one of those."""
    silent = {flag: endpoint for flag, endpoint in endpoints.items() if not _is_listened_at(endpoint)}
    named = ", ".join(f"{endpoint} ({flag})" for flag, endpoint in (silent or endpoints).items())
    return f"no matcher answers at {named}"


@contextmanager
def telling_of_silence(program: str, endpoints: Mapping[str, str]) -> Iterator[None]:
    """Inside, a matcher is waited for: after a moment somebody is told so."""
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
