"""The process: joins the tables to the journal, follows it, and joins them again where the journal has changed."""

import time
from contextlib import closing
from typing import Final

import structlog

from history.config import PROGRAM, Config
from history.follower.loop import Loop
from history.follower.meter import Meter, Progress
from history.follower.retrier import Retrier
from history.follower.start import Joined, Start
from history.follower.stop import Stop, StoppedError
from history.writing.gather import StateGatherer
from history.writing.interface import Place, Store
from history.writing.store import open_store
from matcher.storage.data_directory import DataDirectory
from matcher.storage.journal_reader import JournalReader
from matcher.storage.log import LogReader, RewoundError, TrimmedError
from matcher.storage.readers import Registration, register
from matching_exchange.process.log_brake import LogBrake

WAIT_SECONDS: Final = 0.1
"""How long to wait for a journal that has not begun."""

AGAIN_SECONDS: Final = 0.5
"""How long to wait before the tables are joined again."""

REGISTER_SECONDS: Final = 5.0
"""The least time between two registrations. Until the next one, a little more is kept than what is needed."""

log = structlog.get_logger("history")


class Process:
    """Follows the journal of the data directory until the process is to end."""

    def __init__(self, config: Config, stop: Stop) -> None:
        self._config = config
        self._stop = stop
        self._directory = DataDirectory(config.data_dir)
        self._registered_at = float("-inf")
        self._brake = LogBrake()
        self._progress = Progress()
        self._meter = Meter(config, self._progress)
        self._ask = Retrier(stop, self._progress.note_failure)

    def run(self) -> None:
        """Raises RefusedError, StoreRefusedError, JournalError, JournalMismatchError or OSError if the tables and the
        journal cannot be used."""
        config = self._config
        self._meter.start()
        try:
            with closing(self._ask(lambda: open_store(config.database, config.keep_days))) as store:
                journal = self._begun_journal()
                start = Start(journal, self._directory.snapshots, store, self._stop)
                self._ask(lambda: start.check(new_journal=config.new_journal, rebuild=config.rebuild))
                while not self._stop.wanted:
                    self._follow(start, store)
        except StoppedError:
            # What was not written is taken again by the next process.
            pass
        log.info("history stopped")

    def _begun_journal(self) -> LogReader:
        """The journal, once it has begun."""
        journal = JournalReader(self._directory.journal)
        if not journal.id:
            log.info("waiting for a journal", data_dir=str(self._config.data_dir))
        while not journal.id:
            self._stop.pause(WAIT_SECONDS)
            if self._stop.wanted:
                raise StoppedError
        return journal

    def _follow(self, start: Start, store: Store) -> None:
        """Follow until the end is wanted, or the journal does not go on."""
        try:
            place = self._ask(store.position)
            self._register(0 if place is None else place.sequence)
            if place is not None:
                self._progress.begin(place.sequence, place.time)
            joined = self._ask(start.join)
            with closing(joined.follower):
                self._tell(joined)
                self._register(joined.place.sequence)
                gatherer = StateGatherer(joined.state, self._ask(store.last_candles), begins=joined.begins)
                loop = Loop(joined, gatherer, store, self._stop, self._ask, self._written, self._progress)
                loop.run()
                self._register(loop.written.sequence)
        except (FileNotFoundError, RewoundError, TrimmedError) as error:
            if (left_out := self._brake.passes("journal")) is not None:
                log.warning("the journal has changed: joining it again", error=str(error), **left_out)
            self._stop.pause(AGAIN_SECONDS)

    def _tell(self, joined: Joined) -> None:
        log.info(
            "history follows",
            data_dir=str(self._config.data_dir),
            database=self._config.database.name,
            sequence=joined.place.sequence,
        )

    def _written(self, place: Place) -> None:
        if time.monotonic() - self._registered_at >= REGISTER_SECONDS:
            self._register(place.sequence)

    def _register(self, position: int) -> None:
        self._registered_at = time.monotonic()
        try:
            register(self._config.data_dir, Registration(PROGRAM, position, self._config.max_lag_bytes))
        except OSError as error:
            log.warning("the matcher does not know what is still to be read", error=str(error))
