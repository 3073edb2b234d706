"""What really happened: the journal carried out again from its first record, or from a snapshot on."""

from collections.abc import Callable
from pathlib import Path

from matcher.engine import Engine
from matcher.reply import Reply
from matcher.state import Caused, State
from matcher.storage.data_directory import DataDirectory
from matcher.storage.journal import Journal
from matcher.storage.journal_format import Place
from matcher.storage.snapshot import read_snapshot
from matcher.storage.snapshot_file import snapshots
from protocol.events import Answer

Watch = Callable[[Engine, int, Caused, Answer], None]
"""Gets each command in order, after its frame: the engine, the time, the events, the answer."""


def replay(data: Path, watch: Watch) -> State:
    """The state after the whole journal of the data directory. Raises JournalError if it is damaged."""
    with DataDirectory(data) as directory:
        state = State(Engine())

        def observe(reply: Reply, every: list[Caused]) -> None:
            for caused, answer in zip(every, reply.answers, strict=True):
                watch(state.engine, reply.timestamp, caused, answer)

        for record in Journal(directory.journal).records():
            state.replay(record, observe)
        return state


def recover_from_snapshots(data: Path) -> list[tuple[str, State]]:
    """The state after each snapshot and the rest of the journal, with the snapshot's name, newest first."""
    with DataDirectory(data) as directory:
        states = []
        for path in snapshots(directory.snapshots):
            head, state = read_snapshot(path)
            for record in Journal(directory.journal).records(Place(head.journal, head.sequence, head.crc)):
                state.replay(record)
            states.append((path.name, state))
        return states
