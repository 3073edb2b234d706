"""Where the records come from: the journal of a data directory, or a log that several matchers share."""

import time
from contextlib import closing, suppress
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING, Final, Protocol
from zlib import crc32

import structlog
import zmq
from msgspec import Struct

from history.config import PROGRAM, Config, SharedLog
from history.follower.own_states import OwnStates
from history.writing.interface import Place
from matcher.etcd.opening import open_reader
from matcher.node.fetching import Fetched, SnapshotFetcher
from matcher.replication.by_sequence import BySequence, SequenceFollower
from matcher.state import State
from matcher.storage.data_directory import HISTORY, DataDirectory
from matcher.storage.journal_format import ENGINE
from matcher.storage.journal_reader import JournalReader
from matcher.storage.log import Follower, LogReader, TrimmedError
from matcher.storage.readers import Registration, register
from matcher.storage.snapshot_file import SnapshotError, read_head, snapshots
from protocol.codec import encode
from protocol.commands import VERSION
from protocol.node_frames import NoteReader
from protocol.snapshots import Listed
from protocol.sockets import Context, open_commands, sender

if TYPE_CHECKING:
    from matcher.etcd.reader import EtcdReader

REGISTER_SECONDS: Final = 5.0
"""The least time between two registrations. Until the next one, a little more is kept than what is needed."""

FETCH_SECONDS: Final = 5.0
"""How long nodes that do not answer are asked for a snapshot."""

FIRST_WAIT: Final = 10_000_000_000
"""Nanoseconds that a log may take to answer, before it is asked once more."""

log = structlog.get_logger("history")


class Following(Struct, frozen=True):
    """What follows the log, and the state that it has brought up to the last place."""

    follower: Follower
    state: State


class Source(Protocol):
    """A log, and the snapshots of it.

    name: of the log, in messages. folders: where snapshots are.
    """

    name: str
    folders: list[Path]

    def open(self) -> LogReader:
        """The log, by sequences. LogFailedError if it cannot be used."""

    def prepare(self, place: Place | None) -> None:
        """Get the snapshot that a state at this place is made from; for None, one to begin with."""

    def note(self, place: Place | None, following: Following | None, *, at_once: bool = False) -> None:
        """The tables have all up to this place: tell whoever would remove what comes behind it. None for no place, and
        before the log is followed."""

    def idle(self, place: Place, following: Following) -> None:
        """Nothing was written for a moment."""

    def end(self, place: Place, following: Following) -> None:
        """The log is not followed any more."""

    def close(self) -> None: ...


