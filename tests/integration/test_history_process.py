"""The history beside a real matcher: whatever dies and comes back, the tables are those of a fresh follower."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from history.schema.database import sqlite_database
from matching_exchange.process.command_line import EXIT_FAILED
from matching_exchange.tools.history_rows import Rows
from tests.exchange import PATIENCE, ROOT, Matcher, wait_until
from tests.history_process import HistoryProcess
from tests.integration.history_load import SYMBOLS, Load
from tests.postgres import Server

KEEP_ALL = "--keep-journal=all"

Make = Callable[..., HistoryProcess]


@pytest.fixture
def make_history(tmp_path: Path) -> Iterator[Make]:
    made: list[HistoryProcess] = []

    def make(matcher: Matcher, *flags: str, database: str = "", data: Path | None = None) -> HistoryProcess:
        directory = tmp_path / f"history-{len(made)}"
        directory.mkdir()
        made.append(HistoryProcess(directory, data or matcher.data, *flags, database=database))
        return made[-1]

    yield make
    for history in made:
        history.close()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Matcher]:
    matcher = Matcher(tmp_path, KEEP_ALL, "--snapshot-every=500", "--sync=off")
    yield matcher
    matcher.close()


def rows_of_fresh(matcher: Matcher, make: Make, tmp_path: Path, sequence: int) -> dict[str, Rows]:
    """The rows of a follower that begins with the first record of the same journal."""
    data = tmp_path / "fresh"
    shutil.copytree(matcher.data / "journal", data / "journal")
    fresh = make(matcher, data=data)
    fresh.start()
    fresh.wait_until_at(sequence)
    fresh.stop()
    return fresh.rows()


def refused(history: HistoryProcess, *flags: str) -> str:
    """The line of a process that ends with status 1."""
    history.arguments += flags
    history.start()
    assert history.process is not None
    assert history.process.wait(PATIENCE) == EXIT_FAILED
    history.process = None
    [*_, line] = history.log.read_text().splitlines()
    return line


def test_trades_are_in_the_tables_soon_whoever_starts_first(own: Matcher, make_history: Make, tmp_path: Path) -> None:
    history = make_history(own)
    history.start()
    wait_until(lambda: history.records("waiting for a journal"), "a follower that waits")
    own.restart()
    load = Load(1)
    sequence = load.send(own, 300)
    history.wait_until_at(sequence)
    assert len(history.rows()["trades"]) > 20
    history.stop()
    sequence = load.send(own, 1_200)
    history.start()
    history.wait_until_at(sequence)
    own.stop()
    own.restart()
    sequence = load.send(own, 300)
    history.wait_until_at(sequence)
    history.stop()
    assert history.rows() == rows_of_fresh(own, make_history, tmp_path, sequence)


def test_after_kills_of_both_the_tables_are_those_of_a_fresh_follower(
    own: Matcher, make_history: Make, tmp_path: Path
) -> None:
    history = make_history(own)
    own.restart()
    history.start()
    load = Load(2)
    for kill in range(6):
        with own.client() as client:
            client.send([load.draw() for _ in range(400)])
            for _ in range(60 * kill):
                client.receive()
            history.kill()
            if kill % 2:
                own.kill()
                own.restart()
            history.start()
    sequence = load.send(own, 10)
    history.wait_until_at(sequence)
    history.stop()
    rows = history.rows()
    assert len(rows["trades"]) > 300
    assert rows == rows_of_fresh(own, make_history, tmp_path, sequence)


def test_rows_behind_the_end_of_a_journal_are_removed_while_it_runs(
    own: Matcher, make_history: Make, tmp_path: Path
) -> None:
    """As after a power cut with MATCHER_SYNC=off."""
    own.restart()
    history = make_history(own)
    history.start()
    load = Load(3)
    history.wait_until_at(load.send(own, 100))
    own.stop()
    [segment] = (own.data / "journal").glob("*.journal")
    size = segment.stat().st_size
    own.restart()
    history.wait_until_at(load.send(own, 200))
    own.kill()
    os.truncate(segment, size)
    [removed] = wait_until(
        lambda: history.records("the journal does not hold what the tables hold: rows removed"), "a rewind"
    )
    assert removed["rows"] > 0
    own.restart()
    sequence = load.send(own, 300)
    history.wait_until_at(sequence)
    history.stop()
    assert history.rows() == rows_of_fresh(own, make_history, tmp_path, sequence)


@pytest.fixture
def trimming(tmp_path: Path) -> Iterator[Matcher]:
    """A matcher with short segments, of which it keeps only what is needed."""
    matcher = Matcher(tmp_path, "--snapshot-every=200", "--sync=off")
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nif 'matcher' in sys.orig_argv:\n    from matcher.storage import journal\n"
        "    journal.Journal.__init__.__defaults__ = (journal.DiskFile, 4_000)\n"
    )
    matcher.environment["PYTHONPATH"] = f"{tmp_path}{os.pathsep}{ROOT}"
    yield matcher
    matcher.close()


def live_on(matcher: Matcher, load: Load) -> int:
    """Go on until the first segments are ones that recovery does not need. Returns the last sequence."""
    sequence = load.send(matcher, 1)
    for _ in range(8):
        before = len(matcher.records("snapshot written"))
        sequence = load.send(matcher, 250)
        wait_until(partial(_has_written, matcher, before), "a snapshot")
    return sequence


def _has_written(matcher: Matcher, before: int) -> bool:
    return len(matcher.records("snapshot written")) > before


def first_record(matcher: Matcher) -> int:
    return min(int(path.stem) for path in (matcher.data / "journal").glob("*.journal"))


def test_a_history_that_is_behind_finds_what_it_needs(trimming: Matcher, make_history: Make) -> None:
    trimming.restart()
    load = Load(4)
    history = make_history(trimming)
    history.start()
    wait_until(lambda: history.records("history follows"), "a follower")
    # Several turns: a segment that ends with the snapshot would be needed whole.
    for _ in range(10):
        load.send(trimming, 50)
    wait_until(lambda: trimming.records("snapshot written"), "a snapshot before its position")
    at = load.send(trimming, 100)
    history.wait_until_at(at)
    history.stop()
    live_on(trimming, load)
    assert 1 < first_record(trimming) <= at
    history.start()
    history.wait_until_at(load.send(trimming, 10))
    history.stop()
    assert not history.records("the journal behind the tables is gone: they get a hole")
    assert {first for _, first, _ in history.rows()["coverage"]} == {1}
    trades = [(symbol, trade_id) for symbol, trade_id, *_ in history.rows()["trades"]]
    assert len(trades) > 100
    for symbol in SYMBOLS:
        numbers = [trade_id for name, trade_id in trades if name == symbol]
        assert numbers == list(range(1, len(numbers) + 1))


def test_beyond_its_bound_a_history_gets_a_hole_and_tells_it(trimming: Matcher, make_history: Make) -> None:
    trimming.restart()
    load = Load(5)
    history = make_history(trimming, "--max-lag-bytes=1000")
    history.start()
    at = load.send(trimming, 300)
    history.wait_until_at(at)
    history.stop()
    live_on(trimming, load)
    assert trimming.records("a reader of the journal is too far behind: nothing is kept for it")
    assert first_record(trimming) > at
    history.start()
    history.wait_until_at(load.send(trimming, 10))
    history.stop()
    assert history.records("the journal behind the tables is gone: they get a hole")
    [first] = {first for _, first, _ in history.rows()["coverage"]}
    assert first > first_record(trimming)
    assert first_record(trimming) > 1


def test_another_journal_is_refused_unless_it_is_wanted(make_history: Make, tmp_path: Path) -> None:
    matchers = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        matchers.append(Matcher(tmp_path / name, KEEP_ALL))
        matchers[-1].restart()
    database = f"sqlite:///{tmp_path}/both.sqlite"
    first = make_history(matchers[0], database=database)
    first.start()
    first.wait_until_at(Load(5).send(matchers[0], 50))
    first.stop()
    sequence = Load(6).send(matchers[1], 80)
    line = refused(make_history(matchers[1], database=database))
    assert line.startswith("history: the tables are of the journal ")
    assert "--new-journal" in line
    second = make_history(matchers[1], "--new-journal", database=database)
    second.start()
    second.wait_until_at(sequence)
    second.stop()
    [aside] = second.records("tables put aside: they are of another journal")
    assert aside["kept"]
    plain = make_history(matchers[1])
    plain.start()
    plain.wait_until_at(sequence)
    plain.stop()
    assert second.rows() == plain.rows()
    for matcher in matchers:
        matcher.close()


def test_a_second_follower_is_refused(own: Matcher, make_history: Make) -> None:
    own.restart()
    history = make_history(own)
    history.start()
    wait_until(lambda: history.records("history follows"), "a follower")
    line = refused(make_history(own))
    assert line == (
        f"history: the journal of {own.data} is followed by process {history.running.pid} already: stop that one"
    )


def test_a_rebuild_gives_the_same_rows(own: Matcher, make_history: Make) -> None:
    own.restart()
    history = make_history(own)
    history.start()
    sequence = Load(7).send(own, 900)
    history.wait_until_at(sequence)
    history.stop()
    rows = history.rows()
    again = make_history(own, "--rebuild")
    again.start()
    wait_until(lambda: again.records("tables emptied, to be filled again"), "a rebuild")
    again.wait_until_at(sequence)
    again.stop()
    assert again.rows() == rows


def test_a_damaged_journal_ends_it_with_one_line(own: Matcher, make_history: Make) -> None:
    own.restart()
    Load(8).send(own, 100)
    own.stop()
    [segment] = (own.data / "journal").glob("*.journal")
    with segment.open("r+b") as file:
        file.seek(300)
        file.write(b"\xff" * 20)
    line = refused(make_history(own))
    assert line.startswith(f"history: {segment}: damaged at byte ")


def test_a_stop_in_the_middle_of_a_long_way_is_clean(own: Matcher, make_history: Make) -> None:
    own.restart()
    load = Load(9)
    for _ in range(5):
        sequence = load.send(own, 2_000)
    history = make_history(own)
    history.start()
    wait_until(lambda: history.records("history follows"), "a follower")
    history.stop(signal.SIGTERM)
    history.start()
    wait_until(lambda: len(history.records("history follows")) == 2, "a second follower")
    history.wait_until_at(sequence)
    history.stop(signal.SIGINT)
    assert sqlite_database(own.data / "history" / "history.sqlite") == history.database


def test_after_crashes_of_its_database_server_no_row_is_missing_or_double(
    own: Matcher, make_history: Make, postgres: Server, tmp_path: Path
) -> None:
    own.restart()
    history = make_history(own, database=postgres.url(postgres.make_database()))
    history.start()
    load = Load(10)
    for crash in range(3):
        history.wait_until_at(load.send(own, 300))
        with own.client() as client:
            client.send([load.draw() for _ in range(500)])
            postgres.kill()
            if crash == 1:
                history.kill()
                history.start()
            postgres.start()
    sequence = load.send(own, 10)
    history.wait_until_at(sequence)
    history.stop()
    assert history.records("the database works again")
    assert history.rows() == rows_of_fresh(own, make_history, tmp_path, sequence)


def test_the_password_of_a_database_is_never_shown(own: Matcher, make_history: Make) -> None:
    own.restart()
    history = make_history(own, database="postgresql://someone:hunter2@127.0.0.1:1/nowhere")
    history.start()
    wait_until(lambda: history.records("the database fails: it is asked again"), "a database that fails")
    history.stop()
    assert "hunter2" not in history.log.read_text()
