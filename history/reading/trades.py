"""Pages of trades. Within a symbol trade_ids, sequences and times ascend together."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, func, select

from history.schema.tables import trades
from protocol.events import Trade
from protocol.units import Side

COLUMNS: Final = tuple(trades.c[name] for name in Trade.__struct_fields__)

_SIDES: Final = {side.value: side for side in Side}


class TradePage(Struct, frozen=True):
    """Trades, oldest first. `last` is the symbol's last trade_id in the tables; zero for none."""

    trades: list[Trade]
    last: int


class Range(Struct, frozen=True):
    """Which trades: after and before these trade_ids, from a time and before another one. None leaves it open."""

    after: int | None = None
    before: int | None = None
    begin: int | None = None
    end: int | None = None

    def holds(self, trade: Trade) -> bool:
        return (
            (self.after is None or trade.trade_id > self.after)
            and (self.before is None or trade.trade_id < self.before)
            and (self.begin is None or trade.timestamp >= self.begin)
            and (self.end is None or trade.timestamp < self.end)
        )


def last_trade_id(connection: Connection, symbol: str) -> int:
    """Zero where there is none."""
    return connection.execute(select(func.max(trades.c.trade_id)).where(trades.c.symbol == symbol)).scalar_one() or 0


def trade_page(connection: Connection, symbol: str, wanted: Range, limit: int) -> TradePage:
    """The oldest trades of the range where it has an `after`, else its newest."""
    last = last_trade_id(connection, symbol)
    low, high = wanted.after or 0, last + 1 if wanted.before is None else min(wanted.before, last + 1)
    if wanted.begin is not None:
        first = _first_at(connection, symbol, wanted.begin)
        low = max(low, last if first is None else first - 1)
    if wanted.end is not None:
        first = _first_at(connection, symbol, wanted.end)
        high = high if first is None else min(high, first)
    number = trades.c.trade_id
    query = select(*COLUMNS).where(trades.c.symbol == symbol, number > low, number < high).limit(limit)
    forward = wanted.after is not None
    found = [trade_of(row) for row in connection.execute(query.order_by(number if forward else number.desc()))]
    return TradePage(found if forward else found[::-1], last)


def last_trade(connection: Connection, symbol: str) -> Trade | None:
    row = connection.execute(
        select(*COLUMNS).where(trades.c.symbol == symbol).order_by(trades.c.trade_id.desc()).limit(1)
    ).one_or_none()
    return None if row is None else trade_of(row)


def trade_of(values: Sequence[Any]) -> Trade:
    """The trade of the values of COLUMNS."""
    symbol, trade_id, price, quantity, side, *rest = values
    return Trade(symbol, trade_id, price, quantity, _SIDES[side], *rest)


def _first_at(connection: Connection, symbol: str, time: int) -> int | None:
    """The trade_id of the first trade at or after a time."""
    query = select(trades.c.trade_id).where(trades.c.symbol == symbol, trades.c.timestamp >= time)
    return connection.execute(query.order_by(trades.c.timestamp, trades.c.trade_id).limit(1)).scalar_one_or_none()
