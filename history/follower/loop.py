"""Carries out what the journal holds, and writes what it causes: soon when caught up, in large steps when behind."""

import time
from collections.abc import Callable
from typing import Final

import structlog

from history.follower.meter import Progress
from history.follower.retrier import Retrier
from history.follower.start import Joined
from history.follower.stop import Stop
from history.writing.interface import Gatherer, Place, Store, StoreFailedError, StoreRefusedError
from matcher.storage.log import Logged

MAX_COMMANDS: Final = 20_000
MAX_SECONDS: Final = 0.25
"""After so many commands, or so long, what was gathered is written."""

FEW_COMMANDS: Final = 2_000
SOON_SECONDS: Final = 0.02
"""While each take brings fewer commands than that, the tables keep up: what was gathered is written so soon."""

POLL_SECONDS: Final = 0.002
IDLE_SECONDS: Final = 0.005
IDLE_AFTER: Final = 1.0
"""How long to wait for records; the second after a while without any."""

RETIRE_SECONDS: Final = 60.0
"""How often the tables are asked for rows that are not to be kept any more."""

log = structlog.get_logger("history")


class Loop:
    """Goes on from where the log and the tables were joined.

    written: the place up to which the tables are filled. `tell` hears of each, and `progress` of what is done. `idle`
    hears of it while nothing comes.
    """

    def __init__(
        self,
        joined: Joined,
        gatherer: Gatherer,
        store: Store,
        stop: Stop,
        retrier: Retrier,
        tell: Callable[[Place], None],
        progress: Progress,
        idle: Callable[[Place], None] = lambda _: None,
    ) -> None:
        self._state = joined.state
        self._follower = joined.follower
        self._waiting = joined.waiting
        self._gatherer = gatherer
        self._store = store
        self._stop = stop
        self._tell = tell
        self._idle = idle
        self._retrier = retrier
        self._place = joined.place
        self.written = joined.place
        self._progress = progress
        progress.begin(joined.place.sequence, joined.place.time)
        self._begun = time.monotonic()
        self._retired_at = float("-inf")

    def run(self) -> None:
        """Work until the process is to end; all that was carried out is written then. Raises StoppedError if the
        database does not take it, StoreRefusedError if it cannot be used any more, and RewoundError or TrimmedError
        where the log does not go on."""
        taken_at = time.monotonic()
        while not self._stop.wanted:
            batch = self._waiting or self._follower.take()
            self._waiting = []
            now = time.monotonic()
            if batch:
                taken_at = now
                before = self._place.sequence
                self._carry_out(batch)
                if self._place.sequence - before < FEW_COMMANDS and now - self._begun >= SOON_SECONDS:
                    self._write()
                continue
            self._write()
            self._idle(self.written)
            self._retire(now)
            time.sleep(POLL_SECONDS if now - taken_at < IDLE_AFTER else IDLE_SECONDS)
        self._write()

    def _carry_out(self, batch: list[Logged]) -> None:
        """Carry out the records. Those that the end leaves are taken again by the next process."""
        state, observe = self._state, self._gatherer.observe
        place = self._place
        for crc, record in ((each.crc, each.record) for each in batch):
            state.replay(record, observe)
            if state.sequence > place.sequence:
                self._place = place = Place(place.journal, state.sequence, crc, record.time)
                self._progress.taken = state.sequence
            if place.sequence - self.written.sequence >= MAX_COMMANDS or time.monotonic() - self._begun >= MAX_SECONDS:
                self._write()
                if self._stop.wanted:
                    return

    def _write(self) -> None:
        """Write what was gathered, in one transaction."""
        place = self._place
        if place != self.written:
            rows = self._gatherer.take()
            began = time.monotonic_ns()
            self._retrier(lambda: self._store.write(rows, place))
            self.written = place
            self._progress.note_written(place.sequence, place.time, len(rows), time.monotonic_ns() - began)
            self._tell(place)
        self._begun = time.monotonic()

    def _retire(self, now: float) -> None:
        """Remove rows that are not to be kept any more: a bounded number, at most so often."""
        if now - self._retired_at < RETIRE_SECONDS:
            return
        try:
            if not self._store.retire(time.time_ns()):
                self._retired_at = now
        except StoreRefusedError:
            raise
        except StoreFailedError as error:
            log.error("old rows not removed", error=str(error))
            self._retired_at = now
