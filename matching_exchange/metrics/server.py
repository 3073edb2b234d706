"""The metrics of one process on a port of its own, for whoever reaches it."""

import errno
import socket
import sys
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from threading import Thread
from typing import Any, Final

import structlog

from matching_exchange.metrics.exposition import CONTENT_TYPE, exposition
from matching_exchange.process.command_line import EXIT_FAILED, end_with_line
from matching_exchange.process.metrics_address import METRICS_SETTING, Address
from protocol.metrics import Family

PATH: Final = "/metrics"

SILENT_SECONDS: Final = 5.0
"""How long a reader may keep the others waiting."""

log = structlog.get_logger("process")

Gather = Callable[[], Sequence[Family]]


class MetricsServer(TCPServer):
    """Bound at once; serves from a thread, one reader after the other."""

    allow_reuse_address = True

    def __init__(self, address: Address, gather: Gather) -> None:
        """OSError where the address cannot be bound."""
        self.gather = gather
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        self.address_family, _, _, _, bound = min(found, key=lambda each: each[0] != socket.AF_INET)
        super().__init__((str(bound[0]), int(bound[1])), _Answer)

    def serve(self) -> None:
        """Begin to answer, until the process ends."""
        Thread(target=self.serve_forever, name="metrics", daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of a failure. A reader that has gone is nobody's trouble."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            log.error("metrics not told", exc_info=error)


class _Answer(BaseHTTPRequestHandler):
    timeout = SILENT_SECONDS
    server: MetricsServer

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != PATH:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        page = exposition(self.server.gather())
        self.send_response(HTTPStatus.OK)
        self.send_header("content-type", CONTENT_TYPE)
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: Any) -> None:
        """Say nothing: a reader comes every few seconds."""


def open_server(program: str, prefix: str, address: Address | None, gather: Gather) -> MetricsServer | None:
    """The server, bound and not serving yet; None without an address. Ends the process if it cannot be bound."""
    if address is None:
        return None
    try:
        return MetricsServer(address, gather)
    except OSError as error:
        reason = "another process has it" if error.errno == errno.EADDRINUSE else error.strerror
        title = METRICS_SETTING.title(prefix)
        end_with_line(program, f"{title}: cannot listen on {address}: {reason}", EXIT_FAILED)
