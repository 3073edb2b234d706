"""The processes of an exchange that one command starts. They tell when they serve. They stop in order, even if the
command is killed."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from matching_exchange.process import readiness
from matching_exchange.process.addresses import MAX_SOCKET_PATH
from matching_exchange.tools.tied import TiedProcess

STOP_TIMEOUT: Final = 15
"""How many seconds a process may take to stop."""

LONGEST_NAME: Final = len("/gateway")
"""Of a socket in the directory of sockets."""


class Processes:
    """The processes, by name."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """`environment` is what all of them get."""
        self._environment = environment
        self._processes: dict[str, TiedProcess] = {}
        self._starting: dict[str, socket.socket] = {}
        self._sockets = _make_directory_of_sockets()

    def start(self, module: str, environment: Mapping[str, str], arguments: Sequence[str] = ()) -> None:
        """Start `python -m <module>` with these variables beside those of all."""
        # Those before it outlive it: where this process is killed, too, the last one stops first.
        before = list(self._processes.values())
        self._processes[module] = TiedProcess(module, arguments, before, env={**self._environment, **environment})

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
        if not self._starting:
            # Remove them now: at a kill nothing could be removed.
            shutil.rmtree(self._sockets, ignore_errors=True)
        return not self._starting

    def ended(self) -> tuple[str, str] | None:
        """The name of a process that has ended by itself, and how."""
        for module, process in self._processes.items():
            status = process.poll()
            if status is not None:
                return module.rpartition(".")[2], _how(status)
        return None

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


def _how(status: int) -> str:
    """A process's end in words; a negative status is that of a signal."""
    if status >= 0:
        return f"with status {status}"
    names = {number.value: number.name for number in signal.Signals}
    return f"by {names.get(-status, f'signal {-status}')}"


def _make_directory_of_sockets() -> Path:
    """A directory that only this user may look into. The system's directory for such may have too long a path for a
    socket."""
    made = Path(tempfile.mkdtemp(prefix="exchange-"))
    if len(os.fsencode(made)) + LONGEST_NAME <= MAX_SOCKET_PATH:
        return made
    made.rmdir()
    return Path(tempfile.mkdtemp(prefix="exchange-", dir="/tmp"))
