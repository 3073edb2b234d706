"""What a row of the table of calls says."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from msgspec import Struct
from starlette.types import Receive, Scope

from gateway.access.needs import Needs
from gateway.exchange.exchange import Exchange
from gateway.http.responses import HttpResponse
from gateway.native.calls.keys import KeyDesk

Call = Callable[[Exchange, Scope, Receive], Awaitable[HttpResponse]]
KeyCall = Callable[[KeyDesk, Scope, Receive], Awaitable[HttpResponse]]


class Parameter(Struct, frozen=True):
    name: str
    schema: dict[str, Any]
    description: str
    required: bool = False
    place: str = "query"


class Operation(Struct, frozen=True):
    """One method of one path.

    needs: what it needs of its caller.
    call: carries it out. One of the keys gets their desk in place of the exchange.
    answer: the body of the answer that tells success, with this `status`.
    problems: the statuses of its problem documents, beyond those of every operation.
    unhealthy: the body of a 503, in place of a problem document.
    """

    needs: Needs
    method: str
    path: str
    call: Call | KeyCall
    summary: str
    answer: type[Struct]
    problems: Sequence[int]
    parameters: Sequence[Parameter] = ()
    body: type[Struct] | None = None
    example: dict[str, Any] = {}
    unhealthy: type[Struct] | None = None
    status: int = 200
