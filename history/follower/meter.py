"""The history's metrics: what the loop counts, told in a file for the gateway, and on the port of its own."""

import time
from pathlib import Path
from threading import Thread
from typing import Final

import msgspec
import structlog

from history.config import PREFIX, PROGRAM, Config
from matching_exchange.metrics.families import NANOSECONDS, counter, gauge, histogram
from matching_exchange.metrics.own import own_families
from matching_exchange.metrics.server import open_server
from matching_exchange.process.files import make_directory, open_private
from matching_exchange.process.histogram import Histogram
from matching_exchange.process.metrics_address import HISTORY_METRICS
from protocol.metrics import Family, ProcessMetrics

TELL_SECONDS: Final = 1.0

log = structlog.get_logger("history")

_encode = msgspec.msgpack.Encoder().encode


class Progress:
    """What the loop notes. Other threads read it.

    taken: the sequence of the last command that was taken from the journal.
    written, written_time: sequence and stamp of the last one that the tables have.
    rows: those that were written. write_times: how long the transactions took, in nanoseconds.
    failures: of the database.
    """

    def __init__(self) -> None:
        self.taken = 0
        self.written = self.written_time = 0
        self.rows = 0
        self.write_times = Histogram()
        self.failures = 0

    def begin(self, sequence: int, stamp: int) -> None:
        """The tables are joined to the journal at this place."""
        self.taken = self.written = sequence
        self.written_time = stamp

    def note_written(self, sequence: int, stamp: int, rows: int, took: int) -> None:
        self.written, self.written_time = sequence, stamp
        self.rows += rows
        self.write_times.observe(took)

    def note_failure(self) -> None:
        self.failures += 1

    def families(self) -> list[Family]:
        behind = self.taken > self.written
        lag = max(0, time.time_ns() - self.written_time) if behind else 0
        return [
            *own_families(PROGRAM),
            gauge("exchange_history_sequence", "Sequence up to which the tables are filled.", self.written),
            gauge(
                "exchange_history_lag_seconds",
                "Age of the last command in the tables while newer ones are to be written; else 0.",
                lag,
                NANOSECONDS,
            ),
            counter("exchange_history_rows_total", "Rows written.", self.rows),
            histogram("exchange_history_write_seconds", "Time that a transaction took.", self.write_times),
            counter("exchange_history_failures_total", "Times that the database failed.", self.failures),
        ]


class Meter:
    """Tells the progress, from threads of its own: also while the database is asked again and again."""

    def __init__(self, config: Config, progress: Progress) -> None:
        """Ends the process if the port cannot be bound."""
        self._file = config.data_dir / HISTORY_METRICS
        self._progress = progress
        self._server = open_server(PROGRAM, PREFIX, config.metrics, progress.families)

    def start(self) -> None:
        if self._server is not None:
            self._server.serve()
        Thread(target=self._tell, name="metrics file", daemon=True).start()

    def _tell(self) -> None:
        failed = False
        while True:
            metrics = ProcessMetrics(PROGRAM, time.time_ns(), self._progress.families())
            try:
                _replace(self._file, _encode(metrics))
                failed = False
            except OSError as error:
                if not failed:
                    log.warning("metrics not told to the gateway", file=str(self._file), error=error.strerror)
                failed = True
            time.sleep(TELL_SECONDS)


def _replace(path: Path, content: bytes) -> None:
    """Write the file, whole or not at all. After a power cut nobody needs it."""
    make_directory(path.parent)
    temporary = path.with_name(path.name + ".new")
    with open(temporary, "wb", opener=open_private) as file:
        file.write(content)
    temporary.rename(path)
