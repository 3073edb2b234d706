"""States of the history's own, as snapshots: a start goes on from the last one. So the log may be trimmed up to it.

The nodes keep two snapshots each, which are soon newer than the tables of a history that is stopped.
"""

import select
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from history.writing.interface import Place
from matcher.replication.by_sequence import SequenceFollower
from matcher.serving.forked import Forked
from matcher.state import State
from matcher.storage.snapshot import write_snapshot
from matcher.storage.snapshot_file import snapshots

if TYPE_CHECKING:
    from matcher.storage.log import Position

EVERY_COMMANDS: Final = 250_000
EVERY_SECONDS: Final = 600.0
"""After so many commands, or so long if there were any, a state is written."""

KEPT: Final = 2

log = structlog.get_logger("history")


class OwnStates:
    """In the folder. kept: the position in the log of the last one that this process has written; 0 before the
    first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept: Position = 0
        self._child: Forked | None = None
        self._of_child: Position = 0
        self._sequence: Position | None = None
        self._begun_at = time.monotonic()

    def turn(self, place: Place, state: State, follower: SequenceFollower) -> None:
        """The state is at this place. Write it in a child if that is due, and take in what a child has done."""
        if self._child is not None:
            if select.select([self._child.descriptor], [], [], 0)[0]:
                self._collect(self._child)
            return
        if self._sequence is None:
            self._sequence = place.sequence
        commands = place.sequence - self._sequence
        if not commands or (commands < EVERY_COMMANDS and time.monotonic() - self._begun_at < EVERY_SECONDS):
            return
        self._sequence, self._begun_at = place.sequence, time.monotonic()
        self._of_child = follower.reached(place.sequence)
        try:
            self._child = Forked(lambda: self._write(place, state))
        except OSError as error:
            log.error("state not written: it is tried later", error=str(error))

    def end(self, place: Place, state: State, follower: SequenceFollower) -> None:
        """The log is not followed any more: write the state now."""
        if self._child is not None:
            self._child.kill()
            self._child = None
        if place.sequence == 0 or place.sequence == self._sequence:
            return
        try:
            self._write(place, state)
        except OSError as error:
            log.error("state not written: the next start replays more", error=str(error))
        else:
            self._sequence, self.kept = place.sequence, follower.reached(place.sequence)

    def _collect(self, child: Forked) -> None:
        self._child = None
        if child.result() is None:
            log.error("state not written: it is tried later")
        else:
            self.kept = self._of_child

    def _write(self, place: Place, state: State) -> str:
        path = write_snapshot(self.folder, state, place.journal, place.crc)
        for old in [each for each in snapshots(self.folder) if each != path][KEPT - 1 :]:
            old.unlink()
        return str(path)
