"""Where a node stands in its log, and the state there."""

from msgspec import Struct

from matcher.state import State
from matcher.storage.crash_notes import CrashedCommand
from matcher.storage.log import Position


class Standing(Struct):
    """A node, behind a record of its log.

    log_id: of the log; empty before its first record.
    position, crc: those of the record; zero before the first.
    epoch: of the record.
    log_bytes: what the log holds up to there.
    poisons: the commands that every node refuses, the last ones.
    snapshot_position, snapshot_digest: those of the snapshot that the state comes from; zero and empty without one.
    snapshot_sequence: the last command in it.
    """

    state: State
    log_id: str = ""
    position: Position = 0
    crc: int = 0
    epoch: int = 0
    log_bytes: int = 0
    poisons: list[CrashedCommand] = []
    snapshot_position: Position = 0
    snapshot_digest: str = ""
    snapshot_sequence: int = 0
