"""The tortured exchange: a matcher and a gateway in processes of their own, on free ports, in a directory of their own."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Final

from matcher.snapshot import snapshots
from tools.torture.clients import Connection

PORTS: Final = range(20_000, 32_000)
"""Below the ports that the kernel gives to clients: nobody else takes one while its process is away."""

READY_SECONDS: Final = 60.0
"""How long the exchange may take until it answers after a start."""

STOP_SECONDS: Final = 30.0
"""How long a process may take to stop cleanly."""

HEALTH_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 0.005
LOG_SHOWN: Final = 3_000
"""How many characters of a log's end are shown when its process fails."""


class ExchangeError(Exception):
    """A process has ended by itself, does not answer or does not stop; the message shows the end of its log."""


def free_ports(number: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on."""
    ports: list[int] = []
    while len(ports) < number:
        port = random.choice(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports


class Process:
    """`python -m <module>`, in a session of its own: Ctrl-C reaches only who started it."""

    def __init__(self, module: str, arguments: list[str], settings: Mapping[str, str], log: Path) -> None:
        self.module = module
        self.log = log
        self._arguments = arguments
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MATCHER_", "GATEWAY_"))}
        self._environment = {**inherited, **settings}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", self.module, *self._arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def running(self) -> subprocess.Popen[bytes]:
        """The process; ExchangeError where it has ended by itself."""
        assert self._process is not None, "it was started"
        status = self._process.poll()
        if status is not None:
            raise ExchangeError(f"the {self.module} has ended by itself with status {status}:\n{self.log_end()}")
        return self._process

    def kill(self, with_children: bool) -> None:
        """SIGKILL, to the process alone or to those that it has started too."""
        process = self.running
        if with_children:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()

    def stop(self) -> None:
        """Stop it cleanly; ExchangeError where it does not."""
        process = self.running
        process.terminate()
        try:
            status = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise ExchangeError(f"the {self.module} did not stop within {STOP_SECONDS:g} seconds:\n{self.log_end()}") from error
        self._process = None
        if status != 0:
            raise ExchangeError(f"the {self.module} stopped with status {status}:\n{self.log_end()}")

    def close(self) -> None:
        """End whatever still runs of it."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def log_end(self) -> str:
        return self.log.read_text(errors="replace")[-LOG_SHOWN:]


class Exchange:
    """A context manager: inside, both processes were started; after it, none is left."""

    def __init__(self, directory: Path, workers: int, sync: str, snapshot_every: int) -> None:
        self.data = directory / "data"
        commands, market_data, reports, self.port = free_ports(4)
        self.commands, self.market_data, self.reports = (f"tcp://127.0.0.1:{port}" for port in (commands, market_data, reports))
        endpoints = [f"--commands={self.commands}", f"--market-data={self.market_data}", f"--reports={self.reports}"]
        matcher = [*endpoints, f"--data-dir={self.data}", f"--sync={sync}", f"--snapshot-every={snapshot_every}", "--keep-journal=all"]
        gateway = [*endpoints, f"--port={self.port}", f"--workers={workers}"]
        self.matcher = Process("matcher", matcher, {}, directory / "matcher.log")
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

    def gateway_workers(self) -> list[int]:
        """The processes that serve below the gateway's own; none where it serves alone, or where the system does not tell."""
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
