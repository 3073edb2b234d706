"""The processes of an exchange that one command starts. Each has its own process session, tells when it serves, and
is stopped in order."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from matching_exchange.process import readiness
from matching_exchange.process.addresses import MAX_SOCKET_PATH

STOP_TIMEOUT: Final = 15
"""How many seconds a process may take to stop."""

LONGEST_NAME: Final = len("/gateway")
"""Of a socket in the directory of sockets."""


class Processes:
    """The processes, by name."""

    def __init__(self) -> None:
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._starting: dict[str, socket.socket] = {}
        self._sockets = _make_directory_of_sockets()

    def start(self, module: str, environment: Mapping[str, str], arguments: Sequence[str] = ()) -> None:
        """Start `python -m <module>` with these variables beside those of this process."""
        # A session of its own: Ctrl-C reaches this process alone, which then stops the others in order.
        self._processes[module] = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", module, *arguments], env={**os.environ, **environment}, start_new_session=True
        )

    def start_serving(self, module: str, environment: Mapping[str, str]) -> None:
        """Start a process that says when it serves."""
        path = self._sockets / module
        waited_for = self._starting[module] = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        waited_for.settimeout(0)
        waited_for.bind(str(path))
        self.start(module, {**environment, readiness.VARIABLE: str(path)})

    def serve(self) -> bool:
        """Whether each process that was to serve has said that it does, at addresses which then are nobody else's."""
        for name, waited_for in list(self._starting.items()):
            try:
                waited_for.recv(len(readiness.READY))
            except BlockingIOError:
                continue
            self._starting.pop(name).close()
        return not self._starting

    def ended(self) -> str | None:
        """The name of a process that has ended by itself."""
        return next((name for name, process in self._processes.items() if process.poll() is not None), None)

    def stop(self) -> None:
        """Stop the processes, the last one first."""
        for waited_for in self._starting.values():
            waited_for.close()
        for process in reversed(self._processes.values()):
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self._sockets, ignore_errors=True)


def _make_directory_of_sockets() -> Path:
    """A directory that only this user may look into. The system's directory for such may have too long a path for a
    socket."""
    made = Path(tempfile.mkdtemp(prefix="exchange-"))
    if len(os.fsencode(made)) + LONGEST_NAME <= MAX_SOCKET_PATH:
        return made
    made.rmdir()
    return Path(tempfile.mkdtemp(prefix="exchange-", dir="/tmp"))
