"""What one HTTP connection may send, in any pieces, and what it is answered."""

import time
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from gateway.http.bounds import Bounds
from gateway.http.connections import HttpConnection, arrival
from matching_exchange.process.log_brake import LogBrake
from tests.unit.gateway.wire import GET, HANDSHAKE, POST, Wire, run

OFFERS = {
    "h2c": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n",
    "unknown": b"Connection: upgrade\r\nUpgrade: foo\r\n",
    "TLS": b"Upgrade: TLS/1.0\r\nConnection: Upgrade\r\n",
    "several": b"Connection: keep-alive, Upgrade\r\nUpgrade: h2c, TLS/1.0, foo\r\n",
    "several headers": b"Connection: Upgrade\r\nUpgrade: h2c\r\nUpgrade: foo\r\n",
    "a WebSocket among others": b"Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n",
    "a WebSocket without Connection": b"Upgrade: websocket\r\n",
}
BODY = b'{"quantity":"1"}'
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n5;name=value\r\n%s\r\n%x\r\n%s\r\n0\r\nEtag: x\r\n\r\n" % (
    BODY[:5],
    len(BODY) - 5,
    BODY[5:],
)
FRAMED = {"length": b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY, "chunks": CHUNKED}


def cuts(request: bytes) -> Iterator[list[bytes]]:
    """The request in one segment, in two with every cut, and byte by byte."""
    yield [request]
    yield from ([request[:cut], request[cut:]] for cut in range(1, len(request)))
    yield [request[at : at + 1] for at in range(len(request))]


@pytest.mark.parametrize("framing", FRAMED)
@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE", "GET"])
def test_an_upgrade_that_is_not_taken_changes_nothing(method: str, offer: str, framing: str) -> None:
    async def scenario() -> None:
        head = f"{method} /orders?a=b HTTP/1.1\r\nHost: localhost\r\n".encode()
        request = head + OFFERS[offer] + FRAMED[framing]
        for segments in cuts(request + GET):
            wire = Wire()
            await wire.say(*segments)
            first, second = wire.answers()
            assert (first.status, first.json) == (200, [method, "/orders", "a=b", BODY.decode()]), segments
            assert (second.status, second.json) == (200, ["GET", "/next", "", ""]), segments
            assert "connection" not in second.headers
            assert not wire.transport.closed

    run(scenario)


def test_many_offers_may_wait_in_one_segment() -> None:
    async def scenario() -> None:
        wire = Wire()
        request = POST + OFFERS["h2c"] + FRAMED["length"]
        await wire.say(request * 2000)
        assert [answer.status for answer in await wire.next_answers(2000)] == [200] * 2000

    run(scenario)


def test_an_offer_in_http_1_0_is_passed_over() -> None:
    async def scenario() -> None:
        wire = Wire()
        await wire.say(b"GET /stream HTTP/1.0\r\n" + HANDSHAKE + b"\r\n")
        [answer] = wire.answers()
        assert (answer.status, answer.json[1]) == (200, "/stream")

    run(scenario)


@pytest.mark.parametrize(
    "body", [b"Content-Length: 2\r\n\r\n{}", b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"\r\n"]
)
def test_a_websocket_is_opened_with_get_only(body: bytes) -> None:
    async def scenario() -> None:
        wire = Wire()
        await wire.say(POST + HANDSHAKE + body + GET)
        [answer] = wire.answers()
        assert answer.problem == (405, "method_not_allowed")
        assert (answer.headers["allow"], answer.headers["connection"]) == ("get", "close")
        assert wire.transport.ended
        assert wire.app.scopes == []

    run(scenario)


