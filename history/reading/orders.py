"""Orders as they ended, numbered by their ends."""

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, func, select

from history.reading.fills import fills_of_order
from history.schema.order_rows import order_of_row
from history.schema.tables import orders
from protocol.events import OrderState


class Ended(Struct, frozen=True):
    """An order that is done, with its number in the list that was asked for."""

    number: int
    order: OrderState


def orders_before(
    connection: Connection, account: str | None, symbol: str | None, before: int | None, limit: int
) -> list[Ended]:
    """Orders that ended before a number, the newest first; None begins with the last one.

    The number counts the symbol's ends where only a symbol is named, else all ends.
    """
    number = orders.c.book_number if account is None and symbol is not None else orders.c.number
    query = select(orders).order_by(number.desc()).limit(limit)
    if account is not None:
        query = query.where(orders.c.account == account)
    if symbol is not None:
        query = query.where(orders.c.symbol == symbol)
    if before is not None:
        query = query.where(number < before)
    return [
        Ended(row.book_number if number is orders.c.book_number else row.number, order_of_row(row))
        for row in connection.execute(query)
    ]


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
