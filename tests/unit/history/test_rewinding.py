"""A rewind leaves what a history would hold that had never gone further: also candles that began long before."""

from collections.abc import Iterator
from typing import Any

import pytest

from history.candles.folding import Folder
from history.candles.intervals import DAY, HOUR, MINUTE, SECOND
from history.schema.candle_rows import candle_row
from history.schema.database import Database
from history.schema.tables import CANDLES_1S, CANDLES_BELOW_1D
from history.writing.interface import Place
from history.writing.rows import TableRows
from history.writing.store import DatabaseStore, open_store
from tests.history_tables import JOURNAL, Rows, tables_of
from tests.oracle.naive_candles import naive_candles

BEGIN = 1_709_164_800 * SECOND
"""The 29th of February 2024, a Thursday, at midnight."""

TIMES = [
    BEGIN + after
    for after in (
        0, 1, SECOND, MINUTE + 1, 4 * MINUTE, 6 * HOUR, 6 * HOUR + 1, 23 * HOUR, DAY - 1, DAY, 2 * DAY + 5, 2 * DAY + 6, 4 * DAY,
        4 * DAY + HOUR, 5 * DAY, 9 * DAY, 40 * DAY, 40 * DAY + MINUTE,
    )
]  # fmt: skip


@pytest.fixture
def store(database: Database) -> Iterator[DatabaseStore]:
    store = open_store(database, keep_days=2)
    yield store
    store.close()


def fill(store: DatabaseStore, times: list[int], folder: Folder, first: int = 1) -> None:
    """Write one trade of two symbols by turns at each time, in a transaction of its own, with an order and two fills."""
    for sequence, time in enumerate(times, first):
        symbol, trade_id = f"{'AB'[sequence % 2]}-USD", (sequence + 1) // 2
        trade = (
            symbol,
            trade_id,
            time,
            100 + sequence * 7 % 11,
            sequence,
            1 + sequence % 2,
            1,
            2,
            "ann",
            "bob",
            0,
            0,
            sequence,
        )
        rows = TableRows(
            instruments=[(symbol, sequence, time, "A", "USD", 2, 2, 1, b"")] if sequence <= 2 else [],
            trades=[trade],
            fills=[("ann", sequence, trade_id, 1, symbol, 1), ("bob", sequence, trade_id, 0, symbol, 2)],
            orders=[
                (sequence, trade_id, sequence, "ann", symbol, None, 1, 1, None, None, 4, None, 5, 5, "500", sequence, time, sequence,
                 time, None)
            ],
            movements=[("ann", sequence, 0, time, 1, "USD", "1", str(sequence), None, None, None, None, None)],
        )  # fmt: skip
        rows.candles = [candle_row(*changed) for changed in folder.add(rows.trades)]
        store.write(rows, Place(JOURNAL, sequence, sequence, time))


def filled(store: DatabaseStore, times: list[int]) -> None:
    store.begin(Place(JOURNAL, 0, 0, 0))
    fill(store, times, Folder())


def upto(rows: Rows, sequence: int) -> Rows:
    """What holds no candle that has changed later: those of the trades that are left."""
    places = {"instruments": 1, "trades": 12, "fills": 1, "orders": 17, "movements": 1}
    left: Rows = {
        name: [row for row in found if row[places[name]] <= sequence] for name, found in rows.items() if name in places
    }
    left["candles"] = naive_candles(left["trades"])
    return left


@pytest.mark.parametrize("sequence", [1, 4, 6, 9, 11, 12, 15, 17])
def test_a_rewind_leaves_no_trace_of_later_trades(database: Database, store: DatabaseStore, sequence: int) -> None:
    filled(store, TIMES)
    whole = tables_of(database)
    removed = store.rewind(sequence)
    left = upto(whole, sequence)
    assert removed >= sum(len(whole[name]) - len(left[name]) for name in whole)
    assert store.position() == Place(JOURNAL, sequence, sequence, TIMES[sequence - 1])
    assert tables_of(database) == left
    fill(store, TIMES[sequence:], Folder(store.last_candles()), sequence + 1)
    assert tables_of(database) == whole


def retire_all(store: DatabaseStore, time: int) -> int:
    removed = 0
    while some := store.retire(time):
        removed += some
    return removed


def test_old_rows_are_retired_by_whole_days(database: Database, store: DatabaseStore) -> None:
    """With two days kept, at noon of the tenth day: what is older than the midnight two days before."""
    filled(store, TIMES[:16])
    before = tables_of(database)
    now = BEGIN + 7 * DAY + HOUR
    assert retire_all(store, now) > 0
    cut = BEGIN + 5 * DAY
    after = tables_of(database)
    assert after["trades"] == [row for row in before["trades"] if row[2] >= cut]
    kept = {row[12] for row in after["trades"]}
    assert after["fills"] == [row for row in before["fills"] if row[1] in kept]
    assert after["orders"] == [row for row in before["orders"] if row[18] >= cut]
    assert after["movements"] == before["movements"]
    assert after["instruments"] == before["instruments"]
    long = ("1d", "3d", "1w", "1M")
    assert after["candles"] == [
        row
        for row in before["candles"]
        if row[1] in long or (row[2] >= cut and (row[1] != "1s" or row[2] >= now - 25 * HOUR))
    ]
    coverage = store.coverage()
    assert coverage["trades"] == coverage["fills"] == coverage["orders"] == coverage[CANDLES_BELOW_1D] == (15, cut)
    assert coverage[CANDLES_1S] == (16, now - 25 * HOUR)
    assert coverage["candles"] == coverage["movements"] == (1, 0)
    assert retire_all(store, now) == 0


def test_a_rewind_after_rows_were_retired(database: Database, store: DatabaseStore) -> None:
    """It goes only to where all that it needs is left."""
    filled(store, TIMES[:16])
    long = [row for row in tables_of(database)["candles"] if row[1] in ("1d", "3d", "1w", "1M")]
    retire_all(store, BEGIN + 6 * DAY)
    left = [sequence for sequence, _ in store.checkpoints()]
    assert left == [16, 15, 14, 13, 12]
    store.rewind(14)
    fill(store, TIMES[14:16], Folder(store.last_candles()), 15)
    assert [row for row in tables_of(database)["candles"] if row[1] in ("1d", "3d", "1w", "1M")] == long


def test_seconds_go_after_a_day_though_all_else_is_kept(database: Database) -> None:
    store = open_store(database)
    filled(store, TIMES)
    before = tables_of(database)
    retire_all(store, TIMES[-1] + 26 * HOUR)
    after = tables_of(database)
    assert [row for row in before["candles"] if row[1] != "1s"] == after["candles"]
    assert {name: rows for name, rows in before.items() if name != "candles"} == {
        name: rows for name, rows in after.items() if name != "candles"
    }
    store.close()


def test_a_call_removes_a_bounded_number(store: DatabaseStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("history.writing.retiring.ROWS", 3)
    filled(store, TIMES)
    some: list[Any] = []
    while removed := store.retire(TIMES[-1] + 9 * DAY):
        some.append(removed)
    assert max(some) <= 3 * 3
    assert sum(some) > 60
