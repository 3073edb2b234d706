"""Processes that a tool starts: `python -m` of a module, on free ports, with its log in a file."""

import os
import random
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from matching_exchange.tools.tied import TiedProcess

PORTS: Sequence[int] = range(20_000, 32_000)
"""Below the ports that the kernel gives to clients: nobody else takes one while its process is away. Runs side by side
take a part each."""

STOP_SECONDS: Final = 30.0
"""How long a process may take to stop cleanly."""

LOG_SHOWN: Final = 3_000
"""How many characters of a log's end are shown when its process fails."""


class ExchangeError(Exception):
    """A process has ended by itself, does not answer or does not stop. The message shows the end of its log."""


_given: Final[deque[int]] = deque(maxlen=200)
"""The ports that were given last. Nobody may listen there yet, and another one must not get them."""


def free_ports(number: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on, and that were not given lately."""
    ports: list[int] = []
    while len(ports) < number:
        port = random.choice(PORTS)
        if port not in ports and _may_be_given(port):
            ports.append(port)
            _given.append(port)
    return ports


def free_bases(number: int, span: int) -> list[int]:
    """Ports as those of `free_ports`, which have `span` - 1 of the kind behind each."""
    bases: list[int] = []
    while len(bases) < number:
        [base] = free_ports(1)
        behind = range(base + 1, base + span)
        apart = all(abs(base - other) >= span for other in bases)
        # Those behind are of this run's part too.
        if apart and all(port in PORTS and _may_be_given(port) for port in behind):
            bases.append(base)
            _given.extend(behind)
    return bases


def _may_be_given(port: int) -> bool:
    """Whether it is free, and was not given lately. Where there are few ports, half of them may always be given."""
    return port not in [*_given][-(len(PORTS) // 2) :] and is_free(port)


def is_free(port: int) -> bool:
    """Whether nobody listens on that port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def pause(process: subprocess.Popen[bytes]) -> None:
    """Stop all threads of a child until SIGCONT. Returns once they have stopped, or have ended."""
    process.send_signal(signal.SIGSTOP)
    if sys.platform == "linux" and process.returncode is None:
        # They stop at different moments. The child stays to be waited for.
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)


class Process:
    """`python -m <module>`. It ends with the process that has started it. directory: where it runs; None for here.
    prefix: a command that becomes the process."""

    def __init__(
        self,
        module: str,
        arguments: list[str],
        settings: Mapping[str, str],
        log: Path,
        directory: Path | None = None,
        prefix: Sequence[str] = (),
    ) -> None:
        self.module = module
        self.log = log
        self._arguments = arguments
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MATCHER_", "GATEWAY_", "HISTORY_"))
        }
        self._environment = {**inherited, **settings}
        self._directory = directory
        self._prefix = prefix
        self._process: TiedProcess | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = TiedProcess(
                self.module,
                self._arguments,
                prefix=self._prefix,
                cwd=self._directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def running(self) -> TiedProcess:
        """The process; ExchangeError where it was ended, or has ended by itself."""
        if self._process is None:
            raise ExchangeError(f"the {self.module} does not run")
        status = self._process.poll()
        if status is not None:
            raise ExchangeError(f"the {self.module} has ended by itself with status {status}:\n{self.log_end()}")
        return self._process

    @property
    def is_up(self) -> bool:
        """Whether it was started, and has not ended since."""
        return self._process is not None and self._process.poll() is None

    @property
    def status(self) -> int | None:
        """The exit status of a process that has ended; None while it runs, or before its start."""
        return None if self._process is None else self._process.poll()

    def terminate(self) -> None:
        """Ask it to stop, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def kill(self, *, with_children: bool = False) -> None:
        """SIGKILL, to the process alone or to those that it has started too."""
        process = self.running
        if with_children:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()

    def stop(self) -> None:
        """Stop it cleanly. Raises ExchangeError if it does not stop."""
        _ = self.running
        self.terminate()
        self.wait_until_stopped()

    def wait_until_stopped(self) -> None:
        """Wait until it has stopped as it was asked to. Raises ExchangeError if it does not, or not cleanly."""
        process = self._process
        if process is None:
            raise ExchangeError(f"the {self.module} does not run")
        try:
            status = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise ExchangeError(
                f"the {self.module} did not stop within {STOP_SECONDS:g} seconds:\n{self.log_end()}"
            ) from error
        self._process = None
        if status != 0:
            raise ExchangeError(f"the {self.module} stopped with status {status}:\n{self.log_end()}")

    def close_gently(self) -> None:
        """Let it stop; after STOP_SECONDS, end it."""
        self.terminate()
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        self.close()

    def close(self) -> None:
        """End all of its processes that still run."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def log_end(self) -> str:
        return self.log.read_text(errors="replace")[-LOG_SHOWN:]
