"""Orders as they ended, numbered by their ends."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, func, select

from history.reading.fills import fills_of_order
from history.schema.order_rows import order_of_row
from history.schema.tables import orders
from protocol.events import OrderState

MAX_SCANNED: Final = 10_000
"""Orders of an account that one page looks at for those of a symbol, at most."""


class Ended(Struct, frozen=True):
    """An order that is done, with its number in the list that was asked for."""

    number: int
    order: OrderState


class EndedPage(Struct, frozen=True):
    """Orders, the newest first. `edge` is the order_id of the last one looked at, where others were not looked at."""

    ended: list[Ended]
    edge: int | None = None


def orders_before(
    connection: Connection, account: str | None, symbol: str | None, before: int | None, limit: int
) -> EndedPage:
    """Orders that ended before a number; None begins with the last one.

    The number counts the symbol's ends where only a symbol is named, else all ends.
    """
    number = orders.c.book_number if account is None and symbol is not None else orders.c.number
    query = select(orders).order_by(number.desc())
    if account is not None:
        query = query.where(orders.c.account == account)
    if before is not None:
        query = query.where(number < before)
    edge = None
    if account is not None and symbol is not None:
        # No index has both: the work is bounded.
        last = query.with_only_columns(orders.c.number, orders.c.order_id).offset(MAX_SCANNED - 1).limit(1)
        scanned = connection.execute(last).one_or_none()
        if scanned is not None:
            query = query.where(orders.c.number >= scanned.number)
            edge = scanned.order_id
    if symbol is not None:
        query = query.where(orders.c.symbol == symbol)
    place = 1 if number is orders.c.book_number else 0
    found = [Ended(row[place], order_of_row(row)) for row in connection.execute(query.limit(limit))]
    return EndedPage(found, edge if len(found) < limit else None)


def last_number(connection: Connection, symbol: str | None = None) -> int:
    """How many ends there were in the tables, of all or of the symbol."""
    number = orders.c.number if symbol is None else orders.c.book_number
    query = select(func.max(number))
    if symbol is not None:
        query = query.where(orders.c.symbol == symbol)
    return connection.execute(query).scalar_one() or 0


def numbers_of(connection: Connection, order_id: int) -> tuple[int, int] | None:
    """The order's number among all ends, and among those of its symbol."""
    row = connection.execute(
        select(orders.c.number, orders.c.book_number).where(orders.c.order_id == order_id)
    ).one_or_none()
    return None if row is None else (row.number, row.book_number)


def find_order(connection: Connection, order_id: int, trades: int) -> OrderState | None:
    """The order with its last trades; None where it is not there."""
    row = connection.execute(select(orders).where(orders.c.order_id == order_id)).one_or_none()
    if row is None:
        return None
    if not row.filled_quantity:
        return order_of_row(row)
    fills = fills_of_order(connection, order_id, row.account, row.symbol, row.placed_sequence, row.sequence, trades)
    return replace(order_of_row(row), trades=fills)
