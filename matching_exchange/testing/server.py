"""One process of an exchange under test."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from matching_exchange.tools.processes import STOP_SECONDS, ExchangeError
from matching_exchange.tools.tied import TiedProcess

LOG_SHOWN: Final = 6_000
"""Characters of a log's end that a failure shows."""

PACKAGES: Final = str(Path(__file__).parents[2])
"""Where the packages of the exchange lie."""


class Server:
    """`python -m <module>`. It ends with the process that has started it, however that ends. Started again, it has the
    same settings, and its log goes on. `ready` waits until it answers."""

    def __init__(self, module: str, directory: Path, settings: Mapping[str, str], ready: Callable[[], None]) -> None:
        self.module = module
        self.log = directory / f"{module}.log"
        self.settings = dict(settings)
        self._directory = directory
        self._ready = ready
        self._process: TiedProcess | None = None

    def start(self) -> None:
        """Start it, and do not wait."""
        assert self._process is None, "it runs already"
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MATCHER_", "GATEWAY_", "HISTORY_"))
        }
        path = os.pathsep.join(filter(None, (PACKAGES, inherited.get("PYTHONPATH"))))
        with self.log.open("ab") as log:
            self._process = TiedProcess(
                self.module,
                [],
                # A folder of the bot's project may have the name of a package of the exchange, or hold its settings.
                cwd=self._directory,
                env={**inherited, "EXCHANGE_CONFIG": "", "PYTHONPATH": path, **self.settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def running(self) -> TiedProcess:
        """The process. ExchangeError where it was stopped, or has ended by itself."""
        if self._process is None:
            raise ExchangeError(f"the {self.module} does not run: restart() starts it")
        status = self._process.poll()
        if status is not None:
            raise ExchangeError(f"the {self.module} has ended by itself with status {status}:\n{self.text()}")
        return self._process

    @property
    def is_up(self) -> bool:
        """Whether it was started, and not ended since."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it as a power cut would."""
        process = self.running
        process.kill()
        process.wait()
        self._process = None

    def stop(self) -> None:
        """Stop it cleanly. ExchangeError if it does not stop, or not cleanly."""
        process = self.running
        process.terminate()
        try:
            status = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            self.close()
            raise ExchangeError(f"the {self.module} did not stop:\n{self.text()}") from error
        self._process = None
        if status != 0:
            raise ExchangeError(f"the {self.module} stopped with status {status}:\n{self.text()}")

    def restart(self) -> None:
        """Stop it cleanly if it runs, start it again, and wait until it answers."""
        if self._process is not None:
            self.stop()
        self.start()
        self._ready()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """For a while it neither runs nor ends."""
        process = self.running
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End it, whatever it does."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def text(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-LOG_SHOWN:] if self.log.exists() else ""
