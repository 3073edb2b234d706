"""Servers of etcd that a tool starts, on one machine."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from matching_exchange.tools.processes import LOG_SHOWN, ExchangeError

PROGRAM: Final = "etcd"

SETTINGS: Final = (
    "--heartbeat-interval=50",
    "--election-timeout=500",
    "--snapshot-count=5000",
    "--quota-backend-bytes=8589934592",
    "--pre-vote",
    "--logger=zap",
)
"""How each server of a log runs: milliseconds, records, bytes. A server keeps the records since its last snapshot in
memory. Releases from 3.5 on have --pre-vote by default."""

ASK_SECONDS: Final = 1.0
STOP_SECONDS: Final = 2.0
"""A server that leads waits for the others, which stop too. It has synced all that it has answered."""

HOW_TO_INSTALL: Final = "on Debian: apt install etcd-server; elsewhere give its path by --etcd"


class NotInstalledError(Exception):
    """There is no etcd to start; the message is one line that says how to get one."""


def find(given: str | None) -> str:
    """The path of etcd. Raises NotInstalledError."""
    found = shutil.which(given or PROGRAM)
    if found is None:
        where = "etcd is not installed" if given is None else f"--etcd: {given} is no program"
        raise NotInstalledError(f"{where} ({HOW_TO_INSTALL})")
    return os.path.realpath(found)


class Status(Struct, frozen=True):
    """What a server says of itself. `leader` is the member that leads the log, 0 for none."""

    member: int
    leader: int


class _Header(Struct):
    member_id: int


class _Reply(Struct):
    header: _Header
    leader: int = 0


class Member(Struct, frozen=True):
    """A server of a log: its name, where it listens for matchers (`client`) and for other servers (`peer`)."""

    name: str
    host: str
    client: int
    peer: int

    @property
    def client_address(self) -> str:
        return f"{self.host}:{self.client}"

    @property
    def client_url(self) -> str:
        return f"http://{self.host}:{self.client}"

    @property
    def peer_url(self) -> str:
        return f"http://{self.host}:{self.peer}"

    def status(self) -> Status | None:
        """What it says of itself; None if it does not answer."""
        connection = HTTPConnection(self.host, self.client, timeout=ASK_SECONDS)
        try:
            connection.request("POST", "/v3/maintenance/status", b"{}")
            reply = msgspec.json.decode(connection.getresponse().read(), type=_Reply, strict=False)
        except (OSError, HTTPException, msgspec.DecodeError):
            return None
        finally:
            connection.close()
        return Status(reply.header.member_id, reply.leader)

    @property
    def serves(self) -> bool:
        """Whether it answers, and a majority of its log has a leader."""
        status = self.status()
        return status is not None and status.leader != 0


class EtcdServer:
    """One server. It ends with the process that has started it. prefix: a command that becomes the process."""

    def __init__(
        self,
        program: str,
        member: Member,
        members: Sequence[Member],
        directory: Path,
        log: Path,
        prefix: Sequence[str] = (),
    ) -> None:
        self.member = member
        self.log = log
        cluster = ",".join(f"{each.name}={each.peer_url}" for each in members)
        self._command = [
            *prefix,
            sys.executable,
            "-S",
            str(Path(__file__).with_name("bound.py")),
            program,
            f"--name={member.name}",
            f"--data-dir={directory}",
            f"--listen-client-urls={member.client_url}",
            f"--advertise-client-urls={member.client_url}",
            f"--listen-peer-urls={member.peer_url}",
            f"--initial-advertise-peer-urls={member.peer_url}",
            f"--initial-cluster={cluster}",
            *SETTINGS,
        ]
        # Its own variables would change what was chosen here.
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("ETCD_")}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def running(self) -> subprocess.Popen[bytes]:
        """The process; ExchangeError where it was ended, or has ended by itself."""
        if self.process is None:
            raise ExchangeError(f"{self.member.name} does not run")
        status = self.process.poll()
        if status is not None:
            raise ExchangeError(f"{self.member.name} has ended by itself with status {status}:\n{self.log_end()}")
        return self.process

    def kill(self) -> None:
        process = self.running
        process.kill()
        process.wait()

    def close(self) -> None:
        """Stop it, cleanly if it stops in time."""
        process, self.process = self.process, None
        if process is None or process.poll() is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def log_end(self) -> str:
        return self.log.read_text(errors="replace")[-LOG_SHOWN:]
