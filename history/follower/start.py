"""Where the tables go on: the place in the journal that both have, and the state of the exchange there.

The tables are never trusted to fit the journal. A journal that was cut, or brought back from a copy, has other records
from some place on: the rows behind the last place that both have are removed.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import structlog
from msgspec import Struct

from history.follower.stop import Stop, StoppedError
from history.writing.interface import Place, Store
from matcher.engine import Engine
from matcher.state import State
from matcher.storage.journal_format import ENGINE
from matcher.storage.log import Follower, Logged, LogReader, Position, RewoundError, TrimmedError
from matcher.storage.snapshot import read_snapshot
from matcher.storage.snapshot_file import Head, SnapshotError, read_head, snapshots

log = structlog.get_logger("history")


class RefusedError(Exception):
    """The tables cannot go on with this journal. The message is one line that says what to do."""


class Joined(Struct):
    """The log and the tables at one place.

    state: the exchange at that place.
    follower: hands on what comes behind `waiting`, which are the first records behind the place.
    begins: whether the tables begin here.
    """

    place: Place
    state: State
    follower: Follower
    waiting: list[Logged]
    begins: bool


class Start:
    """Joins tables to a log. `folders` are those with snapshots of it; `name` tells the log in messages."""

    def __init__(self, log_reader: LogReader, folders: Sequence[Path], name: str, store: Store, stop: Stop) -> None:
        self._log = log_reader
        self._folders = folders
        self._name = name
        self._store = store
        self._stop = stop

    def check(self, *, new_journal: bool, rebuild: bool) -> None:
        """Let the tables be of this log, which has begun. Raises RefusedError."""
        place = self._store.position()
        if place is None:
            return
        if place.journal == self._log.id:
            if rebuild:
                log.warning("tables emptied, to be filled again", rows=self._store.rewind(0))
        elif new_journal:
            log.warning("tables put aside: they are of another journal", kept=self._store.set_aside())
        else:
            self._check_journal(place)

    def join(self) -> Joined:
        """Find the place, and bring the state there. TrimmedError, RewoundError or FileNotFoundError if the log changes
        meanwhile: then once more. RefusedError if it is another log now."""
        place = self._common()
        if place is None:
            return self._begin()
        try:
            return self._state_at(place)
        except TrimmedError:
            return self._begin_behind_hole(place)

    def _common(self) -> Place | None:
        """The last place that the log and the tables have; None if the tables are to begin. Removes the rows behind
        it."""
        place = self._store.position()
        if place is None:
            return None
        self._check_journal(place)
        try:
            if self._log.holds(place.sequence, place.crc):
                return place
        except TrimmedError:
            return place
        try:
            for sequence, crc in self._store.checkpoints():
                if sequence < place.sequence and self._log.holds(sequence, crc):
                    return self._rewind(sequence)
        except TrimmedError:
            log.warning("tables put aside: the journal shows no place that both have", kept=self._store.set_aside())
            return None
        # Nothing is removed for a journal that is gone.
        self._check_journal(place)
        return self._rewind(0)

    def _check_journal(self, place: Place) -> None:
        """RefusedError if the tables are of another journal, RewoundError if there is none."""
        journal = self._log.id
        if not journal:
            raise RewoundError(f"{self._name}: there is no journal any more")
        if journal != place.journal:
            raise RefusedError(
                f"the tables are of the journal {place.journal}, this is {journal}: bring that one back, or put the "
                "tables aside and begin new ones with --new-journal"
            )

    def _rewind(self, sequence: int) -> Place | None:
        before = self._store.position()
        removed = self._store.rewind(sequence)
        log.warning(
            "the journal does not hold what the tables hold: rows removed",
            rows=removed,
            after=sequence,
            upto=0 if before is None else before.sequence,
        )
        return self._store.position()

    def _begin(self) -> Joined:
        """Begin with the first record, or with the oldest snapshot where the first is gone."""
        try:
            follower, waiting = self._follow(0, None)
        except TrimmedError:
            return self._begin_at(self._heads()[::-1])
        place = Place(self._log.id, 0, 0, 0)
        self._store.begin(place)
        return Joined(place, State(Engine()), follower, waiting, begins=True)

    def _begin_behind_hole(self, place: Place) -> Joined:
        """Go on with the newest snapshot."""
        log.warning("the journal behind the tables is gone: they get a hole", after=place.sequence)
        return self._begin_at([(path, head) for path, head in self._heads() if head.sequence > place.sequence])

    def _begin_at(self, heads: list[tuple[Path, Head]]) -> Joined:
        """Begin behind the first of these snapshots that fits."""
        for path, head in heads:
            try:
                _, state = read_snapshot(path)
                follower, waiting = self._follow(head.sequence, head.crc)
            except (FileNotFoundError, SnapshotError, RewoundError, TrimmedError) as error:
                log.warning("snapshot not used", error=str(error))
                continue
            place = Place(head.journal, head.sequence, head.crc, head.time)
            self._store.begin(place)
            log.warning("tables begin with a snapshot: what was before it is not in them", sequence=head.sequence)
            return Joined(place, state, follower, waiting, begins=True)
        raise TrimmedError(f"{self._name}: there is no snapshot to begin with")

    def _state_at(self, place: Place) -> Joined:
        """The state at the place, from the newest snapshot up to there. TrimmedError if nothing brings it back."""
        for path, head in self._heads():
            if head.sequence > place.sequence:
                continue
            try:
                _, state = read_snapshot(path)
                return self._replay(place, state, head.crc)
            except (SnapshotError, RewoundError) as error:
                # The matcher would not use it either, or it is of what was cut off.
                log.warning("snapshot not used", error=str(error))
        return self._replay(place, State(Engine()), None)

    def _replay(self, place: Place, state: State, crc: int | None) -> Joined:
        """Bring the state to the place. Nobody hears of these records: the tables have them."""
        follower, batch = self._follow(state.sequence, crc)
        waiting: list[Logged] = []
        with ExitStack() as opened:
            opened.callback(follower.close)
            while True:
                for index, logged in enumerate(batch):
                    if logged.record.sequence > place.sequence:
                        waiting = batch[index:]
                        break
                    state.replay(logged.record)
                if waiting or state.sequence == place.sequence:
                    break
                if self._stop.wanted:
                    raise StoppedError
                if not (batch := follower.take()):
                    break
            if state.sequence != place.sequence:
                raise RewoundError(f"{self._name}: no record ends with sequence {place.sequence}")
            opened.pop_all()
        # Until something is written, the tables do not have what holds at their beginning.
        first = min(first for first, _ in self._store.coverage().values())
        begins = place.sequence + 1 == first
        return Joined(place, state, follower, waiting, begins)

    def _follow(self, after: Position, crc: int | None) -> tuple[Follower, list[Logged]]:
        """A follower, and the first records that it has taken."""
        follower = self._log.follow(after, crc)
        with ExitStack() as opened:
            opened.callback(follower.close)
            waiting = follower.take()
            opened.pop_all()
        return follower, waiting

    def _heads(self) -> list[tuple[Path, Head]]:
        """The snapshots of this log, newest first."""
        heads = [(path, head) for path, head in _readable(self._folders) if head.journal == self._log.id]
        return sorted(heads, key=lambda found: -found[1].sequence)


def _readable(folders: Sequence[Path]) -> Iterator[tuple[Path, Head]]:
    for path in (path for folder in folders for path in snapshots(folder)):
        try:
            yield path, read_head(path, ENGINE)
        except SnapshotError as error:
            log.warning("snapshot not used", error=str(error))
