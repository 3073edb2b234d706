"""Removes what is not to be kept any more, some rows at a time. Whole days go, so a rewind finds whole days."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, and_, bindparam, or_, select

from history.candles.intervals import DAY, HOUR, INTERVALS, SECOND
from history.schema.tables import (
    CANDLES_1S,
    CANDLES_BELOW_1D,
    candles,
    checkpoints,
    coverage,
    fills,
    orders,
    trades,
)
from history.writing.searching import symbol_with_older

ROWS: Final = 2_000
"""Rows of one table that a step removes at most; a trade's fills go with it."""

SECONDS_KEPT: Final = 25 * HOUR
"""How long candles of a second are kept: a day, and what readers need to join on to it."""

ONE_SECOND: Final = "1s"
BELOW_1D: Final = tuple(name for name, interval in INTERVALS.items() if SECOND < interval.length < DAY)


def retire_some(connection: Connection, time: int, keep_days: int | None) -> int:
    """Remove rows that are too old at that time; None keeps them for ever. Returns how many it was: zero if no such row
    is left."""
    removed = _retire_candles(connection, (ONE_SECOND,), time - SECONDS_KEPT, CANDLES_1S)
    if keep_days is None or removed:
        return removed
    before = INTERVALS["1d"].open_time(time - keep_days * DAY)
    return (
        _retire_candles(connection, BELOW_1D, before, CANDLES_BELOW_1D)
        or _retire_trades(connection, before)
        or _retire_orders(connection, before)
    )


def _retire_candles(connection: Connection, names: Iterable[str], before: int, what: str) -> int:
    opening = candles.c.open_time
    for name in names:
        symbol = symbol_with_older(connection, opening, before, candles.c.interval == name)
        if symbol is None:
            continue
        mine = and_(candles.c.symbol == symbol, candles.c.interval == name)
        oldest = select(opening, candles.c.sequence).where(mine, opening < before).order_by(opening).limit(ROWS)
        *_, (last, sequence) = connection.execute(oldest)
        _cover_from(connection, (what,), sequence + 1, before)
        return connection.execute(candles.delete().where(mine, opening <= last)).rowcount
    return 0


def _retire_trades(connection: Connection, before: int) -> int:
    symbol = symbol_with_older(connection, trades.c.timestamp, before)
    if symbol is None:
        return 0
    mine = trades.c.symbol == symbol
    oldest = connection.execute(
        select(trades.c.trade_id, trades.c.sequence, trades.c.maker_account, trades.c.taker_account)
        .where(mine, trades.c.timestamp < before)
        .order_by(trades.c.timestamp, trades.c.trade_id)
        .limit(ROWS)
    ).all()
    trade_id, sequence, _, _ = oldest[-1]
    removed = connection.execute(trades.delete().where(mine, trades.c.trade_id <= trade_id)).rowcount
    older = or_(fills.c.sequence < sequence, and_(fills.c.sequence == sequence, fills.c.trade_id <= trade_id))
    gone = fills.delete().where(fills.c.account == bindparam("name"), fills.c.symbol == symbol, older)
    accounts = sorted({name for _, _, *both in oldest for name in both})
    removed += connection.execute(gone, [{"name": name} for name in accounts]).rowcount
    _cover_from(connection, (trades.name, fills.name), sequence + 1, before)
    _forget_checkpoints(connection, sequence)
    return removed


def _retire_orders(connection: Connection, before: int) -> int:
    columns = select(orders.c.number, orders.c.sequence, orders.c.ended).order_by(orders.c.number).limit(ROWS)
    oldest = [row for row in connection.execute(columns) if row.ended < before]
    if not oldest:
        return 0
    number, sequence, _ = oldest[-1]
    _cover_from(connection, (orders.name,), sequence + 1, before)
    _forget_checkpoints(connection, sequence)
    return connection.execute(orders.delete().where(orders.c.number <= number)).rowcount


def _cover_from(connection: Connection, names: Iterable[str], sequence: int, time: int) -> None:
    """Note from where on these are complete now."""
    for name in names:
        connection.execute(
            coverage.update()
            .where(coverage.c.name == name, coverage.c.first_sequence < sequence)
            .values(first_sequence=sequence, first_time=time)
        )


def _forget_checkpoints(connection: Connection, sequence: int) -> None:
    """A rewind to before the sequence would lack rows."""
    connection.execute(checkpoints.delete().where(checkpoints.c.sequence < sequence))
