"""What really happened: the journal carried out again from its first record, or from a snapshot on."""

from collections.abc import Callable, Sequence
from pathlib import Path

from matcher.engine import Engine
from matcher.reply import Reply
from matcher.state import Caused, State
from matcher.storage.data_directory import DataDirectory
from matcher.storage.journal import Journal
from matcher.storage.journal_format import Place
from matcher.storage.snapshot import read_snapshot
from matcher.storage.snapshot_file import snapshots
from protocol.commands import OwnCommand
from protocol.events import Answer

Watch = Callable[[Engine, int, Caused, Answer], None]
"""Gets each command in order, after its frame: the engine, the time, the events, the answer."""


class _WatchedState(State):
    def __init__(self, watch: Watch) -> None:
        super().__init__(Engine())
        self._watch = watch

    def apply(
        self,
        session: int,
        number: int,
        commands: Sequence[OwnCommand],
        time: int,
        is_over: Callable[[], bool] | None = None,
    ) -> tuple[Reply, list[Caused]]:
        reply, every = super().apply(session, number, commands, time, is_over)
        for caused, answer in zip(every, reply.answers, strict=True):
            self._watch(self.engine, time, caused, answer)
        return reply, every


def replay(data: Path, watch: Watch) -> State:
    """The state after the whole journal of the data directory. Raises JournalError if it is damaged."""
    with DataDirectory(data) as directory:
        state = _WatchedState(watch)
        for record in Journal(directory.journal).records():
            state.replay(record)
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
