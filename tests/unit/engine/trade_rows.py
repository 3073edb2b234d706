"""Rows of trades one after the other, and what each causes."""

from collections.abc import Sequence

from protocol.events import Event
from tests.tape import BUY, SELL, Row, limit, market, placed, trade

Table = Sequence[tuple[int, Sequence[Event]]]
"""The prices of trades one after the other, and what each causes."""


def trades(table: Table, first: int = 4, trade_id: int = 2) -> list[Row]:
    """Each trade is of two orders of its own, and leaves an empty book; `first` is the order_id of the first maker."""
    rows: list[Row] = []
    for number, (price, events) in enumerate(table):
        maker = first + 2 * number
        rows.append((limit(SELL, 1, price), [placed(maker)]))
        rows.append(
            (
                market(BUY, 1),
                [placed(maker + 1), trade(trade_id + number, BUY, 1, price, maker=maker, taker=maker + 1), *events],
            )
        )
    return rows
