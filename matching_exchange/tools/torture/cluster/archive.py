"""Copies the log while it grows: the leader trims it, and the checks need each record."""

from collections.abc import Callable
from contextlib import suppress
from threading import Event
from typing import Final

from matcher.storage.log import LogAwayError, Logged, LogReader

READ_EVERY: Final = 0.2
"""Seconds between two readings."""


class Archive:
    """The records of a log, from the first one on. `run` it in a thread until `stop`; then `finish` takes the rest."""

    def __init__(self, open_reader: Callable[[], LogReader]) -> None:
        self._open = open_reader
        self.records: list[Logged] = []

    def run(self, stop: Event) -> None:
        reader = self._open()
        while not stop.is_set():
            # It may have no majority now.
            with suppress(LogAwayError):
                self._take(reader)
            stop.wait(READ_EVERY)
        self._take(reader)

    def _take(self, reader: LogReader) -> None:
        for logged in reader.read(self.records[-1].position if self.records else 0):
            self.records.append(logged)
