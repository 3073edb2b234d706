"""One process of an exchange under test."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from matching_exchange.tools.processes import Process, pause

PACKAGES: Final = str(Path(__file__).parents[2])
"""Where the packages of the exchange lie."""


class Server(Process):
    """`python -m <module>`. It ends with the process that has started it, however that ends. Started again, it has the
    same settings, and its log goes on. `ready` waits until it answers."""

    def __init__(self, module: str, directory: Path, settings: Mapping[str, str], ready: Callable[[], None]) -> None:
        path = os.pathsep.join(filter(None, (PACKAGES, os.environ.get("PYTHONPATH"))))
        # A folder of the bot's project may have the name of a package of the exchange, or hold its settings.
        own = {"EXCHANGE_CONFIG": "", "PYTHONPATH": path}
        super().__init__(module, [], {**own, **settings}, directory / f"{module}.log", directory)
        self._ready = ready

    @property
    def is_away(self) -> bool:
        """Whether the test has ended it."""
        return self._process is None

    def kill(self, *, with_children: bool = True) -> None:
        """End it as a power cut would."""
        super().kill(with_children=with_children)
        self._process = None

    def restart(self) -> None:
        """Stop it cleanly if it runs, start it again, and wait until it answers."""
        if self.is_up:
            self.stop()
        self.start()
        self._ready()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """For a while it neither runs nor ends."""
        process = self.running
        pause(process)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)
