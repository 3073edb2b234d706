"""The OpenAPI document: paths from the table of `operations`, schemas from the structs of `json`."""

import re
from inspect import cleandoc
from typing import Any, Final

import msgspec
from msgspec import Struct
from starlette.types import Receive, Scope

from gateway.access.needs import ADMIN, LOCAL, PUBLIC
from gateway.http.resources import Handler
from gateway.http.responses import JSON, HttpResponse, encode
from gateway.native.calls.parameters import query_parameters
from gateway.native.json import market_schemas
from gateway.native.json.book_messages import BookSnapshot, BookUpdate, OrdersSnapshot, OrdersUpdate
from gateway.native.json.user_messages import AccountOrders, AccountResumed, AccountUpdated
from gateway.native.operation import Operation, Parameter
from gateway.native.operations import OPERATIONS
from gateway.native.problem_kinds import KINDS
from gateway.native.problems import Problem
from matching_exchange.process.version import VERSION

OPENAPI: Final = "/openapi.json"
"""Where the document is."""

DESCRIPTION: Final = """\
A crypto exchange. Prices, quantities and fees are exact: decimal strings in answers; requests may hold strings or
numbers. Errors are RFC 9457 problem documents with a stable `code`, and name the `field` at fault.

WebSocket streams, one symbol or one account each:

* `/ws/marketdata?symbol=` sends the top 10 levels of each side and the best prices (schema DepthUpdate). It sends them
  at once and after each change. A slow client gets the newest state and skips older ones.
* `/ws/trades?symbol=` sends each trade (schema MarketTrade).
* `/ws/book?symbol=` sends all levels (schema BookSnapshot, in parts), then the levels that each command changes (schema
  BookUpdate).
* `/ws/orders?symbol=` sends all resting orders (schema OrdersSnapshot, in parts), then what each command changes of
  them (schema OrdersUpdate). Hidden quantities and orders that wait for a trigger are never shown.
* Of a book no update is left out. If the gateway cannot have one, it sends a snapshot again, from part 1 on.
* `/ws/candles?symbol=&interval=` sends the ten newest candles at once, then those that change (schema CandleUpdate), at
  most ten messages a second. `/ws/ticker?symbol=` sends the ticker so (schema TickerView). `symbol=*` is all of them.
* `/ws/user?account=` sends the account's open and pending orders as of one sequence, in parts (schema AccountOrders).
  Then each command that changes the account is one message (schema AccountUpdated); none is left out. With
  `&after=<sequence>`, the last sequence that the client knows, the stream begins with schema AccountResumed and the
  missed updates instead. If the exchange no longer keeps them, also in mid-stream, the orders are sent again. They
  replace all that the client knows. Where the exchange has several shards, the stream of each is ordered and told in
  one WebSocket: messages have `shard`, and `&after=` takes the `cursor` of the last one.

A stream is closed with one of these codes:

* 4401: no key, or none that is good
* 4403: a page of another origin, another account, or a permission is missing
* 4404: the symbol is unknown
* 4408: the client is too slow for its trades, candles or updates
* 4422: the parameters are wrong
* 4429, 4503: try again later; a reason `history_unavailable` tells that the history is missing
* 1012 without a reason: the gateway has stopped; connect again
* 1012 with a reason: earlier messages no longer hold; connect again, to an account's stream without `after`
"""

_STREAMED: Final = (
    market_schemas.DepthUpdate,
    market_schemas.MarketTrade,
    BookSnapshot,
    BookUpdate,
    OrdersSnapshot,
    OrdersUpdate,
    market_schemas.CandleUpdate,
    AccountOrders,
    AccountResumed,
    AccountUpdated,
)
_ALWAYS: Final = (400, 408, 414, 415, 417, 421, 429, 431, 500, 501, 503)
_PHRASES: Final = {
    400: "Not a valid HTTP request; the connection is closed",
    401: "Not authorized",
    403: "The origin of the page is not allowed, the account is another one, or a permission is missing",
    404: "Not found",
    408: "The whole request did not arrive in time; the connection is closed",
    409: "Refused in the current state",
    413: "The body is too large",
    414: "The request line is too long",
    415: "The body is encoded: no Content-Encoding is taken",
    417: "Expect takes 100-continue and nothing else",
    421: "The host is not served",
    422: "Not a valid request",
    429: "More than a limit of rate or place allows, or too many wrong tokens; the detail names the limit",
    431: "The head and the trailers are too large",
    500: "The exchange failed",
    501: "Transfer-Encoding takes chunked and nothing else",
    503: "Not taken: no matcher, overloaded, too much in flight, or too many connections",
    504: "The outcome is unknown",
}


