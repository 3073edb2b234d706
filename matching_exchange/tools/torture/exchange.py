"""The tortured exchange: a matcher and a gateway in processes of their own. They have free ports and their own
directory."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol

from matcher.storage.snapshot_file import snapshots
from matching_exchange.tools.processes import ExchangeError, Process, free_ports
from matching_exchange.tools.torture.clients import Connection

READY_SECONDS: Final = 60.0
"""How long the exchange may take until it answers after a start."""

HEALTH_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 0.005


class Struck(Protocol):
    """An exchange while it is struck.

    port: the gateway's.
    commands, reports: where the matcher that leads takes commands and answers them.
    published: the market data of each matcher."""

    port: int

    @property
    def commands(self) -> str: ...

    @property
    def reports(self) -> str: ...

    @property
    def published(self) -> Sequence[str]: ...

    def wait_until_ready(self) -> None: ...

    def snapshots(self) -> Sequence[Path]: ...


class Exchange:
    """A context manager: inside, both processes run; after it, none does. `flags`: more of them for the gateway."""

    def __init__(
        self, directory: Path, workers: int, sync: str, snapshot_every: int, flags: Sequence[str] = ()
    ) -> None:
        self.data = directory / "data"
        commands, market_data, reports, self.port = free_ports(4)
        self.commands, self.market_data, self.reports = (
            f"tcp://127.0.0.1:{port}" for port in (commands, market_data, reports)
        )
        endpoints = [f"--commands={self.commands}", f"--market-data={self.market_data}", f"--reports={self.reports}"]
        matcher = [
            *endpoints,
            f"--data-dir={self.data}",
            f"--sync={sync}",
            f"--snapshot-every={snapshot_every}",
            "--keep-journal=all",
        ]
        gateway = [*endpoints, f"--port={self.port}", f"--workers={workers}", *flags]
        self.matcher = Process("matcher", matcher, {}, directory / "matcher.storage.log")
        self.gateway = Process("gateway", gateway, {}, directory / "gateway.log")

    def __enter__(self) -> "Exchange":
        self.matcher.start()
        self.gateway.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.gateway.close()
        self.matcher.close()

    def wait_until_ready(self) -> None:
        """Wait until the gateway has an answer from the matcher."""
        connection = Connection(self.port, HEALTH_SECONDS)
        try:
            self._wait_until(lambda: connection.call("GET", "/health").status == HTTPStatus.OK)
        finally:
            connection.close()

    def _wait_until(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not ready():
            for process in (self.matcher, self.gateway):
                _ = process.running
            if time.monotonic() > deadline:
                logs = "\n".join(process.log_end() for process in (self.matcher, self.gateway))
                raise ExchangeError(f"the exchange did not answer within {READY_SECONDS:g} seconds of a start:\n{logs}")
            time.sleep(LOOK_SECONDS)

    @property
    def published(self) -> list[str]:
        return [self.market_data]

    def gateway_workers(self) -> list[int]:
        """The worker processes of the gateway; none if it serves alone, or if the system does not tell."""
        pid = self.gateway.running.pid
        with suppress(FileNotFoundError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
        return []

    def stop(self) -> None:
        """Stop both cleanly."""
        self.gateway.stop()
        self.matcher.stop()

    def unfinished_snapshots(self) -> list[Path]:
        """The snapshots that are being written, or that a killed child has left."""
        return list((self.data / "snapshots").glob("*.new"))

    def snapshots(self) -> list[Path]:
        """The snapshots that are whole, newest first."""
        return snapshots(self.data / "snapshots")
