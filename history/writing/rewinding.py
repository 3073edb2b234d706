"""Removes what is above a sequence. Candles that had trades below and above it are made anew."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, select

from history.candles.folding import FOLDED_FROM, Folder, fold
from history.candles.intervals import INTERVALS
from history.schema.candle_rows import candle_of_row, candle_row
from history.schema.tables import (
    candles,
    checkpoints,
    coverage,
    fills,
    instruments,
    metadata,
    movements,
    orders,
    position,
    trades,
    versions,
)
from history.writing.backend import Backend
from history.writing.searching import accounts_of, first_above, symbols_of

CHUNK: Final = 10_000
"""Trades that are read at once."""

DAY: Final = "1d"
LONGER: Final = tuple(name for name, shorter in FOLDED_FROM.items() if shorter == DAY)
"""Made of candles of a day: trades may not reach so far back."""


def remove_all(connection: Connection) -> int:
    """Empty all tables. Returns how many rows it was, without those about the tables themselves."""
    removed = 0
    for table in metadata.sorted_tables:
        if table is not versions:
            count = connection.execute(table.delete()).rowcount
            removed += 0 if table in (position, checkpoints, coverage) else count
    return removed


def remove_above(connection: Connection, backend: Backend, sequence: int) -> int:
    """Remove the rows above the sequence. Returns how many it was."""
    symbols = symbols_of(connection)
    removed = sum(_remove_trades(connection, backend, symbol, sequence) for symbol in symbols)
    removed += connection.execute(instruments.delete().where(instruments.c.sequence > sequence)).rowcount
    number = first_above(connection, orders.c.number, orders.c.sequence, sequence)
    if number is not None:
        removed += connection.execute(orders.delete().where(orders.c.number >= number)).rowcount
    for table in (fills, movements):
        accounts = accounts_of(connection, table)
        if accounts:
            above = table.delete().where(table.c.account == bindparam("name"), table.c.sequence > sequence)
            removed += connection.execute(above, [{"name": name} for name in accounts]).rowcount
    return removed


def _remove_trades(connection: Connection, backend: Backend, symbol: str, sequence: int) -> int:
    """Remove trades of a symbol, and their candles."""
    mine = trades.c.symbol == symbol
    first = first_above(connection, trades.c.trade_id, trades.c.sequence, sequence, mine)
    if first is None:
        return 0
    at_first = select(trades.c.timestamp).where(mine, trades.c.trade_id == first)
    time = connection.execute(at_first).scalar_one()
    removed = connection.execute(trades.delete().where(mine, trades.c.trade_id >= first)).rowcount
    for name, interval in INTERVALS.items():
        later = candles.delete().where(
            candles.c.symbol == symbol, candles.c.interval == name, candles.c.open_time >= interval.open_time(time)
        )
        removed += connection.execute(later).rowcount
    backend.replace(connection, candles, _shared_by_trades(connection, symbol, time))
    backend.replace(connection, candles, list(_shared_by_days(connection, symbol, time)))
    return removed


def _shared_by_trades(connection: Connection, symbol: str, time: int) -> list[tuple[Any, ...]]:
    """The candles up to a day whose periods hold the time, of the trades that are left of them."""
    today = select(trades).where(
        trades.c.symbol == symbol, trades.c.timestamp >= INTERVALS[DAY].open_time(time)
    ).order_by(trades.c.trade_id)  # fmt: skip
    folder = Folder()
    shared = {}
    with connection.execute(today) as result:
        for some in result.partitions(CHUNK):
            for _, name, candle in folder.add(some):
                if name not in LONGER and candle.open_time == INTERVALS[name].open_time(time):
                    shared[name] = candle_row(symbol, name, candle)
    return list(shared.values())


def _shared_by_days(connection: Connection, symbol: str, time: int) -> Iterator[tuple[Any, ...]]:
    """The longer candles whose periods hold the time, of the candles of a day that are left of them."""
    for name in LONGER:
        days: Sequence[Row[Any]] = connection.execute(
            select(candles)
            .where(
                candles.c.symbol == symbol,
                candles.c.interval == DAY,
                candles.c.open_time >= INTERVALS[name].open_time(time),
            )
            .order_by(candles.c.open_time)
        ).all()
        for candle in fold(map(candle_of_row, days), INTERVALS[name]):
            yield candle_row(symbol, name, candle)
