"""The OpenAPI document: one table of operations, schemas from the structs of `schemas`."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from starlette.types import Receive, Scope

from gateway import schemas
from gateway.market import MAX_LEVELS, MAX_TRADES
from gateway.orders import MAX_LISTED
from gateway.problems import KINDS, Problem
from gateway.resources import JSON, Handler, Reply, encode, query_parameters
from protocol.units import NAME_PATTERN, SYMBOL_PATTERN

VERSION: Final = "1.0"

DESCRIPTION: Final = """\
A crypto exchange. Prices, quantities and fees are exact: decimal strings in answers; requests may hold strings or numbers.
Errors are RFC 9457 problem documents with a stable `code`, and name the `field` at fault.

WebSocket streams, one symbol each:

* `/ws/marketdata?symbol=` sends the top 10 levels of each side and the best prices (schema DepthUpdate), at once and after each
  change; a slow client gets the newest state and skips older ones.
* `/ws/trades?symbol=` sends each trade (schema MarketTrade).

A stream is closed with 4404 where the symbol is unknown, 4422 where the parameters are wrong, 4403 for a page of another origin, 4429
and 4503 where it has to be tried again later, 4408 where a client is too slow for its trades, 1012 where it should connect again.
"""

_SYMBOL: Final = {"type": "string", "pattern": f"^{SYMBOL_PATTERN.pattern}$"}
_NAME: Final = {"type": "string", "pattern": f"^{NAME_PATTERN.pattern}$"}


class Parameter(Struct, frozen=True):
    name: str
    schema: dict[str, Any]
    description: str
    required: bool = False
    place: str = "query"


class Operation(Struct, frozen=True):
    """One method of one path. `problems` are the statuses of its problem documents, beyond those of every operation."""

    method: str
    path: str
    summary: str
    answer: type[Struct]
    problems: Sequence[int]
    parameters: Sequence[Parameter] = ()
    body: type[Struct] | None = None
    example: dict[str, Any] = {}
    unhealthy: type[Struct] | None = None
    admin: bool = False


SYMBOL: Final = Parameter("symbol", {**_SYMBOL, "examples": ["BTC-USDT"]}, "The instrument.", required=True)
SYMBOL_FILTER: Final = Parameter("symbol", _SYMBOL, "Only orders of this instrument.")
ACCOUNT_FILTER: Final = Parameter("account", _NAME, "Only orders of this account.")
ACCOUNT: Final = Parameter("account", _NAME, 'The account; "default" where it is missing.')
OWNER: Final = Parameter("account", _NAME, 'The order\'s account; for client:<client_order_id> "default" where it is missing.')
ORDER_ID: Final = Parameter(
    "order_id", {"type": "string", "minLength": 1}, "The order_id, or client:<client_order_id>.", required=True, place="path"
)


def _bounded(name: str, lowest: int, highest: int, default: int, description: str) -> Parameter:
    return Parameter(name, {"type": "integer", "minimum": lowest, "maximum": highest, "default": default}, description)


_ORDER_EXAMPLE: Final = {"symbol": "BTC-USDT", "order_type": "limit", "side": "buy", "quantity": "0.5", "price": "60000"}
_INSTRUMENT_EXAMPLE: Final = {"symbol": "BTC-USDT", "status": "halted"}

OPERATIONS: Final = (
    Operation(
        "post",
        "/orders",
        "Place an order",
        schemas.Order,
        (403, 404, 409, 413, 422, 504),
        body=schemas.OrderRequest,
        example=_ORDER_EXAMPLE,
    ),
    Operation(
        "get",
        "/orders",
        "List orders",
        schemas.OrderList,
        (404, 422),
        (
            SYMBOL_FILTER,
            ACCOUNT_FILTER,
            Parameter(
                "status",
                {"enum": ["open", "done"], "default": "open"},
                "Open and pending orders, oldest first, or done ones, newest first.",
            ),
            _bounded("limit", 1, MAX_LISTED, 100, "The most orders that the answer holds."),
            Parameter("after", {"type": "string", "pattern": "^[0-9]{1,18}$"}, "The `next` of the list that this one continues."),
        ),
    ),
    Operation(
        "delete", "/orders", "Cancel all orders of an account", schemas.CanceledOrders, (403, 404, 422, 504), (SYMBOL_FILTER, ACCOUNT)
    ),
    Operation("get", "/orders/{order_id}", "Look an order up", schemas.Order, (404, 422), (ORDER_ID, OWNER)),
    Operation("delete", "/orders/{order_id}", "Cancel an order", schemas.Order, (403, 404, 409, 422, 504), (ORDER_ID, OWNER)),
    Operation(
        "get",
        "/depth",
        "The best levels of a book",
        schemas.DepthView,
        (404, 422),
        (SYMBOL, _bounded("levels", 1, MAX_LEVELS, 10, "The most levels of each side.")),
    ),
    Operation("get", "/bbo", "The best bid and ask", schemas.BestPrices, (404, 422), (SYMBOL,)),
    Operation(
        "get",
        "/trades",
        "The last trades, oldest first",
        schemas.TradeList,
        (404, 422),
        (SYMBOL, _bounded("limit", 1, MAX_TRADES, 100, "The most trades.")),
    ),
    Operation("get", "/instruments", "All instruments", schemas.InstrumentViews, (422,)),
    Operation("get", "/health", "Whether the matcher answers", schemas.Health, (422,), unhealthy=schemas.Unhealthy),
    Operation(
        "post",
        "/admin/instruments",
        "Add or change an instrument",
        schemas.InstrumentView,
        (403, 409, 413, 422, 504),
        body=schemas.InstrumentRequest,
        example=_INSTRUMENT_EXAMPLE,
        admin=True,
    ),
    Operation("post", "/admin/save", "Save a book to its file", schemas.SavedBookView, (403, 404, 409, 422, 504), (SYMBOL,), admin=True),
    Operation("get", "/admin/digest", "A digest of the whole state", schemas.DigestView, (422,), admin=True),
    Operation("post", "/admin/load", "Load a book from its file", schemas.LoadedBookView, (403, 404, 409, 422, 504), (SYMBOL,), admin=True),
)

_STREAMED: Final = (schemas.DepthUpdate, schemas.MarketTrade)
_ALWAYS: Final = (500, 503)
_PHRASES: Final = {
    401: "Not authorized",
    403: "The origin of the page is not allowed",
    404: "Not found",
    409: "Refused by the state of things",
    413: "The body is too large",
    422: "Not a valid request",
    500: "The exchange failed",
    503: "Not taken: no matcher, or too much in flight",
    504: "The outcome is unknown",
}


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    kinds: set[type[Struct]] = {Problem, *_STREAMED}
    for operation in OPERATIONS:
        kinds.update(kind for kind in (operation.answer, operation.body, operation.unhealthy) if kind is not None)
    listed = sorted(kinds, key=lambda kind: kind.__name__)
    references, components = msgspec.json.schema_components(listed, ref_template="#/components/schemas/{name}")
    reference = dict(zip(listed, references, strict=True))
    components["Problem"]["properties"]["code"]["enum"] = list(KINDS)
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _describe(operation, reference)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Exchange", "version": VERSION, "description": DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"admin": {"type": "http", "scheme": "bearer", "description": "GATEWAY_ADMIN_TOKEN, where it is set"}},
        },
    }


def _describe(operation: Operation, reference: dict[type[Struct], dict[str, Any]]) -> dict[str, Any]:
    statuses = {*operation.problems, *_ALWAYS, *((401,) if operation.admin else ())}
    responses = {"200": _content("Done", "application/json", reference[operation.answer])}
    for status in sorted(statuses):
        responses[str(status)] = _content(_PHRASES[status], "application/problem+json", reference[Problem])
    if operation.unhealthy is not None:
        responses["503"] = _content("No matcher", "application/json", reference[operation.unhealthy])
    responses["503"]["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    described: dict[str, Any] = {
        "operationId": f"{operation.method}{operation.path.replace('/', '_').replace('{', '').replace('}', '')}",
        "summary": operation.summary,
        "tags": [operation.path.split("/")[1]],
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        "responses": responses,
    }
    if operation.body is not None:
        content = {"schema": reference[operation.body], "example": operation.example}
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    if operation.admin:
        described["security"] = [{"admin": []}, {}]
    return described


def _content(description: str, media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.description,
        "schema": parameter.schema,
    }


def openapi_handler() -> Handler:
    """The handler of GET /openapi.json."""
    body = encode(document())

    async def handler(scope: Scope, _: Receive) -> Reply:
        query_parameters(scope)
        return Reply(200, body, JSON)

    return handler
