"""Where tables go on: at the last place that they and the journal have."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from history.follower.start import Joined, RefusedError, Start
from history.follower.stop import Stop
from history.schema.database import sqlite_database
from history.writing.gather import StateGatherer
from history.writing.interface import Place
from history.writing.store import DatabaseStore, open_store
from matcher.core.digest import digest
from matcher.storage.journal_reader import JournalReader
from matcher.storage.log import RewoundError, TrimmedError
from matcher.storage.recovery import drop_superseded, recover
from matcher.storage.snapshot_file import snapshots
from matching_exchange.tools.history_rows import Rows, rows_of
from tests.unit.matcher.life import Life


@pytest.fixture
def life(tmp_path: Path) -> Life:
    return Life(tmp_path / "data")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DatabaseStore]:
    with closing(open_store(sqlite_database(tmp_path / "tables.sqlite"))) as opened:
        yield opened


def start_of(life: Life, store: DatabaseStore) -> Start:
    return Start(JournalReader(life.directory.journal), [life.directory.snapshots], "journal", store, Stop())


def follow(life: Life, store: DatabaseStore) -> Place:
    """Join, and write everything, each record in a transaction. Returns where that began."""
    joined = start_of(life, store).join()
    gatherer = StateGatherer(joined.state, store.last_candles(), begins=joined.begins)
    with closing(joined.follower) as follower:
        waiting, at = joined.waiting, joined.place.sequence
        while waiting:
            for logged in waiting:
                joined.state.replay(logged.record, gatherer.observe)
                if logged.position > at:
                    at = logged.position
                    store.write(gatherer.take(), Place(joined.place.journal, at, logged.crc, logged.record.time))
            waiting = follower.take()
    assert digest(joined.state.registry) == digest(life.state.registry)
    return joined.place


def joined(life: Life, store: DatabaseStore) -> Joined:
    found = start_of(life, store).join()
    found.follower.close()
    return found


def rows_of_fresh(life: Life, directory: Path) -> dict[str, Rows]:
    database = sqlite_database(directory / "fresh.sqlite")
    with closing(open_store(database)) as store:
        follow(life, store)
    return rows_of(database)


def own_rows(directory: Path) -> dict[str, Rows]:
    return rows_of(sqlite_database(directory / "tables.sqlite"))


def firsts(store: DatabaseStore) -> set[int]:
    return {first for first, _ in store.coverage().values()}


def live_on(life: Life, rounds: int) -> None:
    """Trade, and drop what is superseded, again and again: no reader is registered."""
    for _ in range(rounds):
        life.trade(10)
        life.snapshot()
        drop_superseded(life.directory, life.journal.drop_before, keep_journal=False)


def cut(life: Life, path: Path, size: int) -> Life:
    """The journal is cut to that size, as a power cut may do, and goes on."""
    life.journal.close()
    for later in life.directory.journal.glob("*.journal"):
        if later.name > path.name:
            later.unlink()
    os.truncate(path, size)
    recovered = recover(life.directory)
    life.journal, life.state = recovered.journal, recovered.state
    life.sent = life.state.sequence - len(life.state.registry.books)
    return life


def test_empty_tables_begin_with_the_first_record(life: Life, store: DatabaseStore) -> None:
    life.trade(10)
    assert follow(life, store) == Place(life.journal.id, 0, 0, 0)
    assert firsts(store) == {1}


def test_empty_tables_begin_with_the_oldest_snapshot_where_the_first_record_is_gone(
    life: Life, store: DatabaseStore, tmp_path: Path
) -> None:
    live_on(life, 4)
    life.trade(3)
    oldest = min(int(path.stem) for path in snapshots(life.directory.snapshots))
    assert follow(life, store).sequence == oldest
    assert firsts(store) == {oldest + 1}
    assert len(own_rows(tmp_path)["instruments"]) == len(life.state.registry.books)


def test_tables_go_on_where_they_were(life: Life, store: DatabaseStore, tmp_path: Path) -> None:
    for _ in range(3):
        life.trade(7)
        before = store.position()
        life.snapshot()
        assert follow(life, store) == (before or Place(life.journal.id, 0, 0, 0))
    life.trade(2)
    place = store.position()
    assert place is not None
    found = joined(life, store)
    assert (found.place, found.state.sequence, found.begins) == (place, place.sequence, False)
    assert digest(found.state.registry) == life.digests[place.sequence]
    assert next(logged.record.sequence for logged in found.waiting) == place.sequence + 1
    follow(life, store)
    assert own_rows(tmp_path) == rows_of_fresh(life, tmp_path)


def test_the_state_comes_from_an_older_snapshot_where_the_newest_is_damaged(
    life: Life, store: DatabaseStore, tmp_path: Path
) -> None:
    for _ in range(2):
        life.trade(5)
        life.snapshot()
    newest = max(life.directory.snapshots.iterdir())
    newest.write_bytes(newest.read_bytes()[:-10])
    follow(life, store)
    life.trade(2)
    with capture_logs() as logs:
        follow(life, store)
    assert "snapshot not used" in {line["event"] for line in logs}
    assert own_rows(tmp_path) == rows_of_fresh(life, tmp_path)


def test_a_death_before_the_first_rows_loses_no_instruments(life: Life, store: DatabaseStore, tmp_path: Path) -> None:
    live_on(life, 4)
    assert joined(life, store).begins
    assert joined(life, store).begins
    life.trade(1)
    follow(life, store)
    assert len(own_rows(tmp_path)["instruments"]) == len(life.state.registry.books)


def test_rows_behind_the_end_of_the_journal_are_removed(life: Life, store: DatabaseStore, tmp_path: Path) -> None:
    life.trade(4)
    path = max(life.directory.journal.glob("*.journal"))
    size = path.stat().st_size
    last = life.state.sequence
    life.trade(20)
    follow(life, store)
    shorter = cut(life, path, size)
    with capture_logs() as logs:
        found = joined(shorter, store)
    assert found.place.sequence == last
    [line] = [line for line in logs if line["event"].endswith("rows removed")]
    assert line["rows"] > 0
    assert line["after"] == last
    assert own_rows(tmp_path) == rows_of_fresh(shorter, tmp_path)


def test_rows_of_records_that_have_others_in_their_place_are_removed(
    life: Life, store: DatabaseStore, tmp_path: Path
) -> None:
    life.trade(4)
    path = max(life.directory.journal.glob("*.journal"))
    size = path.stat().st_size
    life.trade(3)
    follow(life, store)
    other = cut(life, path, size)
    other.trade(9)
    follow(other, store)
    assert own_rows(tmp_path) == rows_of_fresh(other, tmp_path)


def test_tables_get_a_hole_where_the_journal_behind_them_is_gone(
    life: Life, store: DatabaseStore, tmp_path: Path
) -> None:
    life.trade(5)
    follow(life, store)
    rows = own_rows(tmp_path)
    live_on(life, 5)
    newest = max(int(path.stem) for path in snapshots(life.directory.snapshots))
    life.trade(3)
    with capture_logs() as logs:
        assert follow(life, store).sequence == newest
    assert "the journal behind the tables is gone: they get a hole" in {line["event"] for line in logs}
    assert firsts(store) == {newest + 1}
    assert {*rows["trades"]} < {*own_rows(tmp_path)["trades"]}


def test_tables_are_put_aside_where_no_place_is_common(life: Life, store: DatabaseStore) -> None:
    """The journal ends before the tables, and what stood at their checkpoints is not in it any more."""
    life.trade(5)
    follow(life, store)
    live_on(life, 5)
    nothing = StateGatherer(life.state).take()
    store.write(nothing, Place(life.journal.id, life.state.sequence + 100, 1, 1))
    with capture_logs() as logs:
        follow(life, store)
    [line] = [line for line in logs if line["event"].startswith("tables put aside")]
    assert line["kept"]


def test_another_journal_is_refused_unless_it_is_wanted(life: Life, store: DatabaseStore, tmp_path: Path) -> None:
    life.trade(3)
    follow(life, store)
    other = Life(tmp_path / "other")
    other.trade(2)
    start = start_of(other, store)
    for rebuild in (False, True):
        with pytest.raises(RefusedError, match=f"{life.journal.id}, this is {other.journal.id}"):
            start.check(new_journal=False, rebuild=rebuild)
    start.check(new_journal=True, rebuild=False)
    assert follow(other, store).sequence == 0
    assert own_rows(tmp_path) == rows_of_fresh(other, tmp_path)


def test_nothing_is_removed_for_a_journal_that_is_gone_or_another_one(
    life: Life, store: DatabaseStore, tmp_path: Path
) -> None:
    life.trade(3)
    follow(life, store)
    rows = own_rows(tmp_path)
    folder = life.directory.journal
    folder.rename(tmp_path / "away")
    with pytest.raises(RewoundError, match="there is no journal any more"):
        start_of(life, store).join()
    other = Life(tmp_path / "other")
    other.trade(9)
    other.directory.journal.rename(folder)
    with pytest.raises(RefusedError, match="bring that one back"):
        start_of(life, store).join()
    assert own_rows(tmp_path) == rows


def test_a_rebuild_begins_with_the_first_record(life: Life, store: DatabaseStore, tmp_path: Path) -> None:
    life.trade(10)
    life.snapshot()
    follow(life, store)
    start_of(life, store).check(new_journal=False, rebuild=True)
    assert follow(life, store).sequence == 0
    assert own_rows(tmp_path) == rows_of_fresh(life, tmp_path)


def test_a_journal_that_is_gone_with_its_snapshots_is_told(life: Life, store: DatabaseStore) -> None:
    live_on(life, 4)
    for path in snapshots(life.directory.snapshots):
        path.unlink()
    with pytest.raises(TrimmedError, match="there is no snapshot to begin with"):
        start_of(life, store).join()
