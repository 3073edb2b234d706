"""What a connection of an address, and a key, may do; and what is told who did too much."""

import json
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

import pytest

from gateway.access.admin import MAX_GUESSES, Administrators
from gateway.http.callers import Caller, Limits, count, count_key, counted, open_stream, read_address, tell_caller
from gateway.http.closing import MAX_REASON_BYTES
from gateway.http.errors import HttpError
from gateway.http.places import Open
from gateway.http.rates import Holder, Kind
from gateway.rate import MAX_COUNT, MAX_SECONDS, SECOND, Rate
from tests.unit.gateway.wire import GET, POST, Wire, limited, run

MANY = {Open.CONNECTIONS: 1000, Open.STREAMS: 1000}
PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8:1::/64"))
ORDER = POST + b"Content-Length: 2\r\n\r\n{}"


class Clock:
    def __init__(self) -> None:
        self.now = SECOND

    def __call__(self) -> int:
        return self.now


def limits(
    kind: Kind, rate: Rate, holder: Holder = Holder.ADDRESS, clock: Clock | None = None, most: Mapping[Open, int] = MANY
) -> Limits:
    return limited({(kind, holder): rate}, dict(most), clock or Clock(), PROXIES)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
        ("[2001:db8:0:1::9]:80", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unknown", ""),
    ],
)
def test_what_an_address_counts_as(text: str, name: str) -> None:
    assert counted(read_address(text)) == name


@pytest.mark.parametrize(
    ("peer", "forwarded", "name"),
    [
        ("192.0.2.1", [b"198.51.100.7"], "192.0.2.1"),
        ("10.1.2.3", [], "10.1.2.3"),
        ("10.1.2.3", [b"198.51.100.7"], "198.51.100.7"),
        ("10.1.2.3", [b"203.0.113.9, 198.51.100.7"], "198.51.100.7"),
        ("10.1.2.3", [b"203.0.113.9", b"198.51.100.7, 10.9.9.9"], "198.51.100.7"),
        ("10.1.2.3", [b"198.51.100.7, me, 10.9.9.9"], "10.9.9.9"),
        ("10.1.2.3", [b"me"], "10.1.2.3"),
        ("2001:db8:1::5", [b"2001:db8:2::1"], "2001:db8:2::/64"),
    ],
)
def test_a_trusted_proxy_tells_who_counts_and_nobody_else_does(peer: str, forwarded: list[bytes], name: str) -> None:
    caller = Caller(limits(Kind.REQUESTS, Rate(1, 1, 1)), peer)
    assert caller.of_request([(b"x-forwarded-for", value) for value in forwarded]).address == name


def test_requests_beyond_the_limit_are_429_and_the_connection_stays() -> None:
    async def scenario() -> None:
        clock = Clock()
        allowed = limits(Kind.REQUESTS, Rate(2, 1, 2), clock=clock)
        wire = Wire(limits=allowed)
        await wire.say(GET + ORDER + ORDER + GET)
        statuses = [answer.status for answer in await wire.next_answers(4)]
        assert statuses == [200, 200, 429, 429]
        await wire.say(ORDER[:-2])
        [refused] = wire.answers()
        assert refused.problem == (429, "rate_limited")
        assert refused.headers["retry-after"] == "1"
        assert "connection" not in refused.headers
        assert refused.json["detail"] == (
            "Too many requests: GATEWAY_REQUESTS_PER_ADDRESS allows 2 in 1 s, 2 at once; try again in 1 s."
        )
        # The rest of its body is no request.
        await wire.say(b"{}")
        assert not wire.transport.closed
        clock.now += int(refused.headers["retry-after"]) * SECOND
        await wire.say(ORDER)
        assert [answer.status for answer in wire.answers()] == [200]
        assert len(wire.app.scopes) == 3

    run(scenario)


def test_addresses_do_not_share_a_limit_and_connections_of_one_do() -> None:
    async def scenario() -> None:
        first = Wire(limits=limits(Kind.REQUESTS, Rate(1, 1, 1)))
        second = Wire(others=first)
        other = Wire(others=first, address="192.0.2.2")
        for wire in (first, second, other):
            await wire.say(GET)
        assert [wire.answers()[0].status for wire in (first, second, other)] == [200, 429, 200]

    run(scenario)


