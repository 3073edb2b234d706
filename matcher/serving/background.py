"""The work of forked children beside the running matcher: snapshots, and digests and saved books that clients ask
for."""

import os
import time
from collections.abc import Callable

import msgspec
import structlog
import zmq
from msgspec import Struct

from matcher.config import Config
from matcher.core.digest import digest
from matcher.core.saved_books import save_book
from matcher.serving.forked import Forked
from matcher.serving.money_queries import account_list
from matcher.state import State
from matcher.storage.data_directory import DataDirectory
from matcher.storage.local_log import LocalLog
from matcher.storage.recovery import drop_superseded
from matcher.storage.snapshot import write_snapshot
from matcher.storage.snapshot_file import snapshots
from matching_exchange.process.histogram import Histogram
from matching_exchange.process.log_brake import LogBrake
from protocol.commands import AccountsQuery
from protocol.events import AccountList, BookSaved, CommandRefused, Digest, QueryResult, Result
from protocol.units import Refusal

MAX_WAITING = 1_024
"""Digests, and books to save, that wait at once, at most. Further queries are dropped; their clients ask again."""

NO_SUMS = CommandRefused(Refusal.COMMAND_REFUSED, detail="the list of accounts cannot be made")

Asked = tuple[int, int]
"""The session's public number, and the number of a query."""

SaveResult = BookSaved | CommandRefused

_decode_save = msgspec.json.Decoder(SaveResult).decode
_decode_accounts = msgspec.json.Decoder(AccountList).decode

logger = structlog.get_logger("matcher")


class _Work(Struct):
    """A child, and the queries that its result answers, as of the sequence and time of the fork."""

    child: Forked
    asked: list[Asked]
    sequence: int
    time: int

    def results(self, result: Result) -> list[QueryResult]:
        return [QueryResult(session, request, self.sequence, self.time, result) for session, request in self.asked]


