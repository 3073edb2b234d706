"""The metrics of one process on a port of its own, for whoever reaches it."""

import errno
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from threading import BoundedSemaphore, Lock, Thread, Timer
from typing import Any, Final

import structlog

from matching_exchange.metrics.exposition import CONTENT_TYPE, exposition
from matching_exchange.process.command_line import EXIT_FAILED, end_with_line
from matching_exchange.process.metrics_address import METRICS_SETTING, Address
from protocol.metrics import Family

PATH: Final = "/metrics"

READER_SECONDS: Final = 5.0
"""The time of a reader, from the connection to the end of its answer."""

MAX_READERS: Final = 8
"""Readers at a time. One more waits for the end of another."""

log = structlog.get_logger("process")

Gather = Callable[[], Sequence[Family]]


class MetricsServer(ThreadingMixIn, TCPServer):
    """Bound at once; serves each reader from a thread."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: Address, gather: Gather) -> None:
        """OSError where the address cannot be bound."""
        self._gather = gather
        self._gathering = Lock()
        self._places = BoundedSemaphore(MAX_READERS)
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        self.address_family, _, _, _, bound = min(found, key=lambda each: each[0] != socket.AF_INET)
        super().__init__((str(bound[0]), int(bound[1])), _Answer)

    def serve(self) -> None:
        """Begin to answer, until the process ends."""
        Thread(target=self.serve_forever, name="metrics", daemon=True).start()

    def page(self) -> bytes:
        """What is told now."""
        with self._gathering:
            return exposition(self._gather())

    def process_request(self, request: Any, client_address: Any) -> None:
        self._places.acquire()
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Called once for each request, also where no thread has begun."""
        super().shutdown_request(request)
        self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of a failure. A reader that has gone is nobody's trouble."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            log.error("metrics not told", exc_info=error)


class _Answer(BaseHTTPRequestHandler):
    server: MetricsServer

    def handle(self) -> None:
        limit = Timer(READER_SECONDS, self._end)
        limit.daemon = True
        limit.start()
        try:
            super().handle()
        finally:
            limit.cancel()

    def _end(self) -> None:
        """Wake the thread that reads or writes."""
        # The reader may have gone right now.
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != PATH:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        page = self.server.page()
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
