"""Pages of an account's movements of money, and what it had at a time."""

from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, Select, func, or_, select

from history.schema.tables import movements
from protocol.events import Movement
from protocol.money import MovementKind


class Total(Struct, frozen=True):
    """What an account had of an asset, free and locked: a decimal."""

    asset: str
    total: str


def movement_page(
    connection: Connection, account: str, asset: str | None, after: tuple[int, int] | None, limit: int
) -> tuple[list[Movement], bool]:
    """Movements after a cursor, a sequence and a trade_id (zero if it was no trade), or the newest without one; and
    whether there are others. Oldest first; those of one cursor stay together."""
    query = select(movements).where(movements.c.account == account)
    if asset is not None:
        query = query.where(movements.c.asset == asset)
    forward = after is not None
    place = movements.c.sequence, movements.c.place
    order = place if forward else tuple(each.desc() for each in place)
    # Without any bound SQLite would walk through the movements of all assets.
    page = query.where(movements.c.sequence >= 0) if after is None else _beyond(query, after, forward=True)
    found = [_movement(row) for row in connection.execute(page.order_by(*order).limit(limit + 1))]
    more = len(found) > limit
    if more:
        edge = movement_cursor(found[limit - 1])
        if movement_cursor(found.pop()) == edge:
            same = query.where(movements.c.sequence == edge[0], _trade_id() == edge[1]).order_by(*order)
            whole = [_movement(row) for row in connection.execute(same)]
            found = [each for each in found if movement_cursor(each) != edge] + whole
            more = connection.execute(_beyond(query, edge, forward=forward).limit(1)).first() is not None
    return found if forward else found[::-1], more


def totals_at(connection: Connection, account: str, time: int) -> list[Total]:
    """What the account had after the last movement up to a time, by asset, sorted."""
    last = _last_sequence_at(connection, account, time)
    mine = movements.c.account == account
    totals: list[Total] = []
    asset = ""
    # One seek for each asset, however many movements there are.
    while asset := connection.execute(
        select(func.min(movements.c.asset)).where(mine, movements.c.asset > asset)
    ).scalar_one():
        query = select(movements.c.balance).where(mine, movements.c.asset == asset, movements.c.sequence <= last)
        newest = query.order_by(movements.c.sequence.desc(), movements.c.place.desc()).limit(1)
        balance = connection.execute(newest).scalar_one_or_none()
        if balance is not None:
            totals.append(Total(asset, balance))
    return totals


def movement_cursor(movement: Movement) -> tuple[int, int]:
    return movement.sequence, movement.trade_id


def _trade_id() -> ColumnElement[int]:
    return func.coalesce(movements.c.trade_id, 0)


def _beyond(query: Select[Any], cursor: tuple[int, int], *, forward: bool) -> Select[Any]:
    """The query for what comes after a cursor, or before it."""
    sequence, number = cursor
    at = movements.c.sequence
    # The bound that an index takes stands alone.
    if forward:
        return query.where(at >= sequence, or_(at > sequence, _trade_id() > number))
    return query.where(at <= sequence, or_(at < sequence, _trade_id() < number))


def _last_sequence_at(connection: Connection, account: str, time: int) -> int:
    """The sequence of the account's last movement up to a time; zero for none. Both ascend together, and sequences
    have the index: it is looked for by halves."""
    mine = movements.c.account == account
    low, high = 0, connection.execute(select(func.max(movements.c.sequence)).where(mine)).scalar_one() or 0
    while low < high:
        middle = (low + high + 1) // 2
        query = select(movements.c.sequence, movements.c.timestamp).where(mine, movements.c.sequence >= middle)
        row = connection.execute(query.order_by(movements.c.sequence).limit(1)).one()
        if row.timestamp <= time:
            low = row.sequence
        else:
            high = middle - 1
    return low


def _movement(row: Row[tuple[object, ...]]) -> Movement:
    return Movement(
        row.sequence,
        row.timestamp,
        MovementKind(row.kind),
        row.asset,
        row.amount,
        row.transfer_id or "",
        row.counterparty or "",
        row.symbol or "",
        row.trade_id or 0,
        row.order_id or 0,
    )
