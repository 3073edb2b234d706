"""Finds rows by what no index has: a key that something ascends with, and the accounts of a table."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, func, select


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


def accounts_of(connection: Connection, table: Table) -> Iterator[str]:
    """Every account of a table that is sorted by it. Each takes one look-up."""
    account: Column[Any] = table.c.account
    name = connection.execute(select(func.min(account))).scalar()
    while name is not None:
        yield name
        name = connection.execute(select(func.min(account)).where(account > name)).scalar()
