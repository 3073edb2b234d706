"""The OpenAPI document: complete, and true to the routes."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.routing import Match, Route, WebSocketRoute

from gateway.access.admin import Audited
from gateway.binance.routes import PREFIXES
from gateway.http.resources import Resource
from gateway.native.openapi import document
from gateway.native.problem_kinds import KINDS
from matching_exchange.process.addresses import OWN_PATHS, ROOT_PATH
from protocol.order_types import OF_ALL_TYPES, ORDER_TYPES, TERMS, TypeRow
from protocol.units import InstrumentStatus, OrderStatus, OrderType, Reason, Side
from tests.unit.gateway.fakes import Gateway


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        yield gateway


def test_every_route_is_described_and_nothing_else(gateway: Gateway) -> None:
    served = {
        (route.path, method.lower())
        for route in gateway.app.router.routes
        if isinstance(route, Route) and route.path != "/openapi.json"
        for app in (route.app.app if isinstance(route.app, Audited) else route.app,)
        if isinstance(app, Resource)
        for method in app.handlers
        if method != "HEAD"
    }
    described = {(path, method) for path, methods in document()["paths"].items() for method in methods}
    assert described == served


def test_no_root_path_begins_as_a_path_of_the_gateway(gateway: Gateway) -> None:
    served = [route.path for route in gateway.app.router.routes if isinstance(route, Route | WebSocketRoute)]
    first = {path.split("/")[1] for path in (*served, *PREFIXES, "/stream", "/ws-api/v3")} - {"", "{path:path}"}
    assert first == set(OWN_PATHS)
    for own in first:
        for root in (f"/{own}", f"/{own}/more"):
            with pytest.raises(ValueError, match=root):
                ROOT_PATH.parse(root)
        assert ROOT_PATH.parse(f"/exchange/{own}") == f"/exchange/{own}"
        assert ROOT_PATH.parse(f"/{own}2") == f"/{own}2"


def test_a_path_with_a_parameter_hides_no_other_path(gateway: Gateway) -> None:
    for path, methods in document()["paths"].items():
        for method in methods:
            found = next(
                route
                for route in gateway.app.router.routes
                if route.matches({"type": "http", "path": path, "method": method.upper()})[0] is not Match.NONE
            )
            assert isinstance(found, Route)
            assert found.path == path


def test_it_is_served(gateway: Gateway) -> None:
    answer = gateway.request("GET", "/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json == json.loads(json.dumps(document()))
    assert answer.json["openapi"] == "3.1.0"


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_every_reference_leads_to_a_schema_and_every_schema_is_referred_to() -> None:
    described = document()
    names = {reference.removeprefix("#/components/schemas/") for reference in references(described)}
    schemas = set(described["components"]["schemas"])
    # The messages of the streams have schemas, but OpenAPI knows no streams.
    assert names <= schemas
    assert schemas - names == {
        "DepthUpdate",
        "CandleUpdate",
        "BookSnapshot",
        "BookUpdate",
        "OrdersSnapshot",
        "OrdersUpdate",
        "AccountOrders",
        "AccountResumed",
        "AccountUpdated",
    }


def test_words_and_codes_are_complete() -> None:
    schemas = document()["components"]["schemas"]
    order = schemas["Order"]["properties"]
    for field, members in (("side", Side), ("order_type", OrderType), ("status", OrderStatus)):
        assert order[field]["enum"] == [member.name.lower() for member in members]
    assert order["reason"]["anyOf"][0]["enum"] == [member.name.lower() for member in Reason]
    assert schemas["InstrumentView"]["properties"]["status"]["enum"] == [
        member.name.lower() for member in InstrumentStatus
    ]
    assert schemas["Problem"]["properties"]["code"]["enum"] == list(KINDS)


def test_a_request_for_an_order_is_described_as_it_is_read() -> None:
    schema = document()["components"]["schemas"]["OrderRequest"]
    assert schema["required"] == ["symbol", "order_type", "side"]
    assert schema["additionalProperties"] is False
    kinds = {option.get("type") for option in schema["properties"]["price"]["anyOf"]}
    assert kinds == {"string", "number", "null"}


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]


def _takes(row: TypeRow, name: str) -> bool:
    """Whether orders of the type take the field."""
    return row.price if name == "price" else row.trigger_price if name == "trigger_price" else row.takes(name)


def test_the_description_of_an_order_names_the_types_that_take_each_field() -> None:
    described = document()["components"]["schemas"]["OrderRequest"]["description"]
    taken = {
        name: [row.order_type.name.lower() for row in ORDER_TYPES.values() if _takes(row, name)]
        for name in ("price", "trigger_price", *TERMS)
        if name not in OF_ALL_TYPES
    }
    told = dict(re.findall(r"^\* (\w+): (.*)$", described, re.MULTILINE))
    assert {name: sorted(types.split(", ")) for name, types in told.items()} == {
        name: sorted(types) for name, types in taken.items()
    }


TABLES = ("/trades", "/candles", "/fills", "/orders", "/accounts/{account}/ledger")


@pytest.mark.parametrize(("path", "method", "operation"), operations())
def test_every_operation_tells_its_errors(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    makes = method == "post" and path.rsplit("/", maxsplit=1)[-1] in ("keys", "secret", "faults")
    success = "201" if makes else "200"
    expected = {success, "400", "408", "414", "415", "417", "421", "422", "429", "431", "500", "501", "503"}
    if method != "get":
        expected.add("403")
    if "requestBody" in operation:
        expected.add("413")
    of_gateway = path.startswith("/admin/faults")
    if method != "get" and not path.endswith("batch") and not of_gateway:
        expected.add("504")
    if path.startswith("/admin/"):
        expected |= {"401", "403", "429"}
    elif path not in ("/depth", "/bbo", "/trades", "/candles", "/ticker", "/instruments", "/health", "/demo"):
        expected |= {"401", "403"}
    if any(parameter["name"] in ("symbol", "order_id") for parameter in operation["parameters"]) or path in (
        "/orders",
        "/orders/oco",
        "/orders/cancel-replace",
    ):
        expected.add("404")
    assert expected <= set(responses)
    assert set(responses) - expected <= (
        {"404", "409"} if "key" in path or path == "/admin/demo" or of_gateway else {"409"}
    )
    for status, response in responses.items():
        media_type, *others = response["content"]
        table = status == success and method == "get" and path in TABLES
        assert others == (["text/csv"] if table else [])
        problem = status != success and path != "/health"
        good = "text/plain" if path == "/metrics" else "application/json"
        assert media_type == ("application/problem+json" if problem or status not in (success, "503") else good)
    for status in ("429", "503"):
        assert "Retry-After" in responses[status]["headers"]


def test_operation_ids_are_names_of_their_own() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z_]+", name) for name in names)
