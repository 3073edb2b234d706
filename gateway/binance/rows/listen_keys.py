"""Calls about listen keys, which the venue has retired."""

from typing import Any, Final

from gateway.binance.desk import Context
from gateway.binance.errors import NO_LISTEN_KEY, RETIRED, DialectError
from gateway.binance.gate import NONE, USER_STREAM
from gateway.binance.parameters import Parameter, Values
from gateway.binance.row import Row

PATH: Final = "/api/v3/userDataStream"

LISTEN_KEY: Final = Parameter("listenKey", mandatory=True)


async def start(context: Context, _: Values) -> dict[str, Any]:
    return {"listenKey": _own(context)}


async def keep(context: Context, values: Values) -> dict[str, Any]:
    if values.text("listenKey") != _own(context):
        raise DialectError(NO_LISTEN_KEY)
    return {}


def _own(context: Context) -> str:
    """The caller's listen key. It lives as long as his API key, so nothing is left to prolong or to end."""
    listen_keys, caller = context.desk.listen_keys, context.caller
    assert listen_keys is not None and caller is not None and caller.key is not None, "the row asks for a key"
    return listen_keys.of(caller.key)


async def retired(_: Context, __: Values) -> dict[str, Any]:
    raise DialectError(RETIRED)


ROWS: Final = (
    Row("POST", PATH, USER_STREAM, 2, start),
    Row("PUT", PATH, USER_STREAM, 2, keep, (LISTEN_KEY,)),
    Row("DELETE", PATH, USER_STREAM, 2, keep, (LISTEN_KEY,)),
)

RETIRED_ROWS: Final = tuple(Row(method, PATH, NONE, 2, retired) for method in ("POST", "PUT", "DELETE"))
