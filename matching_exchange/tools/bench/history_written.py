"""python -m matching_exchange.tools.bench.history_written DIRECTORY: how quickly a history follows the journal in the
directory, into tables of SQLite there, while another process reads them.

The same rows then go into tables of another file by a bare `executemany` of the driver.
"""

import gc
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Final

import msgspec

from history.schema.database import sqlite_database
from history.schema.tables import candles, fills, instruments, movements, orders, trades
from history.writing.backend import placed, replacing
from history.writing.gather import StateGatherer
from history.writing.interface import Place
from history.writing.rows import TableRows
from history.writing.sqlite import SETTINGS
from history.writing.store import open_store
from matcher.core.digest import digest
from matcher.engine import Engine
from matcher.state import State
from matcher.storage.journal import Journal
from matching_exchange.tools.bench.cores import Measured

BATCH: Final = 10_000
"""Commands of a transaction, as a history takes them that is behind."""

TABLES: Final = (trades, fills, orders, movements, instruments, candles)


class HistoryWritten(Measured, frozen=True):
    """The seconds of each part of the way, and of the bare `executemany`.

    digest: that of the engine that followed.
    processor: the processor time of the whole way, in seconds.
    rows, bare_rows: those in the tables of each file, by table.
    pages: what was read meanwhile.
    """

    digest: str
    commands: int
    replay: float
    take: float
    write: float
    processor: float
    bare: float
    rows: dict[str, int]
    bare_rows: dict[str, int]
    pages: int


def measure(directory: Path) -> HistoryWritten:
    gc.freeze()
    gc.disable()
    path = directory / "history.sqlite"
    store = open_store(sqlite_database(path))
    store.begin(Place("bench", 0, 0, 0))
    state = State(Engine())
    gatherer = StateGatherer(state, begins=True)
    batches: list[TableRows] = []
    replay = take = write = 0.0
    processor = time.process_time()
    with _reader(path) as pages:
        records = iter(Journal(directory / "journal").records())
        ended = False
        while not ended:
            begun, last = time.perf_counter(), state.sequence + BATCH
            ended = True
            for record in records:
                state.replay(record, gatherer.observe)
                if state.sequence >= last:
                    ended = False
                    break
            replayed = time.perf_counter()
            rows = gatherer.take()
            taken = time.perf_counter()
            store.write(rows, Place("bench", state.sequence, 0, state.time))
            written = time.perf_counter()
            replay, take, write = replay + replayed - begun, take + taken - replayed, write + written - taken
            batches.append(rows)
    processor = time.process_time() - processor
    store.close()
    bare_path = directory / "bare.sqlite"
    open_store(sqlite_database(bare_path)).close()
    with _reader(bare_path):
        bare = _write_bare(bare_path, batches)
    return HistoryWritten(
        digest(state.registry),
        state.sequence,
        replay,
        take,
        write,
        processor,
        bare,
        _count(path),
        _count(bare_path),
        pages[0],
    )


def _write_bare(path: Path, batches: list[TableRows]) -> float:
    """Write the rows with nothing around. Returns the seconds."""
    statements = [(table.name, (replacing if table is candles else placed)(table, "", "?")) for table in TABLES]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for setting in SETTINGS:
            connection.execute(setting)
        begun = time.perf_counter()
        for rows in batches:
            connection.execute("BEGIN IMMEDIATE")
            for name, statement in statements:
                connection.executemany(statement, getattr(rows, name))
            connection.execute("COMMIT")
        return time.perf_counter() - begun


def _count(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as connection:
        counts = {}
        for table in TABLES:
            [(counts[table.name],)] = connection.execute(f"SELECT count(*) FROM {table.name}")  # noqa: S608
        return counts


@contextmanager
def _reader(path: Path) -> Iterator[list[int]]:
    """Let another process read all the while. The list has the number of pages after it."""
    pages: list[int] = []
    module = "matching_exchange.tools.bench.history_reader"
    with Popen([sys.executable, "-m", module, str(path)], stdin=PIPE, stdout=PIPE) as process:  # noqa: S603
        assert process.stdout is not None
        process.stdout.readline()
        yield pages
        told, _ = process.communicate()
        pages.append(int(told))


if __name__ == "__main__":
    print(msgspec.json.encode(measure(Path(sys.argv[1]))).decode())
