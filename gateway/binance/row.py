"""What one row of the table tells about a call. HTTP and the WebSocket API carry out the same rows."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from msgspec import Struct

from gateway.binance.desk import Context
from gateway.binance.errors import DialectError
from gateway.binance.gate import Security
from gateway.binance.given import Given
from gateway.binance.parameters import Parameter, Values

Call = Callable[[Context, Values], Awaitable[Any]]
"""Returns what the answer holds, as msgspec writes it. DialectError, or an error of the use cases, ends the call."""

Beyond = Callable[[Context, Values, DialectError], Awaitable[Any]]
"""As Call, for a caller who has placed too many orders. The error says so: most calls end with it."""

Weigh = Callable[[Given], int]

Check = Callable[[Values], None]
"""Raises DialectError for parameters that do not go together. It sees no symbol yet."""


class Row(Struct, frozen=True):
    """One call.

    method, path: over HTTP; empty where the WebSocket API alone has it.
    names: its methods in the WebSocket API, without `v3/`.
    weight: the request weight, or what tells it from what was sent.
    orders: how many orders it places.
    strict: whether a parameter that it does not know is a fault.
    check: what else its parameters must be, before any symbol is looked up.
    beyond: what takes the place of the call where its account may place no more orders; None for an error.
    """

    method: str
    path: str
    security: Security
    weight: int | Weigh
    call: Call
    parameters: Sequence[Parameter] = ()
    names: Sequence[str] = ()
    orders: int = 0
    strict: bool = False
    check: Check | None = None
    beyond: Beyond | None = None
