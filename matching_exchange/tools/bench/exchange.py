"""The exchange that is measured: processes of their own, on free ports."""

import time
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import msgspec

from matching_exchange.tools.bench.measure import BenchError
from matching_exchange.tools.bench.wire import ASK_EVERY, PATIENCE, Wire
from matching_exchange.tools.processes import Process, free_ports
from protocol.curve import ClientKeys, new_keys


class MatcherProcess:
    """A context manager: inside, it was started with the data directory and the flags; after it, it is gone. With
    `curve` its commands and reports are closed, and its market data is not."""

    def __init__(self, data: Path, *flags: str, curve: bool = False) -> None:
        settings: dict[str, str] = {}
        self._keys: ClientKeys | None = None
        if curve:
            (server, server_secret), (allowed, secret) = new_keys(), new_keys()
            self._keys = ClientKeys(server, secret)
            settings = {
                "MATCHER_CURVE_SECRET": server_secret,
                "MATCHER_CURVE_ALLOWED": allowed,
                "MATCHER_CURVE_MARKET_DATA": "off",
            }
        commands, market_data, reports = (f"tcp://127.0.0.1:{port}" for port in free_ports(3))
        self.commands, self.market_data, self.reports = commands, market_data, reports
        endpoints = [f"--commands={commands}", f"--market-data={market_data}", f"--reports={reports}"]
        self.log = data.with_name(data.name + ".log")
        self.process = Process("matcher", [*endpoints, f"--data-dir={data}", *flags], settings, self.log)

    def __enter__(self) -> "MatcherProcess":
        self.process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.close()

    def connect(self) -> Wire:
        """A connection, which need not wait for the matcher."""
        return Wire(self.commands, self.reports, self._keys)

    def records(self, event: str) -> list[tuple[float, dict[str, Any]]]:
        """Its log records of one event, each with its time in seconds since 1970."""
        try:
            records = [msgspec.json.decode(line, type=dict[str, Any]) for line in self.log.read_bytes().splitlines()]
        except msgspec.DecodeError as error:
            raise BenchError(f"the log of the matcher is not sound:\n{self.process.log_end()}") from error
        return [
            (datetime.fromisoformat(record["timestamp"]).timestamp(), record)
            for record in records
            if record["event"] == event
        ]


class GatewayProcess:
    """A context manager: inside, a gateway in front of the matcher answers; after it, the gateway is gone. `module`
    can replace the gateway, and takes the same flags."""

    def __init__(
        self, matcher: MatcherProcess, log: Path, workers: int = 1, module: str = "gateway", flags: Sequence[str] = ()
    ) -> None:
        [self.port] = free_ports(1)
        self._sessions = workers if module == "gateway" else 0
        endpoints = [
            f"--commands={matcher.commands}",
            f"--market-data={matcher.market_data}",
            f"--reports={matcher.reports}",
        ]
        self.process = Process(module, [*endpoints, f"--port={self.port}", f"--workers={workers}", *flags], {}, log)

    def __enter__(self) -> "GatewayProcess":
        self.process.start()
        try:
            self._wait_until_ready()
        except BaseException:
            self.process.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.process.close()

    def _wait_until_ready(self) -> None:
        """Wait until its health check is answered, and each worker of a gateway has its session with the matcher."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            _ = self.process.running
            connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            try:
                connection.request("GET", "/health")
                unavailable = connection.getresponse().status == HTTPStatus.SERVICE_UNAVAILABLE
                if not unavailable and self.process.log.read_bytes().count(b"matcher connected") >= self._sessions:
                    return
            except (OSError, HTTPException):
                # It does not listen yet.
                pass
            finally:
                connection.close()
            time.sleep(ASK_EVERY)
        raise BenchError(
            f"the {self.process.module} did not answer within {PATIENCE:g} seconds:\n{self.process.log_end()}"
        )
