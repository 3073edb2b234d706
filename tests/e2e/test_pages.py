"""The pages that the gateway serves, and the document that describes its calls."""

import re

import pytest

from tests.exchange import Exchange


def test_openapi_document_is_valid(shared_exchange: Exchange) -> None:
    schemathesis = pytest.importorskip("schemathesis", reason="the check of the document needs schemathesis")
    document = shared_exchange.get("/openapi.json")
    assert document["openapi"].startswith("3.1.")
    # Raises where the document is not as the OpenAPI specification wants it.
    schemathesis.openapi.from_dict(document).validate()


def test_documentation_needs_no_internet(shared_exchange: Exchange) -> None:
    page = shared_exchange.http.get("/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "//" not in page.text
    for path in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert shared_exchange.http.get(path).status_code == 200
    described = {
        "/orders",
        "/orders/{order_id}",
        "/depth",
        "/bbo",
        "/trades",
        "/instruments",
        "/health",
        "/admin/save",
        "/admin/load",
    }
    assert described <= shared_exchange.get("/openapi.json")["paths"].keys()


def test_dashboard_is_served(shared_exchange: Exchange) -> None:
    page = shared_exchange.http.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    for path in re.findall(r'(?:src|href)="(static/[^"]+)"', page.text):
        assert shared_exchange.http.get(path).status_code == 200
