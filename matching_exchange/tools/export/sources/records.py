"""The way from a data directory to the records of a range: the newest snapshot before it, and the journal behind."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from gateway.native.json.times import format_exact_time
from matcher.engine import Engine
from matcher.state import JournalMismatchError, State
from matcher.storage.journal_format import ENGINE, SUFFIX, JournalError
from matcher.storage.journal_reader import JournalReader
from matcher.storage.log import Record, RewoundError, TrimmedError
from matcher.storage.snapshot import read_snapshot
from matcher.storage.snapshot_file import Head, SnapshotError, read_head, snapshots
from matching_exchange.process.files import list_files, what_failed
from matching_exchange.tools.export.errors import ExportError, UsageError
from matching_exchange.tools.export.selection import Selection

JOURNAL: Final = "journal"
SNAPSHOTS: Final = "snapshots"


class Records:
    """The state before a range, and the records behind it. Reads only, also while a matcher writes.

    state: it stands where `read` goes on. note: what the user should know of the beginning; None if nothing.
    """

    def __init__(self, data: Path, selection: Selection) -> None:
        """Raises UsageError without a journal, ExportError if it cannot be read."""
        self._journal = data / JOURNAL
        self._snapshots = data / SNAPSHOTS
        self._selection = selection
        self._reader = JournalReader(self._journal)
        self.state = State(Engine())
        self.note: str | None = None
        with failures():
            if self._reader.is_empty():
                only = f"{selection.kind.name} comes from a journal only, and " if selection.kind.journal_only else ""
                raise UsageError(f"--data-dir: {only}{data} holds no journal; takes a matcher's data directory")
            self._begin()

    def last_written(self) -> int:
        """The time of the last write, in nanoseconds."""
        with failures():
            return max(path.stat().st_mtime_ns for path in list_files(self._journal, SUFFIX))

    def read(self) -> Iterator[Record]:
        """All committed records behind the state."""
        # Without the CRC of the place: a frame that came twice in part makes a record look longer than it was.
        with failures(), closing(self._reader.follow(self.state.sequence)) as follower:
            while found := follower.take():
                for logged in found:
                    yield logged.record

    def _begin(self) -> None:
        paths = snapshots(self._snapshots)
        if self._selection.begin is not None or self._selection.first is not None:
            for path in paths:
                if self._start_at(path, before_range=True):
                    return
        try:
            with closing(self._reader.follow(0)) as follower:
                follower.is_joined()
        except TrimmedError:
            for path in reversed(paths):
                if self._start_at(path, before_range=False):
                    self.note = (
                        f"the journal is complete from sequence {self.state.sequence + 1} "
                        f"({format_exact_time(self.state.time)}) on"
                    )
                    return
            raise

    def _start_at(self, path: Path, *, before_range: bool) -> bool:
        """Begin with this snapshot, if it is one of this journal."""
        try:
            head = read_head(path, ENGINE)
            if head.journal != self._reader.id or (before_range and not self._is_before(head)):
                return False
            self.state = read_snapshot(path)[1]
        except (SnapshotError, FileNotFoundError):
            # An older one does as well. The matcher removes what it needs no more.
            return False
        return True

    def _is_before(self, head: Head) -> bool:
        selection = self._selection
        return (selection.begin is None or head.time < selection.begin) and (
            selection.first is None or head.sequence < selection.first
        )


@contextmanager
def failures() -> Iterator[None]:
    """Turn what a journal that cannot be read raises into an ExportError."""
    try:
        yield
    except (JournalError, JournalMismatchError, RewoundError, TrimmedError) as error:
        raise ExportError(str(error)) from error
    except OSError as error:
        raise ExportError(what_failed(error)) from error
