"""The loop of the follower, without a process."""

from pathlib import Path

import pytest

from history.follower.loop import Loop
from history.follower.meter import Progress
from history.follower.retrier import Retrier
from history.follower.start import Joined
from history.follower.stop import Stop
from history.schema.database import sqlite_database
from history.writing.gather import StateGatherer
from history.writing.interface import Place, StoreRefusedError
from history.writing.store import open_store
from matcher.engine import Engine
from matcher.state import State
from matcher.storage.journal_reader import JournalReader
from tests.history_tables import JOURNAL


def test_a_file_that_is_gone_ends_a_loop_that_has_nothing_to_write(tmp_path: Path) -> None:
    database = sqlite_database(tmp_path / "history.sqlite")
    store = open_store(database)
    place = Place(JOURNAL, 0, 0, 0)
    store.begin(place)
    state = State(Engine())
    joined = Joined(place, state, JournalReader(tmp_path / "journal").follow(0), [], begins=True)
    stop = Stop()
    loop = Loop(joined, StateGatherer(state, [], begins=True), store, stop, Retrier(stop), lambda _: None, Progress())
    for file in tmp_path.glob("history.sqlite*"):
        file.unlink()
    with pytest.raises(StoreRefusedError, match="the file was removed or replaced"):
        loop.run()
    store.close()
