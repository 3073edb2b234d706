"""HTTP as clients of all kinds speak it, over real sockets: what they offer, how their requests end, and what breaks
HTTP."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.exchange import PATIENCE, Exchange, Gateway, Json, Matcher, receive, wait_until

MAX_HEAD = 64 * 1024
HANDSHAKE = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
JAVA = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
"""What the HTTP client of the JDK offers with each first request."""


class Peer:
    """One raw connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._read = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def end(self) -> None:
        """Send no more."""
        self.socket.shutdown(socket.SHUT_WR)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the next answer."""
        while b"\r\n\r\n" not in self._read:
            self._receive()
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        length = int(headers.get("content-length", "0"))
        while len(self._read) < length:
            self._receive()
        body, self._read = self._read[:length], self._read[length:]
        return int(status.split()[1]), headers, body

    def problem(self) -> tuple[int, str]:
        """Status and code of the next answer, a problem document, after which the connection is closed."""
        status, headers, body = self.answer()
        assert headers["content-type"] == "application/problem+json", body
        assert headers["connection"] == "close"
        problem = json.loads(body)
        assert problem["status"] == status
        self.closed()
        return status, problem["code"]

    def closed(self) -> None:
        """Nothing more comes."""
        assert self._read == b""
        assert self.socket.recv(1) == b""

    def _receive(self) -> None:
        received = self.socket.recv(65_536)
        assert received, f"the connection was closed after {self._read!r}"
        self._read += received


@contextmanager
def peer(gateway: Gateway) -> Iterator[Peer]:
    connected = Peer(gateway.port)
    try:
        yield connected
    finally:
        connected.socket.close()


def request(method: str, path: str, body: Any = None, headers: bytes = b"") -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    length = b"Content-Length: %d\r\n" % len(content) if content else b""
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n".encode() + headers + length + b"\r\n" + content


def order(symbol: str, **more: str) -> Json:
    return {"symbol": symbol, "order_type": "limit", "side": "buy", "quantity": "1", "price": "100", **more}


# Upgrades that are offered


def test_calls_that_offer_another_protocol_are_done(shared_exchange: Exchange, symbol: str) -> None:
    shared_exchange.trade(symbol, "150")
    name = f"client:{symbol}-1"
    oco = {"symbol": symbol, "side": "buy", "quantity": "1", "price": "100", "stop_trigger_price": "200"}
    calls = [
        request("POST", "/orders", order(symbol, client_order_id=f"{symbol}-1"), JAVA),
        request("PATCH", f"/orders/{name}", {"quantity": "2"}, JAVA),
        request("POST", "/orders/oco", oco, JAVA),
        request("POST", "/orders/batch", {"orders": [order(symbol)]}, JAVA),
        request("POST", "/orders/cancel-batch", {"order_ids": [f"{name}-other"]}, JAVA),
        request("POST", "/accounts/java/cancel-after", {"timeout_ms": 0}, JAVA),
        request("POST", "/admin/instruments", {"symbol": symbol, "min_notional": "2"}, JAVA),
        request("DELETE", f"/orders/{name}", None, JAVA),
        request("GET", f"/orders/{name}", None, JAVA),
    ]
    with peer(shared_exchange.gateway) as offering:
        for call in calls:
            offering.send(call)
            status, headers, body = offering.answer()
            assert (status, "upgrade" in headers) == (200, False), body
        offering.send(b"".join(calls[3:]))
        assert [offering.answer()[0] for _ in calls[3:]] == [200, 200, 200, 200, 409, 200]
    placed = shared_exchange.get(f"/orders/{name}")
    assert (placed["quantity"], placed["status"]) == ("2", "canceled")


def test_a_body_behind_the_head_of_an_offer_is_read(shared_exchange: Exchange, symbol: str) -> None:
    with peer(shared_exchange.gateway) as offering:
        head, _, body = request("POST", "/orders", order(symbol), JAVA + b"Expect: 100-continue\r\n").partition(
            b"\r\n\r\n"
        )
        offering.send(head + b"\r\n\r\n")
        assert offering.answer()[0] == 100
        offering.send(body)
        assert offering.answer()[0] == 200
        offering.send(request("GET", "/bbo?symbol=" + symbol))
        status, _, answer = offering.answer()
    assert (status, json.loads(answer)["bid"]) == (200, ["100", "1"])


def test_an_order_with_the_head_of_a_websocket_is_refused(shared_exchange: Exchange, symbol: str) -> None:
    with peer(shared_exchange.gateway) as confused:
        confused.send(request("POST", "/orders", order(symbol), HANDSHAKE))
        assert confused.problem() == (405, "method_not_allowed")
    assert shared_exchange.get("/orders", symbol=symbol)["orders"] == []


# How requests end


@pytest.mark.parametrize("count", [1, 3])
def test_a_client_that_sends_no_more_is_told_of_its_orders(shared_exchange: Exchange, symbol: str, count: int) -> None:
    with peer(shared_exchange.gateway) as client:
        client.send(request("POST", "/orders", order(symbol)) * count)
        client.end()
        told = [client.answer() for _ in range(count)]
        client.closed()
    assert [status for status, _, _ in told] == [200] * count
    placed = [json.loads(body)["order_id"] for _, _, body in told]
    assert [resting["order_id"] for resting in shared_exchange.get("/orders", symbol=symbol)["orders"]] == placed


def test_a_request_that_ends_in_the_middle_is_refused(shared_exchange: Exchange, symbol: str) -> None:
    with peer(shared_exchange.gateway) as client:
        client.send(request("POST", "/orders", order(symbol))[:-1])
        client.end()
        assert client.problem() == (400, "bad_request")
    assert shared_exchange.get("/orders", symbol=symbol)["orders"] == []


@pytest.mark.parametrize(
    ("bad", "status", "code"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xab" * 500, 400, "bad_request"),
        (b"FETCH / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "bad_request"),
        (
            b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}}",
            400,
            "bad_request",
        ),
        (b"POST /orders HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "bad_request"),
        (
            b"POST /orders HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            501,
            "transfer_coding_not_supported",
        ),
        (
            b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\n\r\n",
            415,
            "content_encoding_not_supported",
        ),
        (b"POST /orders HTTP/1.1\r\nHost: localhost\r\nExpect: more\r\n\r\n", 417, "expectation_failed"),
        (
            b"POST /orders HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 10000000\r\n\r\n",
            413,
            "body_too_large",
        ),
        (b"GET /?" + b"q" * 2 * MAX_HEAD + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, "request_line_too_long"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 5_000_000, 431, "head_too_large"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: xxxxxxxxxxxxxxxxxxxxx\r\n" * 200_000, 431, "head_too_large"),
        (
            b"POST /orders HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
            + b"X: y\r\n" * 500_000,
            431,
            "head_too_large",
        ),
    ],
)
def test_what_is_refused_is_told_even_to_who_still_sends(
    shared_exchange: Exchange, bad: bytes, status: int, code: str
) -> None:
    with peer(shared_exchange.gateway) as client:
        client.send(request("GET", "/instruments") + bad)
        assert client.answer()[0] == 200
        assert client.problem() == (status, code)
    assert shared_exchange.http.get("/health").status_code == 200


# WebSockets


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": "a" * 8200},
        {"Cookie": "; ".join(f"c{number}={'x' * 3000}" for number in range(3))},
        {"Cookie": "a" * 60_000},
        {f"X-Header-{number}": "x" * 50 for number in range(900)},
    ],
)
def test_a_stream_opens_whatever_a_browser_sends_along(
    shared_exchange: Exchange, symbol: str, headers: dict[str, str]
) -> None:
    url = f"ws://localhost:{shared_exchange.gateway.port}/ws/marketdata?symbol={symbol}"
    with connect(url, additional_headers=headers, open_timeout=PATIENCE, proxy=None) as stream:
        assert receive(stream)["symbol"] == symbol


@pytest.mark.parametrize("more", [b"Cookie: " + b"a" * MAX_HEAD + b"\r\n", b"X: y\r\n" * 12_000])
def test_a_request_for_a_stream_with_too_large_a_head_is_answered(shared_exchange: Exchange, more: bytes) -> None:
    with peer(shared_exchange.gateway) as client:
        client.send(b"GET /ws/marketdata?symbol=BTC-USDT HTTP/1.1\r\nHost: localhost\r\n" + HANDSHAKE + more + b"\r\n")
        assert client.problem() == (431, "head_too_large")


@pytest.mark.parametrize(
    "change",
    [
        (b"dGhlIHNhbXBsZSBub25jZQ==", b"c2hvcnQ="),
        (b"dGhlIHNhbXBsZSBub25jZQ==", b"no base64"),
        (b"Version: 13", b"Version: 12"),
        (b"Sec-WebSocket-Key", b"Sec-Key"),
        (b"Sec-WebSocket-Version: 13\r\n", b""),
        (b"Sec-WebSocket-Version: 13\r\n", b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n"),
        (b"Upgrade\r\n", b"Upgrade\r\nContent-Length: 2\r\n"),
        (b"Upgrade\r\n", b"Upgrade\r\nTransfer-Encoding: chunked\r\n"),
    ],
)
def test_a_request_for_a_stream_that_is_none_is_answered(
    shared_exchange: Exchange, change: tuple[bytes, bytes]
) -> None:
    with peer(shared_exchange.gateway) as client:
        client.send(
            b"GET /ws/marketdata?symbol=BTC-USDT HTTP/1.1\r\nHost: localhost\r\n" + HANDSHAKE.replace(*change) + b"\r\n"
        )
        assert client.problem() == (400, "bad_request")


@pytest.mark.parametrize("path", ["/ws/marketdata/", "/ws/nothing", "/wss", "/orders", "/"])
def test_an_unknown_stream_is_not_found(shared_exchange: Exchange, path: str) -> None:
    with peer(shared_exchange.gateway) as client:
        client.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n".encode() + HANDSHAKE + b"\r\n")
        assert client.problem() == (404, "not_found")
    assert shared_exchange.gateway.failures() == []
    assert not [record for record in shared_exchange.gateway.records() if record["level"] == "error"]


# Descriptors


def test_connections_beyond_the_descriptors_are_told_so_until_others_leave(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, Matcher(tmp_path))
    gateway.below = ["sh", "-c", 'ulimit -n 100; exec "$@"', "sh"]
    gateway.start()
    try:
        gateway.wait_until_answers(503)
        held: list[Peer] = []
        while True:
            held.append(Peer(gateway.port))
            held[-1].send(request("GET", "/openapi.json"))
            status, headers, body = held[-1].answer()
            if status != 200:
                break
            assert len(held) < 100
        assert (status, json.loads(body)["code"]) == (503, "too_many_connections")
        assert (headers["retry-after"], headers["connection"]) == ("1", "close")
        assert len(held) > 10
        held[0].send(request("GET", "/openapi.json"))
        assert held[0].answer()[0] == 200
        for connection in held:
            connection.socket.close()
        wait_until(lambda: gateway.http.get("/openapi.json").status_code == 200, "room for a connection")
        [told] = [record for record in gateway.records("request refused") if record["code"] == "too_many_connections"]
        assert told["level"] == "warning"
    finally:
        gateway.close()
