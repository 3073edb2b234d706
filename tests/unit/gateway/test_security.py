"""Which pages may call, and what the gateway's own pages may load."""

from collections.abc import Iterator

import pytest
from msgspec import structs

from gateway.http.security import MAX_REMEMBERED, AllowedHosts
from protocol.commands import DepthQuery, PlaceOrder
from protocol.events import Depth, OrderResult
from protocol.units import OrderStatus
from tests.unit.gateway.fakes import CONFIG, Gateway

ORDER = {"symbol": "BTC-USDT", "order_type": "market", "side": "buy", "quantity": "1"}


def prepared(gateway: Gateway) -> Gateway:
    gateway.broker.answers[PlaceOrder] = OrderResult(1, OrderStatus.CANCELED, False, 0, 0, 0, None)
    gateway.broker.results[DepthQuery] = Depth("BTC-USDT", [], [])
    return gateway


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        yield prepared(gateway)


@pytest.fixture
def open_gateway() -> Iterator[Gateway]:
    with Gateway(structs.replace(CONFIG, cors_origins=("https://desk.example", "http://localhost:3000"))) as gateway:
        yield prepared(gateway)


FOREIGN = [
    "http://evil.example",
    "null",
    "https://desk.example",
    "http://exchange.example.evil.example",
    "http://exchange.example:81",
    "x",
]


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize(
    "call", ["POST /orders", "DELETE /orders", "DELETE /orders/1", "POST /admin/save", "PUT /orders", "PATCH /orders/1"]
)
def test_pages_of_other_origins_change_nothing(gateway: Gateway, call: str, origin: str) -> None:
    method, path = call.split()
    assert gateway.request(method, path, ORDER, {"origin": origin}).problem == (403, "origin_not_allowed", None)
    assert gateway.broker.commands == []


@pytest.mark.parametrize("origin", ["http://exchange.example", "https://exchange.example"])
def test_the_gateways_own_pages_may_call(gateway: Gateway, origin: str) -> None:
    assert gateway.request("POST", "/orders", ORDER, {"origin": origin}).status == 200


LOCAL = ["localhost", "LocalHost", "localhost.", "127.0.0.1", "127.9.9.9", "[::1]", "[0:0::1]"]
PORTS = ["", ":", ":8000", ":80", ":65535"]
OTHERS = [
    "",
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "evil.localhost",
    "127.0.0.1.evil.example",
    "127.1",
    "2130706433",
    "0.0.0.0",
    "192.168.1.5",
    "[::2]",
    "::1",
    "[::1",
    "localhost:8000:8000",
    "localhost@evil.example",
    "evil.example@localhost",
    "localhost/",
    "localhost,evil.example",
    "localhost evil.example",
    "localhost:80a",
    "l\xf6calhost",
]
PATHS = ["/", "/health", "/docs", "/openapi.json", "/static/app.js", "/depth?symbol=BTC-USDT", "/nowhere"]


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("host", [*LOCAL, "exchange.example", "Exchange.Example."])
def test_local_names_and_those_of_the_setting_are_served(gateway: Gateway, host: str, port: str) -> None:
    for _ in range(2):
        answer = gateway.request("POST", "/orders", ORDER, {"host": host + port, "origin": f"http://{host}{port}"})
        assert answer.status == 200


@pytest.mark.parametrize("host", OTHERS)
def test_no_other_host_is_served(gateway: Gateway, host: str) -> None:
    for path in PATHS:
        assert gateway.request("GET", path, None, {"host": host}).problem == (421, "host_not_allowed", None)
    # As the page of a name that was made to lead here would call.
    call = gateway.request("POST", "/orders", ORDER, {"host": host, "origin": f"http://{host}"})
    assert call.problem == (421, "host_not_allowed", None)
    assert gateway.broker.commands == []


@pytest.mark.parametrize("host", OTHERS)
def test_every_host_is_served_where_that_is_said(host: str) -> None:
    with Gateway(structs.replace(CONFIG, host="0.0.0.0", allowed_hosts=("*",))) as gateway:
        assert gateway.request("GET", "/docs", None, {"host": host}).status == 200


@pytest.mark.parametrize(
    ("bound", "host", "status"),
    [
        ("192.168.1.5", "192.168.1.5:8000", 200),
        ("192.168.1.5", "192.168.1.6", 421),
        ("fe80::1", "[FE80::0001]:8000", 200),
        ("Desk.example", "desk.example", 200),
        ("0.0.0.0", "0.0.0.0", 421),
        ("0.0.0.0", "127.0.0.1", 200),
        ("::", "[::]", 421),
    ],
)
def test_the_host_that_is_bound_is_served(bound: str, host: str, status: int) -> None:
    with Gateway(structs.replace(CONFIG, host=bound)) as gateway:
        assert gateway.request("GET", "/docs", None, {"host": host}).status == status