def test_an_answer_to_head_has_no_body_and_one_to_http_1_0_closes() -> None:
    async def scenario() -> None:
        wire = Wire(limits=limits(Kind.REQUESTS, Rate(1, 60, 1)))
        await wire.say(GET)
        wire.answers()
        await wire.say(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head, _, body = wire.transport.written.partition(b"\r\n\r\n")
        wire.transport.written = b""
        assert (head.startswith(b"HTTP/1.1 429 "), body) == (True, b"")
        await wire.say(b"GET / HTTP/1.0\r\n\r\n")
        [answer] = wire.answers()
        assert (answer.status, answer.headers["connection"], wire.transport.closed) == (429, "close", True)

    run(scenario)


def test_who_does_not_read_his_429s_waits() -> None:
    async def scenario() -> None:
        wire = Wire(limits=limits(Kind.REQUESTS, Rate(1, 60, 1)))
        await wire.say(GET)
        wire.connection.pause_writing()
        await wire.say(GET * 2000)
        assert len(wire.answers()) == 1
        wire.connection.resume_writing()
        assert [answer.status for answer in await wire.next_answers(2000)] == [429] * 2000

    run(scenario)


def test_connections_beyond_the_rate_are_answered_and_closed() -> None:
    async def scenario() -> None:
        first = Wire(limits=limits(Kind.CONNECTIONS, Rate(1, 60, 1)))
        second = Wire(others=first)
        await second.say()
        [answer] = second.answers()
        assert (answer.problem, answer.headers["retry-after"]) == ((429, "rate_limited"), "60")
        assert answer.headers["connection"] == "close"
        assert second.transport.ended
        await first.say(GET)
        assert first.answers()[0].status == 200

    run(scenario)


def test_connections_beyond_the_bound_are_closed_until_one_has_gone() -> None:
    async def scenario() -> None:
        most = {Open.CONNECTIONS: 2, Open.STREAMS: 5}
        first = Wire(limits=limits(Kind.ORDERS, Rate(1, 1, 1), most=most))
        stream = Wire(others=first)
        await stream.open_stream()
        beyond = Wire(others=first)
        await beyond.say()
        assert beyond.answers()[0].problem == (429, "too_many_open")
        assert beyond.transport.closed
        await beyond.lose()
        assert not Wire(others=first, address="192.0.2.2").transport.closed
        # A connection that has become a stream keeps its place as long.
        await stream.lose()
        await Wire(others=first).say(GET)
        last = Wire(others=first)
        await last.say()
        assert last.transport.closed

    run(scenario)


def scope_of(allowed: Limits, kind: str = "http", address: str = "192.0.2.1") -> dict[str, Any]:
    scope: dict[str, Any] = {"type": kind, "extensions": {}}
    tell_caller(scope, Caller(allowed, address))
    return scope


def test_an_order_of_a_key_counts_to_its_address_and_to_the_key() -> None:
    allowed = limits(Kind.ORDERS, Rate(3, 60, 3), Holder.KEY)
    one, other = scope_of(allowed), scope_of(allowed, address="192.0.2.2")
    for scope in (one, other):
        count_key(scope, "alice")
    count(one, Kind.ORDERS, 2)
    count(other, Kind.ORDERS)
    with pytest.raises(HttpError) as caught:
        count(one, Kind.ORDERS)
    assert caught.value.code == "rate_limited"
    assert "GATEWAY_ORDERS_PER_KEY allows 3 in 60 s" in caught.value.detail
    count_key(other, "bob")
    count(other, Kind.ORDERS, 3)


def test_requests_and_connections_of_a_key() -> None:
    allowed = limited(
        {(Kind.REQUESTS, Holder.KEY): Rate(3, 60, 3), (Kind.CONNECTIONS, Holder.KEY): Rate(1, 60, 1)}, MANY, Clock()
    )
    scope = scope_of(allowed)
    for _ in range(3):
        count_key(scope, "alice")
    with pytest.raises(HttpError, match="rate_limited"):
        count_key(scope, "alice")
    with pytest.raises(HttpError) as caught:
        count_key(scope_of(allowed), "alice")
    assert "GATEWAY_CONNECTIONS_PER_KEY" in caught.value.detail


def test_streams_have_a_rate_and_a_bound() -> None:
    most = {Open.CONNECTIONS: 5, Open.STREAMS: 1}
    allowed = limits(Kind.SUBSCRIPTIONS, Rate(3, 60, 3), most=most)
    scope = scope_of(allowed, "websocket")
    place = open_stream(scope)
    with pytest.raises(HttpError) as caught:
        open_stream(scope)
    assert caught.value.code == "too_many_open"
    place.free()
    open_stream(scope).free()
    with pytest.raises(HttpError) as caught:
        open_stream(scope)
    assert caught.value.code == "rate_limited"


def test_every_detail_fits_in_a_close_frame() -> None:
    most = {Open.CONNECTIONS: 1_000_000, Open.STREAMS: 0}
    allowed = limits(Kind.SUBSCRIPTIONS, Rate(MAX_COUNT, MAX_SECONDS, MAX_COUNT), most=most)
    allowed.take(Kind.SUBSCRIPTIONS, Holder.ADDRESS, "a", MAX_COUNT)
    for refused in (
        lambda: allowed.take(Kind.SUBSCRIPTIONS, Holder.ADDRESS, "a", 1),
        lambda: allowed.open(Open.STREAMS, "a"),
    ):
        with pytest.raises(HttpError) as caught:
            refused()
        assert len(caught.value.detail.encode()) <= MAX_REASON_BYTES


def test_a_call_of_more_orders_than_come_at_once_is_told_so() -> None:
    with pytest.raises(HttpError) as caught:
        count(scope_of(limits(Kind.ORDERS, Rate(10, 1, 5))), Kind.ORDERS, 6)
    assert caught.value.detail == (
        "6 orders in one call: GATEWAY_ORDERS_PER_ADDRESS allows 10 in 1 s, 5 at once; send fewer in a call."
    )


def test_a_handshake_is_no_request() -> None:
    async def scenario() -> None:
        wire = Wire(limits=limits(Kind.REQUESTS, Rate(1, 60, 1)))
        await wire.say(GET)
        assert wire.answers()[0].status == 200
        await wire.open_stream()

    run(scenario)


def test_a_page_may_read_that_it_did_too_much() -> None:
    """The error goes through the application, which adds the headers of CORS."""

    async def scenario() -> None:
        wire = Wire(limits=limits(Kind.REQUESTS, Rate(1, 60, 1)))
        await wire.say(GET, GET.replace(b"\r\n\r\n", b"\r\nOrigin: https://desk.example\r\n\r\n"))
        refused = wire.app.scopes[1]["extensions"]["gateway.refused"]
        assert (refused.status, refused.code) == (429, "rate_limited")
        assert json.dumps(refused.headers) == '{"retry-after": "60"}'

    run(scenario)


def test_guesses_behind_a_trusted_proxy_hold_up_nobody_else_there() -> None:
    administrators = Administrators([("ann", "right")])
    proxy = Caller(limits(Kind.REQUESTS, Rate(1, 1, 1)), "10.1.2.3")

    def status(forwarded: bytes, token: bytes) -> int:
        headers = [(b"x-forwarded-for", forwarded), (b"authorization", b"Bearer " + token)]
        scope: dict[str, Any] = {"client": ("10.1.2.3", 4711), "headers": headers, "extensions": {}}
        tell_caller(scope, proxy.of_request(headers))
        try:
            administrators.guard(scope)
        except HttpError as error:
            return error.status
        return 200

    assert [status(b"192.0.2.1", b"guess") for _ in range(MAX_GUESSES + 1)] == [401] * MAX_GUESSES + [429]
    assert status(b"192.0.2.1", b"right") == 429
    assert status(b"192.0.2.2", b"right") == 200