@pytest.mark.parametrize(
    "body", [b"Content-Length: 2\r\n\r\n{}", b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"]
)
def test_a_websocket_is_opened_without_a_body(body: bytes) -> None:
    async def scenario() -> None:
        wire = Wire()
        await wire.say(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n" + HANDSHAKE + body)
        [answer] = wire.answers()
        assert answer.problem == (400, "bad_request")
        assert wire.transport.ended

    run(scenario)


def test_a_websocket_waits_for_no_answer() -> None:
    async def scenario() -> None:
        wire = Wire()
        wire.app.open.clear()
        await wire.say(GET + b"GET /stream HTTP/1.1\r\nHost: localhost\r\n" + HANDSHAKE + b"\r\n")
        wire.app.open.set()
        await wire.say()
        first, second = wire.answers()
        assert (first.json[1], second.problem) == ("/next", (400, "bad_request"))

    run(scenario)


def test_connect_is_refused() -> None:
    async def scenario() -> None:
        for target in (b"example.org:80", b"/orders"):
            wire = Wire()
            await wire.say(b"CONNECT " + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n\x16\x03\x01")
            [answer] = wire.answers()
            assert answer.problem == (405, "method_not_allowed")
            assert wire.transport.ended

    run(scenario)


# The order of answers


def test_requests_that_wait_for_answers_are_not_parsed_ahead() -> None:
    async def scenario() -> None:
        wire = Wire()
        wire.app.open.clear()
        await wire.say(GET * 10_000)
        assert not wire.transport.reading
        assert len(wire.connection.pipeline) < 1000
        wire.app.open.set()
        assert [answer.json[1] for answer in await wire.next_answers(10_000)] == ["/next"] * 10_000
        assert wire.transport.reading
        assert len(wire.connection.pipeline) == 0

    run(scenario)


@pytest.mark.parametrize(
    "bad", [b"hello\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"CONNECT a:1 HTTP/1.1\r\nHost: localhost\r\n\r\n"]
)
def test_answers_come_in_the_order_of_the_requests(bad: bytes) -> None:
    async def scenario() -> None:
        wire = Wire()
        wire.app.open.clear()
        await wire.say(GET * 3 + bad + GET)
        assert wire.answers() == []
        wire.app.open.set()
        await wire.say()
        await wire.say()
        answers = wire.answers()
        assert [answer.status for answer in answers[:3]] == [200] * 3
        assert answers[3].status in (400, 405)
        assert len(answers) == 4
        assert wire.transport.ended

    run(scenario)


def test_a_broken_body_is_the_problem_of_its_own_request() -> None:
    async def scenario() -> None:
        wire = Wire()
        chunked = b"Host: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
        wire.app.open.clear()
        await wire.say(GET + b"POST /orders HTTP/1.1\r\n" + chunked + b"zz\r\n")
        wire.app.open.set()
        await wire.say()
        first, second = wire.answers()
        assert (first.status, second.problem) == (200, (400, "bad_request"))
        # What does not read its body is answered all the same, since it is done.
        wire = Wire()
        await wire.say(b"POST /no-body HTTP/1.1\r\n" + chunked, b"zz\r\n")
        [answer] = wire.answers()
        assert (answer.status, wire.transport.ended) == (200, True)

    run(scenario)


def test_refusals_are_in_the_log_once_a_second_of_each_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(HttpConnection, "brake", LogBrake(lambda: now))

    async def scenario() -> None:
        nonlocal now
        for moment in (0.0, 0.1, 0.9, 1.0):
            now = moment
            for request in (b"hello\r\n\r\n", POST + b"Expect: more\r\n\r\n"):
                await Wire().say(request)

    with capture_logs() as logs:
        run(scenario)
    told = [(line["code"], line["client"], line.get("left_out")) for line in logs]
    assert told == [
        (code, "192.0.2.1", left_out) for left_out in (None, 2) for code in ("bad_request", "expectation_failed")
    ]


# Half-closed connections


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize("waits", [False, True])
def test_a_peer_that_sends_no_more_is_answered_first(count: int, *, waits: bool) -> None:
    async def scenario() -> None:
        wire = Wire()
        if waits:
            wire.app.open.clear()
        wire.connection.data_received((POST + b"Content-Length: 2\r\n\r\n{}") * count)
        assert await wire.finish()
        wire.app.open.set()
        await wire.say()
        answers = wire.answers()
        assert [answer.status for answer in answers] == [200] * count
        assert answers[-1].headers["connection"] == "close"
        assert wire.transport.closed

    run(scenario)


def test_a_peer_that_has_its_answers_and_ends_is_gone() -> None:
    async def scenario() -> None:
        for said in (b"", b"\r\n", GET):
            wire = Wire()
            await wire.say(said)
            assert not await wire.finish()

    run(scenario)


@pytest.mark.parametrize("cut", range(1, 80, 13))
def test_a_request_that_ends_in_the_middle_is_no_request(cut: int) -> None:
    async def scenario() -> None:
        wire = Wire()
        request = POST + b"Content-Length: 20\r\n\r\n" + b"x" * 20
        await wire.say(GET + request[:cut])
        assert await wire.finish()
        first, second = wire.answers()
        assert (first.status, second.problem) == (200, (400, "bad_request"))
        assert wire.transport.closed

    run(scenario)


# When a request came


def test_a_request_bears_the_time_of_its_first_byte() -> None:
    async def scenario() -> None:
        wire = Wire()
        for byte in (b"POST /orders HTTP/1.1\r\n", b"Host: localhost\r\nContent-Length: 2\r\n\r\n", b"{", b"}" + GET):
            await wire.say(byte)
            await wire.loop.advance(2)
        offered = POST + OFFERS["h2c"] + FRAMED["length"]
        await wire.say(offered[:60])
        await wire.loop.advance(2)
        await wire.say(offered[60:])
        assert [arrival(scope) for scope in wire.app.scopes] == [1000.0, 1006.0, 1008.0]

    run(scenario)


def test_a_request_that_had_to_wait_bears_its_own_time() -> None:
    async def scenario() -> None:
        wire = Wire()
        wire.app.open.clear()
        await wire.say(GET * 2000)
        await wire.loop.advance(20)
        wire.app.open.set()
        await wire.next_answers(2000)
        assert {arrival(scope) for scope in wire.app.scopes} == {1000.0}

    run(scenario)


def test_without_such_a_server_a_request_comes_now() -> None:
    before = time.monotonic()
    assert before <= arrival({"type": "http"}) <= time.monotonic()


# Descriptors


@pytest.mark.parametrize(("descriptor", "status"), [(99, 200), (100, 503), (5000, 503)])
def test_a_connection_beyond_the_descriptors_is_told_so(descriptor: int, status: int) -> None:
    async def scenario() -> None:
        wire = Wire(Bounds(descriptors=100), descriptor)
        await wire.say(GET)
        [answer] = wire.answers()
        assert answer.status == status
        if status == 503:
            assert answer.problem == (503, "too_many_connections")
            assert answer.headers["retry-after"] == "1"
            assert wire.app.scopes == []
        assert wire.transport.closed is (status == 503)

    run(scenario)
