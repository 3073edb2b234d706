"""Finds rows by what no index has: a key that something ascends with, the accounts of a table, the symbols whose oldest
row is too old."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Subquery, Table, func, select

from history.schema.tables import instruments

SYMBOLS: Final[Subquery] = select(instruments.c.symbol).distinct().subquery("symbols")


def symbols_of(connection: Connection) -> Sequence[str]:
    """Every symbol that has ever been."""
    return connection.execute(select(SYMBOLS.c.symbol)).scalars().all()


def first_above(
    connection: Connection, key: Column[int], measure: Column[int], value: int, *where: ColumnElement[bool]
) -> int | None:
    """The smallest key whose measure is above the value, by bisection; None if there is none. Keys may have gaps."""
    low, high = connection.execute(select(func.min(key), func.max(key)).where(*where)).one()
    if high is None:
        return None
    [(_, highest)] = connection.execute(select(key, measure).where(key == high, *where))
    if highest <= value:
        return None
    while low < high:
        middle = (low + high) // 2
        following = select(key, measure).where(key >= middle, *where).order_by(key).limit(1)
        found, measured = connection.execute(following).one()
        if measured > value:
            high = middle
        else:
            low = found + 1
    return connection.execute(select(func.min(key)).where(key >= low, *where)).scalar_one()


def accounts_of(connection: Connection, table: Table) -> Sequence[str]:
    """Every account of a table that is sorted by it. Each takes one look-up, however many rows it has."""
    account: Column[Any] = table.c.account
    found = select(func.min(account).label("account")).cte("accounts", recursive=True)
    following = select(func.min(account)).where(account > found.c.account).scalar_subquery()
    found = found.union_all(select(following).where(found.c.account.is_not(None)))
    return connection.execute(select(found.c.account).where(found.c.account.is_not(None))).scalars().all()


def symbol_with_older(
    connection: Connection, time: Column[int], before: int, *where: ColumnElement[bool]
) -> str | None:
    """A symbol that has a row of this column's table from before a time; None if there is none."""
    oldest = select(func.min(time)).where(time.table.c.symbol == SYMBOLS.c.symbol, *where).scalar_subquery()
    return connection.execute(select(SYMBOLS.c.symbol).where(oldest < before).limit(1)).scalar()