class LocalSource:
    """The journal of a data directory."""

    def __init__(self, config: Config) -> None:
        directory = DataDirectory(config.data_dir)
        self.name = str(directory.path)
        self.folders = [directory.snapshots]
        self._config = config
        self._journal = directory.journal
        self._noted_at = float("-inf")

    def open(self) -> LogReader:
        return JournalReader(self._journal)

    def prepare(self, place: Place | None) -> None:
        """The matcher has what is needed."""

    def note(self, place: Place | None, _following: Following | None, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if not at_once and now - self._noted_at < REGISTER_SECONDS:
            return
        self._noted_at = now
        try:
            position = 0 if place is None else place.sequence
            register(self._config.data_dir, Registration(PROGRAM, position, self._config.max_lag_bytes))
        except OSError as error:
            log.warning("the matcher does not know what is still to be read", error=str(error))

    def idle(self, _place: Place, _following: Following) -> None:
        """What is registered holds."""

    def end(self, place: Place, following: Following) -> None:
        self.note(place, following, at_once=True)

    def close(self) -> None:
        """Nothing is open."""


class SharedSource:
    """A replicated log. Snapshots come from a node's data directory, if it is the same, or from the nodes."""

    def __init__(self, config: Config, shared: SharedLog) -> None:
        directory = DataDirectory(config.data_dir)
        self.name = str(shared.address)
        self._fetched = directory.path / HISTORY / "snapshots"
        self._states = OwnStates(directory.path / HISTORY / "states")
        self.folders = [directory.snapshots, self._fetched, self._states.folder]
        self._shared = shared
        fetch_from = [endpoints.snapshots for endpoints in shared.nodes]
        self._fetcher = SnapshotFetcher(fetch_from, shared.keys, self._fetched)
        self._context: Context = zmq.Context()
        self._sockets = [open_commands(self._context, node.commands, shared.keys) for node in shared.nodes]
        self._send = [sender(socket) for socket in self._sockets]
        # The same after a restart, and another one for another directory or machine.
        self._name = f"{PROGRAM}@{gethostname()[:40]}-{crc32(str(directory.path.resolve()).encode()):08x}"
        self._noted_at = float("-inf")
        self._reader: EtcdReader | None = None

    def open(self) -> LogReader:
        self._reader = open_reader(self._shared.address, self._shared.credentials, FIRST_WAIT)
        return BySequence(self._reader)

    def prepare(self, place: Place | None) -> None:
        assert self._reader is not None, "the log is open"
        reader = BySequence(self._reader)
        log_id = reader.id
        if self._has_snapshot(reader, place) or self._begins_anew(reader):
            return
        best: Fetched | None = None
        with closing(self._fetcher.fetch(log_id, lambda each: _serves(each, place), FETCH_SECONDS)) as fetched:
            best = next(fetched, None)
        if best is None and place is not None:
            # The tables get a hole.
            with closing(self._fetcher.fetch(log_id, lambda _: True, 0)) as fetched:
                best = next(fetched, None)
        if best is not None:
            for path in snapshots(self._fetched):
                if path != best.path:
                    path.unlink()

    def note(self, place: Place | None, following: Following | None, *, at_once: bool = False) -> None:
        if place is None or following is None:
            return
        follower = following.follower
        assert isinstance(follower, SequenceFollower), "it follows a replicated log"
        self._states.turn(place, following.state, follower)
        now = time.monotonic()
        if at_once or now - self._noted_at >= REGISTER_SECONDS:
            self._noted_at = now
            self._tell(follower)

    def idle(self, place: Place, following: Following) -> None:
        self.note(place, following)

    def end(self, place: Place, following: Following) -> None:
        follower = following.follower
        assert isinstance(follower, SequenceFollower), "it follows a replicated log"
        self._states.end(place, following.state, follower)
        self._tell(follower)

    def _tell(self, follower: SequenceFollower) -> None:
        """Tell the nodes from where on the log is needed."""
        frame = encode(NoteReader(VERSION, 0, self._name, max(follower.begun, self._states.kept)))
        for send in self._send:
            # A node that is away does not trim.
            with suppress(zmq.Again):
                send(frame)

    def close(self) -> None:
        for socket in self._sockets:
            socket.close()
        self._context.term()
        if self._reader is not None:
            self._reader.close()

    def _has_snapshot(self, reader: BySequence, place: Place | None) -> bool:
        """Whether a state at the place can be made from a snapshot that is there."""
        for path in (path for folder in self.folders for path in snapshots(folder)):
            try:
                head = read_head(path, ENGINE)
                if (place is None or head.sequence <= place.sequence) and reader.holds(head.sequence, head.crc):
                    return True
            except (FileNotFoundError, SnapshotError, TrimmedError):
                continue
        return False

    @staticmethod
    def _begins_anew(reader: BySequence) -> bool:
        """Whether the log holds its first record."""
        try:
            reader.follow(0).close()
        except TrimmedError:
            return False
        return True


def _serves(listed: Listed, place: Place | None) -> bool:
    return place is None or listed.sequence <= place.sequence


def source_of(config: Config) -> Source:
    """That of the settings."""
    return LocalSource(config) if config.shared is None else SharedSource(config, config.shared)
