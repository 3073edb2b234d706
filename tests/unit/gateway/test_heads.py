"""The head of a request: how much it may hold, and what it may say."""

import re
import tracemalloc
from typing import Any

import pytest
from starlette.routing import Match, Route

from gateway.http.bounds import MAX_HEAD_BYTES
from gateway.http.heads import ROOT_PATH, put_target, read_target
from tests.unit.gateway.wire import GET, HANDSHAKE, POST, Wire, run

MAX_HEAD = 64 * 1024
MAX_BODY = 64 * 1024


# Sizes


def lines(size: int, count: int) -> bytes:
    """Header lines of that many bytes in all, each as if the head held nothing else."""
    each = size // count
    return b"".join(b"X%06d: %s\r\n" % (number, b"v" * (each - 11)) for number in range(count - 1)) + (
        b"X%06d: %s\r\n" % (count, b"v" * (size - each * (count - 1) - 11))
    )


@pytest.mark.parametrize("length", [1, 7, 1000, 16_384, 65_536, 250_000])
@pytest.mark.parametrize("count", [1, 3, 2000])
@pytest.mark.parametrize("too_much", [False, True])
def test_the_head_is_bounded(length: int, count: int, *, too_much: bool) -> None:
    async def scenario() -> None:
        wire = Wire()
        start = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
        room = MAX_HEAD - len(start) - len(b"\r\n") + too_much
        request = start + lines(room, count) + b"\r\n"
        await wire.say(*(request[at : at + length] for at in range(0, len(request), length)))
        [answer] = wire.answers()
        if too_much:
            assert answer.problem == (431, "head_too_large")
            assert answer.headers["connection"] == "close"
            assert wire.transport.ended
        else:
            assert answer.status == 200
            assert not wire.transport.closed

    run(scenario)


@pytest.mark.parametrize("length", [1000, 16_384, 65_536, 250_000])
def test_the_request_line_is_bounded(length: int) -> None:
    async def scenario() -> None:
        wire = Wire()
        request = b"GET /?" + b"q" * MAX_HEAD + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
        await wire.say(*(request[at : at + length] for at in range(0, len(request), length)))
        [answer] = wire.answers()
        assert answer.problem == (414, "request_line_too_long")
        assert wire.transport.ended

    run(scenario)


@pytest.mark.parametrize(
    ("start", "more", "status"),
    [
        (b"GET /?", b"a" * 1000, 414),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"a" * 1000, 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 30, 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + HANDSHAKE, b"X: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 30, 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"a" * 1000, 431),
        (
            POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
            b"X: aaaaaaaaaaaaaaaaaaaaa\r\n" * 40,
            431,
        ),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: ", b"a" * 1000, 431),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n2;", b"a" * 1000, 431),
    ],
)
def test_what_never_ends_is_refused_and_not_kept(start: bytes, more: bytes, status: int) -> None:
    async def scenario() -> None:
        wire = Wire()
        await wire.say(start)
        sent = 0
        while not wire.transport.ended:
            await wire.say(more)
            sent += len(more)
            assert sent <= MAX_HEAD + 2000
        [answer] = wire.answers()
        assert answer.status == status
        tracemalloc.start()
        for _ in range(10_000):
            wire.connection.data_received(bytes(more))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < 10_000
        assert wire.answers() == []

    run(scenario)


