"""Exports of the golden journals, and what tests compare them with."""

import csv
import shutil
from pathlib import Path
from typing import Final

from history.schema.database import Database, sqlite_database
from history.writing.gather import StateGatherer
from history.writing.interface import Place
from history.writing.store import open_store
from matcher.engine import Engine
from matcher.state import State, unobserved
from matcher.storage.journal_reader import JournalReader
from matcher.storage.snapshot import write_snapshot
from matching_exchange.tools.export.__main__ import main
from tests.exchange import ROOT

JOURNALS: Final = ("golden_compiled", "golden_money", "golden_protection", "golden_rebuild")

SYMBOLS: Final = ("BTC-USDT", "ETH-USDT")


def data_directory(name: str, directory: Path) -> Path:
    """A data directory with a copy of that golden journal."""
    data = directory / name
    shutil.copytree(ROOT / "tests" / "data" / name / "journal", data / "journal")
    return data


def export(data: Path, kind: str, output: str, *flags: str) -> Path:
    """The file of an export from the data directory, which ends well. It replaces an earlier one."""
    path = data.parent / output
    assert main([kind, str(path), "--data-dir", str(data), "--force", *flags], {}) == 0
    return path


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def replayed(data: Path, last: int | None = None) -> State:
    """The state after all records of the journal whose first sequence is not above `last`."""
    state = State(Engine())
    for logged in JournalReader(data / "journal").read(0):
        if last is not None and logged.record.sequence > last:
            break
        state.replay(logged.record)
    return state


def fill_tables(data: Path, behind: int = 0, database: Database | None = None) -> None:
    """Fill the tables of the data directory, or of a database, with what its journal tells behind the record of that
    sequence."""
    reader = JournalReader(data / "journal")
    state = State(Engine())
    gatherer: StateGatherer | None = None
    store = open_store(database or sqlite_database(data / "history" / "history.sqlite"))
    crc = 0
    for logged in reader.read(0):
        if gatherer is None and state.sequence >= behind:
            gatherer = StateGatherer(state, begins=True)
            store.begin(Place(reader.id, state.sequence, crc, state.time))
        state.replay(logged.record, unobserved if gatherer is None else gatherer.observe)
        crc = logged.crc
    assert gatherer is not None, "the journal goes on behind that sequence"
    store.write(gatherer.take(), Place(reader.id, state.sequence, crc, state.time))
    store.close()


def keep_snapshot(data: Path, least: int) -> int:
    """Write a snapshot of the first state whose sequence is not below `least`. Returns that."""
    reader = JournalReader(data / "journal")
    state = State(Engine())
    for logged in reader.read(0):
        state.replay(logged.record)
        if state.sequence >= least:
            write_snapshot(data / "snapshots", state, reader.id, logged.crc)
            return state.sequence
    raise AssertionError("the journal goes on behind that sequence")
