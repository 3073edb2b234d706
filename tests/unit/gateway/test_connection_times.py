"""How long a connection may take for what is waited for: a clock that is moved by hand."""

import pytest

from gateway.http.bounds import Bounds
from tests.unit.gateway.wire import Wire, run

REQUEST = b"POST /accounts/a/cancel-after HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"
TRICKLE = {
    "method": b"PO",
    "head": b"POST /orders HTTP/1.1\r\nHost: loc",
    "body": REQUEST[:-1],
    "chunks": b"POST /orders HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    "trailers": b"POST /orders HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n",
    "handshake": b"GET /stream HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
    "offer": b"POST /orders HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{",
}


@pytest.mark.parametrize("said", [b"", b"\r\n"])
def test_a_connection_that_asks_for_nothing_is_closed_without_a_word(said: bytes) -> None:
    async def scenario() -> None:
        wire = Wire()
        await wire.say(said)
        await wire.loop.advance(29.9)
        assert not wire.transport.closed
        await wire.loop.advance(0.2)
        assert wire.transport.closed
        assert wire.answers() == []

    run(scenario)


@pytest.mark.parametrize("part", TRICKLE)
@pytest.mark.parametrize("before", [False, True])
def test_a_request_that_does_not_come_in_whole_is_answered_408(part: str, *, before: bool) -> None:
    async def scenario() -> None:
        wire = Wire()
        if before:
            await wire.say(REQUEST)
            [answer] = wire.answers()
            await wire.loop.advance(50)
        else:
            await wire.loop.advance(20)
        await wire.say(TRICKLE[part])
        await wire.loop.advance(29.9)
        assert wire.answers() == []
        await wire.loop.advance(0.2)
        [answer] = wire.answers()
        assert answer.problem == (408, "request_timeout")
        assert answer.headers["connection"] == "close"
        assert wire.transport.ended and not wire.transport.closed
        await wire.loop.advance(2)
        assert wire.transport.closed

    run(scenario)


def test_bytes_that_trickle_in_win_no_time() -> None:
    async def scenario() -> None:
        wire = Wire()
        for _ in range(30):
            await wire.say(b"POST /orders HTTP/1.1\r\nHost: localhost\r\n" if wire.loop.now == 1000 else b"X: y\r\n")
            await wire.loop.advance(1)
        [answer] = wire.answers()
        assert answer.problem == (408, "request_timeout")

    run(scenario)


@pytest.mark.parametrize("gap", [0.0, 29.0, 45.0, 59.9])
def test_an_idle_connection_is_closed_a_minute_after_its_last_answer(gap: float) -> None:
    async def scenario() -> None:
        wire = Wire()
        for _ in range(3):
            await wire.say(REQUEST)
            [answer] = wire.answers()
            assert answer.status == 200
            await wire.loop.advance(gap)
        await wire.say(REQUEST)
        wire.answers()
        await wire.loop.advance(59.9)
        assert not wire.transport.closed
        await wire.loop.advance(0.2)
        assert wire.transport.closed
        assert wire.answers() == []

    run(scenario)


def test_an_answer_may_take_its_time() -> None:
    async def scenario() -> None:
        wire = Wire()
        wire.app.open.clear()
        # The next request comes meanwhile, in part.
        await wire.say(REQUEST * 2 + REQUEST[:30])
        assert not wire.transport.reading
        await wire.loop.advance(300)
        wire.app.open.set()
        await wire.say()
        assert [answer.status for answer in wire.answers()] == [200, 200]
        await wire.loop.advance(29.9)
        await wire.say(REQUEST[30:])
        [answer] = wire.answers()
        assert answer.status == 200

    run(scenario)


def test_the_rest_of_a_request_that_was_answered_early_has_its_time_too() -> None:
    async def scenario() -> None:
        wire = Wire()
        await wire.say(b"POST /no-body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n" + b"x" * 10)
        [answer] = wire.answers()
        assert answer.status == 200
        await wire.loop.advance(30.1)
        assert wire.transport.closed
        assert wire.answers() == []

    run(scenario)


def test_a_refused_peer_that_reads_and_leaves_is_gone_at_once() -> None:
    async def scenario() -> None:
        wire = Wire()
        await wire.say(b"hello\r\n\r\n")
        assert wire.transport.ended and not wire.transport.closed
        assert not await wire.finish()

    run(scenario)


def test_the_times_may_be_others() -> None:
    async def scenario() -> None:
        wire = Wire(Bounds(1000, request=3, idle=5, linger=1))
        await wire.say(REQUEST)
        wire.answers()
        await wire.loop.advance(4.9)
        await wire.say(REQUEST[:5])
        await wire.loop.advance(3.1)
        [answer] = wire.answers()
        assert answer.problem == (408, "request_timeout")
        await wire.loop.advance(1)
        assert wire.transport.closed

    run(scenario)


def test_a_busy_connection_has_one_timer_and_a_lost_one_none() -> None:
    async def scenario() -> None:
        wire = Wire()
        for _ in range(100):
            await wire.say(REQUEST[:20], REQUEST[20:])
            await wire.loop.advance(1)
            assert wire.loop.timers() == 1
        await wire.lose()
        assert wire.loop.timers() == 0

    run(scenario)