def test_hosts_that_were_seen_take_a_bounded_memory() -> None:
    hosts = AllowedHosts(CONFIG)
    for number in range(5000):
        assert hosts.serve(b"localhost:%d" % number)
        assert not hosts.serve(b"evil.example:%d" % number)
    assert len(hosts.remembered) == MAX_REMEMBERED


def test_programs_without_an_origin_may_call(gateway: Gateway) -> None:
    assert gateway.request("POST", "/orders", ORDER).status == 200


def test_without_the_setting_no_page_of_another_origin_reads_an_answer(gateway: Gateway) -> None:
    answer = gateway.request("GET", "/depth?symbol=BTC-USDT", None, {"origin": "https://desk.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_the_origins_of_the_setting_may_call_and_read(open_gateway: Gateway) -> None:
    for origin in ("https://desk.example", "http://localhost:3000"):
        for method, path, body in (("POST", "/orders", ORDER), ("GET", "/depth?symbol=BTC-USDT", None)):
            answer = open_gateway.request(method, path, body, {"origin": origin})
            assert answer.status == 200
            assert answer.headers["access-control-allow-origin"] == origin
    refused = open_gateway.request("POST", "/orders", ORDER, {"origin": "http://evil.example"})
    assert refused.problem == (403, "origin_not_allowed", None)
    assert "access-control-allow-origin" not in refused.headers


def test_errors_can_be_read_by_allowed_origins(open_gateway: Gateway) -> None:
    answer = open_gateway.request("POST", "/orders", {}, {"origin": "https://desk.example"})
    assert answer.status == 422
    assert answer.headers["access-control-allow-origin"] == "https://desk.example"


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_browser_may_ask_before_it_calls(open_gateway: Gateway, method: str) -> None:
    asked = {"access-control-request-method": method, "access-control-request-headers": "authorization,content-type"}
    allowed = open_gateway.request("OPTIONS", "/orders", None, {"origin": "https://desk.example", **asked})
    assert allowed.status == 200
    assert allowed.headers["access-control-allow-origin"] == "https://desk.example"
    assert method in allowed.headers["access-control-allow-methods"]
    refused = open_gateway.request("OPTIONS", "/orders", None, {"origin": "http://evil.example", **asked})
    assert refused.status == 400
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize("path", ["/", "/docs", "/static/index.html", "/docs/swagger-ui-bundle.js"])
def test_pages_load_from_here_only(gateway: Gateway, path: str) -> None:
    answer = gateway.request("GET", path)
    assert answer.status == 200
    policy = {part.split()[0]: part.split()[1:] for part in answer.headers["content-security-policy"].split(";")}
    assert policy["default-src"] in (["'self'"], ["'none'"])
    assert policy.get("script-src", ["'self'"]) == ["'self'"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert b"http://" not in answer.body[:2000].replace(b"http://www.w3.org", b"")


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/docs", "text/html; charset=utf-8"),
        ("/docs/start.js", "text/javascript; charset=utf-8"),
        ("/docs/swagger-ui.css", "text/css; charset=utf-8"),
        ("/static/common/base.css", "text/css; charset=utf-8"),
        ("/static/favicon.svg", "image/svg+xml"),
    ],
)
def test_files_have_their_content_types(gateway: Gateway, path: str, content_type: str) -> None:
    assert gateway.request("GET", path).headers["content-type"] == content_type


def test_scripts_are_scripts(gateway: Gateway) -> None:
    for path in ("/static/common/api.js", "/docs/swagger-ui-bundle.js"):
        assert "javascript" in gateway.request("GET", path).headers["content-type"]


def test_a_file_that_has_not_changed_is_not_sent_again(gateway: Gateway) -> None:
    first = gateway.request("GET", "/static/common/api.js")
    assert first.headers["cache-control"] == "no-cache"
    again = gateway.request("GET", "/static/common/api.js", None, {"if-none-match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/../../pyproject.toml",
        "/static//etc/passwd",
        "/static/..\\app.py",
        "/static/\0",
        "/static/" + "x" * 5000,
        "/static/",
        "/static/nope.js",
        "/docs/main.py",
        "/docs/..",
        "/docs/favicon-32x32.png",
    ],
)
def test_nothing_but_the_pages_files_is_served(gateway: Gateway, path: str) -> None:
    assert gateway.request("GET", path).problem == (404, "not_found", None)


def test_no_answer_is_guessed_at(gateway: Gateway) -> None:
    for method, path in (
        ("GET", "/depth?symbol=BTC-USDT"),
        ("GET", "/nope"),
        ("GET", "/depth"),
        ("PUT", "/orders"),
        ("GET", "/openapi.json"),
    ):
        assert gateway.request(method, path).headers["x-content-type-options"] == "nosniff"
