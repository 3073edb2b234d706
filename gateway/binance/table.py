"""Every call of the dialect: one table, for HTTP and for the WebSocket API."""

from typing import Final

from gateway.binance.row import Row
from gateway.binance.rows import account, general, klines, lists, market, orders, replacing, stubs, tickers

ROWS: Final[tuple[Row, ...]] = (
    *general.ROWS,
    *market.ROWS,
    *klines.ROWS,
    *tickers.ROWS,
    *orders.ROWS,
    *replacing.ROWS,
    *lists.ROWS,
    *account.ROWS,
    *stubs.ROWS,
)

NAMED: Final = {name: row for row in ROWS for name in row.names}
"""The rows by their methods in the WebSocket API."""