class Background:
    """At most one child of each kind is at work. They are forked between turns, when the state is that of the journal.
    A fork that fails fails what it was for, and nothing else.

    log: the journal whose tail grows until a snapshot. None for a replicated log: a record says where a snapshot is.
    snapshot_written_at: in nanoseconds since 1970; zero before the first one.
    snapshot_times, fork_pauses: how long snapshots took, and how long forks have held up the matcher.
    """

    def __init__(
        self, config: Config, directory: DataDirectory, log: LocalLog | None, state: State, poller: zmq.Poller
    ) -> None:
        self._config = config
        self._directory = directory
        self._log = log
        self._state = state
        self._poller = poller
        self._brake = LogBrake()
        self._snapshot: Forked | None = None
        self._snapshot_at = state.sequence
        self._snapshot_begun = 0
        self.snapshot_times = Histogram()
        self.snapshot_failures = 0
        self.snapshot_written_at = _newest(directory)
        self.fork_pauses = Histogram()
        self._digest: _Work | None = None
        self._digests: dict[Asked, None] = {}
        self._save: _Work | None = None
        self._saves: dict[Asked, str] = {}
        self._sums: _Work | None = None
        self._sum_queries: dict[Asked, AccountsQuery] = {}

    def ask_digest(self, session: int, request: int) -> None:
        """Ask for the digest. `turn` returns it later."""
        if not _is_at_work(self._digest, (session, request)) and len(self._digests) < MAX_WAITING:
            self._digests[session, request] = None

    def ask_save(self, session: int, request: int, symbol: str) -> None:
        """Ask to save the symbol's book. `turn` returns the result later."""
        if not _is_at_work(self._save, (session, request)) and len(self._saves) < MAX_WAITING:
            self._saves[session, request] = symbol

    def ask_accounts(self, session: int, request: int, query: AccountsQuery) -> None:
        """Ask for a page of accounts and the sums over all. `turn` returns the result later."""
        if not _is_at_work(self._sums, (session, request)) and len(self._sum_queries) < MAX_WAITING:
            self._sum_queries[session, request] = query

    def turn(self, ready: dict[object, int]) -> list[QueryResult]:
        """Take in what children have done, and start those that are due. Returns the results that are ready. Raises
        LogFailedError if the log cannot be synced before a snapshot."""
        results: list[QueryResult] = []
        if self._digest is not None and self._digest.child.descriptor in ready:
            text = self._collect(self._digest.child)
            made = (
                Digest(text)
                if text is not None
                else CommandRefused(Refusal.COMMAND_REFUSED, detail="the digest could not be made")
            )
            results += self._digest.results(made)
            self._digest = None
        if self._save is not None and self._save.child.descriptor in ready:
            text = self._collect(self._save.child)
            saved = (
                _decode_save(text)
                if text is not None
                else CommandRefused(Refusal.SAVE_FAILED, detail="its process has ended")
            )
            if isinstance(saved, CommandRefused):
                self._tell_not_saved(saved)
            results += self._save.results(saved)
            self._save = None
        if self._sums is not None and self._sums.child.descriptor in ready:
            text = self._collect(self._sums.child)
            results += self._sums.results(NO_SUMS if text is None else _decode_accounts(text))
            self._sums = None
        if self._snapshot is not None and self._snapshot.descriptor in ready:
            self._collect_snapshot(self._snapshot)
            self._snapshot = None
        if self._digests and self._digest is None:
            results += self._start_digest()
        if self._saves and self._save is None:
            results += self._start_save()
        if self._sum_queries and self._sums is None:
            results += self._start_sums()
        if (
            self._log is not None
            and self._state.sequence - self._snapshot_at >= self._config.snapshot_every
            and self._snapshot is None
        ):
            self._start_snapshot(self._log)
        return results

    @property
    def waiting(self) -> int:
        """Digests, saves and lists of accounts that wait for a child."""
        return len(self._digests) + len(self._saves) + len(self._sum_queries)

    @property
    def since_snapshot(self) -> int:
        """Commands since the last snapshot was begun, or since the start."""
        return self._state.sequence - self._snapshot_at

    def stop(self) -> None:
        """End the children: what they have not finished is not needed."""
        children = [work.child for work in (self._digest, self._save, self._sums) if work is not None]
        for child in (*children, self._snapshot):
            if child is not None:
                child.kill()

    def _start_digest(self) -> list[QueryResult]:
        """Begin to make a digest for all who ask. Returns their results if that fails."""
        registry, asked = self._state.registry, list(self._digests)
        self._digests.clear()
        try:
            child = self._fork(lambda: digest(registry))
        except OSError as error:
            refused = CommandRefused(Refusal.COMMAND_REFUSED, detail=f"the digest cannot be made: {_why(error)}")
            return [
                QueryResult(session, request, self._state.sequence, self._state.time, refused)
                for session, request in asked
            ]
        self._digest = _Work(child, asked, self._state.sequence, self._state.time)
        return []

    def _start_sums(self) -> list[QueryResult]:
        """Begin to make the page of accounts that was asked for first. Returns its result if that fails."""
        session, request = asked = next(iter(self._sum_queries))
        query = self._sum_queries.pop(asked)
        state = self._state
        try:
            child = self._fork(lambda: msgspec.json.encode(account_list(state.registry, query)).decode())
        except OSError as error:
            logger.error("sums of accounts not made", error=_why(error))
            return [QueryResult(session, request, state.sequence, state.time, NO_SUMS)]
        self._sums = _Work(child, [asked], state.sequence, state.time)
        return []

    def _start_save(self) -> list[QueryResult]:
        """Begin to save the book that was asked for first. Returns its result if that fails."""
        session, request = asked = next(iter(self._saves))
        symbol = self._saves.pop(asked)
        state, directory = self._state, self._directory
        book = state.registry.books.get(symbol)
        if book is None:
            return [QueryResult(session, request, state.sequence, state.time, CommandRefused(Refusal.UNKNOWN_SYMBOL))]

        def write() -> str:
            saved = save_book(book, state.sequence)
            orders = len(saved.bids) + len(saved.asks) + len(saved.pending)
            result: SaveResult
            try:
                result = BookSaved(symbol, directory.write_book(saved), orders)
            except OSError as error:
                result = _not_written(error)
            return msgspec.json.encode(result).decode()

        try:
            child = self._fork(write)
        except OSError as error:
            refused = _not_written(error)
            self._tell_not_saved(refused)
            return [QueryResult(session, request, state.sequence, state.time, refused)]
        self._save = _Work(child, [asked], state.sequence, state.time)
        return []

    def _tell_not_saved(self, refused: CommandRefused) -> None:
        if (left_out := self._brake.passes("save")) is not None:
            logger.error("book not saved", error=refused.detail, **left_out)

    def _start_snapshot(self, journal: LocalLog) -> None:
        # A snapshot never passes what is on disk: after a power cut the journal must reach at least as far.
        journal.sync()
        state, directory = self._state, self._directory
        self._snapshot_at = state.sequence

        def write() -> str:
            path = write_snapshot(directory.snapshots, state, journal.id, journal.crc)
            # Here and not in the matcher: removing large files takes a while.
            drop_superseded(directory, journal.trim, keep_journal=self._config.keep_journal == "all")
            return str(path)

        self._snapshot_begun = time.monotonic_ns()
        try:
            self._snapshot = self._fork(write)
        except OSError as error:
            self.snapshot_failures += 1
            logger.error("snapshot failed: the journal stays, the next one is tried later", error=_why(error))
            return
        pause = round(self._snapshot.pause / 1_000_000, 1)
        logger.info("snapshot begun", sequence=state.sequence, pause_milliseconds=pause)

    def _collect_snapshot(self, child: Forked) -> None:
        path = self._collect(child)
        if path is None:
            self.snapshot_failures += 1
            logger.error("snapshot failed: the journal stays, the next one is tried later")
            return
        self.snapshot_times.observe(time.monotonic_ns() - self._snapshot_begun)
        self.snapshot_written_at = time.time_ns()
        logger.info("snapshot written", file=path)

    def _fork(self, work: Callable[[], str]) -> Forked:
        """Start a child. The poller hears its end. Raises OSError if the system gives none."""
        child = Forked(work)
        self.fork_pauses.observe(child.pause)
        self._poller.register(child.descriptor, zmq.POLLIN)
        return child

    def _collect(self, child: Forked) -> str | None:
        """The result of a child that has ended; None if it failed."""
        self._poller.unregister(child.descriptor)
        return child.result()


def _newest(directory: DataDirectory) -> int:
    """When the newest snapshot was written; zero without one."""
    written = [path.stat().st_mtime_ns for path in snapshots(directory.snapshots)[:1]]
    return written[0] if written else 0


def _is_at_work(work: _Work | None, asked: Asked) -> bool:
    return work is not None and asked in work.asked


def _not_written(error: OSError) -> CommandRefused:
    return CommandRefused(Refusal.SAVE_FAILED, detail=f"the file cannot be written: {_why(error)}")


def _why(error: OSError) -> str:
    return error.strerror or os.strerror(error.errno or 0)