def document(root_path: str = "") -> dict[str, Any]:
    """The OpenAPI document of calls below this path."""
    kinds: set[type[Struct]] = {Problem, *_STREAMED}
    for operation in OPERATIONS:
        kinds.update(kind for kind in _bodies(operation) if kind is not None)
    listed = sorted(kinds, key=lambda kind: kind.__name__)
    references, components = msgspec.json.schema_components(listed, ref_template="#/components/schemas/{name}")
    reference = dict(zip(listed, references, strict=True))
    components["Problem"]["properties"]["code"]["enum"] = list(KINDS)
    for schema in components.values():
        # Markdown would take the indentation of a docstring for code.
        if "description" in schema:
            schema["description"] = cleandoc(schema["description"])
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _describe(operation, reference)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Exchange", "version": VERSION, "description": DESCRIPTION},
        **({"servers": [{"url": root_path}]} if root_path else {}),
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "admin": {"type": "http", "scheme": "bearer", "description": "A token, where one is set"},
                "key": {"type": "http", "scheme": "bearer", "description": "<key>.<secret>, with GATEWAY_AUTH=keys"},
            },
        },
    }


def _bodies(operation: Operation) -> tuple[type[Struct] | None, ...]:
    return operation.answer, operation.other_answer, operation.body, operation.unhealthy


def _describe(operation: Operation, reference: dict[type[Struct], dict[str, Any]]) -> dict[str, Any]:
    statuses = {*operation.problems, *_ALWAYS}
    if operation.needs is not PUBLIC:
        statuses |= {401, 403}
    responses = {str(operation.status): _done(operation, reference)}
    for status in sorted(statuses):
        responses[str(status)] = _content(_PHRASES[status], "application/problem+json", reference[Problem])
    if operation.unhealthy is not None:
        responses["503"] = _content("No matcher", "application/json", reference[operation.unhealthy])
    for told in ("429", "503"):
        responses[told]["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    described: dict[str, Any] = {
        "operationId": f"{operation.method}{re.sub('[^a-z]+', '_', operation.path).rstrip('_')}",
        "summary": operation.summary,
        "tags": [operation.path.split("/")[1]],
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        "responses": responses,
    }
    if operation.body is not None:
        content = {"schema": reference[operation.body], "example": operation.example}
        described["requestBody"] = {"required": operation.body_required, "content": {"application/json": content}}
    if operation.needs in (ADMIN, LOCAL):
        described["security"] = [{"admin": []}, {}]
    elif operation.needs is not PUBLIC:
        described["security"] = [{"key": []}, {}]
    return described


def _done(operation: Operation, reference: dict[type[Struct], dict[str, Any]]) -> dict[str, Any]:
    if operation.answer is None:
        return _content("Done", "text/plain", {"type": "string"})
    answer = reference[operation.answer]
    if operation.other_answer is not None:
        answer = {"anyOf": [answer, reference[operation.other_answer]]}
    done = _content("Done", "application/json", answer)
    if operation.csv:
        done["content"]["text/csv"] = {"schema": {"type": "string"}}
    return done


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


def openapi_handler(root_path: str) -> Handler:
    """The handler of GET /openapi.json."""
    body = encode(document(root_path))

    async def handler(scope: Scope, _: Receive) -> HttpResponse:
        query_parameters(scope)
        return HttpResponse(200, body, JSON)

    return handler
