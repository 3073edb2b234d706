"""The local journal as the matcher's log. Decides when to sync, and logs one line if the disk refuses a record."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import structlog

from matcher.storage.commit_mark import CommitMark
from matcher.storage.journal import Journal
from matcher.storage.journal_follower import JournalFollower
from matcher.storage.log import LogFailedError, Logged, Position, Record
from matching_exchange.process.files import what_failed
from matching_exchange.process.histogram import Histogram

SYNC_MARGIN: Final = 50_000_000
"""Nanoseconds before the end of the interval at which a sync begins, so the running turn still fits. At most a
quarter of the interval."""

log = structlog.get_logger("matcher")


class LocalLog:
    """The journal of the data directory, whose lock makes `expected` true.

    `sync_interval` is in nanoseconds: 0 syncs each record before `append` returns, None never. `due` is the monotonic
    time of the next sync, None without one. `records` counts what was appended, `sync_times` how long syncs took.
    """

    def __init__(
        self, directory: Path, journal: Journal, sync_interval: int | None, monotonic: Callable[[], int]
    ) -> None:
        self._directory = directory
        self._journal = journal
        self._sync_interval = sync_interval
        self._monotonic = monotonic
        self._mark: CommitMark | None = None
        self.due: int | None = None
        self.records = 0
        self.sync_times = Histogram()

    def begin(self, position: Position) -> None:
        """Tell readers that all up to here is committed, and from now on each record that is. Where the file for that
        cannot be had, they sync the journal themselves. LogFailedError if what is there cannot be made last."""
        try:
            self._journal.sync_last()
        except OSError as error:
            raise LogFailedError(self._failed("cannot be synced", error)) from error
        try:
            self._mark = CommitMark(self._directory, position)
        except OSError as error:
            log.warning("readers of the journal sync it themselves", error=what_failed(error))

    def close(self) -> None:
        """Readers then take what is on the disk."""
        if self._mark is not None:
            self._mark.close()
            self._mark = None

    @property
    def id(self) -> str:
        """As `LogReader.id`."""
        return self._journal.id

    def head(self) -> Position:
        """As `LogReader.head`."""
        return self._journal.head()

    def holds(self, position: Position, crc: int) -> bool:
        """As `LogReader.holds`."""
        return self._journal.holds(position, crc)

    def read(self, after: Position) -> Iterator[Logged]:
        """As `LogReader.read`."""
        return self._journal.read(after)

    def follow(self, after: Position, crc: int | None = None) -> JournalFollower:
        """As `LogReader.follow`."""
        return self._journal.follow(after, crc)

    @property
    def written(self) -> int:
        """Bytes appended."""
        return self._journal.written

    @property
    def crc(self) -> int:
        """That of the last record: with its sequence, a place in the chain."""
        return self._journal.crc

    def append(self, expected: Position, record: Record, end: Position) -> Position:
        """As `Log.append`. A record is safe once MATCHER_SYNC says so."""
        assert record.sequence == expected + 1, "the lock of the data directory keeps other writers away"
        try:
            synced = self._sync_interval == 0
            self._journal.append(record.sequence, record.time, record.entries, synced=synced)
            self.records += 1
            if synced:
                self._sync()
            elif self._sync_interval is not None and self.due is None:
                margin = min(SYNC_MARGIN, self._sync_interval // 4)
                self.due = self._monotonic() + self._sync_interval - margin
        except OSError as error:
            raise LogFailedError(self._failed("does not take a record", error)) from error
        if self._mark is not None:
            self._mark.note(end)
        return end

    def keep_time(self, now: int) -> None:
        """Sync if that is due at this monotonic time."""
        if self.due is not None and now >= self.due:
            self.sync()

    def sync(self) -> None:
        """Make what was appended last, as an interval, a snapshot or a clean stop asks for."""
        self.due = None
        try:
            self._sync()
        except OSError as error:
            raise LogFailedError(self._failed("cannot be synced", error)) from error

    def _sync(self) -> None:
        began = self._monotonic()
        self._journal.sync()
        self.sync_times.observe(self._monotonic() - began)

    def _failed(self, what: str, error: OSError) -> str:
        return f"the journal {what}: {error.strerror}: {self._directory} (--data-dir, MATCHER_DATA_DIR)"

    def trim(self, upto: Position) -> None:
        """As `Log.trim`: removes the segments that hold nothing behind `upto`."""
        self._journal.drop_before(upto)
