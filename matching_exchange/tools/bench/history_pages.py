"""python -m matching_exchange.tools.bench.history_pages FILE TRADES SEED: how long pages of a history of so many trades
take, warm.

The trades come in bursts, some each day for years: so every interval has many candles. Candles of a second are there of
the last day only, as the history keeps them.
"""

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, create_engine, select

from history.candles.folding import Folder
from history.candles.intervals import DAY, INTERVALS, SECOND
from history.schema.candle_rows import candle_row
from history.schema.database import Database, sqlite_database
from history.schema.tables import candles, instruments, trades
from history.writing.interface import Place
from history.writing.rows import TableRows
from history.writing.store import open_store
from matching_exchange.tools.bench.cores import Measured
from matching_exchange.tools.bench.distribution import at_percentile

SYMBOL: Final = "BTC-USDT"
BEGIN: Final = 1_000_000_000 * SECOND - 1_000_000_000 * SECOND % DAY
BURSTS: Final = 60
"""Seconds of a day in which something trades."""

PER_BURST: Final = 20
CHUNK: Final = 100_000
"""Trades of a transaction."""

PAGE: Final = 1_000
PAGES: Final = 200
"""Pages that are read of each kind."""

WARM_UP: Final = 20
"""Pages of each kind before these."""


class HistoryPages(Measured, frozen=True):
    """Milliseconds: the 99th percentile of a page of 1,000 trades, and of 1,000 candles by interval. `trades` is how
    many there are."""

    trades: int
    pages: dict[str, float]


def rows_of(count: int, random: Random) -> Iterator[tuple[Any, ...]]:
    """Rows of `trades`: a price that walks, and a hundred accounts."""
    price, trade_id, day = 6_000_000, 0, BEGIN
    while trade_id < count:
        for second in sorted(random.sample(range(86_400), BURSTS)):
            for place in range(PER_BURST):
                trade_id += 1
                price = max(1, price + random.randrange(-200, 201))
                maker, taker = random.randrange(100), random.randrange(100)
                stamp = day + second * SECOND + place * SECOND // PER_BURST
                yield (
                    SYMBOL, trade_id, stamp, price, 1_000 * random.randrange(1, 31), random.randrange(1, 3),
                    2 * trade_id - random.randrange(1_000), 2 * trade_id, f"account-{maker}", f"account-{taker}", 10,
                    20, 3 * trade_id,
                )  # fmt: skip
        day += DAY


def fill(database: Database, count: int, seed: int) -> None:
    """Write the trades and their candles."""
    store = open_store(database)
    store.begin(Place("bench", 0, 0, 0))
    folder, source, random = Folder(), rows_of(count, Random(seed)), Random(seed)
    store.write(
        TableRows(instruments=[(SYMBOL, 1, BEGIN, "BTC", "USDT", 2, 5, random.randrange(1, 2), b"")]),
        Place("bench", 1, 0, BEGIN),
    )
    last_day = BEGIN + (count // (BURSTS * PER_BURST)) * DAY
    done = 0
    while done < count:
        rows = TableRows(trades=[row for _, row in zip(range(CHUNK), source, strict=False)][: count - done])
        done += len(rows.trades)
        rows.candles = [
            candle_row(symbol, name, candle)
            for symbol, name, candle in folder.add(rows.trades)
            if name != "1s" or candle.open_time >= last_day - DAY
        ]
        store.write(rows, Place("bench", 3 * done + 1, 0, rows.trades[-1][2]))
    store.close()


def timed_pages(connection: Connection, count: int, random: Random, pages: int) -> dict[str, float]:
    """The 99th percentile of each kind of page, from anywhere."""

    def trade_page() -> Any:
        after = random.randrange(max(1, count - PAGE))
        return select(trades).where(trades.c.symbol == SYMBOL, trades.c.trade_id > after).order_by(trades.c.trade_id)

    def candle_page(name: str) -> Any:
        length = max(DAY, (INTERVALS[name].length or 30 * DAY)) * 2
        begin = BEGIN + random.randrange(max(1, count // (BURSTS * PER_BURST) * DAY - length))
        mine = (candles.c.symbol == SYMBOL) & (candles.c.interval == name) & (candles.c.open_time >= begin)
        return select(candles).where(mine).order_by(candles.c.open_time)

    found = {"trades": _p99(connection, trade_page, pages)}
    for name in INTERVALS:
        found[name] = _p99(connection, partial(candle_page, name), pages)
    return found


def _p99(connection: Connection, page: Callable[[], Any], pages: int) -> float:
    times = []
    for _ in range(pages):
        statement = page().limit(PAGE)
        begun = time.perf_counter()
        connection.execute(statement).all()
        times.append(time.perf_counter() - begun)
    return at_percentile(sorted(times), 99) * 1_000


def measure(path: Path, count: int, seed: int) -> HistoryPages:
    database = sqlite_database(path)
    fill(database, count, seed)
    engine = create_engine(database.url)
    with engine.connect() as connection:
        known = connection.execute(select(instruments.c.symbol)).scalar_one()
        assert known == SYMBOL, "it is the one that was written"
        timed_pages(connection, count, Random(seed + 1), WARM_UP)
        return HistoryPages(count, timed_pages(connection, count, Random(seed), PAGES))


if __name__ == "__main__":
    print(msgspec.json.encode(measure(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))).decode())
