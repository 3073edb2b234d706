"""Pages of an account's fills."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, and_, or_, select

from history.reading.trades import COLUMNS, trade_of
from history.schema.tables import fills, trades
from protocol.events import Fill, Trade

MAX_SEARCHED: Final = 100_000
"""Fills of an account that are looked at for those of one order, at most."""

_JOINED: Final = fills.join(trades, and_(trades.c.symbol == fills.c.symbol, trades.c.trade_id == fills.c.trade_id))


def fill_page(
    connection: Connection, account: str, symbol: str | None, after: tuple[int, int] | None, limit: int
) -> tuple[list[Fill], bool]:
    """Fills after a cursor, a sequence and a trade_id, or the newest without one; and whether there are others.

    Oldest first. Both sides of a trade of the account with itself are there, the maker's first, or none.
    """
    query = select(fills.c.order_id, fills.c.maker, *COLUMNS).select_from(_JOINED).where(fills.c.account == account)
    if symbol is not None:
        query = query.where(fills.c.symbol == symbol)
    order = fills.c.sequence, fills.c.trade_id
    if after is None:
        query = query.order_by(*(each.desc() for each in order))
    else:
        sequence, trade_id = after
        later = or_(fills.c.sequence > sequence, and_(fills.c.sequence == sequence, fills.c.trade_id > trade_id))
        # The bound that an index takes stands alone.
        query = query.where(fills.c.sequence >= sequence, later).order_by(*order)
    # The other side of the last one, and one that shows that there are others.
    found = [_fill(row) for row in connection.execute(query.limit(limit + 2))]
    end = min(limit, len(found))
    if 0 < end < len(found) and cursor_of(found[end]) == cursor_of(found[end - 1]):
        end += 1
    return sorted(found[:end], key=_order), end < len(found)


def fills_of_order(
    connection: Connection, order_id: int, account: str, symbol: str, first: int, last: int, limit: int
) -> list[Trade]:
    """The last trades of an order between the sequences of its entry and its end, oldest first."""
    candidates = (
        select(fills)
        .where(fills.c.account == account, fills.c.symbol == symbol, fills.c.sequence.between(first, last))
        .order_by(fills.c.sequence.desc(), fills.c.trade_id.desc())
        .limit(MAX_SEARCHED)
        .subquery()
    )
    query = (
        select(*COLUMNS)
        .join(candidates, and_(trades.c.symbol == candidates.c.symbol, trades.c.trade_id == candidates.c.trade_id))
        .where(candidates.c.order_id == order_id)
        .order_by(trades.c.trade_id.desc())
        .limit(limit)
    )
    return [trade_of(row) for row in connection.execute(query)][::-1]


def cursor_of(fill: Fill) -> tuple[int, int]:
    return fill.trade.sequence, fill.trade.trade_id


def _order(fill: Fill) -> tuple[int, int, bool]:
    return *cursor_of(fill), not fill.maker


def _fill(row: Sequence[Any]) -> Fill:
    order_id, maker, *values = row
    return Fill(order_id, maker, trade_of(values))
