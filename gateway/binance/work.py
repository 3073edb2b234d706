"""What a call costs before it begins, as `gateway.http.admission` counts it."""

from typing import Final

from starlette.types import Scope

from gateway.binance.table import ROWS

_ORDERS: Final = {(row.method, row.path): row.orders for row in ROWS if row.path and row.orders}


def work_of(scope: Scope) -> int:
    """How many orders the request counts as; zero for one that does not wait."""
    return _ORDERS.get((scope["method"], scope["path"]), 0)
