"""The process: joins the tables to the journal, follows it, and joins them again where the journal has changed."""

from contextlib import closing
from typing import Final

import structlog

from history.config import Config
from history.follower.loop import Loop
from history.follower.meter import Meter, Progress
from history.follower.retrier import Retrier
from history.follower.sources import Following, source_of
from history.follower.start import Joined, Start
from history.follower.stop import Stop, StoppedError
from history.writing.gather import StateGatherer
from history.writing.interface import Place, Store
from history.writing.store import open_store
from matcher.storage.log import LogAwayError, LogReader, RewoundError, TrimmedError
from matching_exchange.process.log_brake import LogBrake

WAIT_SECONDS: Final = 0.1
"""How long to wait for a journal that has not begun."""

AGAIN_SECONDS: Final = 0.5
"""How long to wait before the tables are joined again."""

log = structlog.get_logger("history")


class Process:
    """Follows the journal of the data directory until the process is to end."""

    def __init__(self, config: Config, stop: Stop) -> None:
        self._config = config
        self._stop = stop
        self._source = source_of(config)
        self._brake = LogBrake()
        self._progress = Progress()
        self._meter = Meter(config, self._progress)
        self._ask = Retrier(stop, self._progress.note_failure)

    def run(self) -> None:
        """Raises RefusedError, StoreRefusedError, JournalError, JournalMismatchError, LogFailedError or OSError if the
        tables and the log cannot be used."""
        config, source = self._config, self._source
        self._meter.start()
        try:
            with closing(source), closing(self._ask(lambda: open_store(config.database, config.keep_days))) as store:
                journal = self._begun_log()
                start = Start(journal, source.folders, source.name, store, self._stop)
                self._ask(lambda: start.check(new_journal=config.new_journal, rebuild=config.rebuild))
                while not self._stop.wanted:
                    self._follow(start, store)
        except StoppedError:
            # What was not written is taken again by the next process.
            pass
        log.info("history stopped")

    def _begun_log(self) -> LogReader:
        """The log, once it has begun."""
        told = False
        reader: LogReader | None = None
        while True:
            try:
                reader = reader or self._source.open()
                if reader.id:
                    return reader
                why = "it has not begun"
            except LogAwayError as error:
                why = str(error)
            if not told:
                log.info("waiting for a journal", journal=self._source.name, reason=why)
                told = True
            self._stop.pause(WAIT_SECONDS)
            if self._stop.wanted:
                raise StoppedError

    def _follow(self, start: Start, store: Store) -> None:
        """Follow until the end is wanted, or the journal does not go on."""
        source = self._source
        try:
            place = self._ask(store.position)
            source.note(place, None, at_once=True)
            if place is not None:
                self._progress.begin(place.sequence, place.time)
            source.prepare(place)
            joined = self._ask(start.join)
            with closing(joined.follower):
                self._tell(joined)
                following = Following(joined.follower, joined.state)
                source.note(joined.place, following, at_once=True)
                gatherer = StateGatherer(joined.state, self._ask(store.last_candles), begins=joined.begins)

                def written(place: Place) -> None:
                    source.note(place, following)

                def idle(place: Place) -> None:
                    source.idle(place, following)

                loop = Loop(joined, gatherer, store, self._stop, self._ask, written, self._progress, idle)
                loop.run()
                source.end(loop.written, following)
        except (FileNotFoundError, LogAwayError, RewoundError, TrimmedError) as error:
            if (left_out := self._brake.passes("journal")) is not None:
                log.warning("the journal has changed: joining it again", error=str(error), **left_out)
            self._stop.pause(AGAIN_SECONDS)

    def _tell(self, joined: Joined) -> None:
        log.info(
            "history follows",
            journal=self._source.name,
            database=self._config.database.name,
            sequence=joined.place.sequence,
        )
