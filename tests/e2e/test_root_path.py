"""A gateway below a path of a site: everything is there, whether the proxy strips the path or sends it."""

import json
import re
from collections.abc import Iterator

import httpx
import pytest
from websockets.sync.client import connect

from tests.e2e.dashboard import chromium, needs_chromium, opened
from tests.exchange import PATIENCE, Exchange

ROOT_PATH = "/markets/spot"
ATTRIBUTION = "https://www.tradingview.com/"
"""What the licence of the chart's library asks for: a link that only a click follows."""


@pytest.fixture(scope="module")
def shared_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    with Exchange(tmp_path_factory.mktemp("exchange"), gateway_flags=(f"--root-path={ROOT_PATH}",)) as exchange:
        yield exchange


@pytest.fixture(params=[ROOT_PATH, ""], ids=["sent", "stripped"])
def sent(request: pytest.FixtureRequest) -> str:
    """What the proxy sends of the path."""
    path: str = request.param
    return path


def get(exchange: Exchange, path: str) -> httpx.Response:
    return exchange.http.get(path)


def test_calls_of_both_dialects(shared_exchange: Exchange, sent: str) -> None:
    assert get(shared_exchange, f"{sent}/health").json()["status"] == "ok"
    order = {"symbol": "BTC-USDT", "order_type": "limit", "side": "sell", "quantity": "1", "price": "90000"}
    placed = shared_exchange.http.post(f"{sent}/orders", json=order)
    assert (placed.status_code, placed.json()["status"]) == (200, "open")
    assert get(shared_exchange, f"{sent}/api/v3/ping").json() == {}
    # What is wrong is told in the dialect whose path it is.
    assert "code" in get(shared_exchange, f"{sent}/api/v3/nowhere").json()
    assert get(shared_exchange, f"{sent}/nowhere").json()["code"] == "not_found"


def test_streams_of_both_dialects(shared_exchange: Exchange, sent: str) -> None:
    base = f"ws://127.0.0.1:{shared_exchange.gateway.port}{sent}"
    with connect(f"{base}/ws/marketdata?symbol=BTC-USDT", open_timeout=PATIENCE, proxy=None) as stream:
        assert json.loads(stream.recv(timeout=PATIENCE))["symbol"] == "BTC-USDT"
    with connect(f"{base}/ws-api/v3", open_timeout=PATIENCE, proxy=None) as stream:
        stream.send('{"id": 1, "method": "ping"}')
        assert json.loads(stream.recv(timeout=PATIENCE))["status"] == 200


def test_pages_load_below_the_path_alone(shared_exchange: Exchange, sent: str) -> None:
    for page in (f"{sent}/", f"{sent}/docs"):
        answer = get(shared_exchange, page)
        links = [link for link in re.findall(r'(?:src|href)="([^"#]+)"', answer.text) if link != ATTRIBUTION]
        assert links
        assert not [link for link in links if link.startswith(("/", "http"))]
        for link in links:
            assert shared_exchange.http.get(str(httpx.URL(page).join(link))).status_code == 200, (page, link)
    assert 'url: "openapi.json"' in get(shared_exchange, f"{sent}/docs/start.js").text


def test_the_document_tells_where_the_calls_are(shared_exchange: Exchange, sent: str) -> None:
    document = get(shared_exchange, f"{sent}/openapi.json").json()
    assert document["servers"] == [{"url": ROOT_PATH}]
    assert "/orders" in document["paths"]


def test_the_path_without_a_slash_leads_to_the_dashboard(shared_exchange: Exchange) -> None:
    answer = get(shared_exchange, ROOT_PATH)
    assert (answer.status_code, answer.headers["location"]) == (308, f"{ROOT_PATH}/")


@pytest.mark.parametrize("path", ["/markets", "/markets/spotty/health", "/markets/spot2", ROOT_PATH * 2 + "/health"])
def test_other_paths_are_none_of_the_gateway(shared_exchange: Exchange, path: str) -> None:
    assert get(shared_exchange, path).status_code == 404


@needs_chromium
def test_the_dashboard_works_below_the_path(shared_exchange: Exchange, symbol: str) -> None:
    url = f"{shared_exchange.url}{ROOT_PATH}/"
    with chromium() as browser, opened(browser, shared_exchange, symbol, url) as dashboard:
        dashboard.fill("limit", "buy", quantity="1", price="50000")
        status, order = dashboard.answer_to(dashboard.find("#submit").click, "POST", f"{ROOT_PATH}/orders")
        assert (status, order["status"]) == (200, "open")
        dashboard.expect_book({"50000": "1"}, {})
        assert dashboard.find("#api-docs").get_attribute("href") == f"{shared_exchange.url}{ROOT_PATH}/docs"
