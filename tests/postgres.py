"""A server of PostgreSQL for tests: a cluster of its own in a directory of its own, on a free port, without syncs."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic, sleep
from typing import Final

import psycopg
import pytest

BINARIES: Final = ("/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt/postgresql")
PATIENCE: Final = 60.0
"""Seconds that a server may take to answer."""

_numbers = count(1)


def binaries() -> Path | None:
    """Where initdb and postgres are: on the path, or where Debian puts them."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).parent
    found = sorted(path for root in BINARIES for path in Path(root).glob("**/bin/initdb"))
    return found[-1].parent if found else None


def _user() -> str | None:
    """Whom the server runs as: it refuses to be root's."""
    if os.geteuid():
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


class Server:
    """A running server. `kill` ends it as a crash does; `start` brings it back."""

    def __init__(self, programs: Path, directory: Path) -> None:
        self._programs = programs
        self._directory = directory
        self._user = _user()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        if self._user is not None:
            shutil.chown(directory, self._user)
        self._run("initdb", "-D", str(directory / "data"), "-U", "tester", "-A", "trust", "--no-sync", "-E", "UTF8")

    def url(self, name: str) -> str:
        return f"postgresql://tester:secret@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        settings = [f"-cport={self.port}", "-clisten_addresses=127.0.0.1", "-cfsync=off", "-cunix_socket_directories="]
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._directory / "data", *settings],
                user=self._user,
                stdout=log,
                stderr=log,
                cwd="/",
            )
        until = monotonic() + PATIENCE
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                if monotonic() > until or self._process.poll() is not None:
                    raise
                sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """End all connections at once, as a crash does."""
        self._end("quit")

    def stop(self) -> None:
        if self._process is not None:
            self._end("fast")

    def make_database(self) -> str:
        """A new, empty database. Returns its name."""
        name = f"history_{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return name

    def execute(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _end(self, how: str) -> None:
        assert self._process is not None, "it runs"
        self._process.send_signal({"quit": 3, "fast": 2}[how])
        self._process.wait(PATIENCE)
        self._process = None

    def _run(self, program: str, *arguments: str) -> None:
        result = subprocess.run(
            [self._programs / program, *arguments],
            user=self._user,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        assert result.returncode == 0, result.stderr


@contextmanager
def running_server() -> Iterator[Server]:
    """A server up, until the block ends. Skips the test where PostgreSQL is not installed."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: there is no initdb")
    directory = Path(mkdtemp(prefix="postgres-", dir="/tmp"))
    try:
        server = Server(programs, directory)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory)
