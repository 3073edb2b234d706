"""What forked children do for the matcher while it goes on: snapshots, and digests that somebody asked for."""

import time

import structlog
import zmq

from matcher.config import Config
from matcher.data_directory import DataDirectory
from matcher.digest import digest
from matcher.forked import Forked
from matcher.journal import Journal
from matcher.recovery import drop_superseded
from matcher.snapshot import write_snapshot
from matcher.state import State
from protocol.events import CommandRefused, Digest, QueryAnswer
from protocol.units import Refusal

MAX_DIGEST_QUERIES = 1_024
"""The most digest queries that wait at once; further ones are dropped, and asked again by who still wants to know."""

log = structlog.get_logger("matcher")


class Background:
    """At most one child of each kind is at work. Between turns the state is that of the journal, so that is when children are forked."""

    def __init__(self, config: Config, directory: DataDirectory, journal: Journal, state: State, poller: zmq.Poller) -> None:
        self._config = config
        self._directory = directory
        self._journal = journal
        self._state = state
        self._poller = poller
        self._snapshot: Forked | None = None
        self._snapshot_at = state.sequence
        self._digest: Forked | None = None
        self._answering: list[QueryAnswer] = []
        self._asking: dict[tuple[int, int], None] = {}

    def ask_digest(self, session: int, request: int) -> None:
        """Somebody asks for the digest; it is answered by `turn`, later."""
        known = any(answer.session == session and answer.request == request for answer in self._answering)
        if not known and len(self._asking) < MAX_DIGEST_QUERIES:
            self._asking[session, request] = None

    def turn(self, ready: dict[object, int]) -> list[QueryAnswer]:
        """Take in what children have done, and start those that are due; the queries that are answered now. OSError where the journal
        cannot be synced before a snapshot."""
        answers: list[QueryAnswer] = []
        if self._digest is not None and self._digest.descriptor in ready:
            answers = self._collect_digest(self._digest)
            self._digest = None
        if self._snapshot is not None and self._snapshot.descriptor in ready:
            self._collect_snapshot(self._snapshot)
            self._snapshot = None
        if self._asking and self._digest is None:
            self._start_digest()
        if self._state.sequence - self._snapshot_at >= self._config.snapshot_every and self._snapshot is None:
            self._start_snapshot()
        return answers

    def stop(self) -> None:
        """End the children: what they have not finished is not needed."""
        for child in (self._digest, self._snapshot):
            if child is not None:
                child.kill()

    def _start_digest(self) -> None:
        state = self._state
        self._answering = [QueryAnswer(session, request, state.sequence, state.time, Digest("")) for session, request in self._asking]
        self._asking.clear()
        self._digest = Forked(lambda: digest(state.engine))
        self._poller.register(self._digest.descriptor, zmq.POLLIN)

    def _collect_digest(self, child: Forked) -> list[QueryAnswer]:
        self._poller.unregister(child.descriptor)
        result = child.result()
        found = Digest(result) if result is not None else CommandRefused(Refusal.COMMAND_REFUSED, detail="the digest could not be made")
        answers = [QueryAnswer(asked.session, asked.request, asked.sequence, asked.timestamp, found) for asked in self._answering]
        self._answering = []
        return answers

    def _start_snapshot(self) -> None:
        # A snapshot never passes what is on disk: after a power cut the journal must reach at least as far.
        self._journal.sync()
        state, journal, directory = self._state, self._journal, self._directory
        self._snapshot_at = state.sequence

        def write() -> str:
            path = write_snapshot(directory.snapshots, state, journal.id, journal.crc)
            # Here and not in the matcher: removing large files takes a while.
            drop_superseded(directory, journal, self._config.keep_journal == "all")
            return str(path)

        started = time.monotonic()
        self._snapshot = Forked(write)
        self._poller.register(self._snapshot.descriptor, zmq.POLLIN)
        pause = round((time.monotonic() - started) * 1000, 1)
        log.info("snapshot begun", sequence=state.sequence, pause_milliseconds=pause)

    def _collect_snapshot(self, child: Forked) -> None:
        self._poller.unregister(child.descriptor)
        path = child.result()
        if path is None:
            log.error("snapshot failed: the journal stays, the next one is tried later")
            return
        log.info("snapshot written", file=path)
