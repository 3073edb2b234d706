"""What one row of the table of `operations` tells, and the parameters that its rows share."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from msgspec import Struct
from starlette.types import Receive, Scope

from gateway.access.needs import Needs
from gateway.exchange.exchange import Exchange
from gateway.http.responses import HttpResponse
from gateway.metrics.board import Board
from gateway.native.calls.keys import KeyDesk
from gateway.native.calls.shard_cursors import PAIRS
from gateway.native.json.times import EXACT_TIME_PATTERN
from protocol.units import NAME_PATTERN, SYMBOL_PATTERN

Call = Callable[[Exchange, Scope, Receive], Awaitable[HttpResponse]]
KeyCall = Callable[[KeyDesk, Scope, Receive], Awaitable[HttpResponse]]
MetricsCall = Callable[[Board, Scope, Receive], Awaitable[HttpResponse]]

_SYMBOL: Final = {"type": "string", "pattern": f"^{SYMBOL_PATTERN.pattern}$"}
_NAME: Final = {"type": "string", "pattern": f"^{NAME_PATTERN.pattern}$"}


class Parameter(Struct, frozen=True):
    name: str
    schema: dict[str, Any]
    description: str
    required: bool = False
    place: str = "query"


class Operation(Struct, frozen=True):
    """One method of one path.

    needs: what it needs of its caller.
    call: carries it out. One of the keys gets their desk in place of the exchange, that of the metrics their board.
    answer: the body of the answer that tells success, with this `status`; None for a text.
    problems: the statuses of its problem documents, beyond those of every operation.
    other_answer: the body that some parameters ask for instead.
    csv: whether Accept: text/csv asks for a table.
    unhealthy: the body of a 503, in place of a problem document.
    """

    needs: Needs
    method: str
    path: str
    call: Call | KeyCall | MetricsCall
    summary: str
    answer: type[Struct] | None
    problems: Sequence[int]
    parameters: Sequence[Parameter] = ()
    body: type[Struct] | None = None
    body_required: bool = True
    example: dict[str, Any] = {}
    unhealthy: type[Struct] | None = None
    status: int = 200
    other_answer: type[Struct] | None = None
    csv: bool = False


SYMBOL: Final = Parameter("symbol", {**_SYMBOL, "examples": ["BTC-USDT"]}, "The instrument.", required=True)
SYMBOL_FILTER: Final = Parameter("symbol", _SYMBOL, "Only orders of this instrument.")
ACCOUNT_FILTER: Final = Parameter("account", _NAME, "Only orders of this account.")
ACCOUNT: Final = Parameter("account", _NAME, 'The account; "default" if it is missing.')
OWNER: Final = Parameter(
    "account", _NAME, 'The order\'s account; for client:<client_order_id> "default" if it is missing.'
)
ORDER_ID: Final = Parameter(
    "order_id",
    {"type": "string", "minLength": 1},
    "The order_id, or client:<client_order_id>.",
    required=True,
    place="path",
)
SYMBOL_OF_ORDER: Final = Parameter(
    "symbol",
    _SYMBOL,
    "The order's instrument: an order of another one is unknown. With several shards, only its shard is asked.",
)
CANCEL_NAME: Final = Parameter(
    "cancel_client_order_id", _NAME, "A name for this cancel; the account's stream tells it."
)
ACCOUNT_OF_PATH: Final = Parameter("account", _NAME, "The account.", required=True, place="path")
FILLS_OF_SYMBOL: Final = Parameter("symbol", _SYMBOL, "Only fills of this instrument.")


def bounded(name: str, lowest: int, highest: int, default: int, description: str) -> Parameter:
    return Parameter(name, {"type": "integer", "minimum": lowest, "maximum": highest, "default": default}, description)


def time_parameter(name: str, description: str) -> Parameter:
    return Parameter(
        name,
        {"type": "string", "pattern": f"^{EXACT_TIME_PATTERN.pattern}$", "examples": ["2026-11-22T12:00:00Z"]},
        description,
    )


def continued(description: str) -> Parameter:
    """The cursor of a page."""
    return Parameter("after", {"type": "string", "pattern": f"^{PAIRS.pattern}$"}, description)
