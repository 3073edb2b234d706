"""How a call is carried out, whatever brought it: count, prove, read, do. Each check comes in the contract's order."""

from typing import Any

from starlette.types import Scope

from gateway.access.caller import Caller
from gateway.binance.desk import Context, Desk
from gateway.binance.errors import DialectError
from gateway.binance.gate import IF_SIGNED, NONE, PERMISSIONS, USER_STREAM, Claim
from gateway.binance.given import Given
from gateway.binance.parameters import read
from gateway.binance.row import Row
from gateway.binance.times import MICROSECOND, MILLISECOND, unit_of
from gateway.http.callers import count
from gateway.http.rates import Kind


def count_weight(desk: Desk, row: Row, given: Given, address: str) -> None:
    """Count the call to the address, before any work. DialectError where that is too much."""
    desk.counts.use(address, row.weight if isinstance(row.weight, int) else row.weight(given))


async def caller_of(desk: Desk, row: Row, claim: Claim, given: Given, scope: Scope) -> Caller | None:
    """Who makes the call, by the key of the claim. None for a call that needs nobody."""
    security = row.security
    if security is NONE or (security is IF_SIGNED and given.signature is None):
        return None
    return await desk.gate.admit(PERMISSIONS[security], claim, given, scope, signed=security is not USER_STREAM)


async def carry_out(
    desk: Desk, row: Row, caller: Caller | None, given: Given, scope: Scope, unit: int = MILLISECOND
) -> Any:
    """What the call tells. Its caller is known by now. Fails as the call."""
    if unit_of(given.texts.get("timeUnit", "")) == MICROSECOND:
        unit = MICROSECOND
    context = Context(desk, scope, caller, unit)
    values = await read(row.parameters, given, desk.symbols, strict=row.strict, check=row.check)
    if not row.orders:
        return await row.call(context, values)
    count(scope, Kind.ORDERS, row.orders)
    try:
        desk.counts.check_orders(context.account, row.orders)
    except DialectError as error:
        if row.beyond is None:
            raise
        return await row.beyond(context, values, error)
    result = await row.call(context, values)
    desk.counts.add_orders(context.account, row.orders)
    return result
