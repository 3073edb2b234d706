"""Calls about the gateway itself, and what it counts."""

from typing import Any, Final

from gateway.binance.desk import Context
from gateway.binance.gate import NONE, USER_DATA
from gateway.binance.parameters import Values
from gateway.binance.row import Row


async def ping(_: Context, __: Values) -> dict[str, Any]:
    return {}


async def time(context: Context, _: Values) -> dict[str, Any]:
    return {"serverTime": context.time(context.desk.broker.now())}


async def order_counts(context: Context, _: Values) -> list[dict[str, Any]]:
    return context.desk.counts.order_views(context.account)


ROWS: Final = (
    Row("GET", "/api/v3/ping", NONE, 1, ping, names=("ping",)),
    Row("GET", "/api/v3/time", NONE, 1, time, names=("time",)),
    Row("GET", "/api/v3/rateLimit/order", USER_DATA, 40, order_counts, names=("account.rateLimits.orders",)),
)
