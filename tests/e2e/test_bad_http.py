"""Bodies that are too large or no JSON, and requests that are no HTTP."""

import json
import socket

import pytest

from tests.e2e.problems import assert_problem
from tests.e2e.test_bad_orders import LIMIT, order
from tests.exchange import PATIENCE, Exchange

MAX_BODY = 64 * 1024


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"null",
        b"[]",
        b'"limit"',
        b"[" * 30_000,
        b'{"a":' * 10_000,
        b"{}{}",
        json.dumps(LIMIT).encode()[:-1],
        json.dumps(LIMIT).encode() + b"x",
        b"\xff\xfe" + json.dumps(LIMIT).encode("utf-16-le"),
        json.dumps(LIMIT).replace('"', "'").encode(),
        b'{"symbol":"BTC-USDT","quantity":01}',
        b'{"symbol":"BTC-USDT","quantity":NaN}',
        b"symbol=BTC-USDT&side=buy",
    ],
)
def test_body_that_is_no_json_object(shared_exchange: Exchange, body: bytes) -> None:
    response = shared_exchange.http.post("/orders", content=body, headers={"Content-Type": "application/json"})
    assert_problem(response, 422, "invalid_json")


@pytest.mark.usefixtures("unchanged")
def test_body_that_is_no_unicode(shared_exchange: Exchange) -> None:
    body = json.dumps(order(client_order_id="NAME")).encode().replace(b"NAME", b"\xff\xfe")
    assert_problem(shared_exchange.http.post("/orders", content=body), 422, "invalid_json", "client_order_id")


# Large bodies


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("path", ["/orders", "/admin/instruments"])
@pytest.mark.parametrize("size", [MAX_BODY + 1, 10 * 1024 * 1024])
def test_large_body(shared_exchange: Exchange, path: str, size: int) -> None:
    body = b" " * (size - 2) + b"{}"
    assert_problem(shared_exchange.http.post(path, content=body), 413, "body_too_large")


@pytest.mark.usefixtures("unchanged")
def test_large_body_in_chunks(shared_exchange: Exchange) -> None:
    chunks = (b" " * 1000 for _ in range(1000))
    assert_problem(shared_exchange.http.post("/orders", content=chunks), 413, "body_too_large")


@pytest.mark.usefixtures("unchanged")
def test_large_body_that_never_comes_is_refused_by_its_length(shared_exchange: Exchange) -> None:
    with socket.create_connection(("127.0.0.1", shared_exchange.gateway.port), PATIENCE) as connection:
        connection.sendall(
            b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n" + b" " * (MAX_BODY + 1)
        )
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_largest_body_is_read(shared_exchange: Exchange, symbol: str) -> None:
    body = json.dumps(order(symbol=symbol)).encode()
    response = shared_exchange.http.post("/orders", content=body + b" " * (MAX_BODY - len(body)))
    assert response.status_code == 200


# Broken HTTP


def raw(exchange: Exchange, request: bytes) -> bytes:
    """What is answered before the connection is closed."""
    with socket.create_connection(("127.0.0.1", exchange.gateway.port), PATIENCE) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        parts = []
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "request_bytes",
    [
        b"hello\r\n\r\n",
        b"\x00" * 1000,
        b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"POST /orders HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ],
)
def test_broken_http(shared_exchange: Exchange, request_bytes: bytes) -> None:
    answer = raw(shared_exchange, request_bytes)
    assert not answer or answer.split()[1].startswith(b"4")


@pytest.mark.usefixtures("unchanged")
def test_client_that_goes_away_in_the_middle(shared_exchange: Exchange) -> None:
    for _ in range(20):
        raw(shared_exchange, b'POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{"symbol":')
    assert shared_exchange.gateway.failures() == []


def test_answers_are_not_sniffed_or_cached(shared_exchange: Exchange) -> None:
    for path in ("/health", "/depth?symbol=BTC-USDT", "/orders", "/nowhere"):
        assert shared_exchange.http.get(path).headers["x-content-type-options"] == "nosniff"
    assert shared_exchange.http.get("/depth?symbol=BTC-USDT").headers["cache-control"] == "no-store"