def test_trailers_are_bounded_with_the_head_and_are_no_headers() -> None:
    async def scenario() -> None:
        start = POST + b"Transfer-Encoding: chunked\r\n"
        for size, status in ((MAX_HEAD // 2 - 200, 200), (MAX_HEAD // 2, 431)):
            wire = Wire()
            trailers = b"0\r\nAuthorization: Bearer stolen\r\n" + lines(MAX_HEAD // 2, 500) + b"\r\n"
            await wire.say(start + lines(size, 500) + b"\r\n2\r\n{}\r\n" + trailers)
            [answer] = wire.answers()
            assert answer.status == status
            assert b"authorization" not in {name for name, _ in wire.app.scopes[0]["headers"]}

    run(scenario)


def test_a_body_may_come_in_many_chunks() -> None:
    """Ten times as many bytes of framing as the head may have: they carry a body."""

    async def scenario() -> None:
        wire = Wire()
        await wire.say(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(1000):
            await wire.say(b"1;%s\r\nx\r\n" % (b"e" * 640))
        await wire.say(b"0\r\n\r\n")
        [answer] = wire.answers()
        assert answer.json[3] == "x" * 1000

    run(scenario)


# Rules of HTTP

BROKEN = {
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xab" * 200,
    "a bad method": b"FETCH / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no HTTP": b"hello\r\n\r\n",
    "zero bytes": b"\x00" * 1000,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a bad version": b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "a bad target": b"GET orders HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
    "two Hosts in HTTP/1.0": b"GET / HTTP/1.0\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "the same length twice": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "lengths in a list": POST + b"Content-Length: 2, 2\r\n\r\n{}",
    "a signed length": POST + b"Content-Length: +2\r\n\r\n{}",
    "a negative length": POST + b"Content-Length: -5\r\n\r\n{}",
    "an endless length": POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
    "length, then chunked": POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunked, then length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "no final chunked": POST + b"Transfer-Encoding: gzip\r\n\r\n{}",
    "chunked not last": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunked twice in two": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "xchunked": POST + b"Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "identity": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": b"POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "a space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "a bare LF in the head": b"GET / HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: y\r\n z\r\n\r\n",
    "a bare LF after a chunk's size": POST + b"Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n",
    "a bare LF after a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\n0\r\n\r\n",
    "a bare LF in an extension": POST + b"Transfer-Encoding: chunked\r\n\r\n2;a\nb\r\n{}\r\n0\r\n\r\n",
    "a chunk of a bad size": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a chunk of an endless size": POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("cut", [None, 1])
def test_a_request_that_breaks_http_is_a_problem(name: str, cut: int | None) -> None:
    async def scenario() -> None:
        wire = Wire()
        request = BROKEN[name] + GET
        await wire.say(*([request] if cut is None else (request[at : at + cut] for at in range(0, len(request), cut))))
        [answer] = wire.answers()
        assert answer.problem == (400, "bad_request")
        assert answer.headers["connection"] == "close"
        assert re.fullmatch(r"[A-Z][^\n]*\.", answer.json["detail"])
        assert wire.transport.ended
        assert not await wire.finish()

    run(scenario)


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        (b"Transfer-Encoding: gzip, chunked", 501, "transfer_coding_not_supported"),
        (b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", 501, "transfer_coding_not_supported"),
        (b"Transfer-Encoding: identity, chunked", 501, "transfer_coding_not_supported"),
        (b"Content-Length: 2\r\nContent-Encoding: gzip", 415, "content_encoding_not_supported"),
        (b"Content-Length: 2\r\nContent-Encoding: identity, br", 415, "content_encoding_not_supported"),
        (b"Content-Length: 2\r\nExpect: 200-ok", 417, "expectation_failed"),
        (b"Content-Length: 2\r\nExpect: 100-continue, other", 417, "expectation_failed"),
        (b"Content-Length: %d\r\nExpect: 100-continue" % (MAX_BODY + 1), 413, "body_too_large"),
        (b"Content-Length: 10000000\r\nExpect: 100-Continue", 413, "body_too_large"),
    ],
)
def test_what_is_not_taken_is_refused_at_the_head(header: bytes, status: int, code: str) -> None:
    async def scenario() -> None:
        wire = Wire()
        await wire.say(POST + header + b"\r\n\r\n")
        [answer] = wire.answers()
        assert answer.problem == (status, code)
        assert wire.transport.ended
        assert wire.app.scopes == []

    run(scenario)


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Encoding: identity",
        b"Content-Encoding: ",
        b"Expect: ",
        b"TE: trailers, deflate",
        b"Accept-Encoding: gzip",
        b"X: \xff\x80",
    ],
)
def test_what_asks_for_nothing_is_taken(header: bytes) -> None:
    async def scenario() -> None:
        wire = Wire()
        await wire.say(POST + b"Content-Length: 2\r\n" + header + b"\r\n\r\n{}")
        [answer] = wire.answers()
        assert (answer.status, answer.json[3]) == (200, "{}")

    run(scenario)


def test_who_waits_for_a_100_gets_it() -> None:
    async def scenario() -> None:
        wire = Wire()
        await wire.say(POST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert wire.transport.written == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.answers()
        await wire.say(b"{}")
        [answer] = wire.answers()
        assert (answer.status, answer.json[3]) == (200, "{}")

    run(scenario)


def test_http_1_0_needs_no_host_and_expects_nothing() -> None:
    async def scenario() -> None:
        wire = Wire()
        await wire.say(b"POST /orders HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n{}")
        [answer] = wire.answers()
        assert (answer.status, answer.json[3], answer.headers["connection"]) == (200, "{}", "close")
        assert wire.transport.closed

    run(scenario)


@pytest.mark.parametrize(
    ("target", "path", "query", "host"),
    [
        (b"http://other.example:80/orders?a=1", "/orders", "a=1", b"other.example:80"),
        (b"http://other.example", "/", "", b"other.example"),
        (b"http://other.example?a=1", "/", "a=1", b"other.example"),
        (b"http://[::1]:8000/orders", "/orders", "", b"[::1]:8000"),
        (b"//other.example/orders", "//other.example/orders", "", b"localhost"),
        (b"/%6frders%2f1", "/orders/1", "", b"localhost"),
        (b"*", "*", "", b"localhost"),
    ],
)
def test_a_target_that_names_its_host_counts_more_than_the_header(
    target: bytes, path: str, query: str, host: bytes
) -> None:
    async def scenario() -> None:
        wire = Wire()
        await wire.say(b"OPTIONS " + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        [answer] = wire.answers()
        assert answer.json[1:3] == [path, query]
        assert dict(wire.app.scopes[0]["headers"])[b"host"] == host

    run(scenario)


@pytest.mark.parametrize("before", [b"", GET])
def test_blank_lines_before_a_request_have_an_end(before: bytes) -> None:
    async def scenario() -> None:
        wire = Wire()
        await wire.say(before)
        answered = wire.transport.written
        for _ in range(3 * MAX_HEAD_BYTES // 1_000):
            await wire.say(b"\r\n" * 500)
        assert wire.transport.written.removeprefix(answered).startswith(b"HTTP/1.1 431 ")

    run(scenario)


def test_some_blank_lines_before_a_request_are_passed_over() -> None:
    async def scenario() -> None:
        wire = Wire()
        await wire.say(b"\r\n" * 100 + GET)
        assert wire.transport.written.startswith(b"HTTP/1.1 200 ")

    run(scenario)


@pytest.mark.parametrize(
    ("target", "path", "raw_path"),
    [
        (b"/a/b/orders?x=1", "/orders", b"/orders"),
        (b"/orders", "/orders", b"/orders"),
        (b"/a/b/", "/", b"/"),
        # The root path alone is told from the one with a slash: relative URLs need that.
        (b"/a/b", "/", b""),
        (b"/a/bc/orders", "/a/bc/orders", b"/a/bc/orders"),
        (b"/a", "/a", b"/a"),
        (b"/a/b/a/b/orders", "/a/b/orders", b"/a/b/orders"),
        (b"/a/b/orders%20", "/orders ", b"/orders%20"),
        (b"http://host/a/b/orders", "/orders", b"/orders"),
    ],
)
def test_the_root_path_is_taken_away_where_it_is_sent(target: bytes, path: str, raw_path: bytes) -> None:
    assert read_target(target, "/a/b")[:2] == (path, raw_path)


def test_a_router_does_not_take_the_root_path_away_again() -> None:
    scope: dict[str, Any] = {"type": "http", "method": "POST", "root_path": "/a"}
    assert put_target(scope, b"http://host/a/a/orders?x=1", "/a") == b"host"
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/a/orders", b"/a/orders", b"x=1")
    assert scope[ROOT_PATH] == "/a"
    assert Route("/orders", Wire, methods=["POST"]).matches(scope)[0] is Match.NONE
    assert Route("/a/orders", Wire, methods=["POST"]).matches(scope)[0] is Match.FULL
